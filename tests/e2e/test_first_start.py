"""What a newcomer reads after `make run`, and that it is true."""

import httpx
import psutil
import pytest

from tests.harness.fixtures import MakeSoftphone
from tests.harness.installation import RunningInstallation
from tests.harness.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_the_first_start_prints_an_address_that_says_calls_can_be_taken(
    installation: RunningInstallation,
) -> None:
    assert installation.base_url in installation.output
    assert httpx.get(f"{installation.base_url}/healthz").status_code == 200
    assert "Call: 4001" in installation.output


@pytest.mark.parametrize("login", ["admin", "supervisor", "leader", "agent1", "agent2"])
def test_every_printed_password_signs_in(installation: RunningInstallation, login: str) -> None:
    answer = httpx.post(
        f"{installation.base_url}/api/session",
        json={"name": login, "password": installation.passwords[login]},
        headers={"X-Hujiao": "1"},
    )
    assert answer.status_code == 200, answer.text


def test_the_screens_are_served(installation: RunningInstallation) -> None:
    page = httpx.get(installation.base_url, follow_redirects=True)
    assert "<!doctype html>" in page.text.lower()


def open_addresses(installation: RunningInstallation, program: str) -> set[str]:
    """The addresses on which a program takes TCP connections, SIP and voice.

    Asterisk's resolver asks name servers from UDP ports the kernel chose; those are left out.
    """
    rows = psutil.Process(installation.pid(program)).net_connections("inet")
    first, last = installation.ports.first, installation.ports.rtp[1]
    return {
        row.laddr.ip
        for row in rows
        if row.status == psutil.CONN_LISTEN
        or (row.status == psutil.CONN_NONE and first <= row.laddr.port <= last)
    }


def voice_ports(installation: RunningInstallation) -> list[int]:
    rows = psutil.Process(installation.pid("asterisk")).net_connections("udp")
    first, last = installation.ports.rtp
    return [row.laddr.port for row in rows if first <= row.laddr.port <= last]


def test_nothing_listens_beyond_loopback(installation: RunningInstallation) -> None:
    for program in (
        "asterisk",
        "asterisk-n2",
        "postgres",
        "floor",
        "floor-2",
        "web",
        "web-2",
        "worker",
    ):
        assert open_addresses(installation, program) <= {"127.0.0.1"}, program


async def test_the_printed_phone_registers_calls_the_printed_number_and_is_greeted(
    installation: RunningInstallation, softphone: MakeSoftphone
) -> None:
    port = installation.settings.sip_port
    phone = await softphone(
        user="test-phone", password=installation.passwords["test-phone"], registrar_port=port
    )
    await phone.dial("4001", port)
    await phone.until_call("ESTABLISHED", timeout_s=20)
    await until(lambda: phone.heard().duration_s > 4, what="four seconds of greeting")
    assert phone.heard().rms > 0.03
    assert voice_ports(installation), "a call has voice ports"
    assert open_addresses(installation, "asterisk") == {"127.0.0.1"}
    await phone.hang_up()
    await until(
        lambda: "0 active channels" in installation.console("core show channels"),
        timeout_s=20,
        what="no channel is left",
    )
