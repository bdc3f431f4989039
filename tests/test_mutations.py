"""Real answers, cut, shuffled and mutilated: found with the right values, absent only when it is said, or unknown."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from contracts.reader import CaseFile, installed
from gateway.app import installed_adapters
from gateway.domain.dataset import Kind
from gateway.domain.exchange import Request, Response
from gateway.domain.outcome import Absent, Found, Outcome, Unknown
from gateway.kit.cases import ask_case, cases_of
from gateway.transport.memory import MemoryTransport
from tests.conftest import MovableClock

ADAPTERS = installed_adapters()
CONTRACTS = installed()


def shape(value: Any) -> Any:
    """What a JSON answer looks like, without its values: 27 results of one form need not be mutilated 27 times."""
    if isinstance(value, dict):
        return tuple((name, shape(inner)) for name, inner in value.items())
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def unlike_cases() -> Iterator[tuple[str, str, CaseFile]]:
    """Every case that is found, but of JSON answers to one dataset and version that look alike only the first."""
    seen: set[str] = set()
    for name in sorted(ADAPTERS):
        for noun, case in cases_of(ADAPTERS[name], CONTRACTS[name]):
            body = case.response.body.strip()
            if case.outcome != "found" or body[:1] not in {"<", "{", "["}:
                continue
            if body[0] != "<":
                look = repr((name, noun, case.contract, dict(case.options), shape(json.loads(body))))
                if look in seen:
                    continue
                seen.add(look)
            yield name, noun, case


FOUND = {f"{name}.{noun}/{case.name}": (name, noun, case) for name, noun, case in unlike_cases()}
each_found = pytest.mark.parametrize("found", FOUND)  # by its name: a failing example shows no whole contract
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome_of(name: str, noun: str, case: CaseFile, body: bytes) -> Outcome[Any]:
    """What the adapter and the channel make of another body in place of the recorded one."""
    adapter, contract = ADAPTERS[name], CONTRACTS[name]
    clock = MovableClock()

    def answer(_: Request) -> Response:
        headers = {name.lower(): value for name, value in case.response.headers.items()}
        return Response(status=case.response.status, headers=headers, body=body, received_at=clock.now())

    return asyncio.run(ask_case(adapter, contract, noun, case, MemoryTransport(answer))).outcome


def leaves(value: Any, place: str = "") -> set[tuple[str, str]]:
    """Every value of a record with the field it stands in, list positions aside."""
    if isinstance(value, dict):
        return {leaf for name, inner in value.items() for leaf in leaves(inner, f"{place}.{name}")}
    if isinstance(value, list):
        return {leaf for inner in value for leaf in leaves(inner, place)}
    return {(place, str(value))}


def judge(outcome: Outcome[Any], case: CaseFile, says_nobody: Callable[[], bool], kind: Kind = Kind.ONE) -> None:
    """
    Found holds nothing that the real record does not hold in the same place; absent needs a reply that says so.

    The state of what is polled is read from the latest report: without that one an earlier state is true.
    """
    match outcome:
        case Found(record):
            got = leaves(record.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
            real = leaves(dict(case.record or {}))
            # A date of which the day was cut out is known to the year, which is right.
            wrong = {(place, text) for place, text in got - real if not _is_coarser(place, text, real)}
            assert {(place, text) for place, text in wrong if kind is not Kind.POLL or place != ".state"} == set()
        case Absent():
            assert says_nobody()
        case Unknown():
            assert outcome.reason.value in {"malformed", "mismatched", "ambiguous", "rejected", "unreachable"}


def _is_coarser(place: str, text: str, real: set[tuple[str, str]]) -> bool:
    return any(place == other and date.startswith(f"{text}-") for other, date in real)


@each_found
def test_a_truncated_answer_is_malformed(found: str) -> None:
    """Cut at any of forty places, a real answer is unknown: malformed, and never half a record or nobody."""
    name, noun, case = FOUND[found]
    body = case.response.body.strip().encode()
    for end in range(0, len(body), max(1, len(body) // 40)):
        outcome = outcome_of(name, noun, case, body[:end])
        assert isinstance(outcome, Unknown), end
        assert outcome.reason.value == "malformed", end


@each_found
@QUICK
@given(seed=st.integers(0, 2**32 - 1))
def test_a_mutilated_answer_is_right_or_unknown(found: str, seed: int) -> None:
    """Parts dropped, doubled, moved or renamed: nothing wrong is found, and nobody becomes absent by accident."""
    name, noun, case = FOUND[found]
    chance = Random(seed)
    dataset = ADAPTERS[name].dataset(noun)
    kind = dataset.kind if dataset is not None else Kind.ONE
    if case.response.body.lstrip().startswith("<"):
        tree = etree.fromstring(case.response.body.strip().encode())
        for _ in range(chance.randint(1, 3)):
            _mutilate_xml(tree, chance)
        outcome = outcome_of(name, noun, case, etree.tostring(tree, encoding="utf-8"))
        judge(outcome, case, lambda: _names_nobody_in_xml(tree), kind)
    else:
        document = json.loads(case.response.body, parse_float=str)
        for _ in range(chance.randint(1, 3)):
            document = _mutilated_json(document, chance)
        outcome = outcome_of(name, noun, case, json.dumps(document).encode())
        judge(outcome, case, lambda: _names_nobody_in_json(document) or _names_the_next_day_alone(document, case), kind)


@each_found
@QUICK
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_one_wrong_byte_never_makes_anybody_absent(found: str, place: float, byte: int) -> None:
    """A flipped byte gives a record about the same subject, or unknown."""
    name, noun, case = FOUND[found]
    body = bytearray(case.response.body.strip().encode())
    body[int(place * len(body))] = byte

    outcome = outcome_of(name, noun, case, bytes(body))

    assert not isinstance(outcome, Absent)


def _mutilate_xml(tree: etree._Element, chance: Random) -> None:
    nodes = [node for node in tree.iter() if node.getparent() is not None]
    if not nodes:
        return
    node = chance.choice(nodes)
    parent = node.getparent()
    assert parent is not None
    match chance.choice(["drop", "double", "move", "rename"]):
        case "drop":
            parent.remove(node)
        case "double":
            parent.insert(parent.index(node), etree.fromstring(etree.tostring(node)))
        case "move":
            parent.insert(chance.randint(0, len(parent)), node)
        case _:
            node.tag = "{urn:elsewhere}Khac"


def _names_nobody_in_xml(tree: etree._Element) -> bool:
    """Exactly one place for somebody, and nothing in it that could be a person under any name."""
    roots = {"CongdanCollection", "GetRequestResultResponse", "THONGTIN_NNT"}
    collections = [node for node in tree.iter() if etree.QName(node).localname in roots]
    return len(collections) == 1 and not any(len(child) for child in collections[0])


def _mutilated_json(value: Any, chance: Random) -> Any:
    if isinstance(value, dict) and value:
        name = chance.choice(sorted(value))
        match chance.choice(["drop", "rename", "empty", "order", "inside", "inside", "inside"]):
            case "drop":
                return {key: inner for key, inner in value.items() if key != name}
            case "rename":
                return {("Khac" if key == name else key): inner for key, inner in value.items()}
            case "empty":
                return value | {name: None}
            case "order":
                return dict(sorted(value.items(), reverse=True))
            case _:
                return value | {name: _mutilated_json(value[name], chance)}
    if isinstance(value, list) and value:
        place = chance.randrange(len(value))
        match chance.choice(["drop", "double", "order", "inside"]):
            case "drop":
                return value[:place] + value[place + 1 :]
            case "double":
                return [*value, value[place]]
            case "order":
                return value[::-1]
            case _:
                return [*value[:place], _mutilated_json(value[place], chance), *value[place + 1 :]]
    return None


def _names_nobody_in_json(document: Any) -> bool:
    """The one null, or the empty list, by which each service says that nobody is registered."""
    if document is None or document == []:  # a bare list of nobody; apiBHXH's household, statistics
        return True
    if not isinstance(document, dict):
        return False
    roots = ("GetEntCert", "HHCert", "CoopCert", "ResultObject", "TepTinDinhKem", "data", "result", "value")
    if any(root in document and document[root] in (None, []) for root in roots):
        return True
    permits = document.get("result")
    lists = ("DanhSachGiayPhep", "DanhSachGiayToKetQua")
    if isinstance(permits, dict) and any(permits.get(name, permits) in (None, []) for name in lists):
        return True
    data = document.get("Data", document)
    return isinstance(data, dict) and "MainInformation" in data and data["MainInformation"] is None


def _names_the_next_day_alone(document: Any, case: CaseFile) -> bool:
    """A list that was asked for until the next day, and holds nothing else."""
    asked = case.query.get("received_on")
    rows = document.get("data") if isinstance(document, dict) else None
    if not isinstance(asked, str) or not isinstance(rows, list):
        return False
    after = date.fromisoformat(asked) + timedelta(days=1)
    days = {str(row.get("ngayNhanHoSo") or row.get("NgayTiepNhan"))[:10] for row in rows if isinstance(row, dict)}
    return days <= {after.isoformat(), f"{after:%d/%m/%Y}"}


def test_the_judge_can_say_no() -> None:
    """A record with one wrong value, or an absence that nobody spoke, fails the property."""
    case = CONTRACTS["dkdn"].datasets["enterprise"].case("found")
    changed = dataclasses.replace(case, record={**(case.record or {}), "name": "X"})
    outcome = outcome_of("dkdn", "enterprise", case, case.response.body.encode())

    with pytest.raises(AssertionError):
        judge(outcome, changed, lambda: True)
    with pytest.raises(AssertionError):
        judge(Absent(), case, lambda: False)
