"""A recorded exchange becomes a case file, and nobody real is left in it. Whoever is `real` here is invented too."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from contracts.reader import CaseFile, installed, load
from gateway.app import installed_adapters
from gateway.domain.dataset import Query
from gateway.errors import RecordingRefused
from gateway.kit.leaves import INNER, leaves, rewritten
from gateway.kit.record import Exchange, recorded
from gateway.kit.sorts import day_of, folded, next_number, on_day, sort_of
from gateway.kit.traces import trace
from tests.test_cli import run

ADAPTERS, CONTRACTS = installed_adapters(), installed()
CANARIES = {
    "000099000001": "000187654321",
    "NGUYỄN VĂN MẪU": "CANARY THỊ HOÀNG YẾN",
    "Nguyễn Văn Mẫu": "Canary Thị Hoàng Yến",
    "1999-01-31": "1987-06-15",
    "19990131": "19870615",
    ">1999<": ">1987<",
    "000070000002": "000165432109",
    "NGUYỄN VĂN CHA": "CANARY VĂN BỐ",
    "LÊ THỊ MẸ": "CANARY THỊ SÁO",
    "Số 1 phố Mẫu": "Ngõ 77 phố Chim Yến",
    "Thôn Ví Dụ": "Thôn Hoàng Yến",
    "000000002": "000000777",
    "99903": "88123",
    "000000099": "000123777",
}


def case_of(registry: str, noun: str, name: str) -> CaseFile:
    return CONTRACTS[registry].datasets[noun].case(name)


def exchange_of(case: CaseFile, replaced: Mapping[str, str] | None = None) -> Exchange:
    """The case as if it had been recorded, with other values in it."""
    query, body = json.dumps(dict(case.query), ensure_ascii=False), case.response.body
    for old, new in (replaced or {}).items():
        query, body = query.replace(old, new), body.replace(old, new)
    headers = {name.lower(): value for name, value in case.response.headers.items()}
    return Exchange(
        noun=case.dataset,
        contract=case.contract,
        query=json.loads(query),
        status=case.response.status,
        headers=headers,
        body=body.encode(),
    )


async def record(registry: str, exchange: Exchange, name: str = "recorded") -> str:
    return await recorded(
        ADAPTERS[registry],
        CONTRACTS[registry],
        exchange,
        name=name,
        summary="A recorded exchange",
        basis="observed",
        source="a test",
    )


async def test_nobody_is_left_in_a_recorded_person() -> None:
    """Numbers, names, dates and addresses of person and relatives are gone, and the person is the same throughout."""
    text = await record("dancu", exchange_of(case_of("dancu", "citizen", "found"), CANARIES))

    case = tomllib.loads(text)
    for canary in CANARIES.values():
        assert folded(canary.strip("<>")) not in folded(text), canary
    assert case["outcome"] == "found"
    assert case["record"]["citizen_id"] == case["query"]["citizen_id"]
    assert f">{case['query']['citizen_id']}<" in case["request"]["body"]
    assert case["record"]["birth_date"] == case["query"]["birth_date"]


async def test_one_person_stays_one_person() -> None:
    """A number that stands in two places is replaced by one and the same, another one by another."""
    case = tomllib.loads(await record("dancu", exchange_of(case_of("dancu", "citizen", "found"), CANARIES)))

    relatives = case["record"]["relatives"]
    assert relatives["father"]["citizen_id"] == relatives["household_head"]["citizen_id"]
    assert relatives["father"]["full_name"] == relatives["household_head"]["full_name"]
    assert relatives["father"]["citizen_id"] != case["record"]["citizen_id"]


async def test_a_recorded_firm_keeps_its_form() -> None:
    """JSON keeps numbers as numbers and nulls as nulls; a code with check digits is replaced by a valid one."""
    replaced = {"9900000023": "9900000030", "TRẦN VÍ DỤ": "CANARY VÍ DỤ", "000080000001": "000187654321"}
    text = await record("dkdn", exchange_of(case_of("dkdn", "enterprise", "found"), replaced))

    case = tomllib.loads(text)
    assert "CANARY" not in text
    assert "000187654321" not in text
    assert "9900000030" not in text
    assert '"SHORT_NAME":null' in case["response"]["body"]
    assert case["record"]["enterprise_code"] == case["query"]["enterprise_code"] != "9900000023"
    assert case["request"]["query"] == {"msdn": case["query"]["enterprise_code"]}


REFUSED = [
    ("<ns1:QuocTich>VN</ns1:QuocTich>\n", "<ns1:Canary77>x</ns1:Canary77>\n", "CongDan: below it stands something"),
    ("<ns1:GioiTinh>1</ns1:GioiTinh>", "<ns1:GioiTinh>Canary Thị Yến</ns1:GioiTinh>", "GioiTinh: a text, which no"),
    ("<ns1:GioiTinh>1</ns1:GioiTinh>", "<ns1:GioiTinh>0999888777</ns1:GioiTinh>", "GioiTinh: a number, which no"),
    ("<ns1:CongDan>", '<ns1:CongDan canary="x">', "CongDan: below it stands something"),
    ("<soapenv:Body>", "<soapenv:Body>Canary", "Body: below it stands something"),
    ("http://www.mic.gov.vn/dancu/1.0", "http://www.mic.gov.vn/canary/1.0", "its namespace is in no case file"),
]


@pytest.mark.parametrize(("old", "new", "said"), REFUSED, ids=[row[2] for row in REFUSED])
async def test_what_a_value_is_must_be_known(old: str, new: str, said: str) -> None:
    """An unknown element, attribute, text or sort of value is refused; the place is named, the value never is."""
    with pytest.raises(RecordingRefused) as refused:
        await record("dancu", exchange_of(case_of("dancu", "citizen", "found"), CANARIES | {old: new}))

    assert said in str(refused.value)
    assert "canary" not in str(refused.value).lower()
    assert "0999888777" not in str(refused.value)


async def test_a_name_of_a_member_may_be_personal_too() -> None:
    """Of a JSON member that no case file has, only what stands above it is named."""
    firm = exchange_of(case_of("dkdn", "enterprise", "found"), {'"SHORT_NAME":null': '"Canary Thi Yen":1'})

    with pytest.raises(RecordingRefused, match=r"^Data\.MainInformation: below it") as refused:
        await record("dkdn", firm)

    assert "Canary" not in str(refused.value)


async def test_an_answer_that_means_something_else_without_its_values_is_refused() -> None:
    """Where an unknown status would be replaced by a known one, the case would tell another story: it is refused."""
    failed = exchange_of(
        case_of("dkdn", "enterprise", "found"), {'"Status":"1"': '"Status":"7"', "9900000023": "9900000030"}
    )

    with pytest.raises(RecordingRefused, match="ends otherwise"):
        await record("dkdn", failed)


async def test_a_case_file_without_a_source_is_refused() -> None:
    """What the contract's own reader would refuse is refused before it is written."""
    exchange = exchange_of(case_of("dancu", "citizen", "found"), CANARIES)

    with pytest.raises(RecordingRefused, match=r"citizen/recorded\.toml: source: must not be empty"):
        await recorded(
            ADAPTERS["dancu"], CONTRACTS["dancu"], exchange, name="recorded", summary="x", basis="assumed", source=""
        )


