"""What a page may send to the switch."""

import pytest

from hujiao.api.sip import may_pass

REGISTER = b"REGISTER sip:hujiao SIP/2.0\r\nTo: <sip:1001@hujiao>\r\n%s\r\nCSeq: 1 REGISTER\r\n\r\n"
INVITE = (
    b"INVITE sip:4001@hujiao SIP/2.0\r\nTo: <sip:4001@hujiao>\r\n"
    b"Content-Length: 5\r\n%s\r\n\r\nv=0\r\n"
)
MINE = b"From: <sip:1001@hujiao>;tag=x"
OTHER = b"From: <sip:1002@hujiao>;tag=x"


@pytest.mark.parametrize(
    "sender",
    [
        MINE,
        b'From: "Wang \\"x\\" Fang" <sip:1001@hujiao>;tag=x',
        b"f: sip:1001@hujiao;tag=x",
        b"From:\r\n <sip:1001@hujiao>;tag=x",
        b"FROM : <sips:1001@hujiao>;tag=x",
    ],
)
@pytest.mark.parametrize("request_", [REGISTER, INVITE])
def test_its_own_phone_may_begin_anything(request_: bytes, sender: bytes) -> None:
    assert may_pass(request_ % sender, "1001")


@pytest.mark.parametrize(
    "sender",
    [
        OTHER,
        b"From: <sip:test-phone@hujiao>;tag=x",
        b'From: "sip:1001@hujiao" <sip:1002@hujiao>;tag=x',
        b'From: "a\\" <sip:1001@hujiao>" <sip:1002@hujiao>;tag=x',
        b"From:\r\n <sip:1002@hujiao>;tag=x",
        b"From: <sip:10011@hujiao>;tag=x",
        b"From: <sip:hujiao>;tag=x",
        b"X-From: <sip:1001@hujiao>;tag=x",
        MINE + b"\r\n" + OTHER,
        MINE + b"\n" + OTHER,
        b"",
    ],
)
@pytest.mark.parametrize("request_", [REGISTER, INVITE])
def test_another_s_phone_may_begin_nothing(request_: bytes, sender: bytes) -> None:
    assert not may_pass(request_ % sender, "1001")


def test_a_tag_in_the_body_or_in_another_header_opens_no_door() -> None:
    assert not may_pass(INVITE % (OTHER + b"\r\nX: To: a;tag=y"), "1001")
    body = b"To: <sip:4001@hujiao>;tag=z\r\n"
    longer = (INVITE % OTHER).replace(b"v=0\r\n", body)
    assert not may_pass(longer.replace(b"Length: 5", b"Length: %d" % len(body)), "1001")


def test_nothing_hides_before_or_behind_a_message() -> None:
    """Asterisk's stack skips empty lines and reads several messages out of one frame."""
    mine, other = INVITE % MINE, REGISTER % OTHER
    ok = b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"
    for smuggled in (b"\r\n\r\n" + other, mine + other, ok + other, b"\n" + other):
        assert not may_pass(smuggled, "1001")
    assert may_pass(b"\r\n\r\n" + mine, "1001")
    assert not may_pass(mine.replace(b"Length: 5", b"Length: 5\r\nl: 99"), "1001")
    assert not may_pass(mine.replace(b"Length: 5", b"Length: 4"), "1001")


def test_a_registration_is_never_inside_a_dialogue() -> None:
    """Asterisk's stack takes a REGISTER with a tag on To like any other."""
    tagged = (REGISTER % OTHER).replace(b"1001@hujiao>\r\n", b"1001@hujiao>;tag=y\r\n")
    assert b">;tag=y" in tagged
    assert not may_pass(tagged, "1001")


def test_inside_a_dialogue_and_in_answers_the_switch_s_own_names_pass() -> None:
    bye = (
        b"BYE sip:asterisk@127.0.0.1 SIP/2.0\r\nFrom: <sip:k3f8x@abc.invalid>;tag=1\r\n"
        b"To: <sip:13800138000@127.0.0.1>;tag=2\r\nContent-Length: 0\r\n\r\n"
    )
    ok = (
        b"SIP/2.0 200 OK\r\nFrom: <sip:13800138000@127.0.0.1>;tag=1\r\n"
        b"To: <sip:k3f8x@abc.invalid>;tag=2\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    )
    assert may_pass(bye, "1001")
    assert may_pass(ok, "1001")


@pytest.mark.parametrize("keep_alive", [b"\r\n\r\n", b"\r\n", b""])
def test_keep_alives_pass(keep_alive: bytes) -> None:
    assert may_pass(keep_alive, "1001")
