"""How long each stage of one question took."""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["Stopwatch"]


class Stopwatch:
    """Begins with the question's arrival; each stage begins where the one before it has ended. Times are monotonic."""

    __slots__ = ("_at", "_now", "_observed")

    def __init__(
        self, now: Callable[[], float], observed: Mapping[str, Callable[[float], None]], arrived: float
    ) -> None:
        """`observed` takes the seconds of each stage, by its name."""
        self._now = now
        self._observed = observed
        self._at = arrived

    def ended(self, stage: str) -> None:
        """The stage that is under way has ended."""
        now = self._now()
        self._observed[stage](now - self._at)
        self._at = now
