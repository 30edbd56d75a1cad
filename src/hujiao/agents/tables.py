"""Tables of skills, agents' phones and the reasons for not being ready."""

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

from hujiao.kit.db import metadata

skill = Table(
    "skill",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

agent = Table(
    "agent",
    metadata,
    Column("person_id", String, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("extension", Text, nullable=False, unique=True),
    Column("phone_kind", Text, nullable=False),
    Column("phone_secret", Text, nullable=False),
    Column("contact", Text, nullable=False, server_default=""),
    Column("wrap_up_s", Integer),
    Column("rest_s", Integer, nullable=False, server_default=text("0")),
    Column("max_missed", Integer, nullable=False, server_default=text("3")),
    CheckConstraint("phone_kind IN ('browser', 'sip', 'static')", name="phone_kind"),
)

agent_skill = Table(
    "agent_skill",
    metadata,
    Column(
        "person_id", String, ForeignKey("agent.person_id", ondelete="CASCADE"), primary_key=True
    ),
    Column("skill_id", String, ForeignKey("skill.id"), primary_key=True),
    Column("level", Integer, nullable=False),
    CheckConstraint("level BETWEEN 1 AND 10", name="level"),
)

Index("ix_agent_skill_skill_id", agent_skill.c.skill_id)

not_ready_reason = Table(
    "not_ready_reason",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("position", Integer, nullable=False, server_default=text("0")),
    Column("counts_as", Text, nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
    CheckConstraint("counts_as IN ('break', 'meeting', 'training', 'work')", name="counts_as"),
)
"""A deleted reason keeps the row, for its name in old facts."""

Index(
    "uq_not_ready_reason_name",
    not_ready_reason.c.name,
    unique=True,
    postgresql_where=not_ready_reason.c.deleted_at.is_(None),
)
