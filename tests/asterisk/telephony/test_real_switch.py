"""Asterisk keeps what the port promises, with real SIP and levels measured."""

import pytest

from tests.asterisk.telephony.contract import SwitchContract

pytestmark = pytest.mark.asterisk


class TestAsterisk(SwitchContract):
    """Runs the contract."""
