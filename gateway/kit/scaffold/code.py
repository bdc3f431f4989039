"""The Python of a new package: the registry's words, ours, and the way from the one to the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.kit.scaffold.example import Example
from gateway.kit.scaffold.names import class_name, field_names
from gateway.kit.scaffold.nodes import Node

__all__ = ["adapter_py", "classes_of", "mapping_py", "records_py", "wire_py"]

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


def _named(node: Node, classes: Classes) -> str:
    return next(name for name, one in classes.items() if one is node)


def _type(node: Node, classes: Classes, *, record: bool) -> str:
    if node.kind == "object":
        return _named(node, classes)
    if node.item is not None:
        inner = _type(node.item, classes, record=record)
        return f"tuple[{inner}, ...]" if record else f"list[{inner}]"
    return "str" if record and node.kind == "null" else _TYPES[node.kind]


def _subject(example: Example) -> Node:
    node = example.node
    for name in example.subject:
        node = node.members[name].node
    return node.item or node


def _below(node: Node, classes: Classes) -> Iterator[str]:
    """The names of an object's class and of all below it, the innermost first."""
    for member in node.members.values():
        inner = member.node.item if member.node.item is not None else member.node
        if inner.kind == "object":
            yield from _below(inner, classes)
    yield _named(node, classes)


def _record_name(name: str, example: Example) -> str:
    return "Record" if name == "Reply" else name


def wire_py(example: Example) -> str:
    """The messages."""
    classes = classes_of(example)
    uses_decimal, uses_null = (_uses(classes, kind) for kind in ("number", "null"))
    lines = [
        f'"""The messages of {example.name}. ASSUMED, all of them: made from one example."""',
        "",
        "from __future__ import annotations",
        "",
        *(["from decimal import Decimal", ""] if uses_decimal else []),
        "from pydantic import Field",
        "",
        f"from gateway.wire.model import {'NumberOrText, ' if uses_null else ''}Wire",
        "",
        f"__all__ = {_names(classes)}",
    ]
    for name, node in classes.items():
        lines += ["", "", f"class {name}(Wire):", '    """An object of the answer."""', ""]
        names = field_names(node.members)
        for wire, member in node.members.items():
            kind = _type(member.node, classes, record=False)
            optional = " | None" if not member.needed else ""
            default = "" if member.needed else ", default=None"
            lines.append(f"    {names[wire]}: {kind}{optional} = Field(alias={_text(wire)}{default})")
    return "\n".join(lines) + "\n"


def records_py(example: Example) -> str:
    """The query and the record."""
    classes = classes_of(example)
    ours = list(_below(_subject(example), classes))
    some = {name: classes[name] for name in ours}
    used = [_record_name(name, example) for name in ours]
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
        lines += ["", "", f"class {_record_name(name, example)}({base}):", '    """As the registry has it now."""', ""]
        names = field_names(node.members)
        for wire, member in node.members.items():
            kind = _type(member.node, classes, record=True)
            lines.append(f"    {names[wire]}: {kind}{'' if member.needed else ' | None = None'}")
    return "\n".join(lines) + "\n"


def mapping_py(example: Example) -> str:
    """The generator of the question, and a function for each object of the record."""
    classes, subject = classes_of(example), _subject(example)
    top = _named(subject, classes)
    answered = f"Exchanges[records.{_record_name(top, example)}]"
    lines = [
        f'"""From the words of {example.name} to ours. Pure."""',
        "",
        "from __future__ import annotations",
        "",
        *(["import json", ""] if example.body is not None else []),
        "from gateway.domain.dataset import Exchanges, Options",
        "from gateway.domain.dataset import Question as Asked",
        "from gateway.domain.exchange import Request",
        *_outcome_imports(example),
        "from gateway.wire import rest",
        f"from gateway_{example.name} import records, wire",
        "",
        f'__all__ = ["{example.noun}"]',
        "",
        f"_OPERATION = {_text(example.path.rpartition('/')[2])}",
        "",
        "",
        f"def {example.noun}(ask: Asked[records.Question, Options]) -> {answered}:",
        f'    """{_outcomes(example)}"""',
        *_request(example),
        "    reply = rest.answer(response, _OPERATION, wire.Reply)",
        *_ending(example, top),
    ]
    for name in reversed(list(_below(subject, classes))):
        lines += ["", "", f"def _{name.lower()}(one: wire.{name}) -> records.{_record_name(name, example)}:"]
        lines.append(f"    return records.{_record_name(name, example)}(")
        names = field_names(classes[name].members)
        for wire, member in classes[name].members.items():
            value = _converted(f"one.{names[wire]}", member.node, classes, needed=member.needed)
            lines.append(f"        {names[wire]}={value},")
        lines.append("    )")
    return "\n".join(lines) + "\n"


def _outcome_imports(example: Example) -> list[str]:
    if not example.subject:
        return ["from gateway.domain.outcome import Found"]
    if not example.said and not _is_list(example):
        return ["from gateway.domain.outcome import Absent, Found"]
    return ["from gateway.domain.outcome import Absent, Found, Unknown", "from gateway.errors import Reason"]


def _outcomes(example: Example) -> str:
    if example.absent is None:
        return "One question. ASSUMED: how the registry says that there is no such record is not known; never `Absent`."
    return f"One question. ASSUMED: `Absent` where {example.place} is empty and all else is as in the example."


