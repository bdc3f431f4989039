"""How much a log holds in memory, in one file, and how often it signs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings of `[ledger]` that are the log's own, with `retry_s` between two attempts to recover."""

    waiting_records: int = 10_000
    waiting_bytes: int = 32 << 20
    segment_bytes: int = 64 << 20
    segment_age_s: float = 24 * 3600.0
    checkpoint_s: float = 5.0
    retry_s: float = 1.0
