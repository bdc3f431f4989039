"""Settings of papers: what the province adds to the packaged catalogue."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gateway.settings_credentials import Section

__all__ = ["ProceduresSettings"]


class ProceduresSettings(Section):
    """Procedures and their papers. Without a folder nothing counts as published, and every paper stays required."""

    folder: Path | None = Field(None, description="TOML files with what is published, and own procedures.")
    first_s: float = Field(
        1.0, gt=0, le=60, description="How long earlier results may take before other registries are asked as well."
    )
