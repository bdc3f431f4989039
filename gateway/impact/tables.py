"""The tables of what is remembered. Times are whole microseconds since 1970; a month is that of Viet Nam, `2026-03`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = ["CORRECTIONS", "METADATA", "PAPERS", "PLANS", "QUESTIONS"]

METADATA = MetaData()

PLANS = Table(
    "impact_plans",
    METADATA,
    Column("plan_id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("month", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("procedure", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("dossier", Text, nullable=False),
    Column("applicant", Text, nullable=False),
    Column("received_at", BigInteger),
    Index("impact_plans_month", "month"),
    Index("impact_plans_dossier", "dossier"),
)
"""`month` is that of the reception; as long as none is known, that of the dossier's first plan."""

PAPERS = Table(
    "impact_papers",
    METADATA,
    Column("plan_id", Text, primary_key=True),
    Column("paper", Text, primary_key=True),
    Column("clause", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("situation", Text, nullable=False),
    Column("registry", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("result", Text),
    Column("component", Text),
    Column("did", Text),
    Column("why", Text),
    Column("shows", Text),
)

QUESTIONS = Table(
    "impact_questions",
    METADATA,
    Column("plan_id", Text, primary_key=True),
    Column("nth", Integer, primary_key=True, autoincrement=False),
    Column("registry", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("elapsed_ms", Integer, nullable=False),
    Column("age_s", Integer, nullable=False),
    Column("checked", Boolean, nullable=False),
    Column("answered_at", BigInteger),
)

CORRECTIONS = Table(
    "impact_corrections",
    METADATA,
    Column("correction_id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("month", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("sent_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("sealed", LargeBinary),
    UniqueConstraint("plan_id", "dataset", "field"),
    Index("impact_corrections_month", "month"),
)
"""`sealed` says whom it is about, and is null once the request is closed."""
