"""What a JSON value looks like, told by one or more examples of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gateway.errors import SettingsError

__all__ = ["Member", "Node", "node_of", "schema_of"]

_KINDS = {bool: "boolean", int: "integer", Decimal: "number", str: "string", dict: "object", list: "array"}


@dataclass(frozen=True, slots=True)
class Member:
    """`needed`: each example has it, and none as null."""

    node: Node
    needed: bool


@dataclass(frozen=True, slots=True)
class Node:
    """`kind` is JSON Schema's word, or `null` where no example shows more."""

    kind: str
    members: Mapping[str, Member] = field(default_factory=dict)
    item: Node | None = None
    nullable: bool = False


def node_of(values: Sequence[Any], place: str = "response.body") -> Node:
    """Raises SettingsError where two examples of one place are of different kinds."""
    there = [value for value in values if value is not None]
    kinds = {_KINDS[type(value)] for value in there}
    if kinds == {"integer", "number"}:
        kinds = {"number"}
    if len(kinds) > 1:
        raise SettingsError(f"--example: {place}: {' here and '.join(sorted(kinds))} there; write this one by hand")
    kind = kinds.pop() if kinds else "null"
    nullable = len(there) < len(values)
    if kind == "object":
        names = dict.fromkeys(name for value in there for name in value)
        members = {
            name: Member(
                node_of([value[name] for value in there if name in value], f"{place}.{name}"),
                all(value.get(name) is not None for value in there),
            )
            for name in names
        }
        return Node(kind, members, nullable=nullable)
    if kind == "array":
        items = [one for value in there for one in value]
        return Node(kind, item=node_of(items, f"{place}[]"), nullable=nullable)
    return Node(kind, nullable=nullable)


def schema_of(node: Node) -> dict[str, Any]:
    """As JSON Schema. What an example does not have may come too."""
    if node.kind == "null":
        return {}
    found: dict[str, Any] = {"type": [node.kind, "null"] if node.nullable else node.kind}
    if node.kind == "object":
        found["required"] = [name for name, member in node.members.items() if member.needed]
        found["properties"] = {name: schema_of(member.node) for name, member in node.members.items()}
    if node.item is not None:
        found["items"] = schema_of(node.item)
    return found
