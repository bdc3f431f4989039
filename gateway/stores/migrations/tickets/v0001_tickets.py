"""Tickets: one row each, with what is sealed of it, and under which secret."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Ranges of names are compared byte by byte, whatever the database's own order of letters is.
_STATEMENTS = (
    """
    CREATE TABLE tickets (
      ticket_id TEXT PRIMARY KEY, plan_id TEXT NOT NULL, consumer TEXT COLLATE "C" NOT NULL, case_id TEXT NOT NULL,
      procedure TEXT NOT NULL, "case" TEXT NOT NULL, paper TEXT NOT NULL, fingerprint BYTEA NOT NULL, question BYTEA,
      opened_at BIGINT NOT NULL, due_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, appointment_at BIGINT,
      state TEXT NOT NULL, situation TEXT NOT NULL, dataset TEXT COLLATE "C", asked_at BIGINT,
      attempts INTEGER NOT NULL, ended_at BIGINT, decision TEXT, refusal TEXT, replaced_by TEXT, answer BYTEA,
      delivery TEXT NOT NULL, delivery_attempts INTEGER NOT NULL, delivered_at BIGINT,
      lease TEXT, leased_until BIGINT NOT NULL DEFAULT 0, delivery_due_at BIGINT NOT NULL DEFAULT 0,
      not_before_at BIGINT, sealed_under BYTEA NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX tickets_once ON tickets(consumer, fingerprint, paper) WHERE state = 'open'",
    "CREATE INDEX tickets_turn ON tickets(consumer, due_at, leased_until, expires_at) WHERE state = 'open'",
    "CREATE INDEX tickets_waiting ON tickets(dataset, opened_at, asked_at) WHERE state = 'open'",
    "CREATE INDEX tickets_plan ON tickets(plan_id) WHERE state = 'open'",
    "CREATE INDEX tickets_lease ON tickets(lease) WHERE lease IS NOT NULL",
    "CREATE INDEX tickets_case ON tickets(consumer, case_id)",
    "CREATE INDEX tickets_told ON tickets(consumer, delivery_due_at) WHERE delivery = 'due'",
    "CREATE INDEX tickets_ended ON tickets(ended_at) WHERE state <> 'open'",
)


def upgrade() -> None:
    """Make the table."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Tickets are lost with it."""
    op.execute("DROP TABLE tickets")
