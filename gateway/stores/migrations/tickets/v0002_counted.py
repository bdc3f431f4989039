"""Which questions of a ticket have counted for the officer's limits."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of tickets that are there nothing is known: they were counted."""
    op.execute("ALTER TABLE tickets ADD COLUMN counted TEXT")


def downgrade() -> None:
    """What was noted is lost."""
    op.execute("ALTER TABLE tickets DROP COLUMN counted")
