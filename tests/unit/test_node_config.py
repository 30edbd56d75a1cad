"""The generated Asterisk configuration."""

from dataclasses import replace
from pathlib import Path

import pytest

from hujiao.telephony.config import Installation, NodeSettings, render
from hujiao.telephony.config.modules import modules
from hujiao.telephony.private import Command

pytestmark = pytest.mark.unit


@pytest.fixture
def node(tmp_path: Path) -> NodeSettings:
    return NodeSettings(
        name="n1",
        installation=Installation(Command(("asterisk",)), Path("/modules"), Path("/share")),
        home=tmp_path,
        run=tmp_path / "run",
        logs=tmp_path / "logs",
        recordings=tmp_path / "recordings",
        sounds=tmp_path / "sounds",
        music=tmp_path / "music",
        ari_port=8802,
        ari_password="ari-pass",
        ami_port=8803,
        ami_password="ami-pass",
        sip_port=5160,
    )


def files(node: NodeSettings) -> dict[str, str]:
    return {path.name: path.read_text() for path in render(node, node.etc)}


def test_every_placeholder_is_filled(node: NodeSettings) -> None:
    assert [name for name, text in files(node).items() if "@{" in text] == []


def test_ari_and_ami_listen_on_loopback_only(node: NodeSettings) -> None:
    written = files(replace(node, sip_bind="192.0.2.7"))
    assert "bindaddr = 127.0.0.1" in written["http.conf"]
    assert "bindaddr = 127.0.0.1" in written["manager.conf"]
    assert "bind = 192.0.2.7:5160" in written["pjsip.conf"]


def test_no_endpoint_is_anonymous_and_none_is_written_down(node: NodeSettings) -> None:
    written = files(node)
    assert "type = endpoint" not in written["pjsip.conf"]
    assert "res_pjsip_endpoint_identifier_anonymous" not in written["modules.conf"]


def test_modules_that_can_deadlock_ari_or_start_a_shell_are_not_loaded() -> None:
    loaded = set(modules(with_queue=True))
    assert loaded.isdisjoint(
        {
            "res_stasis_device_state",
            "res_ari_device_states",
            "app_system",
            "func_shell",
            "func_env",
            "res_agi",
        }
    )


def test_the_queue_application_is_loaded_for_the_benchmark_only() -> None:
    assert "app_queue" not in modules()
    assert "app_queue" in modules(with_queue=True)


def test_on_loopback_browsers_are_offered_127_0_0_1(node: NodeSettings) -> None:
    text = files(node)["rtp.conf"]
    assert "[ice_host_candidates]" in text
    assert "ice_deny=::/0" in text


def test_beyond_loopback_the_machines_own_addresses_are_offered(node: NodeSettings) -> None:
    assert "ice_host_candidates" not in files(replace(node, sip_bind="192.0.2.7"))["rtp.conf"]


def test_behind_address_translation_the_outer_address_is_told(node: NodeSettings) -> None:
    written = files(replace(node, sip_bind="192.0.2.7", external_address="203.0.113.9"))
    assert "external_media_address=203.0.113.9" in written["pjsip.conf"]


def test_passwords_are_readable_by_owner_and_group_only(node: NodeSettings) -> None:
    for path in render(node, node.etc):
        assert path.stat().st_mode & 0o777 == 0o640


def test_pushed_objects_are_sought_in_memory_first(node: NodeSettings) -> None:
    lines = files(node)["sorcery.conf"].splitlines()
    for kind in ("endpoint", "auth", "aor", "identify", "registration"):
        rows = [line for line in lines if line.startswith(f"{kind}=")]
        assert rows[0] == f"{kind}=memory"
        assert rows[1].startswith(f"{kind}=config,pjsip.conf")
