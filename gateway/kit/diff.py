"""`gateway contract diff`: two folders of one contract, and which of their differences break an adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.reader import Contract, DatasetContract, load
from contracts.table import ContractError as Unreadable
from gateway.errors import ContractError, MalformedAnswer
from gateway.kit.changes import Change, breaking, harmless, in_order
from gateway.kit.diff_cases import case_changes
from gateway.kit.shape import Shape, changes
from gateway.kit.shape_json import shape_of_json_schema
from gateway.kit.shape_xml import namespace_of, operations_of, shape_of_xsd
from gateway.wire import json, xml

__all__ = ["diff"]

_SCHEMAS = (".xsd", ".wsdl", ".json")


def diff(old: Path, new: Path) -> list[Change]:
    """Every difference, what breaks first. Raises ContractError for a folder or a schema that cannot be read."""
    before, after = _contract(old), _contract(new)
    return in_order([*_registry(before, after), *_schemas(old / "schema", new / "schema")])


def _contract(folder: Path) -> Contract:
    try:
        return load(folder)
    except Unreadable as exc:
        raise ContractError(f"{folder}: {exc}") from None


def _registry(old: Contract, new: Contract) -> Iterator[Change]:
    if old.registry != new.registry:
        yield breaking("contract.toml registry", f"{old.registry} became {new.registry}")
    yield from _names("versions", old.versions, new.versions)
    yield from _names("datasets", old.datasets, new.datasets)
    for name in sorted(old.versions.keys() & new.versions.keys()):
        if old.versions[name].options != new.versions[name].options:
            yield harmless(f"versions.{name}.options", "its case files are asked with other options")
        if old.versions[name].basis != new.versions[name].basis:
            yield harmless(f"versions.{name}.basis", f"{old.versions[name].basis} became {new.versions[name].basis}")
    for name in sorted(old.datasets.keys() & new.datasets.keys()):
        yield from _dataset(old.datasets[name], new.datasets[name])


def _names(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted(old.keys() - new.keys()):
        yield breaking(f"{place}.{name}", "was removed")
    for name in sorted(new.keys() - old.keys()):
        yield harmless(f"{place}.{name}", "is new")


def _dataset(old: DatasetContract, new: DatasetContract) -> Iterator[Change]:
    place = f"datasets.{old.name}"
    if old.kind != new.kind:
        yield breaking(f"{place}.kind", f"{old.kind} became {new.kind}")
    for version in sorted({*old.versions} - {*new.versions}):
        yield breaking(f"{place}.versions", f"{version} no longer has it")
    for version in sorted({*new.versions} - {*old.versions}):
        yield harmless(f"{place}.versions", f"{version} has it too")
    for version in sorted({*old.versions} & {*new.versions}):
        if old.operation_in(version) != new.operation_in(version):
            yield breaking(f"{place}.operation", f"is called otherwise in {version}")
        if old.basis_in(version) != new.basis_in(version):
            text = f"{old.basis_in(version)} became {new.basis_in(version)} in {version}"
            yield harmless(f"{place}.basis", text)
    yield from case_changes(old, new)


def _schemas(old: Path, new: Path) -> Iterator[Change]:
    before, after = _files(old), _files(new)
    yield from _names("schema", before, after)
    for name in sorted(before.keys() & after.keys()):
        one, other = before[name].read_bytes(), after[name].read_bytes()
        if one != other:
            yield from _schema(f"schema/{name}", before[name], after[name])


def _files(folder: Path) -> dict[str, Path]:
    found = (file for file in folder.rglob("*") if file.suffix in _SCHEMAS) if folder.is_dir() else ()
    return {file.relative_to(folder).as_posix(): file for file in found}


def _schema(place: str, old: Path, new: Path) -> Iterator[Change]:
    if old.suffix == ".json":
        one, other = (_json_shape(file) for file in (old, new))
    else:
        roots = [_xml_root(file) for file in (old, new)]
        if namespace_of(roots[0]) != namespace_of(roots[1]):
            yield breaking(f"{place} targetNamespace", "is another")
        if old.suffix == ".wsdl":
            yield from _operations(place, operations_of(roots[0]), operations_of(roots[1]))
            return
        one, other = (shape_of_xsd(root) for root in roots)
    # A schema with `request` in its name describes what we write, any other what we read.
    yield from changes(place, one, other, request="request" in old.name)


def _operations(
    place: str, old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]
) -> Iterator[Change]:
    yield from _names(f"{place} operation", old, new)
    for name in sorted(old.keys() & new.keys()):
        for word in sorted(old[name].keys() | new[name].keys()):
            if old[name].get(word) != new[name].get(word):
                yield breaking(f"{place} operation.{name}.{word}", "is another")


def _json_shape(file: Path) -> Shape:
    try:
        value = json.parse(file.read_bytes())
    except json.JsonError:
        raise ContractError(f"{file}: is no JSON") from None
    if not isinstance(value, dict):
        raise ContractError(f"{file}: is no JSON Schema: an object is expected")
    return shape_of_json_schema(value)


def _xml_root(file: Path) -> xml.Element:
    try:
        return xml.parse(file.read_bytes())
    except MalformedAnswer as exc:
        raise ContractError(f"{file}: {exc}") from None
