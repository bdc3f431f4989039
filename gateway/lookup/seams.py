"""The places for what stands around a channel. Each is absent until it is configured, and never pretended."""

from __future__ import annotations

from typing import Protocol

from gateway.channel.answer import Answer
from gateway.domain.dataset import Query
from gateway.domain.inquiry import Inquiry
from gateway.errors import QuestionRefused
from gateway.lookup.access import Consumer
from gateway.lookup.catalogue import Entry

__all__ = ["Cache", "Ledger"]


class Cache(Protocol):
    """Answers kept by the dataset's freshness rule."""

    async def find(self, entry: Entry, query: Query, inquiry: Inquiry, max_age_s: int) -> Answer | None:
        """A kept answer young enough, for this officer and purpose; None where there is none."""

    async def keep(self, entry: Entry, query: Query, inquiry: Inquiry, answer: Answer) -> None:
        """Keep an answer where the rule allows it."""


class Ledger(Protocol):
    """The log of every question. No answer leaves before its record is durable."""

    async def asked(self, lookup_id: str, consumer: Consumer, entry: Entry, query: Query, inquiry: Inquiry) -> None:
        """Durable before the first attempt. Raises LedgerUnavailable."""

    async def answered(self, lookup_id: str, answer: Answer, fields: frozenset[str]) -> None:
        """Durable before the answer leaves. Raises LedgerUnavailable."""

    async def refused(self, lookup_id: str, consumer: Consumer | None, refusal: QuestionRefused) -> None:
        """A question that never left."""
