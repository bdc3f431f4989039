"""
Contracts as values: reads `contract.toml` and every case file below it. Pure, and strict about its own files.

A contract is a package (or folder) with `contract.toml`, `schema/`, and one folder of case files for each
dataset. Whatever a file holds that this reader does not know is an error that names the file and the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

__all__ = [
    "BASES",
    "KINDS",
    "OUTCOMES",
    "REASONS",
    "Assumption",
    "CaseFile",
    "Contract",
    "ContractError",
    "DatasetContract",
    "Inquiry",
    "Officer",
    "RecordedRequest",
    "RecordedResponse",
    "Version",
    "installed",
    "load",
]

_T = TypeVar("_T")

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


class ContractError(ValueError):
    """A contract that cannot be read. The message names the file and the key."""


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

    `contract` is the version it belongs to. `reason` is set when the outcome is `unknown`, `record` (the
    canonical record as JSON; nulls left out) when it is `found`. `unlisted` names what the answer holds
    beyond its schema; `note` is for people.
    """

    dataset: str
    name: str
    summary: str
    outcome: str
    basis: str
    source: str
    contract: str
    query: Mapping[str, Any]
    request: RecordedRequest
    response: RecordedResponse
    reason: str | None = None
    record: Mapping[str, Any] | None = None
    unlisted: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetContract:
    """One question that the registry answers, with its case files in order of name."""

    name: str
    summary: str
    kind: str
    versions: tuple[str, ...]
    operation: str
    basis: str
    source: str
    cases: tuple[CaseFile, ...]

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
    root: Traversable = field(compare=False, repr=False)

    def cases(self) -> Iterator[CaseFile]:
        """Every case file of every dataset."""
        for dataset in self.datasets.values():
            yield from dataset.cases

    def schema(self, name: str) -> bytes:
        """A schema file by its name below `schema/`."""
        return self.root.joinpath("schema", name).read_bytes()


def load(root: Traversable | Path | str) -> Contract:
    """
    Read one contract.

    Args:
        root: the folder, or the name of the package that is it (`contracts.dancu`).

    Raises:
        ContractError: a file is missing, is no TOML, or has an unknown, missing or unfit key.
    """
    folder: Traversable = files(root) if isinstance(root, str) else root
    table = _read(folder, "contract.toml")
    registry = table.text("registry")
    title, owner = table.text("title"), table.text("owner")
    inquiry = _inquiry(table.table("inquiry"))
    versions = {name: _version(name, entry) for name, entry in table.table("versions").tables()}
    datasets = {
        name: _dataset(name, entry, folder.joinpath(name), versions) for name, entry in table.table("datasets").tables()
    }
    assumptions = tuple(_assumption(entry) for entry in table.list_of_tables("assumptions"))
    table.end()
    return Contract(registry, title, owner, inquiry, versions, datasets, assumptions, folder)


def installed() -> dict[str, Contract]:
    """Every contract that an installed package declares in the entry point group `gateway.contracts`."""
    return {point.name: load(point.value) for point in entry_points(group="gateway.contracts")}


def _inquiry(table: _Table) -> Inquiry:
    officer = table.table("officer")
    inquiry = Inquiry(
        case_id=table.text("case_id"),
        procedure=table.text("procedure"),
        agency=table.text("agency"),
        purpose=table.text("purpose"),
        consumer=table.text("consumer"),
        officer=Officer(officer.text("id"), officer.text("account")),
    )
    officer.end()
    table.end()
    return inquiry


def _version(name: str, table: _Table) -> Version:
    version = Version(
        name=name,
        summary=table.text("summary"),
        basis=table.one_of("basis", BASES),
        source=table.text("source"),
        options=table.free("options") or {},
    )
    table.end()
    return version


def _dataset(name: str, table: _Table, folder: Traversable, versions: Collection[str]) -> DatasetContract:
    cases = tuple(_case(name, entry, versions) for entry in _case_files(folder))
    dataset = DatasetContract(
        name=name,
        summary=table.text("summary"),
        kind=table.one_of("kind", KINDS),
        versions=table.texts("versions"),
        operation=table.text("operation"),
        basis=table.one_of("basis", BASES),
        source=table.text("source"),
        cases=cases,
    )
    for version in dataset.versions:
        if version not in versions:
            raise table.error("versions", f"names {version!r}, which is not among the contract's versions")
    table.end()
    return dataset


