"""Patience: what has not helped is not done again at once, and later each time."""

from __future__ import annotations

from gateway.clock import Clock

__all__ = ["Brake"]

_FIRST_S = 1.0
_LONGEST_S = 60.0


class Brake:
    """
    Holds for a second once it is pulled, and twice as long each time that it is pulled again soon, up to a minute.

    "Soon" is within as much time again as it has held. After that it begins anew.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pause_s = 0.0
        self._held_until = 0.0

    @property
    def holds(self) -> bool:
        """True while nothing should be tried again."""
        return self._clock.monotonic() < self._held_until

    def pull(self) -> None:
        """Something was tried, and perhaps in vain."""
        now = self._clock.monotonic()
        soon = now < self._held_until + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_S) if soon else _FIRST_S
        self._held_until = now + self._pause_s
