"""Consoles of the servers that `hujiao up` runs. Both replace this process."""

from __future__ import annotations

import os

from hujiao.app.places import database_url, node_settings
from hujiao.app.settings import Settings
from hujiao.kit.postgres import wheel_binaries
from hujiao.telephony.config import Installation
from hujiao.telephony.private import ensure_tree


def asterisk_console(words: str, name: str) -> None:
    """Runs the remote console of the private Asterisk called `name` with `words`.

    Raises KeyError when there is none of this name.
    """
    settings = Settings()
    own = {node.name: node for node in settings.own_nodes}[name]
    installation = Installation.of_tree(ensure_tree(settings.cache))
    node = node_settings(settings, own, installation, settings.cache)
    argv = node.console(words)
    os.execvpe(argv[0], argv, {**os.environ, **installation.command.env})  # noqa: S606


def database_console() -> None:
    """Runs the psql of the embedded PostgreSQL on this installation's database."""
    program = str(wheel_binaries() / "psql")
    os.execv(program, [program, database_url(Settings())])  # noqa: S606
