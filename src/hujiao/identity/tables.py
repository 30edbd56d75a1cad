"""Tables of people, teams, sessions and the audit trail."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hujiao.identity.model import Role
from hujiao.kit.db import metadata

_NOW = func.now()
_ROLES = ", ".join(f"'{role}'" for role in Role)

team = Table(
    "team",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column(
        "leader_id",
        String,
        ForeignKey("person.id", use_alter=True, name="fk_team_leader_id"),
    ),
)

person = Table(
    "person",
    metadata,
    Column("id", String, primary_key=True),
    Column("login", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("team_id", String, ForeignKey("team.id")),
    Column("locale", Text, nullable=False, server_default="zh-CN"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("password_hash", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("deleted_at", DateTime(timezone=True)),
    CheckConstraint(f"role IN ({_ROLES})", name="role"),
)
"""A deleted person keeps the row, for names in old calls; login and extension become free."""

Index(
    "uq_person_login",
    person.c.login,
    unique=True,
    postgresql_where=person.c.deleted_at.is_(None),
)
Index("ix_person_team_id", person.c.team_id)

session = Table(
    "session",
    metadata,
    Column("id", String, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("person_id", String, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("address", Text, nullable=False),
    Column("device", Text, nullable=False),
)
"""Only live sessions have a row: revoking deletes it (the audit trail remembers)."""

Index("ix_session_person_id", session.c.person_id)
Index("ix_session_expires_at", session.c.expires_at)

audit = Table(
    "audit",
    metadata,
    Column("id", String, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("person_id", String),
    Column("person_name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("address", Text, nullable=False),
)
"""Append-only (a trigger refuses changes). Ids sort by time."""

Index("ix_audit_person_id", audit.c.person_id, audit.c.id)
Index("ix_audit_object", audit.c.object_kind, audit.c.object_id, audit.c.id)
