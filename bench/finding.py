"""A figure with what it should be. Whether it is reached is computed, never written down."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding", "Target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure must be, and what it is to become; at most that, or `at_least`. Numbers: docs/performance.md."""

    number: int
    must: float
    aim: float | None = None
    at_least: bool = False

    def verdict(self, measured: float) -> str:
        """`aim reached`, `reached` or `missed`."""
        if self.aim is not None and self._holds(measured, self.aim):
            return "aim reached"
        return "reached" if self._holds(measured, self.must) else "missed"

    def _holds(self, measured: float, bound: float) -> bool:
        return measured >= bound if self.at_least else measured <= bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure, or None with the reason in `note`. Most figures are ratios; others name their unit."""

    name: str
    measured: float | None
    unit: str = "×"
    target: Target | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "not measured" if self.measured is None else self.target.verdict(self.measured)
