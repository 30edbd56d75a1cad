"""Customers to be called back, calls to them since, messages they left."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATES = "state IN ('open', 'in_progress', 'done', 'dropped')"
TAKEN = "(state = 'in_progress') = (taken_by IS NOT NULL AND closed_at IS NULL)"
LIVING = "state IN ('open', 'in_progress')"


def upgrade() -> None:
    _callbacks()
    _attempts()
    _messages()


def downgrade() -> None:
    raise NotImplementedError("customers' messages are not thrown away; restore a backup")


def _text(name: str, *, default: str | None = None, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, server_default=default)


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _callbacks() -> None:
    op.create_table(
        "callback",
        _id(),
        _text("kind"),
        _text("state", default="open"),
        _text("why"),
        _text("source"),
        _id("call_id", nullable=True),
        _text("number"),
        _text("called"),
        _text("phase", nullable=True),
        _id("queue_id", nullable=True),
        _id("agent_id", nullable=True),
        _moment("happened_at"),
        _id("taken_by", nullable=True),
        _moment("taken_at", nullable=True),
        _text("result", nullable=True),
        _text("note", default=""),
        _moment("closed_at", nullable=True),
        _id("closed_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_callback"),
        sa.UniqueConstraint("source", name="uq_callback_source"),
        sa.CheckConstraint(STATES, name="ck_callback_state"),
        sa.CheckConstraint(TAKEN, name="ck_callback_taken"),
    )
    op.create_index("ix_callback_state", "callback", ["state", "happened_at", "id"])
    op.create_index("ix_callback_happened_at", "callback", ["happened_at", "id"])
    op.create_index("ix_callback_living", "callback", ["number"], postgresql_where=sa.text(LIVING))


def _attempts() -> None:
    op.create_table(
        "callback_attempt",
        _id("callback_id"),
        _id("call_id"),
        _moment("at"),
        _id("agent_id", nullable=True),
        _moment("answered_at", nullable=True),
        sa.PrimaryKeyConstraint("callback_id", "call_id", name="pk_callback_attempt"),
        sa.ForeignKeyConstraint(
            ["callback_id"],
            ["callback.id"],
            name="fk_callback_attempt_callback_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_callback_attempt_call_id", "callback_attempt", ["call_id"])


def _messages() -> None:
    op.create_table(
        "callback_message",
        _id(),
        _id("callback_id"),
        _text("number"),
        _text("called"),
        _moment("left_at"),
        _text("file"),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        _text("sha256"),
        sa.Column("peaks", sa.LargeBinary, nullable=False),
        sa.Column("raw_size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callback_message"),
        sa.UniqueConstraint("callback_id", name="uq_callback_message_callback_id"),
        sa.ForeignKeyConstraint(
            ["callback_id"],
            ["callback.id"],
            name="fk_callback_message_callback_id",
            ondelete="CASCADE",
        ),
    )
