"""
`policy.toml`, read strictly: every name in it must be one that the gateway knows, or it is not used at all.

An error says where the fault is and what to write. The file holds no personal data, so its words are quoted.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.domain.dataset import Dataset
from gateway.lookup.fields import ALL, Shape
from gateway.lookup.limits import Limits
from gateway.lookup.policy import Policy, Purpose, Right, Rule
from gateway.lookup.toml_file import read_toml, unusable

__all__ = ["Known", "read_policy"]

_WORD = r"^[a-z][a-z0-9_]{0,39}$"
_NAME = r"^[a-z0-9][a-z0-9-]{0,59}$"
_AGENCY = r"^[A-Z0-9]{1,6}(\.[A-Z0-9]{1,6}){0,6}(\.\*)?$"
_PROCEDURE = r"^(\*|[1-9]\.[0-9]{6})$"
Word = Annotated[str, Field(pattern=_WORD)]
Name = Annotated[str, Field(pattern=_NAME)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Agency = Annotated[str, Field(pattern=_AGENCY)]
Procedure = Annotated[str, Field(pattern=_PROCEDURE)]
Words = Annotated[tuple[str, ...], Field(min_length=1)]

# Vietnamese first: the legal office writes this file.
_FORMS = {
    _WORD: "chữ thường, chữ số và _, ví dụ verify_identity / small letters, digits and _, such as verify_identity",
    _NAME: "chữ thường không dấu, chữ số và -, ví dụ khai-sinh / small letters, digits and -, such as khai-sinh",
    _AGENCY: "mã đơn vị như H08.12, hoặc H08.* / an agency code such as H08.12, or H08.* for every unit below H08",
    _PROCEDURE: "mã thủ tục như 1.001193, hoặc * / a procedure code such as 1.001193, or * for all",
}
_MESSAGES = {
    "missing": "thiếu khóa này / this key is missing",
    "too_short": "không được để trống / must not be empty",
    "string_too_short": "không được để trống / must not be empty",
}


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Purpose(_Section):
    title: Text
    title_en: Text
    basis: Text


class _Rule(_Section):
    name: Name
    basis: Text
    consumers: Words
    agencies: Annotated[tuple[Agency, ...], Field(min_length=1)]
    procedures: Annotated[tuple[Procedure, ...], Field(min_length=1)]
    purposes: Words
    datasets: dict[str, Words] = {}
    compares: dict[str, Words] = {}
    passes: dict[str, Words] = {}
    valid_from: date | None = None
    valid_until: date | None = None


class _File(_Section):
    purposes: Annotated[dict[Word, _Purpose], Field(min_length=1)]
    rules: Annotated[tuple[_Rule, ...], Field(min_length=1)]
    rights: dict[str, tuple[str, ...]] = {}
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Known:
    """What a policy may name: the consumers of the settings and the datasets of the configured registries."""

    consumers: Collection[str]
    datasets: Mapping[str, Dataset[Any, Any, Any]]


def read_policy(file: Path, known: Known) -> Policy:
    """The policy in a file. Raises SettingsError that names each fault, where it is and what to write."""
    values, version = read_toml("policy", file)
    try:
        whole = _File.model_validate(values)
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False)
        raise unusable(
            "policy",
            file,
            [
                _shape_fault(values, error["loc"], error["type"], error["msg"])
                for error in errors
                if not _is_echo(error["loc"], error["type"], [one["loc"] for one in errors])
            ],
        ) from None
    named = {name for rule in whole.rules for name in (*rule.datasets, *rule.compares, *rule.passes)}
    shapes = {name: Shape(dataset) for name, dataset in known.datasets.items() if name in named}
    faults = list(_faults(whole, known, shapes))
    if faults:
        raise unusable("policy", file, faults)
    return Policy(
        version=version,
        purposes={word: Purpose(**dict(purpose)) for word, purpose in whole.purposes.items()},
        rules=tuple(_compiled(rule, shapes) for rule in whole.rules),
        rights={Right(word): frozenset(consumers) for word, consumers in whole.rights.items()},
        limits=whole.limits,
        shapes=shapes,
    )


def _compiled(rule: _Rule, shapes: Mapping[str, Shape]) -> Rule:
    return Rule(
        name=rule.name,
        basis=rule.basis,
        consumers=frozenset(rule.consumers),
        agencies=frozenset(code for code in rule.agencies if not code.endswith(".*")),
        below=tuple(code.removesuffix(".*") for code in rule.agencies if code.endswith(".*")),
        procedures=None if ALL in rule.procedures else frozenset(rule.procedures),
        purposes=frozenset(rule.purposes),
        gives={name: shapes[name].given(fields) for name, fields in rule.datasets.items()},
        compares={name: shapes[name].given(fields) for name, fields in rule.compares.items()},
        passes={name: shapes[name].given(fields) for name, fields in rule.passes.items()},
        valid_from=rule.valid_from,
        valid_until=rule.valid_until,
    )


def _faults(whole: _File, known: Known, shapes: Mapping[str, Shape]) -> Iterator[str]:
    for word, consumers in whole.rights.items():
        if word not in set(Right):
            yield f"rights.{word}: no such right{_instead(word, [right.value for right in Right])}"
        yield from _strangers(f"rights.{word}", consumers, known.consumers, "consumer of the settings")
    first: dict[str, int] = {}
    for nth, rule in enumerate(whole.rules):
        place = f"rules[{nth}] {rule.name}"
        other = first.setdefault(rule.name, nth)
        if other != nth:
            yield f"{place}.name: the same as of rules[{other}]; a name stands in evidence and must mean one rule"
        yield from _strangers(f"{place}.consumers", rule.consumers, known.consumers, "consumer of the settings")
        yield from _strangers(f"{place}.purposes", rule.purposes, whole.purposes, "purpose of [purposes]")
        if rule.valid_from and rule.valid_until and rule.valid_until < rule.valid_from:
            yield f"{place}.valid_until: lies before valid_from"
        if not (rule.datasets or rule.compares or rule.passes):
            yield f"{place}.datasets: the rule gives nothing; name a dataset here, in compares or in passes"
        for key, datasets in (("datasets", rule.datasets), ("compares", rule.compares), ("passes", rule.passes)):
            yield from _strange_fields(f"{place}.{key}", datasets, known, shapes)


def _strange_fields(
    place: str, datasets: Mapping[str, tuple[str, ...]], known: Known, shapes: Mapping[str, Shape]
) -> Iterator[str]:
    for name, fields in datasets.items():
        shape = shapes.get(name)
        if shape is None:
            what = "dataset of a configured registry in its contract version"
            yield from _strangers(place, (name,), known.datasets, what)
        else:
            yield from _strangers(f'{place}."{name}"', fields, shape.names | {ALL}, f"field of {name}")


def _strangers(place: str, names: Collection[str], known: Collection[str], what: str) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"{place}: {name!r} is no {what}{_instead(name, known)}"


def _instead(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(sorted(known)) or 'none'}"


def _is_echo(place: tuple[int | str, ...], kind: str, all_places: Collection[tuple[int | str, ...]]) -> bool:
    """Whether "too short" only says again that something in the list is wrong."""
    return kind == "too_short" and any(len(one) > len(place) and one[: len(place)] == place for one in all_places)


def _shape_fault(values: Mapping[str, Any], location: tuple[int | str, ...], kind: str, message: str) -> str:
    place = ".".join(str(part) for part in location)
    if len(location) > 1 and location[0] == "rules" and isinstance(location[1], int):
        name = values["rules"][location[1]].get("name") if isinstance(values["rules"][location[1]], dict) else None
        place = f"rules[{location[1]}]{f' {name}' if isinstance(name, str) else ''}"
        place += "".join(f".{part}" for part in location[2:])
    if kind == "string_pattern_mismatch":
        form = next((said for pattern, said in _FORMS.items() if pattern in message), message)
        return f"{place}: {form}"
    if kind != "extra_forbidden":
        return f"{place}: {_MESSAGES.get(kind, message)}"
    models: list[type[BaseModel]] = [_File, _Rule, _Purpose, Limits]
    known = {name for model in models for name in model.model_fields}
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"{place}: không có khóa này / no such key{f'; did you mean {near[0]!r}?' if near else ''}"
