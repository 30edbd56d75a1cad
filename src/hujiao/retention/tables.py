"""Table of the policy of retention."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Integer, Table, func, text

from hujiao.kit.db import metadata

_MOMENT = DateTime(timezone=True)

retention = Table(
    "retention",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("ledger_months", Integer, nullable=False, server_default=text("0")),
    Column("recording_months", Integer, nullable=False, server_default=text("12")),
    Column("effective_at", _MOMENT, nullable=False, server_default=func.now()),
    Column("ledger_from", _MOMENT),
    CheckConstraint("id", name="one_row"),
    CheckConstraint(
        "ledger_months = 0 OR ledger_months >= 12 AND recording_months > 0"
        " AND ledger_months >= recording_months",
        name="ledger_months",
    ),
    CheckConstraint("recording_months >= 0", name="recording_months"),
)
"""One row. Facts before `ledger_from` have been dropped."""
