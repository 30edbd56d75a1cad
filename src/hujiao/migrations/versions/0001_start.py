"""People, agents, queues, numbers, trunks and the ledger."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LEDGER = """
CREATE TABLE fact (
    position bigint GENERATED ALWAYS AS IDENTITY,
    source text NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    type text NOT NULL,
    version int NOT NULL,
    call_id text,
    agent_id text,
    queue_id text,
    data jsonb NOT NULL,
    CONSTRAINT pk_fact PRIMARY KEY (at, position)
) PARTITION BY RANGE (at);

CREATE TABLE fact_default PARTITION OF fact DEFAULT;

CREATE INDEX ix_fact_position ON fact (position);
CREATE INDEX ix_fact_call ON fact (call_id, position) WHERE call_id IS NOT NULL;
CREATE INDEX ix_fact_agent ON fact (agent_id, at) WHERE agent_id IS NOT NULL;
CREATE INDEX ix_fact_type ON fact (type, at);

CREATE TABLE ledger_source (
    source text CONSTRAINT pk_ledger_source PRIMARY KEY,
    last_seq bigint NOT NULL
);

CREATE SEQUENCE ledger_web_seq;
"""

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'write a new row that corrects the old one';
END $$;

CREATE TRIGGER fact_append_only BEFORE UPDATE OR DELETE ON fact
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

# A month whose facts have already gone to the default partition stays there: PostgreSQL refuses to
# make its partition over them, and they are found all the same.
PARTITIONS = """
CREATE FUNCTION make_fact_partitions(months_ahead int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz;
    name text;
    made int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('hujiao_fact_partitions'));
    FOR month IN 0..months_ahead LOOP
        first := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => month))
            AT TIME ZONE 'UTC';
        name := 'fact_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass(name) IS NULL AND NOT EXISTS (
            SELECT FROM fact_default
            WHERE at >= first AND at < (first AT TIME ZONE 'UTC' + interval '1 month')
                AT TIME ZONE 'UTC'
        ) THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF fact FOR VALUES FROM (%L) TO (%L)', name, first,
                (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'
            );
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;
"""


def upgrade() -> None:
    _people()
    _audit()
    _agents()
    _reasons()
    _queues()
    _numbers()
    _trunks()
    for statements in (LEDGER, APPEND_ONLY, PARTITIONS):
        op.execute(sa.text(statements.replace(":=", r"\:=")))


def downgrade() -> None:
    raise NotImplementedError("the ledger is not thrown away; restore a backup")


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=nullable)


def _moment(name: str, *, default_now: bool = False, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=nullable,
        server_default=sa.func.now() if default_now else None,
    )


def _text(name: str, *, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _int(name: str, *, default: int | None = None) -> sa.Column[int]:
    return sa.Column(
        name,
        sa.Integer,
        nullable=False,
        server_default=None if default is None else sa.text(str(default)),
    )


def _flag(name: str, *, default: bool | None = None) -> sa.Column[bool]:
    return sa.Column(
        name,
        sa.Boolean,
        nullable=False,
        server_default=None if default is None else sa.text(str(default).lower()),
    )


def _people() -> None:
    op.create_table(
        "team",
        _id(),
        _text("name"),
        _id("leader_id", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
        sa.UniqueConstraint("name", name="uq_team_name"),
    )
    op.create_table(
        "person",
        _id(),
        _text("login"),
        _text("name"),
        _text("role"),
        _id("team_id", nullable=True),
        _text("locale", default="zh-CN"),
        _flag("active", default=True),
        _text("password_hash"),
        _moment("created_at", default_now=True),
        _moment("deleted_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_person_team_id"),
        sa.CheckConstraint(
            "role IN ('agent', 'team_leader', 'shift_leader', 'supervisor', 'manager',"
            " 'quality', 'admin')",
            name="ck_person_role",
        ),
    )
    op.create_foreign_key("fk_team_leader_id", "team", "person", ["leader_id"], ["id"])
    op.create_index(
        "uq_person_login",
        "person",
        ["login"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_person_team_id", "person", ["team_id"])
    op.create_table(
        "session",
        _id(),
        _text("token_hash"),
        _id("person_id"),
        _moment("created_at", default_now=True),
        _moment("seen_at", default_now=True),
        _moment("expires_at"),
        _text("address"),
        _text("device"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("token_hash", name="uq_session_token_hash"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_session_person_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_session_person_id", "session", ["person_id"])
    op.create_index("ix_session_expires_at", "session", ["expires_at"])


def _audit() -> None:
    op.create_table(
        "audit",
        _id(),
        _moment("at", default_now=True),
        _id("person_id", nullable=True),
        _text("person_name"),
        _text("action"),
        _text("object_kind"),
        _text("object_id"),
        sa.Column("details", JSONB, nullable=False),
        _text("address"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_person_id", "audit", ["person_id", "id"])
    op.create_index("ix_audit_object", "audit", ["object_kind", "object_id", "id"])


def _agents() -> None:
    op.create_table(
        "skill",
        _id(),
        _text("name"),
        sa.PrimaryKeyConstraint("id", name="pk_skill"),
        sa.UniqueConstraint("name", name="uq_skill_name"),
    )
    op.create_table(
        "agent",
        _id("person_id"),
        _text("extension"),
        _text("phone_kind"),
        _text("phone_secret"),
        _text("contact", default=""),
        sa.Column("wrap_up_s", sa.Integer),
        _int("rest_s", default=0),
        _int("max_missed", default=3),
        sa.PrimaryKeyConstraint("person_id", name="pk_agent"),
        sa.UniqueConstraint("extension", name="uq_agent_extension"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_agent_person_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "phone_kind IN ('browser', 'sip', 'static')", name="ck_agent_phone_kind"
        ),
    )
    op.create_table(
        "agent_skill",
        _id("person_id"),
        _id("skill_id"),
        _int("level"),
        sa.PrimaryKeyConstraint("person_id", "skill_id", name="pk_agent_skill"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["agent.person_id"], name="fk_agent_skill_person_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name="fk_agent_skill_skill_id"),
        sa.CheckConstraint("level BETWEEN 1 AND 10", name="ck_agent_skill_level"),
    )
    op.create_index("ix_agent_skill_skill_id", "agent_skill", ["skill_id"])


def _reasons() -> None:
    op.create_table(
        "not_ready_reason",
        _id(),
        _text("name"),
        _text("name_en", default=""),
        _flag("active", default=True),
        _int("position", default=0),
        _text("counts_as"),
        _moment("deleted_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_not_ready_reason"),
        sa.CheckConstraint(
            "counts_as IN ('break', 'meeting', 'training', 'work')",
            name="ck_not_ready_reason_counts_as",
        ),
    )
    op.create_index(
        "uq_not_ready_reason_name",
        "not_ready_reason",
        ["name"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _queues() -> None:
    op.create_table(
        "queue",
        _id(),
        _text("name"),
        _text("strategy"),
        _int("priority"),
        _int("ageing_s"),
        _int("ring_timeout_s"),
        _int("wrap_up_s"),
        sa.Column("max_waiting", sa.Integer),
        sa.Column("max_wait_s", sa.Integer),
        _id("overflow_to", nullable=True),
        _int("sl_threshold_s"),
        _int("announce_every_s"),
        _text("music"),
        sa.Column("level_relax_after_s", sa.Integer),
        _flag("recorded"),
        _flag("active"),
        _moment("deleted_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_queue"),
        sa.ForeignKeyConstraint(["overflow_to"], ["queue.id"], name="fk_queue_overflow_to"),
        sa.CheckConstraint(
            "strategy IN ('hunt', 'ring_all', 'longest_idle', 'fewest_calls')",
            name="ck_queue_strategy",
        ),
    )
    op.create_index(
        "uq_queue_name",
        "queue",
        ["name"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "queue_skill",
        _id("queue_id"),
        _id("skill_id"),
        _int("min_level"),
        sa.PrimaryKeyConstraint("queue_id", "skill_id", name="pk_queue_skill"),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queue.id"], name="fk_queue_skill_queue_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name="fk_queue_skill_skill_id"),
        sa.CheckConstraint("min_level BETWEEN 1 AND 10", name="ck_queue_skill_min_level"),
    )
    op.create_index("ix_queue_skill_skill_id", "queue_skill", ["skill_id"])


def _numbers() -> None:
    op.create_table(
        "number",
        _id(),
        _text("number"),
        _text("name"),
        _text("language"),
        _text("greeting_prompt"),
        _id("queue_id"),
        _int("menu_timeout_s"),
        _flag("active", default=True),
        sa.PrimaryKeyConstraint("id", name="pk_number"),
        sa.UniqueConstraint("number", name="uq_number_number"),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name="fk_number_queue_id"),
        sa.CheckConstraint("language IN ('zh', 'en')", name="ck_number_language"),
    )
    op.create_index("ix_number_queue_id", "number", ["queue_id"])
    op.create_table(
        "number_choice",
        _id("number_id"),
        _text("digit"),
        _id("queue_id"),
        sa.PrimaryKeyConstraint("number_id", "digit", name="pk_number_choice"),
        sa.ForeignKeyConstraint(
            ["number_id"], ["number.id"], name="fk_number_choice_number_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name="fk_number_choice_queue_id"),
        sa.CheckConstraint("digit ~ '^[0-9*#]$'", name="ck_number_choice_digit"),
    )
    op.create_index("ix_number_choice_queue_id", "number_choice", ["queue_id"])


def _trunks() -> None:
    op.create_table(
        "trunk",
        _id(),
        _text("name"),
        _text("kind"),
        _text("host", default=""),
        _int("port", default=5060),
        _text("username", default=""),
        _text("secret", default=""),
        _flag("register", default=False),
        sa.Column("codecs", ARRAY(sa.Text), nullable=False),
        _text("caller_number", default=""),
        sa.Column("prefixes", ARRAY(sa.Text), nullable=False),
        _flag("active", default=True),
        sa.PrimaryKeyConstraint("id", name="pk_trunk"),
        sa.UniqueConstraint("name", name="uq_trunk_name"),
        sa.CheckConstraint("kind IN ('peer', 'account')", name="ck_trunk_kind"),
    )
