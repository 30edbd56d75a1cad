"""Generated Asterisk configuration: one node, every file, from `NodeSettings`."""

from hujiao.telephony.config.node import Installation, NodeAddress, NodeSettings
from hujiao.telephony.config.render import prepare_folders, render

__all__ = ["Installation", "NodeAddress", "NodeSettings", "prepare_folders", "render"]
