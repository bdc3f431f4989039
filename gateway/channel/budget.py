"""How many second attempts an instance may get: a share of its questions, whatever happens to each of them."""

from __future__ import annotations

__all__ = ["Budget"]


class Budget:
    """
    A bucket of tokens. Each question that is asked puts `share` of one in, each retry takes one out; no more than
    `burst` lie in it, and it starts full. An outage so adds at most `share` to the load, and a registry that is
    asked twice an hour still gets its second attempt.
    """

    __slots__ = ("_burst", "_share", "_tokens")

    def __init__(self, *, share: float = 0.1, burst: float = 10.0) -> None:
        self._share = share
        self._burst = burst
        self._tokens = burst

    def earn(self) -> None:
        """A question is being asked."""
        if self._tokens < self._burst:
            self._tokens = min(self._tokens + self._share, self._burst)

    def take(self) -> bool:
        """True where a retry may be made; it then counts as made."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
