"""The Python of a new package: its declaration, and the way from the registry's words to ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.kit.scaffold.code import Classes, below, classes_of, literal, named, record_name, subject_of
from gateway.kit.scaffold.example import Example
from gateway.kit.scaffold.names import field_names
from gateway.kit.scaffold.nodes import Node

__all__ = ["adapter_py", "mapping_py"]


def mapping_py(example: Example) -> str:
    """The generator of the question, and a function for each object of the record."""
    classes, subject = classes_of(example), subject_of(example)
    top = named(subject, classes)
    read = "rest.answer" if example.soap is None else "wire.SERVICE.read"
    answered = f"Exchanges[records.{record_name(top)}]"
    lines = [
        f'"""From the words of {example.name} to ours. Pure."""',
        "",
        "from __future__ import annotations",
        "",
        *(["import json", ""] if example.body is not None and example.soap is None else []),
        "from gateway.domain.dataset import Exchanges, Options",
        "from gateway.domain.dataset import Question as Asked",
        "from gateway.domain.exchange import Request",
        *_outcome_imports(example),
        *(["from gateway.wire import rest"] if example.soap is None else []),
        f"from gateway_{example.name} import records, wire",
        "",
        f'__all__ = ["{example.noun}"]',
        "",
        f"_OPERATION = {literal(example.operation)}",
        "",
        "",
        f"def {example.noun}(ask: Asked[records.Question, Options]) -> {answered}:",
        f'    """{_outcomes(example)}"""',
        *_request(example),
        f"    reply = {read}(response, _OPERATION, wire.Reply)",
        *_ending(example, top),
    ]
    for name in reversed(list(below(subject, classes))):
        lines += ["", "", f"def _{name.lower()}(one: wire.{name}) -> records.{record_name(name)}:"]
        lines.append(f"    return records.{record_name(name)}(")
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
    if example.soap is not None:
        asked = ", ".join(f"{literal(key)}: ask.query.{example.fields[key]}" for key in example.keys)
        yield "    response = yield Request("
        yield "        operation=_OPERATION,"
        action = f'"{example.soap.action}"'
        yield f'        headers={{"SOAPAction": {literal(action)}}},'
        yield '        media_type="text/xml",'
        yield f"        body=wire.SERVICE.envelope(_OPERATION, {{{asked}}}),"
        yield "    )"
        return
    path = _tuple(literal(part) for part in example.path.strip("/").split("/"))
    yield "    response = yield Request("
    yield "        operation=_OPERATION,"
    yield f"        method={literal(example.method)},"
    yield f"        path={path},"
    if example.body is None:
        pairs = _tuple(f"({literal(key)}, ask.query.{example.fields[key]})" for key in example.query)
        yield f"        query={pairs},"
        yield '        headers={"Accept": "application/json"},'
    else:
        members = ", ".join(
            f"{literal(key)}: ask.query.{example.fields[key]}"
            if key in example.fields
            else f"{literal(key)}: {value!r}"
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
        detail = literal(f"{example.name}: {', '.join(example.said)}: as in no example")
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
        made = f"_{named(node, classes).lower()}({value})"
    elif node.item is not None:
        inner = _converted("each", node.item, classes, needed=True)
        made = f"tuple({inner} for each in {value})"
    else:
        return value
    return made if needed else f"{made} if {value} is not None else None"


def adapter_py(example: Example) -> str:
    """The declaration."""
    top = record_name(named(subject_of(example), classes_of(example)))
    about = "None"
    if example.echo is not None:
        key, member = example.echo
        ours = field_names(subject_of(example).members)[member]
        about = f"str(record.{ours}) == str(query.{example.fields[key]})"
    return f'''"""What {example.name} can be asked."""

from __future__ import annotations

from gateway.domain.dataset import Adapter, Dataset, Kind, Options, Sensitivity
from gateway_{example.name} import mapping
from gateway_{example.name}.records import {", ".join(sorted(["Question", top]))}

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="{example.name}",
    title={literal(example.title)},
    title_en={literal(example.title_en)},
    owner={literal(example.owner)},
    options=Options,  # nothing to vary
    contracts=("1",),
    default_contract="1",
    datasets=(
        Dataset(
            noun="{example.noun}",
            title={literal(example.title)},
            title_en={literal(example.title_en)},
            kind=Kind.ONE,
            query=Question,
            record={top},
            ask={{"1": mapping.{example.noun}}},
            # Yes, no, or None for cannot tell.
            about=lambda query, record: {about},
            # The strictest, until somebody has decided: never kept, never shared between questions.
            sensitivity=Sensitivity.SENSITIVE,
            operation={literal(example.operation)},
        ),
    ),
)
'''


def _tuple(parts: Iterable[str]) -> str:
    every = list(parts)
    return f"({every[0]},)" if len(every) == 1 else f"({', '.join(every)})"
