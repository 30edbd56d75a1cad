"""Table of recordings."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from hujiao.kit.db import metadata

_MOMENT = DateTime(timezone=True)

recording = Table(
    "recording",
    metadata,
    Column("id", String, primary_key=True),
    Column("call_id", String, nullable=False),
    Column("node", Text, nullable=False),
    Column("raw_path", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("started_at", _MOMENT, nullable=False),
    Column("stopped_at", _MOMENT),
    Column("file", Text),
    Column("size", BigInteger),
    Column("duration_ms", BigInteger),
    Column("sha256", Text),
    Column("peaks", LargeBinary),
    Column("problem", Text),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("job_at", _MOMENT),
    Column("deleted_at", _MOMENT),
    CheckConstraint("state IN ('pending', 'merging', 'ready', 'failed', 'deleted')", name="state"),
)
"""`file` is relative to the recordings folder. `peaks`: one byte each, left then right. `job_at`:
when its merge was last asked for. A deleted one keeps its row; `file` and `raw_path` name
what is still on disk."""

Index("ix_recording_call_id", recording.c.call_id)
Index("ix_recording_started_at", recording.c.started_at, recording.c.id)
Index(
    "ix_recording_unfinished",
    recording.c.started_at,
    postgresql_where=recording.c.state.in_(("pending", "merging")),
)
