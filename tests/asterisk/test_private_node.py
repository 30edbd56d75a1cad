"""The private Asterisk starts from generated files, and gives strangers nothing."""

import pytest

from tests.harness.fixtures import MakeNode

pytestmark = pytest.mark.asterisk


def test_a_node_starts_and_answers_ari_under_its_own_name(asterisk_node: MakeNode) -> None:
    node = asterisk_node("n7")
    info = node.ari("GET", "/asterisk/info").json()
    assert info["config"]["name"] == "n7"
    assert info["system"]["version"].startswith("22.")
