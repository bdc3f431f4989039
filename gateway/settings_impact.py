"""Settings of the measure: where plans and receipts are remembered, and how long."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gateway.settings_credentials import Section

__all__ = ["ImpactSettings"]


class ImpactSettings(Section):
    """What became of papers. Without the section nothing is remembered, and the measure's routes are not there."""

    url: str | None = Field(
        None,
        description="`sqlite:FILE` or `postgresql+psycopg://USER@HOST/DATABASE`, never with a password; "
        "`impact.db` in the ledger's folder where not given.",
    )
    password_file: Path | None = Field(None, description="File with the password of PostgreSQL's user.")
    months: int = Field(36, ge=2, le=240, description="Months of plans and receipts that are kept.")
