"""Tables of customers and their numbers."""

from sqlalchemy import (
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

customer = Table(
    "customer",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("level", Text, nullable=False, server_default="normal"),
    Column("company", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("grams", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("level IN ('normal', 'vip')", name="level"),
)
"""`grams`: pairs of neighbouring characters of name and company, for search inside of words."""

Index("ix_customer_grams", customer.c.grams, postgresql_using="gin")

customer_number = Table(
    "customer_number",
    metadata,
    Column("id", String, primary_key=True),
    Column("customer_id", String, ForeignKey("customer.id", ondelete="CASCADE"), nullable=False),
    Column("number", Text, nullable=False),
    Column("label", Text, nullable=False, server_default=""),
    Column("position", Integer, nullable=False, server_default=text("0")),
)
"""E.164, or the raw text where it is no valid number. Several customers may share a number."""

Index("uq_customer_number", customer_number.c.customer_id, customer_number.c.number, unique=True)
Index("ix_customer_number_number", customer_number.c.number)
