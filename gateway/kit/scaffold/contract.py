"""The contract of a new package: what it promises, all of it assumed, and a case file for each usual end."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any

from contracts.reader import CaseFile, RecordedRequest, RecordedResponse
from gateway.kit.case_text import case_text
from gateway.kit.fields import pruned
from gateway.kit.leaves import json_text
from gateway.kit.scaffold.example import Example
from gateway.kit.scaffold.names import field_names
from gateway.kit.scaffold.nodes import Node, schema_of
from gateway.kit.sorts import next_number

__all__ = ["SOURCE", "cases_of", "contract_toml", "schemas_of"]

SOURCE = "made from one example; nobody has confirmed it"
_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_XML = {"Content-Type": "text/xml; charset=UTF-8"}
_UNKNOWN = "thanhPhanLa"
_FAR = 80
"""The question whose answer is about somebody else gets the numbers of one so far away."""


def contract_toml(example: Example) -> str:
    """`contract.toml`."""
    lacks = ""
    if example.absent is None:
        lacks += 'absent = "how the registry says that there is no such record is not known"\n'
    if example.echo is None:
        lacks += 'somebody-else = "no member of the answer repeats what was asked"\n'
    return f"""registry = {_text(example.name)}
title = {_text(example.title)}
owner = {_text(example.owner)}

# Who asks in every case file. The request id is GW-000000000001; it is 2026-03-01T01:30:00Z.
[inquiry]
case_id = "H08.12-260301-0001"
procedure = "1.001193"
agency = "H08.12"
purpose = "verify_identity"
consumer = "one-stop"

[inquiry.officer]
id = "000080000009"
account = "canbo.mau"

[versions.1]
summary = {_text("REST and JSON" if example.soap is None else "SOAP 1.1, document/literal")}
basis = "assumed"
source = {_text(SOURCE)}

