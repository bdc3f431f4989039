"""What stops a benchmark."""

from __future__ import annotations

__all__ = ["BenchError"]


class BenchError(Exception):
    """A run whose figures would mean nothing. The message says what happened and where to look."""
