"""The schema's history: one line of numbered migrations, applied by `migrate`."""

from hujiao.migrations.run import migrate

__all__ = ["migrate"]
