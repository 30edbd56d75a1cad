"""SIPp as callers and as phones: many calls at once, without ears."""

import asyncio
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hujiao.kit.processes import tethered
from hujiao.telephony.private import PrivateTree
from tests.harness.ports import PortBlock
from tests.harness.sound import tone, write_sound

HEADERS = """\
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "{name}" <sip:{user}@[local_ip]:[local_port]>;tag=[pid]-[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>{to}
      Call-ID: [call_id]
      CSeq: {cseq}
      Contact: <sip:{user}@[local_ip]:[local_port]>
      Max-Forwards: 70"""

SDP = """\
      v=0
      o=- 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [rtpstream_audio_port] RTP/AVP 8 101
      a=rtpmap:8 PCMA/8000
      a=rtpmap:101 telephone-event/8000
      a=fmtp:101 0-15
      a=sendrecv"""


@dataclass(frozen=True, slots=True)
class SippResult:
    """`code` 0: every call went as the scenario says."""

    code: int
    errors: str


@dataclass(slots=True)
class Sipp:
    """A running SIPp; `port` is where it listens."""

    port: int
    folder: Path
    process: asyncio.subprocess.Process

    async def result(self, timeout_s: float = 60.0) -> SippResult:
        """Waits for the end of all calls."""
        code = await asyncio.wait_for(self.process.wait(), timeout_s)
        return SippResult(code, self.errors)

    @property
    def errors(self) -> str:
        files = [*self.folder.glob("*_errors.log"), self.folder / "output.log"]
        return "".join(path.read_text(errors="replace")[-4000:] for path in files if path.exists())

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


async def start_sipp(
    tree: PrivateTree,
    ports: PortBlock,
    scenario: str,
    *,
    target_port: int | None = None,
    number: str = "service",
    calls: int | None = 1,
    rate: float = 10.0,
    port: int | None = None,
    arguments: tuple[str, ...] = (),
) -> Sipp:
    """Runs `scenario` (XML) on loopback: a caller towards `target_port`, a phone without it.

    `port` is its own SIP port, for those who must tell Asterisk before (default: a free one).

    `calls` None goes on until stopped; `rate` is new calls per second. Files named in the
    scenario are taken from its folder, where `tone.alaw` (a 440 Hz tone of 10 s) lies.
    """
    folder = Path(tempfile.mkdtemp(prefix="hujiao-sipp-"))
    write_sound(tone(440, 10), folder / "tone.alaw")
    (folder / "scenario.xml").write_text(scenario)
    port = port or ports.port()
    tool = tree.tool_command("sipp")
    words = [*tool.argv, "-sf", "scenario.xml", "-i", "127.0.0.1", "-p", str(port)]
    words += ["-mi", "127.0.0.1", "-min_rtp_port", str(ports.rtp[0])]
    words += ["-max_rtp_port", str(ports.rtp[1]), "-nostdin", "-trace_err"]
    words += ["-cp", str(ports.port())]
    if calls is not None:
        words += ["-m", str(calls)]
    if target_port is not None:
        words += ["-s", number, "-r", str(rate), f"127.0.0.1:{target_port}"]
    with (folder / "output.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *tethered([*words, *arguments], end="KILL"),
            stdout=output,
            stderr=output,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "TERM": "dumb", **tool.env},
        )
    return Sipp(port, folder, process)


def customer_calls(*, user: str = "13800138000", name: str = "", talk_ms: int = 2000) -> str:
    """A caller that waits for the answer, sends a tone and hangs up itself after `talk_ms`.

    It presses no keys: SIPp sends digits through a raw socket only, which root alone may open.
    """
    return _scenario(
        f"""
  <send retrans="500"><![CDATA[
      INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
{_headers(user, name, "1 INVITE")}
      Content-Type: application/sdp
      Content-Length: [len]

{SDP}
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
      ACK [next_url] SIP/2.0
{_headers(user, name, "1 ACK", to="[peer_tag_param]")}
      Content-Length: 0

  ]]></send>
  <nop><action><exec rtp_stream="tone.alaw,-1,8,PCMA/8000"/></action></nop>
  <pause milliseconds="{talk_ms}"/>
  <send retrans="500"><![CDATA[
      BYE [next_url] SIP/2.0
{_headers(user, name, "2 BYE", to="[peer_tag_param]")}
      Content-Length: 0

  ]]></send>
  <recv response="200"/>"""
    )


def customer_is_refused(status: int, *, user: str = "13800138000") -> str:
    """A caller that expects a refusal with `status` and nothing else."""
    return _scenario(
        f"""
  <send retrans="500"><![CDATA[
      INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
{_headers(user, "", "1 INVITE")}
      Content-Type: application/sdp
      Content-Length: [len]

{SDP}
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="{status}"/>
  <send><![CDATA[
      ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
{_headers(user, "", "1 ACK", to="[peer_tag_param]")}
      Content-Length: 0

  ]]></send>"""
    )


ANSWER = """\
      SIP/2.0 {status}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]S[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>"""


def phone_answers(*, ring_ms: int = 200) -> str:
    """A phone that rings, answers, sends a tone and waits for the other side to hang up."""
    return _scenario(
        f"""
  <recv request="INVITE" crlf="true"/>
  <send><![CDATA[
{ANSWER.format(status="180 Ringing")}
      Content-Length: 0

  ]]></send>
  <pause milliseconds="{ring_ms}"/>
  <send retrans="500"><![CDATA[
{ANSWER.format(status="200 OK")}
      Content-Type: application/sdp
      Content-Length: [len]

{SDP}
  ]]></send>
  <recv request="ACK" crlf="true"/>
  <nop><action><exec rtp_stream="tone.alaw,-1,8,PCMA/8000"/></action></nop>
  <recv request="BYE" timeout="600000"/>
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


def phone_refuses(status: str = "486 Busy Here") -> str:
    """A phone that refuses every call."""
    return _scenario(
        f"""
  <recv request="INVITE" crlf="true"/>
  <send retrans="500"><![CDATA[
{ANSWER.format(status=status)}
      Content-Length: 0

  ]]></send>
  <recv request="ACK"/>"""
    )


def _scenario(body: str) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="hujiao">'
    return f"{head}{body}\n</scenario>\n"


def _headers(user: str, name: str, cseq: str, to: str = "") -> str:
    return HEADERS.format(user=user, name=name or user, cseq=cseq, to=to)
