"""Tickets as they are kept, and what is wanted of whatever keeps them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

__all__ = ["Claim", "Delivery", "End", "Opened", "State", "Ticket", "TicketStore", "Waiting"]


class State(StrEnum):
    """How a ticket stands. It leaves `open` once, for one of the others, and for good."""

    OPEN = "open"
    ANSWERED = "answered"
    """The paper was decided."""
    EXPIRED = "expired"
    """There was no answer before its end."""
    REFUSED = "refused"
    """It may not be asked any more."""
    CANCELLED = "cancelled"
    """Whoever it belongs to wants it no more."""


class Delivery(StrEnum):
    """Whether the end of a ticket was told to its consumer's address."""

    NONE = "none"
    """There is nothing to tell, or no address to tell it to."""
    DUE = "due"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """
    One paper of one plan. `question` (the plan as it was sent) and `answer` (verdicts and evidence) are sealed, and
    None once they are not needed: nothing else here is about a person.

    `fingerprint` tells plans apart without their content; `dataset` is what the paper hangs on, `situation` what was
    found of it last, `decision` the final one; `refusal` says why it may not be asked. `asked_at` and `attempts` count
    the plan's own asking too. Before `not_before_at` its registry takes no question: it said so, or a quota of it.
    `counted` are the words of its plan's questions that have counted for the officer's limits; None where a version
    that did not note them opened it: then all have, that were ever asked.
    """

    ticket_id: str
    plan_id: str
    consumer: str
    case_id: str
    procedure: str
    case: str
    paper: str
    fingerprint: bytes = field(repr=False)
    question: bytes | None = field(repr=False)
    opened_at: datetime
    due_at: datetime
    not_before_at: datetime | None = None
    counted: tuple[str, ...] | None = None
    expires_at: datetime
    appointment_at: datetime | None = None
    state: State = State.OPEN
    situation: str
    dataset: str | None = None
    asked_at: datetime | None = None
    attempts: int = 0
    ended_at: datetime | None = None
    decision: str | None = None
    refusal: str | None = None
    replaced_by: str | None = None
    answer: bytes | None = field(default=None, repr=False)
    delivery: Delivery = Delivery.NONE
    delivery_attempts: int = 0
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket of a plan: made for it, or there already for the same question (`is_new` false)."""

    ticket: Ticket
    is_new: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """Who works at a ticket, until when nobody else may."""

    token: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a ticket ends. `delivery` is DUE where somebody is to be told."""

    state: State
    at: datetime
    situation: str
    decision: str | None
    dataset: str | None = None
    refusal: str | None = None
    replaced_by: str | None = None
    answer: bytes | None = field(default=None, repr=False)
    delivery: Delivery = Delivery.NONE


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many open tickets hang on a dataset, and since when the oldest does."""

    dataset: str
    count: int
    oldest: datetime


class TicketStore(Protocol):
    """
    Keeps tickets. Each call is whole or not at all, and durable when it returns; it waits for the disk and belongs in a
    thread. Raises TicketsUnavailable.

    A ticket is asked about, and told of, by whoever has claimed it; what comes with another token than the last claim's
    changes nothing. So it ends once, whoever dies or is late.
    """

    def open(self, tickets: Sequence[Ticket], *, most: int) -> Mapping[str, Opened]:
        """
        By paper: a ticket for each, the open one of the same consumer, fingerprint and paper where there is one. Papers
        for which the consumer has no room (`most` open ones) are left out.
        """

    def again(
        self, consumer: str, fingerprint: bytes, told: Callable[[Ticket], End | bytes | None]
    ) -> list[tuple[Ticket, End]]:
        """
        The same plan came again. `told` says of each of its open tickets how it ends, or what its question is from now
        on, or None; those that ended, as they were before. Whoever works at one is too late.
        """

    def find(self, ticket_id: str) -> Ticket | None:
        """The ticket of this id."""

    def of_case(self, consumer: str, case_id: str, *, most: int) -> list[Ticket]:
        """A consumer's tickets of a dossier, the latest first."""

    def claim(self, claim: Claim, now: datetime, *, after: str, only_expired: bool) -> list[Ticket]:
        """
        The tickets of one plan that are due and that nobody works at, each counted as asked once more. Of several
        consumers the one whose name follows `after` is next.
        """

    def postpone(
        self,
        ticket_id: str,
        token: str,
        *,
        due_at: datetime,
        not_before_at: datetime | None,
        situation: str,
        dataset: str | None,
        counted: tuple[str, ...] | None = None,
    ) -> bool:
        """It stays open until it is due again. False where it is somebody else's by now. None: as many as before."""

    def end(self, ticket_id: str, token: str, end: End) -> bool:
        """It ends; its question is deleted. False where it is somebody else's by now, or has ended."""

    def release(self, token: str) -> None:
        """Whoever had this claim works at it no more."""

    def recovered(self, registry: str, *, since: datetime, now: datetime, gap_s: float) -> int:
        """
        The registry answers: tickets that hang on it and were asked before `since` become due, though none sooner after
        its last asking than `gap_s` for each time that it was asked, and before `not_before_at`; how many there were.
        """

    def cancel(self, consumer: str, ticket_id: str, now: datetime) -> Ticket | None:
        """
        An open ticket ends as cancelled, and of one that has ended the answer is deleted; None where the consumer has
        no such ticket.
        """

    def claim_delivery(self, consumer: str, claim: Claim, now: datetime) -> Ticket | None:
        """The next ticket whose end the consumer is to be told now."""

    def delivered(self, ticket_id: str, token: str, now: datetime) -> bool:
        """It was taken: the answer is deleted. False where it is somebody else's by now."""

    def undelivered(self, ticket_id: str, token: str, due_at: datetime | None) -> bool:
        """It was not taken; with None nobody tries any more."""

    def give_up(self, *, all_but: Collection[str]) -> int:
        """
        What other consumers were to be told is told no more: they have no address; how many there were.
        """

    def waiting(self) -> list[Waiting]:
        """All open tickets, by dataset."""

    def undelivered_count(self) -> int:
        """How many ends are still to be told."""

    def prune(self, *, answers_before: datetime, tickets_before: datetime) -> None:
        """
        Delete answers, and whole tickets, of those that ended before these moments; a ticket that is still to be told
        stays, without its answer.
        """

    def listed(self, *, state: State | None, most: int) -> list[Ticket]:
        """Tickets, the oldest first."""

    def retry(self, ticket_id: str, now: datetime) -> Ticket | None:
        """An open ticket becomes due now, and so does a delivery that failed or was given up; None where none is."""
