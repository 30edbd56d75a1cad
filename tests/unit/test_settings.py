"""What the environment may say, and what follows from it."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from hujiao.app.settings import MAX_SOCKET_FOLDER, Settings

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HUJIAO_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)


def test_nothing_is_open_beyond_loopback_unless_told() -> None:
    settings = Settings()
    assert settings.on_loopback
    assert settings.sip_bind_in_use == "127.0.0.1"
    assert not settings.serves_tls
    assert settings.base_url == "http://127.0.0.1:8800"


def test_inner_ports_follow_the_http_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUJIAO_HTTP_PORT", "9100")
    settings = Settings()
    assert (
        settings.postgres_port_in_use,
        settings.ari_port_in_use,
        settings.ami_port_in_use,
    ) == (9101, 9102, 9103)


def test_beyond_loopback_the_pages_are_secure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUJIAO_BIND", "192.0.2.7")
    monkeypatch.setenv("HUJIAO_PUBLIC_HOST", "calls.example")
    assert Settings().base_url == "https://calls.example:8800"


def test_a_database_url_switches_the_embedded_server_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://there/hujiao")
    assert not Settings().embedded_postgres


def test_remote_nodes_are_read_from_json(monkeypatch: pytest.MonkeyPatch) -> None:
    node = '{"name": "n2", "url": "http://10.0.0.2:8088", "user": "u", "password": "p"}'
    monkeypatch.setenv("HUJIAO_ASTERISK_NODES", f"[{node}]")
    settings = Settings()
    assert not settings.private_asterisk
    assert settings.asterisk_nodes[0].url == "http://10.0.0.2:8088"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUJIAO_RTP_PORTS", "30000"),
        ("HUJIAO_RTP_PORTS", "31000-30000"),
        ("HUJIAO_RTP_PORTS", "30000-30004"),
        ("HUJIAO_HTTP_PORT", "0"),
        ("HUJIAO_HTTP_PORT", "65534"),
        ("HUJIAO_BIND", "everywhere"),
        ("HUJIAO_TLS_CERT", "/only/one.pem"),
        ("HUJIAO_LOCALE", "fr"),
        ("HUJIAO_PRIVATE_NODES", "0"),
        ("HUJIAO_PRIVATE_NODES", "9"),
        ("HUJIAO_ASTERISK_NODES", '[{"name": "N 2", "url": "x", "user": "u", "password": "p"}]'),
    ],
)
def test_a_senseless_value_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_socket_paths_stay_short_in_a_deep_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUJIAO_DATA", "/srv/" + "deep/" * 30)
    other = Settings(data=Path("/srv/" + "deeper/" * 30))
    settings = Settings()
    assert len(str(settings.run_dir)) <= MAX_SOCKET_FOLDER
    assert settings.run_dir != other.run_dir


def test_private_nodes_have_ports_and_folders_of_their_own_and_share_the_voice_ports() -> None:
    one = Settings()
    (first,) = one.own_nodes
    assert (first.name, first.folder, first.rtp_ports) == ("n1", "asterisk", one.rtp_ports)
    assert (first.sip_port, first.ari_port, first.ami_port) == (5160, 8802, 8803)
    nodes = Settings(private_nodes=3, rtp_ports=(30000, 30999)).own_nodes
    assert nodes[0].folder == first.folder, "the first node keeps its place when others come"
    assert [node.sip_port for node in nodes] == [5160, 5170, 5180]
    assert [node.ari_port for node in nodes] == [8802, 8812, 8822]
    assert [node.folder for node in nodes[1:]] == ["asterisk-n2", "asterisk-n3"]
    shares = [set(range(node.rtp_ports[0], node.rtp_ports[1] + 1)) for node in nodes]
    assert len(set.union(*shares)) == sum(map(len, shares)) == 1000
    assert all(node.rtp_ports[0] % 2 == 0 for node in nodes), "RTP begins at an even port"


def test_too_few_ports_for_the_private_nodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUJIAO_PRIVATE_NODES", "8")
    monkeypatch.setenv("HUJIAO_RTP_PORTS", "30000-30100")
    with pytest.raises(ValidationError):
        Settings()
    monkeypatch.setenv("HUJIAO_RTP_PORTS", "30000-30999")
    monkeypatch.setenv("HUJIAO_SIP_PORT", "65500")
    with pytest.raises(ValidationError):
        Settings()


def test_nodes_of_others_leave_no_private_one(monkeypatch: pytest.MonkeyPatch) -> None:
    node = '{"name": "n2", "url": "http://10.0.0.2:8088", "user": "u", "password": "p"}'
    monkeypatch.setenv("HUJIAO_ASTERISK_NODES", f"[{node}]")
    monkeypatch.setenv("HUJIAO_PRIVATE_NODES", "2")
    assert Settings().own_nodes == ()
