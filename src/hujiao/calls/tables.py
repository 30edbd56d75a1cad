"""Tables of contacts (the projection of the ledger), notes and dispositions."""

from sqlalchemy import (
    BigInteger,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hujiao.kit.db import metadata

_MOMENT = DateTime(timezone=True)

contact = Table(
    "contact",
    metadata,
    Column("id", String, primary_key=True),
    Column("direction", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("caller_name", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("customer_number", Text, nullable=False),
    Column("trunk", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("arrived_at", _MOMENT, nullable=False),
    Column("queue_id", String),
    Column("agent_id", String),
    Column("queued_at", _MOMENT),
    Column("dialled_at", _MOMENT),
    Column("answered_at", _MOMENT),
    Column("ended_at", _MOMENT),
    Column("wait_ms", BigInteger, nullable=False),
    Column("talk_ms", BigInteger, nullable=False),
    Column("hold_ms", BigInteger, nullable=False),
    Column("wrap_up_ms", BigInteger, nullable=False),
    Column("result", Text, nullable=False),
    Column("ended_by", Text),
    Column("cause", Integer),
    Column("menu_path", Text, nullable=False),
    Column("has_recording", Boolean, nullable=False),
    Column("stays", JSONB, nullable=False),
    Column("missed_by", ARRAY(Text), nullable=False),
    Column("refused", Boolean, nullable=False),
    Column("held_at", _MOMENT),
    Column("wrap_up_at", _MOMENT),
    Column("n_facts", Integer, nullable=False),
    Column("last_position", BigInteger, nullable=False),
)
"""Written by the projector only. No foreign keys: facts outlive what they name."""

Index("ix_contact_arrived_at", contact.c.arrived_at, contact.c.id)
Index("ix_contact_customer_number", contact.c.customer_number, contact.c.arrived_at)
Index("ix_contact_agent_id", contact.c.agent_id, contact.c.arrived_at)
Index("ix_contact_queue_id", contact.c.queue_id, contact.c.arrived_at)

disposition = Table(
    "disposition",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("position", Integer, nullable=False, server_default=text("0")),
    Column("direction", Text, nullable=False, server_default="both"),
    Column("deleted_at", _MOMENT),
    CheckConstraint("direction IN ('in', 'out', 'both')", name="direction"),
)
"""A deleted disposition keeps the row, for its name in old calls."""

Index(
    "uq_disposition_name",
    disposition.c.name,
    unique=True,
    postgresql_where=disposition.c.deleted_at.is_(None),
)

contact_note = Table(
    "contact_note",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("text", Text, nullable=False),
    Column("disposition_id", String, ForeignKey("disposition.id")),
    Column("customer_id", String, ForeignKey("customer.id", ondelete="SET NULL")),
    Column("person_id", String, nullable=False),
    Column("saved_at", _MOMENT, nullable=False),
)
"""What the agent wrote. Apart from `contact`, so that a rebuilt projection loses nothing."""

Index("ix_contact_note_customer_id", contact_note.c.customer_id)
Index("ix_contact_note_disposition_id", contact_note.c.disposition_id)