def _assumption(table: _Table) -> Assumption:
    assumption = Assumption(table.text("text"), table.text("source"))
    table.end()
    return assumption


def _case_files(folder: Traversable) -> Iterator[_Table]:
    if not folder.is_dir():
        raise ContractError(f"{folder}: a dataset is declared, but there is no folder of case files")
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            yield _read(folder, entry.name)


def _case(dataset: str, table: _Table, versions: Collection[str]) -> CaseFile:
    outcome = table.one_of("outcome", OUTCOMES)
    reason = table.one_of("reason", REASONS) if outcome == "unknown" else None
    record = table.free("record")
    if (record is not None) != (outcome == "found"):
        raise table.error("record", f"must be there when the outcome is found, and only then (it is {outcome})")
    case = CaseFile(
        dataset=dataset,
        name=table.file.removesuffix(".toml").rpartition("/")[2],
        summary=table.text("summary"),
        outcome=outcome,
        reason=reason,
        basis=table.one_of("basis", BASES),
        source=table.text("source"),
        contract=table.one_of("contract", versions),
        query=table.need("query", dict),
        request=_request(table.table("request")),
        response=_response(table.table("response")),
        record=record,
        unlisted=table.texts("unlisted", optional=True),
        note=table.text("note") if "note" in table else None,
    )
    table.end()
    return case


def _request(table: _Table) -> RecordedRequest:
    request = RecordedRequest(
        method=table.one_of("method", {"GET", "POST"}),
        path=table.text("path"),
        query=table.mapping("query"),
        body=table.text("body") if "body" in table else None,
    )
    table.end()
    return request


def _response(table: _Table) -> RecordedResponse:
    response = RecordedResponse(
        status=table.need("status", int), headers=table.mapping("headers"), body=table.text("body", empty=True)
    )
    table.end()
    return response


def _read(folder: Traversable, name: str) -> _Table:
    label = f"{folder.name}/{name}"
    try:
        return _Table(label, "", tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ContractError(f"{label}: cannot be read: {exc}") from exc


class _Table:
    """A TOML table that remembers where it stands, hands out each key once, and complains of the rest."""

    def __init__(self, file: str, path: str, values: Mapping[str, Any]) -> None:
        self.file = file
        self._path = path
        self._left = dict(values)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def error(self, key: str, complaint: str) -> ContractError:
        return ContractError(f"{self.file}: {self._path}{key}: {complaint}")

    def need(self, key: str, kind: type[_T]) -> _T:
        if key not in self._left:
            raise self.error(key, "is missing")
        value = self._left.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.error(key, f"must be of type {kind.__name__}")
        return value

    def text(self, key: str, *, empty: bool = False) -> str:
        value = self.need(key, str)
        if not value and not empty:
            raise self.error(key, "must not be empty")
        return value

    def one_of(self, key: str, allowed: Collection[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.error(key, f"must be one of {', '.join(sorted(allowed))}")
        return value

    def texts(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        if optional and key not in self._left:
            return ()
        values = self.need(key, list)
        if not all(isinstance(value, str) and value for value in values):
            raise self.error(key, "must be a list of texts")
        return tuple(values)

    def mapping(self, key: str) -> dict[str, str]:
        values = self.need(key, dict) if key in self._left else {}
        if not all(isinstance(value, str) for value in values.values()):
            raise self.error(key, "must hold texts only")
        return values

    def free(self, key: str) -> dict[str, Any] | None:
        return self.need(key, dict) if key in self._left else None

    def table(self, key: str) -> _Table:
        return _Table(self.file, f"{self._path}{key}.", self.need(key, dict))

    def tables(self) -> Iterator[tuple[str, _Table]]:
        for key in list(self._left):
            yield key, self.table(key)

    def list_of_tables(self, key: str) -> Iterator[_Table]:
        for index, value in enumerate(self.need(key, list) if key in self._left else []):
            if not isinstance(value, dict):
                raise self.error(key, "must be a list of tables")
            yield _Table(self.file, f"{self._path}{key}[{index}].", value)

    def end(self) -> None:
        """Raise when something is left that nobody asked for."""
        if self._left:
            raise self.error(min(self._left), "is not known here")