async def test_a_question_that_is_there_already_is_not_asked_twice() -> None:
    """An exchange in which nothing can be made new is refused: no two case files ask the same."""
    text = await record("dancu", exchange_of(case_of("dancu", "citizen", "found")))

    assert tomllib.loads(text)["query"]["citizen_id"] not in {
        case.query.get("citizen_id") for case in CONTRACTS["dancu"].cases()
    }


class Real:
    """Canaries of the same sorts as invented values: each value always by the same one."""

    def __init__(self, registry: str, noun: str, query: Mapping[str, Any]) -> None:
        self._by_value: dict[str, str] = {}
        model = self._model = ADAPTERS[registry].dataset(noun).query  # type: ignore[union-attr]
        for member, value in query.items():
            for number in next_number(value) if sort_of(value) == "number" else ():
                if is_valid(model, {**query, member: number}) and number[-3:] > "500":
                    self._by_value[value] = number
                    break

    def __call__(self, value: Any) -> Any:
        sort, text = sort_of(value), str(value)
        if value is INNER or sort not in {"date", "year", "number", "text", "amount"}:
            return value
        if sort == "date":
            year, month, day = day_of(text) or ("", "", "")
            return on_day(text, (str(int(year) - 3), month, day))
        if sort == "year":
            return str(int(text) - 3)
        if sort == "text":
            return f"{text} canary"
        other = self._by_value.get(text) or text[:3] + text[3:].translate(str.maketrans("0123456789", "3456789012"))
        return type(value)(other) if isinstance(value, int | Decimal) else other

    def query(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The question about somebody, as far as it can be asked."""
        found = dict(asked)
        for member, value in asked.items():
            other = orjson.loads(rewritten(orjson.dumps({member: value}), lambda _, one: self(one)))
            if is_valid(self._model, found | other):
                found |= other
        return found


def is_valid(model: type[Query], query: Mapping[str, Any]) -> bool:
    with suppress(ValidationError):
        return bool(model.model_validate(query))
    return False


EVERY = [
    pytest.param(name, case, id=f"{name}-{case.dataset}-{case.name}")
    for name, contract in CONTRACTS.items()
    for case in contract.cases()
    if name in ADAPTERS and case.name in {"found", "absent", "somebody-else"}
]


@pytest.mark.parametrize(("registry", "case"), EVERY)
async def test_no_canary_passes_whatever_the_registry(registry: str, case: CaseFile) -> None:
    """Every value of every registry's usual answers made somebody's: the exchange is recorded without, or refused."""
    exchange = exchange_of(case)
    real = Real(registry, case.dataset, case.query)
    query = real.query(case.query)
    body = rewritten(exchange.body, lambda place, value: value if place.endswith("@xmlns") else real(value))
    lived = Exchange(
        noun=case.dataset,
        contract=case.contract,
        query=query,
        status=exchange.status,
        headers=exchange.headers,
        body=body.encode(),
    )
    try:
        text = await record(registry, lived)
    except RecordingRefused as exc:
        text = str(exc)
        assert "cannot be asked" not in text  # it is not the test that went wrong

    assert "canary" not in text.lower()
    assert trace(query, lived.body, text, CONTRACTS[registry]) == ""


def test_a_body_is_read_wherever_one_stands_in_the_other() -> None:
    """JSON in XML and XML in JSON are places too; what is neither is one text."""
    assert dict(leaves(b'{"a": [{"b": "<x><y z=\'1\'>2</y></x>"}]}'))["a[].b~x.y.@z"] == "1"
    assert dict(leaves(b'<x><y>{"b": 1}</y></x>'))["x.y~b"] == 1
    assert leaves(b"no such thing") == [("", "no such thing")]


def test_the_command_writes_a_case_file_that_the_contract_takes(tmp_path: Path) -> None:
    """The written file is read with the contract; a second one of the same name is never written over it."""
    exchange = exchange_of(case_of("dancu", "citizen", "found"), CANARIES)
    question = {"dataset": "dancu.citizen", "query": dict(exchange.query)}
    (tmp_path / "question.json").write_text(json.dumps(question), encoding="utf-8")
    (tmp_path / "answer.xml").write_bytes(exchange.body)
    asked = ("contract", "record", str(tmp_path / "question.json"), str(tmp_path / "answer.xml"), "--source", "a test")
    to = tmp_path / "found-again.toml"

    done = run(*asked, "--name", "found-again", "--to", str(to))
    again = run(*asked, "--name", "found-again", "--to", str(to))
    taken = run(*asked, "--name", "found")

    assert (done.returncode, again.returncode, taken.returncode) == (0, 2, 2), done.stderr
    assert tomllib.loads(to.read_text(encoding="utf-8"))["basis"] == "assumed"
    assert "found-again.toml" in again.stderr
    assert "citizen/found is there already" in taken.stderr
    assert "canary" not in (done.stdout + done.stderr + again.stderr + taken.stderr).lower()
    assert load("contracts.dancu")
