"""What `hujiao up` checks and writes before anything starts."""

import configparser
import shlex
import socket
from pathlib import Path

import pytest
from cryptography import x509

from hujiao.app.settings import Settings
from hujiao.app.up.checks import browser_sound, taken_ports, web_build
from hujiao.app.up.home import UpLock
from hujiao.app.up.prepare import Prepared
from hujiao.app.up.supervise import Program, programs, write_configuration
from hujiao.app.up.tls import ensure_certificate
from hujiao.kit.processes import tethered

pytestmark = pytest.mark.unit


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path / "data", web_dist=tmp_path / "dist")
    made.run_dir.mkdir(parents=True)
    made.logs_dir.mkdir(parents=True)
    return made


def test_a_taken_port_is_named_with_its_variable_and_its_holder(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        findings = taken_ports(settings.model_copy(update={"http_port": port}))
    text = next(f for f in findings if "HUJIAO_HTTP_PORT" in f.advice)
    assert str(port) in text.text
    assert "taken by python" in text.text or "taken by pytest" in text.text


def test_two_uses_of_one_port_are_refused(settings: Settings) -> None:
    same = settings.model_copy(update={"ari_port": 29001, "ami_port": 29001})
    assert any("both TCP port 29001" in finding.text for finding in taken_ports(same))


def test_missing_screens_are_told_with_the_command_that_builds_them(settings: Settings) -> None:
    assert "make web" in web_build(settings).advice


def test_plain_http_beyond_loopback_is_warned_of(settings: Settings) -> None:
    open_wide = settings.model_copy(update={"bind": "192.0.2.7", "tls": "off"})
    assert browser_sound(open_wide).level == "warning"


def test_one_data_folder_has_one_running_installation(settings: Settings) -> None:
    first, second = UpLock(settings), UpLock(settings)
    assert first.take()
    assert second.held_by_other()
    assert not second.take()
    first.give_back()
    assert not second.held_by_other()


def test_programs_are_never_given_up_and_end_in_order(settings: Settings) -> None:
    remote = settings.model_copy(update={"given_database_url": "postgresql://there/x"})
    listed = programs(remote, Prepared(nodes=(), account=None))
    parser = configparser.RawConfigParser()
    parser.read(write_configuration(remote, listed))
    orders = {one: parser.getint(f"program:{one}", "priority") for one in ("floor", "web")}
    assert orders["floor"] < orders["web"]
    for name in ("floor", "web", "worker"):
        assert parser.get(f"program:{name}", "autorestart") == "true"
        assert parser.getint(f"program:{name}", "startretries") > 1000


def test_paths_with_spaces_and_percent_signs_survive_the_configuration(settings: Settings) -> None:
    odd = Program("odd", ("/opt/a b/100%/run", "it's"), 10)
    parser = configparser.RawConfigParser()
    parser.read(write_configuration(settings, [odd]))
    command = parser.get("program:odd", "command") % {}
    assert shlex.split(command) == list(odd.argv)


def test_programs_get_a_signal_when_their_parent_dies() -> None:
    assert tethered(["run", "me"], end="INT")[:3] == ("setpriv", "--pdeathsig", "INT")


def test_a_certificate_names_its_hosts_and_is_kept(tmp_path: Path) -> None:
    files = tmp_path / "tls" / "a.crt", tmp_path / "tls" / "a.key"
    assert ensure_certificate(*files, ["192.0.2.7", "calls.example"])
    made = x509.load_pem_x509_certificate(files[0].read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "calls.example" in names.get_values_for_type(x509.DNSName)
    assert files[1].stat().st_mode & 0o777 == 0o600
    assert not ensure_certificate(*files, ["calls.example"])


def test_a_certificate_is_made_anew_for_a_new_host(tmp_path: Path) -> None:
    files = tmp_path / "a.crt", tmp_path / "a.key"
    ensure_certificate(*files, ["calls.example"])
    assert ensure_certificate(*files, ["other.example"])


def test_every_private_node_s_ports_are_looked_at_before_the_start(settings: Settings) -> None:
    several = settings.model_copy(update={"private_nodes": 2})
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = several.model_copy(update={"ari_port": port - 10})
        findings = [finding.text for finding in taken_ports(taken)]
    assert any(f"TCP port {port} for Asterisk's ARI of n2" in text for text in findings)
