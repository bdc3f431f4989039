"""The places for what stands around a channel. Each is absent until it is configured, and never pretended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.channel.answer import Answer
from gateway.domain.dataset import Query
from gateway.domain.inquiry import Inquiry
from gateway.errors import QuestionRefused
from gateway.ledger.canonical import Written
from gateway.lookup.access import Consumer, Grant
from gateway.lookup.catalogue import Entry
from gateway.lookup.comparison import Comparison
from gateway.lookup.freshness import Freshness
from gateway.lookup.request import LookupRequest

__all__ = ["Asking", "Cache", "Caller", "Ledger", "Recorded", "Trace", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """
    Who waits for an answer: since when (monotonic), how long at most, and whether he has hung up. The deadline counts
    from the arrival of the question's head.
    """

    arrived: float
    deadline_s: float | None = None
    has_gone: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """
    One question that was granted, on its way. Its query and record are never printed. `comparison` has the claims of a
    verification; None where the record itself is asked for. `taken_from` names the lookups that brought keys of it.
    """

    lookup_id: str
    consumer: Consumer
    entry: Entry
    query: Query = field(repr=False)
    inquiry: Inquiry = field(repr=False)
    grant: Grant
    caller: Caller
    comparison: Comparison | None = None
    taken_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where an answer's record stands, and the evidence of it; an unknown answer has no evidence."""

    log: str
    index: int
    evidence: str | None = field(default=None, repr=False)


@dataclass(slots=True, eq=False)
class Wanted:
    """
    What would do instead of asking: kept under this key, by this rule, at most so old. `turn` is what other instances
    wait for while this one asks.
    """

    asking: Asking
    key: bytes
    freshness: Freshness
    max_age_s: int
    turn: bytes | None = None


class Cache(Protocol):
    """Answers kept by the dataset's freshness rule, and fetches that equal questions share."""

    def wanted(self, asking: Asking, max_age_s: int) -> Wanted | None:
        """What would do for this question; None where nothing but an answer of its own does."""

    def find(self, wanted: Wanted) -> Answer | None:
        """A kept answer that is young enough. At once, from memory."""

    @property
    def reads_further(self) -> bool:
        """Whether `read` may find what `find` has not."""

    async def read(self, wanted: Wanted) -> Answer | None:
        """The same from where others keep theirs."""

    def is_under_way(self, wanted: Wanted) -> bool:
        """Whether an equal question is being asked, whose answer will do."""

    async def ask(self, wanted: Wanted, until: float, fetch: Callable[[], Awaitable[Answer]]) -> Answer:
        """
        The answer of an equal question that is under way, or of `fetch`, which is kept where the rule allows it.
        `until` (monotonic) is this question's own end.
        """

    def instead(self, wanted: Wanted, answer: Answer) -> Answer:
        """A kept answer that is too old, where the registry gave none and the dataset allows it; else the answer."""


class Ledger(Protocol):
    """The log of every question. No answer leaves before its record is durable."""

    async def asked(self, asking: Asking, *, within_s: float) -> int:
        """
        The index of the question's record, which is durable: nothing may be asked before.

        Raises LedgerUnavailable, also when it takes longer than `within_s`.
        """

    def noted(self, asking: Asking) -> int:
        """
        The index of the record of a question that will not be asked: it becomes durable with that of its answer.

        Raises LedgerUnavailable.
        """

    async def answered(
        self, asking: Asking, asked: int, answer: Answer, record: Written | None, *, within_s: float
    ) -> Recorded:
        """
        The record of the answer, which is durable, with the evidence of what is `found` (`record` as it will
        leave) or `absent`.

        Raises LedgerUnavailable: the answer may not leave.
        """

    def cut_off(self, asking: Asking, asked: int) -> None:
        """
        Close a question of which nobody will know how it ended, or for whose end nobody waits any more. Never raises
        and never waits.
        """

    async def refused(
        self,
        lookup_id: str,
        consumer: Consumer | None,
        refusal: QuestionRefused,
        request: LookupRequest | None,
        dataset: str | None,
    ) -> None:
        """
        Record a question that never left; `dataset` is the one that was meant, where there is such a one. Never
        raises: a refusal gives nothing away.
        """


class Trace(Protocol):
    """Where the question that is under way is traced."""

    def observing(self, stage: str, observe: Callable[[float], None]) -> Callable[[float], None]:
        """The same observation of a stage's seconds, which is traced too."""

    def answered(self, dataset: str, outcome: str, reason: str) -> None:
        """The question has its outcome."""

    def exemplar(self) -> dict[str, str] | None:
        """What a histogram may keep of it: the trace's id."""
