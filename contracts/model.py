"""What a contract says, as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any

__all__ = [
    "BASES",
    "KINDS",
    "OUTCOMES",
    "REASONS",
    "Assumption",
    "CaseFile",
    "Contract",
    "DatasetContract",
    "Inquiry",
    "Officer",
    "Particular",
    "RecordedRequest",
    "RecordedResponse",
    "Trap",
    "Version",
]

BASES = frozenset({"official", "observed", "assumed"})
KINDS = frozenset({"one", "list", "poll", "table"})
OUTCOMES = frozenset({"found", "absent", "unknown"})
REASONS = frozenset(
    {
        "ambiguous",
        "malformed",
        "mismatched",
        "not_connected",
        "not_covered",
        "refused",
        "rejected",
        "throttled",
        "timeout",
        "unreachable",
    }
)


@dataclass(frozen=True, slots=True)
class Officer:
    """The officer who asks in every case file."""

    id: str
    account: str


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Who asks in every case file of a contract, and why."""

    case_id: str
    procedure: str
    agency: str
    purpose: str
    consumer: str
    officer: Officer


@dataclass(frozen=True, slots=True)
class Version:
    """A generation of the interface. `options` are the adapter's options in force for its case files."""

    name: str
    summary: str
    basis: str
    source: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something about this registry that nobody has confirmed, and where the doubt comes from."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Trap:
    """
    Something that has misled a client of this registry, or would: its number, and what shows that we know it.

    `cases` are case files (`citizen/found`), `tests` names of test functions. At least one of the two is given.
    """

    id: str
    text: str
    source: str
    cases: tuple[str, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """What the adapter must send. `path` and `query` follow the instance's base address; `body` is None for GET."""

    method: str
    path: str
    query: Mapping[str, str]
    body: str | None


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """What the registry answers, to the letter. `body` is UTF-8 on the wire."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self.body.encode()


@dataclass(frozen=True, slots=True)
class CaseFile:
    """
    One recorded exchange: what is asked, what is answered, how it should end.

    `contract` is the version it belongs to, and `options` the adapter's options that differ from that version's.
    `officer_code` is what the registry itself knows the officer by; None where the officer's own identity is sent.
    `reason` is set when the outcome is `unknown`, `record` (the canonical record as JSON; nulls left out) when
    it is `found`. `unlisted` names what the answer holds beyond its schema; `note` is for people.
    """

    dataset: str
    name: str
    summary: str
    outcome: str
    basis: str
    source: str
    contract: str
    query: Mapping[str, Any] = field(repr=False)
    request: RecordedRequest = field(repr=False)
    response: RecordedResponse = field(repr=False)
    reason: str | None = None
    record: Mapping[str, Any] | None = field(default=None, repr=False)
    unlisted: tuple[str, ...] = ()
    note: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    officer_code: str | None = None


@dataclass(frozen=True, slots=True)
class Particular:
    """What a version says otherwise of a dataset. What is None is as in the dataset itself."""

    operation: str | None
    basis: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class DatasetContract:
    """
    One question that the registry answers, with its case files in order of name.

    A case that every dataset has is named by its outcome (`found`) in the first of `versions`, and with the
    version behind it in the others (`found-2021`). `lacks` has those that make no sense here, with the reason: a
    plain name in every version, one with a version behind it in that version alone.
    """

    name: str
    summary: str
    kind: str
    versions: tuple[str, ...]
    operation: str
    basis: str
    source: str
    cases: tuple[CaseFile, ...]
    particulars: Mapping[str, Particular] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)

    def operation_in(self, version: str) -> str:
        """The registry's own name for the question in a version."""
        particular = self.particulars.get(version)
        return (particular and particular.operation) or self.operation

    def basis_in(self, version: str) -> str:
        """How sure anybody is of the dataset in a version."""
        particular = self.particulars.get(version)
        return (particular and particular.basis) or self.basis

    def name_in(self, version: str, name: str) -> str:
        """What the case file is called that every dataset has under `name`."""
        return name if version == self.versions[0] else f"{name}-{version}"

    def case(self, name: str) -> CaseFile:
        """The case file of that name. KeyError when there is none."""
        for case in self.cases:
            if case.name == name:
                return case
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Contract:
    """What one registry promises. `root` is where it was read from; it takes no part in comparisons."""

    registry: str
    title: str
    owner: str
    inquiry: Inquiry
    versions: Mapping[str, Version]
    datasets: Mapping[str, DatasetContract]
    assumptions: tuple[Assumption, ...]
    traps: tuple[Trap, ...]
    root: Traversable = field(compare=False, repr=False)

    def cases(self) -> Iterator[CaseFile]:
        """Every case file of every dataset."""
        for dataset in self.datasets.values():
            yield from dataset.cases

    def schema(self, name: str) -> bytes:
        """A schema file by its name below `schema/`."""
        return self.root.joinpath("schema", name).read_bytes()
