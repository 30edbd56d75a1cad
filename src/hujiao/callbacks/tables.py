"""Tables of callbacks."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
)

from hujiao.kit.db import metadata

_MOMENT = DateTime(timezone=True)

callback = Table(
    "callback",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("why", Text, nullable=False),
    Column("source", Text, nullable=False, unique=True),
    Column("call_id", String),
    Column("number", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("phase", Text),
    Column("queue_id", String),
    Column("agent_id", String),
    Column("happened_at", _MOMENT, nullable=False),
    Column("taken_by", String),
    Column("taken_at", _MOMENT),
    Column("result", Text),
    Column("note", Text, nullable=False, server_default=""),
    Column("closed_at", _MOMENT),
    Column("closed_by", String),
    CheckConstraint("state IN ('open', 'in_progress', 'done', 'dropped')", name="state"),
    CheckConstraint(
        "(state = 'in_progress') = (taken_by IS NOT NULL AND closed_at IS NULL)", name="taken"
    ),
)
"""`source` is what it was opened for (`call:<id>`, `message:<id>`), so that nothing opens two. No
foreign keys to calls, queues and people: the facts it came from outlive them."""

Index("ix_callback_state", callback.c.state, callback.c.happened_at, callback.c.id)
Index("ix_callback_happened_at", callback.c.happened_at, callback.c.id)
Index(
    "ix_callback_living",
    callback.c.number,
    postgresql_where=callback.c.state.in_(("open", "in_progress")),
)

callback_attempt = Table(
    "callback_attempt",
    metadata,
    Column("callback_id", String, ForeignKey("callback.id", ondelete="CASCADE"), primary_key=True),
    Column("call_id", String, primary_key=True),
    Column("at", _MOMENT, nullable=False),
    Column("agent_id", String),
    Column("answered_at", _MOMENT),
)

Index("ix_callback_attempt_call_id", callback_attempt.c.call_id)

callback_message = Table(
    "callback_message",
    metadata,
    Column("id", String, primary_key=True),
    Column(
        "callback_id",
        String,
        ForeignKey("callback.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("number", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("left_at", _MOMENT, nullable=False),
    Column("file", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
    Column("raw_size", BigInteger, nullable=False),
)
"""`file` is relative to the messages folder. `peaks`: one byte each, left then right."""
