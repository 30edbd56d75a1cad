"""What the SIPp callers and agents of the benchmarks do. Each says when, in its log.

Callers write `call <number> <time>` as they send the INVITE; agents `offer`, `answer` and
`connected` (INVITE received, 200 sent, ACK received) with the caller's number, which travels as
caller id. The caller's number is a word, `c` or `v`, and the number of the call: `v` calls are the
sample in which the agent's voice is sent, so that its arrival at the caller can be measured.
"""

from pathlib import Path

VOICED = "v"
SILENT = "c"

_SDP = """\
      v=0
      o=- 1 1 IN IP4 127.0.0.1
      s=-
      c=IN IP4 127.0.0.1
      t=0 0
      m=audio {media_port} RTP/AVP 8
      a=rtpmap:8 PCMA/8000
      a=sendrecv"""

_ANSWER = """\
      SIP/2.0 {status}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]S[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>"""


def callers(kind: str, *, media_port: int, talk_ms: int, series: str = "") -> str:
    """Callers who hang up `talk_ms` after the switch took them; their sound goes to `media_port`.

    `kind` is VOICED or SILENT, `series` a digit that keeps apart several loads. The switch answers
    before it queues, in both systems.
    """
    user = f"{kind}{series}[call_number]"
    return _scenario(
        f"""
  <nop><action><log message="call {user} [timestamp]"/></action></nop>
  <send retrans="500"><![CDATA[
      INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
{_request(user, "1 INVITE")}
      Content-Type: application/sdp
      Content-Length: [len]

{_SDP.format(media_port=media_port)}
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true">
    <action>
      <ereg regexp="audio ([0-9]+)" search_in="body" assign_to="all,port"/>
      <log message="media {user} [$port] [timestamp]"/>
    </action>
  </recv>
  <send><![CDATA[
      ACK [next_url] SIP/2.0
{_request(user, "1 ACK", to="[peer_tag_param]")}
      Content-Length: 0

  ]]></send>
  <Reference variables="all"/>
  <pause milliseconds="{talk_ms}"/>
  <send retrans="500"><![CDATA[
      BYE [next_url] SIP/2.0
{_request(user, "2 BYE", to="[peer_tag_param]")}
      Content-Length: 0

  ]]></send>
  <recv response="200"/>
  <nop><action><log message="end {user} [timestamp]"/></action></nop>"""
    )


def agents(*, media_port: int, voice: Path) -> str:
    """Phones that answer at once and stay until the other side hangs up.

    In calls of the voiced sample they send the file `voice`; in the others they send nothing.
    """
    return _scenario(
        f"""
  <recv request="INVITE" next="voiced" test="voice">
    <action>
      <ereg regexp="sip:([{VOICED}{SILENT}][0-9]+)@" search_in="hdr" header="From:"
            assign_to="found,user"/>
      <ereg regexp="^{VOICED}" search_in="var" variable="user" assign_to="voice"/>
      <log message="offer [$user] [timestamp]"/>
    </action>
  </recv>
  <Reference variables="found"/>
{_answers(str(media_port))}
  <recv request="ACK">
    <action><log message="connected [$user] [timestamp]"/></action>
  </recv>
  <nop next="talking"/>
  <label id="voiced"/>
{_answers("[rtpstream_audio_port]")}
  <recv request="ACK">
    <action>
      <log message="connected [$user] [timestamp]"/>
      <exec rtp_stream="{voice},-1,8,PCMA/8000"/>
    </action>
  </recv>
  <label id="talking"/>
  <recv request="BYE"/>
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

  ]]></send>"""
    )


def ringing() -> str:
    """Phones that ring until the other side gives up."""
    return _scenario(
        f"""
  <recv request="INVITE">
    <action>
      <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="invited"/>
    </action>
  </recv>
  <send><![CDATA[
{_ANSWER.format(status="180 Ringing")}
      Content-Length: 0

  ]]></send>
  <recv request="CANCEL"/>
  <send><![CDATA[
{_ANSWER.format(status="200 OK")}
      Content-Length: 0

  ]]></send>
  <send retrans="500"><![CDATA[
      SIP/2.0 487 Request Terminated
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]S[call_number]
      [last_Call-ID:]
      CSeq: [$invited] INVITE
      Content-Length: 0

  ]]></send>
  <recv request="ACK"/>"""
    )


def _answers(media_port: str) -> str:
    return f"""
  <send retrans="500"><![CDATA[
{_ANSWER.format(status="200 OK")}
      Content-Type: application/sdp
      Content-Length: [len]

{_SDP.format(media_port=media_port)}
  ]]></send>"""


def _request(user: str, cseq: str, to: str = "") -> str:
    return f"""\
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "{user}" <sip:{user}@[local_ip]:[local_port]>;tag=[pid]-[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>{to}
      Call-ID: [call_id]
      CSeq: {cseq}
      Contact: <sip:{user}@[local_ip]:[local_port]>
      Max-Forwards: 70"""


def _scenario(body: str) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="bench">'
    return f"{head}{body}\n</scenario>\n"
