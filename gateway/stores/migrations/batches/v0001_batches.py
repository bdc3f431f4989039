"""Batches, their items, and how many of these ended how."""

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
        "batches",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("asks", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("job", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("delete_at", sa.BigInteger()),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("leased_until", sa.BigInteger()),
        sa.Column("turn_at", sa.BigInteger(), nullable=False),
        sa.Column("waits_until", sa.BigInteger()),
        sa.Column("waits_for", sa.Text(), nullable=False),
        sa.Column("claimed", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary()),
        sa.Column("body", sa.LargeBinary()),
        sa.UniqueConstraint("consumer", "key"),
    )
    op.create_index("batches_state", "batches", ["state", "turn_at"])
    op.create_table(
        "batch_items",
        sa.Column("batch", sa.Text(), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("item", sa.LargeBinary()),
        sa.Column("result", sa.LargeBinary()),
    )
    left = sa.text("outcome IS NULL")
    op.create_index("batch_items_left", "batch_items", ["batch", "line"], sqlite_where=left, postgresql_where=left)
    op.create_table(
        "batch_counts",
        sa.Column("batch", sa.Text(), primary_key=True),
        sa.Column("outcome", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), primary_key=True),
        sa.Column("items", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    """Batches are lost with them."""
    for table in ("batch_counts", "batch_items", "batches"):
        op.drop_table(table)
