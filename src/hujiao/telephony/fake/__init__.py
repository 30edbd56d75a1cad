"""A switch in memory: the same port, the same promises, no sound and no network.

`exchange` is what is there and what is told, `commands` carries out what was sent, `switch` is the
port, and what a test lets the world do. Order is that of cause and effect, time is the clock
given, and nothing happens by chance.
"""

from hujiao.telephony.fake.exchange import FIRST_NODE, FakeLeg, Reaction
from hujiao.telephony.fake.switch import FakeSwitch

__all__ = ["FIRST_NODE", "FakeLeg", "FakeSwitch", "Reaction"]
