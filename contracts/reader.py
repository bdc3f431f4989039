"""
Contracts as values: reads `contract.toml` and every case file below it. Pure, and strict about its own files.

A contract is a package (or folder) with `contract.toml`, `schema/`, and one folder of case files for each
dataset. Whatever a file holds that this reader does not know is an error that names the file and the key.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from contracts.model import (
    BASES,
    KINDS,
    OUTCOMES,
    REASONS,
    Assumption,
    CaseFile,
    Contract,
    DatasetContract,
    Inquiry,
    Officer,
    Particular,
    RecordedRequest,
    RecordedResponse,
    Trap,
    Version,
)
from contracts.table import ContractError, Table, read

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
    "Particular",
    "RecordedRequest",
    "RecordedResponse",
    "Trap",
    "Version",
    "card",
    "installed",
    "load",
    "read_case",
]


def load(root: Traversable | Path | str) -> Contract:
    """
    Read one contract.

    Args:
        root: the folder, or the name of the package that is it (`contracts.dancu`). A package is read once: its
            files do not change while it is installed.

    Raises:
        ContractError: a file is missing, is no TOML, or has an unknown, missing or unfit key.
    """
    return _packaged(root) if isinstance(root, str) else _read(root)


@cache
def _packaged(name: str) -> Contract:
    return _read(files(name))


def _read(folder: Traversable) -> Contract:
    table = read(folder, "contract.toml")
    registry = table.text("registry")
    title, owner = table.text("title"), table.text("owner")
    inquiry = _inquiry(table.table("inquiry"))
    versions = {name: _version(name, entry) for name, entry in table.table("versions").tables()}
    datasets = {
        name: _dataset(name, entry, folder.joinpath(name), versions) for name, entry in table.table("datasets").tables()
    }
    assumptions = tuple(_assumption(entry) for entry in table.list_of_tables("assumptions"))
    traps = tuple(_trap(entry) for entry in table.list_of_tables("traps"))
    table.end()
    return Contract(registry, title, owner, inquiry, versions, datasets, assumptions, traps, folder)


def card(contract: Contract) -> dict[str, Any] | None:
    """
    The quality card as `gateway contract card --save` has left it beside the contract; None where nobody has.

    Raises:
        ContractError: the file is no JSON object.
    """
    file = contract.root.joinpath("card.json")
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    except (OSError, ValueError) as exc:
        raise ContractError(f"{contract.root.name}/card.json: cannot be read: {exc}") from exc
    if found is not None and not isinstance(found, dict):
        raise ContractError(f"{contract.root.name}/card.json: is no JSON object")
    return found


def read_case(contract: Contract, dataset: str, name: str, text: str) -> CaseFile:
    """A case file that does not lie in the contract's folder yet. Raises ContractError as `load` does."""
    label = f"{dataset}/{name}.toml"
    try:
        return _case(dataset, Table(label, "", tomllib.loads(text)), contract.versions)
    except tomllib.TOMLDecodeError as exc:
        raise ContractError(f"{label}: cannot be read: {exc}") from exc


@cache
def installed() -> Mapping[str, Contract]:
    """Every contract that an installed package declares in the entry point group `gateway.contracts`, read once."""
    return MappingProxyType({point.name: load(point.value) for point in entry_points(group="gateway.contracts")})


def _inquiry(table: Table) -> Inquiry:
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


def _version(name: str, table: Table) -> Version:
    version = Version(
        name=name,
        summary=table.text("summary"),
        basis=table.one_of("basis", BASES),
        source=table.text("source"),
        options=table.free("options") or {},
    )
    table.end()
    return version


def _dataset(name: str, table: Table, folder: Traversable, versions: Collection[str]) -> DatasetContract:
    cases = tuple(_case(name, entry, versions) for entry in _case_files(folder))
    particulars = table.table("particulars").tables() if "particulars" in table else ()
    dataset = DatasetContract(
        name=name,
        summary=table.text("summary"),
        kind=table.one_of("kind", KINDS),
        versions=table.texts("versions"),
        operation=table.text("operation"),
        basis=table.one_of("basis", BASES),
        source=table.text("source"),
        cases=cases,
        particulars={version: _particular(entry) for version, entry in particulars},
        lacks=table.mapping("lacks"),
    )
    for version in dataset.versions:
        if version not in versions:
            raise table.error("versions", f"names {version!r}, which is not among the contract's versions")
    for version in dataset.particulars:
        if version not in dataset.versions:
            raise table.error("particulars", f"names {version!r}, which is not among the dataset's versions")
    table.end()
    return dataset


def _particular(table: Table) -> Particular:
    particular = Particular(
        operation=table.text("operation") if "operation" in table else None,
        basis=table.one_of("basis", BASES) if "basis" in table else None,
        source=table.text("source") if "source" in table else None,
    )
    table.end()
    return particular


def _trap(table: Table) -> Trap:
    trap = Trap(
        id=table.text("id"),
        text=table.text("text"),
        source=table.text("source"),
        cases=table.texts("cases", optional=True),
        tests=table.texts("tests", optional=True),
    )
    if not trap.cases and not trap.tests:
        raise table.error("cases", "or tests must name what shows the trap")
    table.end()
    return trap


def _assumption(table: Table) -> Assumption:
    assumption = Assumption(table.text("text"), table.text("source"))
    table.end()
    return assumption


def _case_files(folder: Traversable) -> Iterator[Table]:
    if not folder.is_dir():
        raise ContractError(f"{folder}: a dataset is declared, but there is no folder of case files")
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            yield read(folder, entry.name)


def _case(dataset: str, table: Table, versions: Collection[str]) -> CaseFile:
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
        options=table.free("options") or {},
        officer_code=table.text("officer_code") if "officer_code" in table else None,
    )
    table.end()
    return case


def _request(table: Table) -> RecordedRequest:
    request = RecordedRequest(
        method=table.one_of("method", {"GET", "POST"}),
        path=table.text("path"),
        query=table.mapping("query"),
        body=table.text("body") if "body" in table else None,
    )
    table.end()
    return request


def _response(table: Table) -> RecordedResponse:
    response = RecordedResponse(
        status=table.need("status", int), headers=table.mapping("headers"), body=table.text("body", empty=True)
    )
    table.end()
    return response
