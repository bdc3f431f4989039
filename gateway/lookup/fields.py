"""
The fields of a record, as a policy names them and as they leave.

A name is a field of the record (`full_name`), or a member of one (`owners.document`: the `document` of each of the
`owners`). What lies deeper goes with its member. Inside, everything is counted in the smallest parts that can be
named, so that what is granted and what is withheld never overlap and nothing is in neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, get_args

from pydantic import BaseModel

from gateway.domain.dataset import Dataset, Record
from gateway.ledger.canonical import Written, canonical

__all__ = ["ALL", "Shape", "cut", "in_order", "is_plain"]

ALL = "*"


class Shape:
    """The names that one dataset's record has, and which of them are given only by name."""

    def __init__(self, dataset: Dataset[Any, Any, Any]) -> None:
        record: type[Record] = dataset.record
        fields = record.model_fields
        self._parts: Mapping[str, frozenset[str]] = {
            name: frozenset(f"{name}.{member}" for member in _members(field.annotation)) or frozenset({name})
            for name, field in fields.items()
        }
        self._all = frozenset[str]().union(*self._parts.values())
        self._by_name_only = frozenset[str]().union(*(self._named(name) for name in dataset.withheld_by_default))
        self.names: frozenset[str] = self._all | self._parts.keys()
        """Every name that may be written."""
        is_plain(record)  # read now: nobody's question should wait for it

    def given(self, names: Iterable[str]) -> frozenset[str]:
        """
        The parts that these names of a rule give. `*` gives all but what is withheld by default; a field gives its
        members but those that are withheld by default under a name of their own.
        """
        parts: set[str] = set()
        for name in names:
            if name == ALL:
                parts |= self._all - self._by_name_only
            elif "." in name:
                parts.add(name)
            else:
                own = self._parts[name]
                parts |= own if own <= self._by_name_only else own - self._by_name_only
        return frozenset(parts)

    def needed(self, name: str) -> frozenset[str]:
        """Every part that must be granted before a claim about this field, or about something in it, is compared."""
        outer, _, inner = name.partition(".")
        member = f"{outer}.{inner.partition('.')[0]}"
        return frozenset({member}) if member in self._all else self._parts[outer]

    def whole(self, names: Iterable[str], granted: frozenset[str]) -> frozenset[str]:
        """Those of the names of which everything needed is granted."""
        return frozenset(name for name in names if self.needed(name) <= granted)

    def asked(self, name: str, granted: frozenset[str]) -> frozenset[str]:
        """What of the granted parts somebody gets who asks for this name; empty where nothing of it is granted."""
        return self._named(name) & granted

    def spelled(self, parts: frozenset[str]) -> frozenset[str]:
        """The parts by their shortest names: a field where all its members are there, `outer.inner` where not."""
        names: set[str] = set()
        for name, own in self._parts.items():
            names |= {name} if own <= parts else own & parts
        return frozenset(names)

    def missing(self, parts: frozenset[str]) -> tuple[str, ...]:
        """The names of everything else, in order."""
        return tuple(sorted(self.spelled(self._all - parts)))

    def _named(self, name: str) -> frozenset[str]:
        return self._parts.get(name, frozenset({name}))


def cut(record: Record, names: frozenset[str]) -> Written:
    """The record's fields of these names; what the registry left empty is left out."""
    whole, in_part = _plan(names)
    values = record.as_json({*whole, *in_part})
    for name, members in in_part.items():
        if name in values:
            left = _with(values.pop(name), members)
            # An empty shell would still tell that there is something in it.
            if any(left) if isinstance(left, list) else left:
                values[name] = left
    return Written(canonical(values, is_plain=is_plain(type(record))))


@cache
def is_plain(record: type[BaseModel]) -> bool:
    """
    Whether JSON of this type holds nothing but texts, yes and no, nothing, and whole numbers, under ASCII names: read
    from its schema, once, so that no record has to be looked through.
    """
    schema = record.model_json_schema(mode="serialization")
    return all(_is_plain(one) for one in (schema, *schema.get("$defs", {}).values()))


def _is_plain(schema: Mapping[str, Any]) -> bool:
    if "$ref" in schema:
        return True  # looked at among the definitions
    if "anyOf" in schema:
        return all(map(_is_plain, schema["anyOf"]))
    match schema.get("type"):
        case "string" | "boolean" | "integer" | "null":
            return True
        case "array":
            # A tuple of a fixed length has `prefixItems`.
            inner = [*schema.get("prefixItems", ()), *([schema["items"]] if schema.get("items") else ())]
            return bool(inner) and all(map(_is_plain, inner))
        case "object":
            members = schema.get("properties", {})
            closed = schema.get("additionalProperties", False) is False
            return closed and all(name.isascii() and _is_plain(one) for name, one in members.items())
        case _:
            return False


@lru_cache(maxsize=4096)
def in_order(names: frozenset[str]) -> tuple[str, ...]:
    """The names, sorted. Few sets of them are ever granted, each of them often."""
    return tuple(sorted(names))


@lru_cache(maxsize=4096)
def _plan(names: frozenset[str]) -> tuple[frozenset[str], Mapping[str, frozenset[str]]]:
    whole = frozenset(name for name in names if "." not in name)
    members: dict[str, set[str]] = {}
    for outer, dot, inner in (name.partition(".") for name in names):
        if dot and outer not in whole:
            members.setdefault(outer, set()).add(inner)
    return whole, {outer: frozenset(inner) for outer, inner in members.items()}


def _with(value: Any, members: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_with(one, members) for one in value]
    return {name: inner for name, inner in value.items() if name in members}


def _members(annotation: Any) -> frozenset[str]:
    """The fields of the model that an annotation holds, itself or in a tuple; empty where it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return frozenset(annotation.model_fields)
    return frozenset[str]().union(*(_members(part) for part in get_args(annotation)))
