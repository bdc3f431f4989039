"""What became of requests that a registry's owner correct its data, as counts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CorrectionCounts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionCounts:
    """
    Requests that were opened in a month, by how they stand; `median_days` from opening to correction, None where none
    was corrected.
    """

    opened: int
    sent: int
    corrected: int
    declined: int
    median_days: float | None
