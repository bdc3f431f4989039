"""What may be asked of whom: the declaration of a registry and its datasets."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from gateway.domain.exchange import Request, Response
from gateway.domain.identifiers import Identifier
from gateway.domain.inquiry import Inquiry
from gateway.domain.model import Masked
from gateway.domain.outcome import Outcome
from gateway.domain.signature import SignedForm
from gateway.errors import FieldProblem

__all__ = [
    "Adapter",
    "Dataset",
    "Exchanges",
    "Kind",
    "Options",
    "Query",
    "Question",
    "Record",
    "Sensitivity",
    "Subject",
]


@dataclass(frozen=True, slots=True)
class Subject:
    """
    Whom or what a question is about: the kind of number, and the number itself, which is printed nowhere.

    Two numbers of one kind are the same subject exactly when they are equal.
    """

    kind: str
    number: str = field(repr=False)


class Query(Masked):
    """The keys of one question."""

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        """What cannot be true as of today, such as a birth in the future; empty when all is well."""
        return ()

    def subject(self) -> Subject | None:
        """Whom or what the question is about: the first identifier that is given. None where it has none."""
        for name in _names(type(self)):
            value = getattr(self, name)
            if isinstance(value, Identifier):
                return Subject(value.subject_kind, value.value)
        return None


@cache
def _names(query: type[Query]) -> tuple[str, ...]:
    return tuple(query.model_fields)


class Record(Masked):
    """A registry's answer in our own words."""


class Options(BaseModel):
    """What an adapter lets settings decide: operation codes, date forms, contexts. Frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


Q = TypeVar("Q", bound=Query)
O = TypeVar("O", bound=Options)  # noqa: E741
R = TypeVar("R", bound=Record)

Exchanges = Generator[Request, Response, Outcome[R]]
"""A dataset's question: yields requests, is sent responses, returns the outcome."""


class Kind(StrEnum):
    """
    What a question is about, and so what `absent` means, what the echo check compares and who is the subject.

    `one`: a record about a subject, compared by the subject's number. `list`: records by area or day. `table`: figures.
    `poll`: how far the work on a dossier is that was lodged earlier, and its result once there is one. It is `found`
    as long as the registry knows the dossier, in whatever state: one in work has a record with its stage and no result.
    `absent` says that the registry knows no dossier of that number, and never that a result is not there yet, nor that
    somebody has no such paper. What is compared, and whom the ledger names as subject, is the dossier's number.
    """

    ONE = "one"
    LIST = "list"
    POLL = "poll"
    TABLE = "table"


class Sensitivity(StrEnum):
    """How a record may be kept and shared: design.md, section 7."""

    PUBLIC = "public"
    PERSON = "person"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class Question(Generic[Q, O]):
    """
    Everything an adapter may know when it asks. `request_id` is unique for each question. `officer_code` is what
    this registry itself knows the officer by; None where the officer's own identity is sent.
    """

    query: Q
    inquiry: Inquiry
    request_id: str
    now: datetime
    options: O
    officer_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Generic[Q, O, R]):
    """
    One question that a registry answers.

    `ask` maps contract version to the generator that asks in it. `about` says whether a record is about
    what was asked: yes, no, or None for *cannot tell*. `operations` has the contract versions in which the
    registry calls it otherwise than `operation`. `freshness_s` is how old a kept answer may be; zero means
    it is never kept. `stale_s` is how much older it may be where the registry gives no answer. `deadline_s`
    bounds the whole question where settings say nothing else.
    """

    noun: str
    title: str
    title_en: str
    kind: Kind
    query: type[Q]
    record: type[R]
    ask: Mapping[str, Callable[[Question[Q, O]], Exchanges[R]]]
    about: Callable[[Q, R], bool | None]
    sensitivity: Sensitivity
    operation: str
    operations: Mapping[str, str] = field(default_factory=dict)
    freshness_s: int = 0
    stale_s: int = 0
    deadline_s: float = 10.0
    withheld_by_default: frozenset[str] = frozenset()
    """Fields that no rule gives; `owners.document` is the `document` of each of the record's `owners`."""

    def operation_in(self, contract: str) -> str:
        """The registry's own name for this question in a contract version."""
        return self.operations.get(contract, self.operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """
    A registry: who owns it, what it can be asked, which options settings may fill, which contracts exist.

    `secrets` has, for each contract version that needs any, the names of the `Secret` placeholders in its requests:
    without a value for each the gateway does not start. So it is with `needed_options`: options that a version cannot
    do without and that have no sensible default.

    `signatures` has the form in which a version's messages are signed: without the instance's `xml_signature` the
    gateway does not start, and an adapter is only ever given what a signature covers.
    """

    registry: str
    title: str
    title_en: str
    owner: str
    options: type[Options]
    datasets: tuple[Dataset[Any, Any, Any], ...]
    default_contract: str
    contracts: tuple[str, ...] = field(default=())
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    needed_options: Mapping[str, frozenset[str]] = field(default_factory=dict)
    signatures: Mapping[str, SignedForm] = field(default_factory=dict)

    def dataset(self, noun: str) -> Dataset[Any, Any, Any] | None:
        """The dataset of that name, or None."""
        return next((dataset for dataset in self.datasets if dataset.noun == noun), None)

    def offered(self, contract: str) -> tuple[Dataset[Any, Any, Any], ...]:
        """The datasets that a contract version answers; the others cannot be asked of its instances."""
        return tuple(dataset for dataset in self.datasets if contract in dataset.ask)
