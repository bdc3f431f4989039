"""The shapes that the views answer with, for documentation."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.channel.answer import Layer

__all__ = ["Explanation", "IncidentAnswer", "SubjectView"]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Named(_View):
    """A code, and what people call it; null where nobody has given it a name."""

    code: str
    name: str | None


class Titled(_View):
    """A code and its title in Vietnamese and English; null where there is none."""

    code: str
    title: str | None
    title_en: str | None


class SubjectViewEntry(_View):
    """One lookup about the person."""

    at: datetime
    lookup_id: str
    agency: Named | None
    system: Named | None
    procedure: Named | None
    case_id: str | None
    purpose: Titled | None
    dataset: Titled | None
    fields: list[Titled] = Field(description="Fields that were asked for and granted; never what stood in them.")
    outcome: Titled = Field(
        description="`given`, `compared`, `not_given` or `pending`: whether data left, not what was answered."
    )


class SubjectView(_View):
    """Who looked a person up, newest first."""

    entries: list[SubjectViewEntry]
    next: str | None = Field(description="`before` of the next page; null on the last one.")


class IncidentGroup(_View):
    """Lookups of one officer for one dataset and set of fields."""

    consumer: str | None
    agency: str | None
    account: str | None
    officer: str | None = Field(description="Pseudonym.")
    dataset: str | None
    fields: list[str]
    given: bool = Field(description="Whether a record left.")
    lookups: int
    subjects: int = Field(description="How many different subjects.")
    first_at: datetime
    last_at: datetime


class IncidentSubject(_View):
    """One person or firm that was asked about."""

    subject: str = Field(description="Pseudonym.")
    lookups: int
    given: int = Field(description="How many of the lookups gave a record.")
    fields: list[str] = Field(description="Fields that were given, as dataset and name.")
    accounts: list[str] = Field(description="Officers' accounts.")
    first_at: datetime
    last_at: datetime


class IncidentAnswer(_View):
    """What was looked up between two instants. Written out piece by piece; one that was cut off is no JSON."""

    from_: datetime = Field(alias="from")
    until: datetime
    narrowed: dict[str, str | None]
    subjects: list[IncidentSubject]
    people: int = Field(description="How many subjects.")
    lookups: int = Field(description="With those about nobody, such as a list by day.")
    given: int = Field(description="How many of them gave a record.")
    by_officer: list[IncidentGroup]
    complete: Literal[True]


class LedgerPlace(_View):
    """Where a record stands."""

    log: str
    index: int


class ExplanationResult(_View):
    """How the lookup ended."""

    outcome: Literal["found", "absent", "unknown"] | None
    reason: str | None = None
    actor: str | None = None
    retryable: bool | None = None
    delivered: bool | None = None
    problems: list[str] | None = None
    text: str
    text_en: str


class ExplanationStep(ExplanationResult):
    """One step; which members it has depends on `step`."""

    step: Literal[
        "authenticated", "checked", "allowed", "asked", "attempt", "repeated", "answered", "refused", "undelivered"
    ]
    at: datetime | None = None
    ledger: LedgerPlace | None = None
    consumer: str | None = None
    by: str | None = None
    case_checks: str | None = None
    policy: str | None = None
    rules: list[str] | None = None
    findings: list[str] | None = None
    procedure: str | None = None
    purpose: str | None = None
    agency: str | None = None
    fields: list[str] | None = None
    number: int | None = None
    result: str | None = None
    layer: Layer | None = None
    status: int | None = None
    elapsed_ms: int | None = None
    fresh: bool | None = None
    requests: int | None = None
    request_id: str | None = None
    via: str | None = None
    fetched_by: str | None = None
    route: str | None = None
    clock_skew_s: float | None = None
    quota_left: int | None = None
    kid: str | None = None
    repeats: str | None = Field(None, description="The lookup whose answer was given again.")


class Explanation(_View):
    """Every step of one lookup, in order."""

    lookup_id: str
    dataset: str | None
    result: ExplanationResult
    steps: list[ExplanationStep]
