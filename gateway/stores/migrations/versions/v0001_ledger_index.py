"""The ledger's index: every record of every log, how far each log is read, and what is hidden from a citizen's view."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_entries",
        sa.Column("log", sa.Text(), primary_key=True),
        sa.Column("index", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger()),
        sa.Column("lookup_id", sa.Text()),
        sa.Column("consumer", sa.Text()),
        sa.Column("agency", sa.Text()),
        sa.Column("account", sa.Text()),
        sa.Column("officer", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("case_id", sa.Text()),
        sa.Column("procedure", sa.Text()),
        sa.Column("purpose", sa.Text()),
        sa.Column("dataset", sa.Text()),
        sa.Column("fields", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("record", sa.Text()),
    )
    op.create_index("ledger_entries_subject", "ledger_entries", ["subject", "at"])
    op.create_index("ledger_entries_lookup", "ledger_entries", ["lookup_id"])
    op.create_index("ledger_entries_at", "ledger_entries", ["at"])
    op.create_table(
        "ledger_positions",
        sa.Column("log", sa.Text(), primary_key=True),
        sa.Column("next", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "ledger_hidings",
        sa.Column("log", sa.Text(), primary_key=True),
        sa.Column("index", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text()),
        sa.Column("lookup_id", sa.Text()),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    """Nothing is lost with the index: it is made anew from the segments."""
    op.drop_table("ledger_hidings")
    op.drop_table("ledger_positions")
    op.drop_table("ledger_entries")
