"""Whether the machine's clock can be believed. The order of records never depends on it: that is the index's."""

from __future__ import annotations

from datetime import datetime

from gateway.clock import Clock

__all__ = ["ClockWatch"]

_JUMP_S = 1.0
_WINDOW_S = 10.0
_DISTRUST_S = 600.0


class ClockWatch:
    """
    Compares the wall clock with the one that never jumps. Suspect for ten minutes after a jump of more than a second
    (forward, back, or standing still), and as long as it lies before a time that the log has already seen. Windows of
    ten seconds: what a time server corrects slowly is no jump.
    """

    def __init__(self, clock: Clock, newest: datetime | None) -> None:
        self._clock = clock
        self._wall = clock.now()
        self._steady = clock.monotonic()
        self._until = self._steady
        self.newest = newest or self._wall

    def now(self) -> tuple[datetime, bool]:
        """The present moment, and whether it is suspect."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        passed = steady - self._steady
        if abs((wall - self._wall).total_seconds() - passed) > _JUMP_S:
            self._until = steady + _DISTRUST_S
            self._wall, self._steady = wall, steady
        elif passed > _WINDOW_S:
            self._wall, self._steady = wall, steady
        if wall >= self.newest:
            self.newest = wall
            return wall, steady < self._until
        return wall, True
