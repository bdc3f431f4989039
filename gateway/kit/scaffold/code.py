"""The Python of a new package: the registry's words, and ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.kit.scaffold.example import Example
from gateway.kit.scaffold.names import class_name, field_names
from gateway.kit.scaffold.nodes import Node

__all__ = ["Classes", "below", "classes_of", "literal", "named", "record_name", "records_py", "subject_of", "wire_py"]

_TYPES = {"string": "str", "integer": "int", "number": "Decimal", "boolean": "bool", "null": "NumberOrText"}
_TAKEN = {"Reply", "Record", "AnyRecord", "Question", "Query", "Decimal", "Annotated", "Field", "Wire", "NumberOrText"}
Classes = dict[str, Node]


def classes_of(example: Example) -> Classes:
    """A class for each object of the answer, the innermost first; the last is the whole answer, `Reply`."""
    found: Classes = {}
    _collect("Reply", example.node, found)
    return found


def _collect(name: str, node: Node, found: Classes) -> None:
    for wire, member in node.members.items():
        inner = member.node.item if member.node.item is not None else member.node
        if inner.kind == "object":
            _collect(_own_name(wire, inner, found), inner, found)
    found[name] = node


def _own_name(wire: str, node: Node, found: Classes) -> str:
    name, number = class_name(wire), 2
    while name in _TAKEN or name.lower() in {one.lower() for one in found if found[one] is not node}:
        name, number = f"{class_name(wire)}{number}", number + 1
    return name


def named(node: Node, classes: Classes) -> str:
    """The name of an object's class."""
    return next(name for name, one in classes.items() if one is node)


def _type(node: Node, classes: Classes, *, record: bool) -> str:
    if node.kind == "object":
        return named(node, classes)
    if node.item is not None:
        inner = _type(node.item, classes, record=record)
        return f"tuple[{inner}, ...]" if record else f"list[{inner}]"
    return "str" if record and node.kind == "null" else _TYPES[node.kind]


def subject_of(example: Example) -> Node:
    """The object that the answer is about."""
    node = example.node
    for name in example.subject:
        node = node.members[name].node
    return node.item or node


def below(node: Node, classes: Classes) -> Iterator[str]:
    """The names of an object's class and of all below it, the innermost first."""
    for member in node.members.values():
        inner = member.node.item if member.node.item is not None else member.node
        if inner.kind == "object":
            yield from below(inner, classes)
    yield named(node, classes)


def record_name(name: str) -> str:
    """What a class of a message is called among our own: the whole answer is a `Record` there."""
    return "Record" if name == "Reply" else name


def wire_py(example: Example) -> str:
    """The messages."""
    classes = classes_of(example)
    soap = example.soap
    uses_decimal, uses_null = (_uses(classes, kind) for kind in ("number", "null"))
    lines = [
        f'"""The messages of {example.name}. ASSUMED, all of them: made from one example."""',
        "",
        "from __future__ import annotations",
        "",
        *(["from decimal import Decimal", ""] if uses_decimal else []),
        *(["from importlib.resources import files", ""] if soap is not None else []),
        "from pydantic import Field",
        "",
        f"from gateway.wire.model import {'NumberOrText, ' if uses_null else ''}Wire",
        *(["from gateway.wire.soap import Answer, Service"] if soap is not None else []),
        "",
        f"__all__ = {_names([*classes, *(['SERVICE'] if soap is not None else [])])}",
    ]
    if soap is not None:
        lines += [
            "",
            "SERVICE = Service(",
            f'    files("gateway_{example.name}.contract") / "schema",',
            '    "service.wsdl",',
            f'    (Answer("answer.xsd", {literal(f"{{{soap.namespace}}}{soap.told}")}),),',
            ")",
        ]
    for name, node in classes.items():
        lines += ["", "", f"class {name}(Wire):", '    """An object of the answer."""', ""]
        names = field_names(node.members)
        for wire, member in node.members.items():
            kind = _type(member.node, classes, record=False)
            optional = " | None" if not member.needed else ""
            default = "" if member.needed else ", default=None"
            lines.append(f"    {names[wire]}: {kind}{optional} = Field(alias={literal(wire)}{default})")
    return "\n".join(lines) + "\n"


def records_py(example: Example) -> str:
    """The query and the record."""
    classes = classes_of(example)
    ours = list(below(subject_of(example), classes))
    some = {name: classes[name] for name in ours}
    used = [record_name(name) for name in ours]
    lines = [
        f'"""What may be asked of {example.name}, and what is answered. Give each name its English word."""',
        "",
        "from __future__ import annotations",
        "",
        *(["from decimal import Decimal"] if _uses(some, "number") else []),
        "from typing import Annotated",
        "",
        "from pydantic import Field",
        "",
        "from gateway.domain.dataset import Query",
        "from gateway.domain.dataset import Record as AnyRecord",
        "",
        f"__all__ = {_names({*used, 'Question'})}",
        "",
        "",
        "class Question(Query):",
        '    """The keys of one question. ASSUMED: their forms are those of one example."""',
        "",
        *(f"    {example.fields[key]}: {_key_type(value)}" for key, value in example.keys.items()),
    ]
    for name in ours:
        node, base = classes[name], "AnyRecord"
        lines += ["", "", f"class {record_name(name)}({base}):", '    """As the registry has it now."""', ""]
        names = field_names(node.members)
        for wire, member in node.members.items():
            kind = _type(member.node, classes, record=True)
            lines.append(f"    {names[wire]}: {kind}{'' if member.needed else ' | None = None'}")
    return "\n".join(lines) + "\n"


def _uses(classes: Mapping[str, Node], kind: str) -> bool:
    nodes = [member.node for node in classes.values() for member in node.members.values()]
    return any(one.kind == kind or (one.item is not None and one.item.kind == kind) for one in nodes)


def _key_type(value: Any) -> str:
    if isinstance(value, int):
        return f"Annotated[int, Field(ge=0, examples=[{value}])]"
    parts = re.findall(r"[0-9]+|[A-Z]+|[a-z]+|.", value)
    exact = any(part[0].isdigit() for part in parts) and value.isascii() and " " not in value
    pattern = "".join(_part(part) for part in parts) if exact else r"\S.{0,199}"
    written = literal(f"^{pattern}$") if '"' in pattern else f'r"^{pattern}$"'
    return f"Annotated[str, Field(pattern={written}, examples=[{literal(value)}])]"


def _part(part: str) -> str:
    if part in "-/":
        return part
    sort = "[0-9]" if part[0].isdigit() else "[A-Z]" if part[0].isupper() else "[a-z]" if part[0].isalpha() else ""
    return f"{sort}{{{len(part)}}}" if sort else re.escape(part)


def literal(value: str) -> str:
    """A literal of Python: what JSON escapes, Python reads."""
    return json.dumps(value, ensure_ascii=False)


def _names(names: Any) -> str:
    return "[" + ", ".join(f'"{name}"' for name in sorted(names)) + "]"