def _request(example: Example) -> Iterator[str]:
    path = _tuple(_text(part) for part in example.path.strip("/").split("/"))
    yield "    response = yield Request("
    yield "        operation=_OPERATION,"
    yield f"        method={_text(example.method)},"
    yield f"        path={path},"
    if example.body is None:
        pairs = _tuple(f"({_text(key)}, ask.query.{example.fields[key]})" for key in example.query)
        yield f"        query={pairs},"
        yield '        headers={"Accept": "application/json"},'
    else:
        members = ", ".join(
            f"{_text(key)}: ask.query.{example.fields[key]}" if key in example.fields else f"{_text(key)}: {value!r}"
            for key, value in example.body.items()
        )
        yield '        headers={"Accept": "application/json"},'
        yield '        media_type="application/json",'
        yield f"        body=(json.dumps({{{members}}}, ensure_ascii=False).encode(),),"
    yield "    )"


def _ending(example: Example, top: str) -> Iterator[str]:
    if not example.subject:
        yield f"    return Found(_{top.lower()}(reply))"
        return
    found = tuple(one for one, _ in example.said.values())
    absent = tuple(other for _, other in example.said.values())
    if example.said:
        names = field_names(example.node.members)
        detail = _text(f"{example.name}: {', '.join(example.said)}: as in no example")
        yield f"    said = ({', '.join(f'reply.{names[name]}' for name in example.said)},)"
        yield f"    if said != {found!r}:" if found == absent else f"    if said not in ({found!r}, {absent!r}):"
        yield f"        return Unknown(Reason.REJECTED, detail={detail})"
    *above, place = _steps(example)
    guard = " and ".join(above)
    yield f"    subject = {place} if {guard} else None" if above else f"    subject = {place}"
    yield "    if not subject:"
    if found != absent:
        yield f"        if said != {absent!r}:"
        yield f'            return Unknown(Reason.MALFORMED, detail="{example.name}: empty, but said to be there")'
    yield "        return Absent()"
    if found != absent:
        yield f"    if said != {found!r}:"
        yield f'        return Unknown(Reason.MALFORMED, detail="{example.name}: there, but said to be absent")'
    if _is_list(example):
        yield "    if len(subject) > 1:"
        yield f'        return Unknown(Reason.AMBIGUOUS, detail="{example.name}: several for one key")'
    yield f"    return Found(_{top.lower()}({'subject[0]' if _is_list(example) else 'subject'}))"


def _steps(example: Example) -> Iterator[str]:
    """Each place on the way to the subject, and it."""
    place, node = "reply", example.node
    for name in example.subject:
        place = f"{place}.{field_names(node.members)[name]}"
        yield place
        node = node.members[name].node


def _is_list(example: Example) -> bool:
    node = example.node
    for name in example.subject:
        node = node.members[name].node
    return node.item is not None


def _converted(value: str, node: Node, classes: Classes, *, needed: bool) -> str:
    if node.kind == "object":
        made = f"_{_named(node, classes).lower()}({value})"
    elif node.item is not None:
        inner = _converted("each", node.item, classes, needed=True)
        made = f"tuple({inner} for each in {value})"
    else:
        return value
    return made if needed else f"{made} if {value} is not None else None"


def adapter_py(example: Example) -> str:
    """The declaration."""
    top = _record_name(_named(_subject(example), classes_of(example)), example)
    about = "None"
    if example.echo is not None:
        key, member = example.echo
        ours = field_names(_subject(example).members)[member]
        about = f"str(record.{ours}) == str(query.{example.fields[key]})"
    return f'''"""What {example.name} can be asked."""

from __future__ import annotations

from gateway.domain.dataset import Adapter, Dataset, Kind, Options, Sensitivity
from gateway_{example.name} import mapping
from gateway_{example.name}.records import {", ".join(sorted(["Question", top]))}

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="{example.name}",
    title={_text(example.title)},
    title_en={_text(example.title_en)},
    owner={_text(example.owner)},
    options=Options,  # nothing to vary
    contracts=("1",),
    default_contract="1",
    datasets=(
        Dataset(
            noun="{example.noun}",
            title={_text(example.title)},
            title_en={_text(example.title_en)},
            kind=Kind.ONE,
            query=Question,
            record={top},
            ask={{"1": mapping.{example.noun}}},
            # Yes, no, or None for cannot tell.
            about=lambda query, record: {about},
            # The strictest, until somebody has decided: never kept, never shared between questions.
            sensitivity=Sensitivity.SENSITIVE,
            operation={_text(example.path.rpartition("/")[2])},
        ),
    ),
)
'''


def _uses(classes: Mapping[str, Node], kind: str) -> bool:
    nodes = [member.node for node in classes.values() for member in node.members.values()]
    return any(one.kind == kind or (one.item is not None and one.item.kind == kind) for one in nodes)


def _key_type(value: Any) -> str:
    if isinstance(value, int):
        return f"Annotated[int, Field(ge=0, examples=[{value}])]"
    parts = re.findall(r"[0-9]+|[A-Z]+|[a-z]+|.", value)
    exact = any(part[0].isdigit() for part in parts) and value.isascii() and " " not in value
    pattern = "".join(_part(part) for part in parts) if exact else r"\S.{0,199}"
    written = _text(f"^{pattern}$") if '"' in pattern else f'r"^{pattern}$"'
    return f"Annotated[str, Field(pattern={written}, examples=[{_text(value)}])]"


def _part(part: str) -> str:
    if part in "-/":
        return part
    sort = "[0-9]" if part[0].isdigit() else "[A-Z]" if part[0].isupper() else "[a-z]" if part[0].isalpha() else ""
    return f"{sort}{{{len(part)}}}" if sort else re.escape(part)


def _tuple(parts: Iterable[str]) -> str:
    every = list(parts)
    return f"({every[0]},)" if len(every) == 1 else f"({', '.join(every)})"


def _text(value: str) -> str:
    """A literal of Python: what JSON escapes, Python reads."""
    return json.dumps(value, ensure_ascii=False)


def _names(names: Any) -> str:
    return "[" + ", ".join(f'"{name}"' for name in sorted(names)) + "]"
