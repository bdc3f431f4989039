"""Chance without memory: draws and permutations that depend on a seed and an index alone."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Dice", "Permutation"]

_T = TypeVar("_T")
_LARGEST = 1 << 24
_ROUNDS = 4


class Dice:
    """A row of draws about one thing: the same seed, kind and index always give the same row."""

    __slots__ = ("_rest",)

    def __init__(self, seed: int, kind: str, index: int) -> None:
        # 256 bits last for some thirty draws of the sizes used here.
        digest = hashlib.blake2b(f"{seed}/{kind}/{index}".encode(), digest_size=32).digest()
        self._rest = int.from_bytes(digest, "big")

    def below(self, limit: int) -> int:
        """The next draw, 0 to `limit` - 1."""
        self._rest, draw = divmod(self._rest, limit)
        return draw

    def chance(self, percent: int) -> bool:
        """True in `percent` of a hundred cases."""
        return self.below(100) < percent

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of `choices`, all equally likely."""
        return choices[self.below(len(choices))]


class Permutation:
    """
    A shuffled order of 0 to `size` - 1 that is never stored: each place is computed, and so is its inverse.

    A Feistel network shuffles the next larger square power of two; what falls outside the size is shuffled
    again until it falls inside.
    """

    __slots__ = ("_half", "_rounds", "_size")

    def __init__(self, seed: int, kind: str, size: int = 1_000_000) -> None:
        if not 0 < size <= _LARGEST:
            raise ValueError(f"size must be 1 to {_LARGEST}")
        self._size = size
        self._half = half = 1 << max(1, -(-(size - 1).bit_length() // 2))
        noise = hashlib.shake_256(f"{seed}/{kind}".encode()).digest(2 * half * _ROUNDS)
        words = struct.unpack(f">{half * _ROUNDS}H", noise)
        self._rounds = tuple(
            tuple(word % half for word in words[start : start + half]) for start in range(0, len(words), half)
        )

    def place(self, index: int) -> int:
        """Where `index` comes to lie."""
        self._check(index)
        while True:
            left, right = divmod(index, self._half)
            for noise in self._rounds:
                left, right = right, left ^ noise[right]
            index = left * self._half + right
            if index < self._size:
                return index

    def index(self, place: int) -> int:
        """Whose place it is: the inverse of `place`."""
        self._check(place)
        while True:
            left, right = divmod(place, self._half)
            for noise in reversed(self._rounds):
                left, right = right ^ noise[left], left
            place = left * self._half + right
            if place < self._size:
                return place

    def _check(self, number: int) -> None:
        if not 0 <= number < self._size:
            raise IndexError(f"{number} is not within 0 to {self._size - 1}")
