"""Tables of queues, public numbers and trunks."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from hujiao.kit.db import metadata

queue = Table(
    "queue",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("strategy", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("ageing_s", Integer, nullable=False),
    Column("ring_timeout_s", Integer, nullable=False),
    Column("wrap_up_s", Integer, nullable=False),
    Column("max_waiting", Integer),
    Column("max_wait_s", Integer),
    Column("overflow_to", String, ForeignKey("queue.id")),
    Column("sl_threshold_s", Integer, nullable=False),
    Column("announce_every_s", Integer, nullable=False),
    Column("music", Text, nullable=False),
    Column("level_relax_after_s", Integer),
    Column("recorded", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
    CheckConstraint(
        "strategy IN ('hunt', 'ring_all', 'longest_idle', 'fewest_calls')", name="strategy"
    ),
)
"""A deleted queue keeps the row, for its name in old calls."""

Index(
    "uq_queue_name",
    queue.c.name,
    unique=True,
    postgresql_where=queue.c.deleted_at.is_(None),
)

queue_skill = Table(
    "queue_skill",
    metadata,
    Column("queue_id", String, ForeignKey("queue.id", ondelete="CASCADE"), primary_key=True),
    Column("skill_id", String, ForeignKey("skill.id"), primary_key=True),
    Column("min_level", Integer, nullable=False),
    CheckConstraint("min_level BETWEEN 1 AND 10", name="min_level"),
)

Index("ix_queue_skill_skill_id", queue_skill.c.skill_id)

number = Table(
    "number",
    metadata,
    Column("id", String, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("greeting_prompt", Text, nullable=False),
    Column("queue_id", String, ForeignKey("queue.id"), nullable=False),
    Column("menu_timeout_s", Integer, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("language IN ('zh', 'en')", name="language"),
)

Index("ix_number_queue_id", number.c.queue_id)

number_choice = Table(
    "number_choice",
    metadata,
    Column("number_id", String, ForeignKey("number.id", ondelete="CASCADE"), primary_key=True),
    Column("digit", Text, primary_key=True),
    Column("queue_id", String, ForeignKey("queue.id"), nullable=False),
    CheckConstraint("digit ~ '^[0-9*#]$'", name="digit"),
)
"""The menu of a number: a digit leads to a queue."""

Index("ix_number_choice_queue_id", number_choice.c.queue_id)

trunk = Table(
    "trunk",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("host", Text, nullable=False, server_default=""),
    Column("port", Integer, nullable=False, server_default=text("5060")),
    Column("username", Text, nullable=False, server_default=""),
    Column("secret", Text, nullable=False, server_default=""),
    Column("register", Boolean, nullable=False, server_default=text("false")),
    Column("codecs", ARRAY(Text), nullable=False),
    Column("caller_number", Text, nullable=False, server_default=""),
    Column("prefixes", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("kind IN ('peer', 'account')", name="kind"),
)