[datasets.{example.noun}]
summary = {_text(example.title_en)}
kind = "one"
versions = ["1"]
operation = {_text(example.operation)}
basis = "assumed"
source = {_text(SOURCE)}
{f"{chr(10)}[datasets.{example.noun}.lacks]{chr(10)}{lacks}" if lacks else ""}
[[assumptions]]
text = "Forms, what is never missing, and what says that all is well are those of one example"
source = {_text(SOURCE)}
"""


def schemas_of(example: Example) -> Iterator[tuple[str, str]]:
    """Name and text of what stands in `schema/`. A WSDL and its schema are pinned by their digests."""
    if example.soap is None:
        yield f"{example.noun}.1.schema.json", _schema_json(example)
        return
    files = {"service.wsdl": example.soap.wsdl.decode(), "answer.xsd": example.soap.schema}
    yield from files.items()
    yield "SHA256SUMS", "".join(f"{sha256(text.encode()).hexdigest()}  {name}\n" for name, text in files.items())


def _schema_json(example: Example) -> str:
    """The schema of the answer."""
    told = {"$schema": "https://json-schema.org/draft/2020-12/schema", "description": f"ASSUMED: {SOURCE}"}
    return json.dumps(told | schema_of(example.node), ensure_ascii=False, indent=2) + "\n"


def cases_of(example: Example) -> Iterator[tuple[str, str]]:
    """Name and text of every case file."""
    for number, case in enumerate(_cases(example)):
        yield case.name, case_text(_asked(example, case, number))


def _cases(example: Example) -> Iterator[CaseFile]:
    yield _case(example, "found", "A record, as in the example", "found", body=example.found)
    if example.absent is not None:
        yield _case(example, "absent", "No such record, as in the example", "absent", body=example.absent)
    if example.echo is not None:
        summary = "An answer about another record than the one asked about"
        yield _case(example, "somebody-else", summary, "mismatched", body=example.found)
    more = {_UNKNOWN: "1"}
    yield _case(
        example, "unlisted", "What nobody knows is not read", "found", body=example.found | more, unlisted=(*more,)
    )
    if (lacking := _lacking(example)) is not None:
        yield _case(example, "missing", "A member that should never be missing", "malformed", body=lacking)
    yield _case(example, "refused", "The registry does not know us", "refused", status=401)
    yield _case(example, "rejected", "The registry calls the question wrong", "rejected", status=400)
    yield _case(example, "throttled", "Too many questions: ask again in 7 seconds", "throttled", status=429)


def _case(
    example: Example,
    name: str,
    summary: str,
    end: str,
    *,
    body: Any = None,
    status: int = 200,
    unlisted: tuple[str, ...] = (),
) -> CaseFile:
    known = end in {"found", "absent"}
    headers = (_JSON if example.soap is None else _XML) | ({"Retry-After": "7"} if status == 429 else {})
    return CaseFile(
        dataset=example.noun,
        name=name,
        summary=summary,
        outcome=end if known else "unknown",
        reason=None if known else end,
        basis="assumed",
        source=SOURCE,
        contract="1",
        query={},
        request=RecordedRequest("GET", "/", {}, None),
        response=RecordedResponse(status, headers, json_text(body if body is not None else {})),
        record=pruned(_record(example.record, _subject(example))) if end == "found" else None,
        unlisted=unlisted,
    )


def _asked(example: Example, case: CaseFile, number: int) -> CaseFile:
    """The case with a question of its own; where the answer repeats a key, it repeats that one."""
    query = {key: _nth(value, number) for key, value in example.keys.items()}
    body, record = case.response.body, case.record
    if example.echo is not None and case.response.status == 200 and case.name != "absent":
        key, member = example.echo
        told = _nth(example.keys[key], number if case.name != "somebody-else" else _FAR)
        body = json_text(_with_echo(json.loads(body, parse_float=Decimal), example, member, told))
        if record is not None:
            ours = field_names(_subject(example).members)[member]
            record = {**record, ours: type(example.record[member])(told)}
    if (soap := example.soap) is not None:
        request = RecordedRequest("POST", example.path, {}, soap.question(query))
        body = soap.answer(json.loads(body)) if case.response.status == 200 else ""
        soap.check(soap.question(query), *([body] if case.name in {"found", "somebody-else"} else []))
    elif example.body is None:
        request = RecordedRequest("GET", example.path, {key: str(value) for key, value in query.items()}, None)
    else:
        request = RecordedRequest("POST", example.path, {}, json.dumps({**example.body, **query}, ensure_ascii=False))
    return CaseFile(
        **{name: getattr(case, name) for name in case.__slots__}
        | {
            "query": {example.fields[key]: value for key, value in query.items()},
            "request": request,
            "response": RecordedResponse(case.response.status, case.response.headers, body),
            "record": record,
        }
    )


def _nth(value: Any, number: int) -> Any:
    """The value itself, or one like it: its last digits count on."""
    if number == 0 or isinstance(value, bool) or not any(sign.isdigit() for sign in str(value)):
        return value
    counted = next_number(str(value))
    return type(value)([next(counted) for _ in range(number)][-1])


def _with_echo(body: Any, example: Example, member: str, told: Any) -> Any:
    place = body
    for name in example.subject:
        place = place[name]
    record = place[0] if isinstance(place, list) else place
    if member in record:
        record[member] = type(record[member])(told)
    return body


def _lacking(example: Example) -> Any:
    """The found answer without a member that it must have; None where every one may be missing."""
    body = copy.deepcopy(example.found)
    place = body
    for name in example.subject:
        place = place[name]
    record = place[0] if isinstance(place, list) else place
    echoed = example.echo[1] if example.echo is not None else None
    needed = [name for name, member in _subject(example).members.items() if member.needed]
    if not needed:
        return None
    del record[next((name for name in needed if name != echoed), needed[0])]
    return body


def _subject(example: Example) -> Node:
    node = example.node
    for name in example.subject:
        node = node.members[name].node
    return node.item or node


def _record(value: Any, node: Node) -> Any:
    """The record of the example in our names, as JSON values of TOML."""
    if isinstance(value, dict):
        names = field_names(node.members)
        return {names[name]: _record(one, node.members[name].node) for name, one in value.items()}
    if isinstance(value, list) and node.item is not None:
        return [_record(one, node.item) for one in value]
    return str(value) if node.kind == "number" and value is not None else value


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
