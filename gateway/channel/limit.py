"""
How many questions an instance is asked at once: between a floor and a ceiling, found by watching its answers. Pure.

After the idea of Netflix' concurrency-limits (gradient): while answers take as long as they do in quiet times there
is room for more; once they take `_TOLERANCE` times as long, they wait in a queue on the other side, and the limit comes
down. Datasets differ in how long they take, so each answer is measured against its own dataset's quiet time.
"""

from __future__ import annotations

from math import sqrt

__all__ = ["Limit"]

_TOLERANCE = 2.0
_FEW = 2
"""With so many in flight, times are quiet."""
_DOWN, _QUIET = 0.1, 0.05
"""How fast the quiet time follows an answer that was quicker, and one in quiet times."""
_BUSY_S = 3600.0
"""In busy times it rises only so slowly: a registry that is slower for good is believed after an hour or so."""
_FOLLOW = 0.1
_STEP = 0.5
_CUT = 0.9


class Limit:
    """
    `answered` and `dropped` are told of each attempt; `value` is the limit. It begins at the ceiling, which the
    registry's owner has agreed to; a registry that strains brings it down.
    """

    __slots__ = ("_ceiling", "_cut_at", "_exact", "_floor", "_last", "_quiet_s", "_strain", "value")

    def __init__(self, *, floor: int, ceiling: int) -> None:
        self._floor = min(floor, ceiling)
        self._ceiling = ceiling
        self._exact = float(ceiling)
        self._quiet_s: dict[str, float] = {}
        self._strain = 1.0
        self._cut_at = 0.0
        self._last = 0.0
        self.value = ceiling

    def quiet_s(self, dataset: str) -> float:
        """How long an answer takes in quiet times, in seconds; 0 while nothing is known."""
        return self._quiet_s.get(dataset, 0.0)

    def present_s(self, dataset: str) -> float:
        """How long an answer takes at present, in seconds; 0 while nothing is known."""
        return self._quiet_s.get(dataset, 0.0) * max(self._strain, 1.0)

    def answered(self, dataset: str, elapsed_s: float, in_flight: int, now: float) -> None:
        """An answer came; `in_flight` counts it too, and `now` is monotonic."""
        since_s, self._last = now - self._last, now
        quiet_s = self._quiet_s.get(dataset)
        if quiet_s is None:
            quiet_s = elapsed_s
        else:
            rate = _DOWN if elapsed_s < quiet_s else _QUIET if in_flight <= _FEW else since_s / _BUSY_S
            quiet_s += (elapsed_s - quiet_s) * min(rate, _DOWN)
        self._quiet_s[dataset] = quiet_s
        if quiet_s > 0:
            self._strain += (elapsed_s / quiet_s - self._strain) * _FOLLOW
        if in_flight * 2 < self._exact or (self.value == self._ceiling and self._strain <= _TOLERANCE):
            return  # nobody needs more than there is
        gradient = max(0.5, min(1.0, _TOLERANCE / self._strain))
        target = self._exact * gradient + sqrt(self._exact)
        self._set(self._exact + (target - self._exact) * _STEP / self._exact)

    def dropped(self, dataset: str, now: float) -> None:
        """The registry was too slow or said that we ask too much: less, but once for what came together."""
        if now >= self._cut_at:
            self._cut_at = now + self.quiet_s(dataset)
            self._set(self._exact * _CUT)

    def _set(self, exact: float) -> None:
        self._exact = max(float(self._floor), min(exact, float(self._ceiling)))
        self.value = int(self._exact)
