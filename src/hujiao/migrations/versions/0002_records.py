"""Contacts, notes, dispositions, customers, recordings, readers of the ledger, jobs."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _readers()
    _customers()
    _contacts()
    _notes()
    _recordings()
    # Many statements and percent signs: sent as they are, without parameters.
    unbound = op.get_bind().execution_options(no_parameters=True)
    unbound.exec_driver_sql(SchemaManager.get_schema())


def downgrade() -> None:
    raise NotImplementedError("notes and customers are not thrown away; restore a backup")


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=nullable)


def _text(name: str, *, default: str | None = None, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, server_default=default)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _int(name: str, *, default: int | None = None) -> sa.Column[int]:
    server_default = None if default is None else sa.text(str(default))
    return sa.Column(name, sa.Integer, nullable=False, server_default=server_default)


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _readers() -> None:
    op.create_table(
        "ledger_cursor",
        _text("reader"),
        sa.Column("position", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("reader", name="pk_ledger_cursor"),
    )


def _customers() -> None:
    op.create_table(
        "customer",
        _id(),
        _text("name"),
        _text("level", default="normal"),
        _text("company", default=""),
        _text("address", default=""),
        _text("note", default=""),
        sa.Column("grams", ARRAY(sa.Text), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
        sa.CheckConstraint("level IN ('normal', 'vip')", name="ck_customer_level"),
    )
    op.create_index("ix_customer_grams", "customer", ["grams"], postgresql_using="gin")
    op.create_table(
        "customer_number",
        _id(),
        _id("customer_id"),
        _text("number"),
        _text("label", default=""),
        _int("position", default=0),
        sa.PrimaryKeyConstraint("id", name="pk_customer_number"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name="fk_customer_number_customer_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("uq_customer_number", "customer_number", ["customer_id", "number"], unique=True)
    op.create_index("ix_customer_number_number", "customer_number", ["number"])


def _contacts() -> None:
    op.create_table(
        "contact",
        _id(),
        *(_text(name) for name in ("direction", "caller", "caller_name", "called")),
        *(_text(name) for name in ("customer_number", "trunk", "node")),
        _moment("arrived_at"),
        _id("queue_id", nullable=True),
        _id("agent_id", nullable=True),
        *(_moment(name, nullable=True) for name in ("queued_at", "dialled_at", "answered_at")),
        _moment("ended_at", nullable=True),
        *(_big(name) for name in ("wait_ms", "talk_ms", "hold_ms", "wrap_up_ms")),
        _text("result"),
        _text("ended_by", nullable=True),
        sa.Column("cause", sa.Integer),
        _text("menu_path"),
        sa.Column("has_recording", sa.Boolean, nullable=False),
        sa.Column("stays", JSONB, nullable=False),
        sa.Column("missed_by", ARRAY(sa.Text), nullable=False),
        sa.Column("refused", sa.Boolean, nullable=False),
        _moment("held_at", nullable=True),
        _moment("wrap_up_at", nullable=True),
        _int("n_facts"),
        _big("last_position"),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
    )
    op.create_index("ix_contact_arrived_at", "contact", ["arrived_at", "id"])
    for name in ("customer_number", "agent_id", "queue_id"):
        op.create_index(f"ix_contact_{name}", "contact", [name, "arrived_at"])


def _notes() -> None:
    op.create_table(
        "disposition",
        _id(),
        _text("name"),
        _text("name_en", default=""),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        _int("position", default=0),
        _text("direction", default="both"),
        _moment("deleted_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_disposition"),
        sa.CheckConstraint("direction IN ('in', 'out', 'both')", name="ck_disposition_direction"),
    )
    op.create_index(
        "uq_disposition_name",
        "disposition",
        ["name"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "contact_note",
        _id("call_id"),
        _text("text"),
        _id("disposition_id", nullable=True),
        _id("customer_id", nullable=True),
        _id("person_id"),
        _moment("saved_at"),
        sa.PrimaryKeyConstraint("call_id", name="pk_contact_note"),
        sa.ForeignKeyConstraint(
            ["disposition_id"], ["disposition.id"], name="fk_contact_note_disposition_id"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name="fk_contact_note_customer_id",
            ondelete="SET NULL",
        ),
    )
    op.create_index("ix_contact_note_customer_id", "contact_note", ["customer_id"])
    op.create_index("ix_contact_note_disposition_id", "contact_note", ["disposition_id"])


def _recordings() -> None:
    op.create_table(
        "recording",
        _id(),
        _id("call_id"),
        _text("node"),
        _text("raw_path"),
        _text("state", default="pending"),
        _moment("started_at"),
        _moment("stopped_at", nullable=True),
        _text("file", nullable=True),
        _big("size", nullable=True),
        _big("duration_ms", nullable=True),
        _text("sha256", nullable=True),
        sa.Column("peaks", sa.LargeBinary),
        _text("problem", nullable=True),
        _int("tries", default=0),
        _moment("job_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recording"),
        sa.CheckConstraint(
            "state IN ('pending', 'merging', 'ready', 'failed')", name="ck_recording_state"
        ),
    )
    op.create_index("ix_recording_call_id", "recording", ["call_id"])
    op.create_index(
        "ix_recording_unfinished",
        "recording",
        ["started_at"],
        postgresql_where=sa.text("state IN ('pending', 'merging')"),
    )
