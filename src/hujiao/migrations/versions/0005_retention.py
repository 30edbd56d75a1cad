"""How long facts and recordings are kept; recordings deleted by that policy."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention",
        sa.Column("id", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("ledger_months", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("recording_months", sa.Integer, nullable=False, server_default=sa.text("12")),
        sa.Column(
            "effective_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
        sa.Column("ledger_from", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_retention"),
        sa.CheckConstraint("id", name="ck_retention_one_row"),
        sa.CheckConstraint(
            "ledger_months = 0 OR ledger_months >= 12 AND recording_months > 0"
            " AND ledger_months >= recording_months",
            name="ck_retention_ledger_months",
        ),
        sa.CheckConstraint("recording_months >= 0", name="ck_retention_recording_months"),
    )
    op.execute("INSERT INTO retention DEFAULT VALUES")
    op.add_column("recording", sa.Column("deleted_at", sa.DateTime(timezone=True)))
    op.drop_constraint("ck_recording_state", "recording", type_="check")
    op.create_check_constraint(
        "ck_recording_state",
        "recording",
        "state IN ('pending', 'merging', 'ready', 'failed', 'deleted')",
    )
    op.create_index("ix_recording_started_at", "recording", ["started_at", "id"])


def downgrade() -> None:
    raise NotImplementedError("what was deleted does not come back; restore a backup")
