"""How much room there is on a disk."""

import shutil
from pathlib import Path

FULL_BYTES = 300_000_000
"""With less than this sound and facts can soon not be written any more."""


def free_bytes(path: Path) -> int:
    """Free on the disk of the path, or of the nearest folder above it that exists."""
    existing = next(one for one in (path, *path.parents) if one.exists())
    return shutil.disk_usage(existing).free
