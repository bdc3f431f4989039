"""What may stand behind the kept answers of one process: a file of its machine, or a Redis of all instances."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from gateway.lookup.kept_answers import KeptAnswer

__all__ = ["KeptFurther"]


class KeptFurther(Protocol):
    """Answers that are shared. Nothing but `forget` raises."""

    @property
    def is_usable(self) -> bool:
        """Whether others can be heard through it; a process that cannot hear keeps nothing."""

    async def get(self, places: Sequence[bytes], subjects: Sequence[str]) -> KeptAnswer | None:
        """
        What is kept in the first of these places that has something to be believed; `subjects` are the pseudonyms under
        which whom it is about may have been forgotten.
        """

    async def turn(self, key: bytes, *, for_s: float) -> bool:
        """Whether nobody else fetches this; if so, others are told for so long that it is being fetched."""

    def leave(self, key: bytes) -> None:
        """It is not being fetched any more."""

    def put(self, place: bytes, kept: KeptAnswer, *, only_instead: bool = False, turn: bytes | None = None) -> None:
        """Keep it soon, perhaps only in place of an older one; then the `turn` is left."""

    async def forget(self, subjects: Collection[str]) -> int:
        """Delete what is about these pseudonyms; how many there were. Raises StoreUnavailable."""

    async def news(self) -> set[str]:
        """Who was forgotten by others since this was last asked."""

    async def close(self) -> None:
        """Write what waits, and let go of it."""
