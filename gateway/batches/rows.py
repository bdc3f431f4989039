"""What is kept of batches: the port. Everything that tells of a person in it is sealed before it comes here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

__all__ = ["Ended", "Figures", "ItemRow", "Kept", "Named", "ResultRow", "Rows", "Settled", "State"]

State = Literal["coming", "open", "done", "cancelled", "expired", "failed"]
"""`coming` while its body is being read: nobody is shown such a batch, and nothing of it is asked."""
Ended = Literal["done", "expired", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """
    One batch. Instants are microseconds since 1970, None where there is none. `job` is sealed. `fields` and `seen` are
    names of what results hold; `claimed` of what its items claim.
    """

    id: str
    consumer: str
    by: str
    asks: str
    dataset: str
    job: bytes = field(repr=False)
    state: State
    created_at: int
    ended_at: int | None = None
    delete_at: int | None = None
    total: int = 0
    leased_until: int | None = None
    waits_until: int | None = None
    waits_for: str = ""
    claimed: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item without a result, sealed, by its line. `tries`: how often it was asked in vain."""

    line: int
    item: bytes = field(repr=False)
    tries: int = 0


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What one item ended with: sealed, and as words that are counted."""

    line: int
    result: bytes = field(repr=False)
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a worker has come to since it last said so; `tried` has the lines that were asked in vain once more."""

    results: Sequence[ResultRow] = ()
    tried: Sequence[int] = ()
    fields: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Named:
    """A key under which its consumer knows a batch, and what the body was that came with it. Both are keyed digests."""

    key: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How all batches stand: how many by state, how many items are left, when the oldest unfinished one came."""

    waiting: int
    running: int
    ended: int
    left: int
    oldest: int | None


class Rows(Protocol):
    """
    One database that the workers share. Synchronous, for a thread; each call is one transaction, durable when it
    returns. Raises StoreUnavailable.
    """

    def prepare(self) -> None:
        """Make what is not there yet."""

    def add(self, batch: Kept) -> None:
        """A batch that is coming."""

    def add_items(self, batch_id: str, items: Sequence[ItemRow]) -> None:
        """Items of it."""

    def complete(
        self, batch_id: str, *, total: int, claimed: Sequence[str], named: Named | None, most: int
    ) -> str | None:
        """
        It has come whole: its id, or that of an earlier one under the same key with the same body, in whose favour
        this one is to be dropped. None where the consumer has `most` unfinished ones. Raises IdempotencyConflict.
        """

    def drop(self, batch_id: str) -> None:
        """Delete it with everything that belongs to it."""

    def find(self, batch_id: str) -> Kept | None:
        """The batch, unless it is still coming."""

    def counts(self, batch_id: str) -> Mapping[tuple[str, str], int]:
        """How many of its items ended with which outcome and reason."""

    def take(self, holder: str, now: int, until: int) -> Kept | None:
        """
        The open batch that has waited longest for its turn, now leased to `holder`; None where there is none. No
        consumer has two that are leased.
        """

    def items(self, batch_id: str, after: int, most: int) -> Sequence[ItemRow]:
        """Items without a result, by line, beyond that line."""

    def settle(self, batch_id: str, holder: str, settled: Settled, now: int, until: int) -> State | None:
        """
        Keep what a worker has come to and prolong its lease; the batch's state. None, and nothing is kept, where the
        lease is another's by now.
        """

    def release(self, batch_id: str, holder: str, *, waits_until: int | None, waits_for: str) -> None:
        """The holder lets go of it: it may be taken again, not before `waits_until`."""

    def end(self, batch_id: str, holder: str, state: Ended, now: int, delete_at: int) -> None:
        """It is at its end, and what was not asked will not be."""

    def cancel(self, batch_id: str, now: int, delete_at: int) -> None:
        """The same where its consumer wants no more of it; without effect where it has ended."""

    def results(self, batch_id: str, after: int, most: int) -> Sequence[ResultRow]:
        """Results by line, beyond that line."""

    def fetched(self, batch_id: str, delete_at: int) -> None:
        """Its results were given whole: they are deleted then, if not before."""

    def prune(self, now: int, *, came_before: int) -> int:
        """Delete what has had its time, and what was left half come; how many batches."""

    def figures(self, now: int) -> Figures:
        """How all of them stand."""

    def close(self) -> None:
        """Let go of it."""
