"""A private Debian tree that carries Asterisk and its tools, fetched and run without root.

Debian 12 and 13 have no Asterisk. We take the packages of a newer suite from the mirror this
machine already uses, check them with Debian's own keyring, unpack them into a cache folder and run
the programs through the tree's own loader and libc. Nothing outside the folder is touched.
"""

from hujiao.telephony.private.fetch import ensure_tree
from hujiao.telephony.private.refusals import PrivateTreeError
from hujiao.telephony.private.tree import Command, PrivateTree

__all__ = ["Command", "PrivateTree", "PrivateTreeError", "ensure_tree"]
