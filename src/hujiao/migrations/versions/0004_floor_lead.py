"""Which floor leads."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE floor_lead (
            id smallint PRIMARY KEY CHECK (id = 1),
            epoch bigint NOT NULL,
            since timestamptz NOT NULL DEFAULT now(),
            renewed timestamptz NOT NULL DEFAULT now()
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE floor_lead")
