"""Verifications at the front door: a verdict for each claim, and never the record."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import pytest
from openapi_spec_validator import validate
from pydantic import TypeAdapter

from gateway import app
from gateway.domain.compare.forms import Claimable, Form, claimable
from gateway.domain.compare.verdict import Verdict, Why
from gateway.domain.dataset import Adapter, Dataset, Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import EnterpriseCode
from gateway.domain.records.enterprise import Enterprise, LegalRepresentative
from gateway.domain.records.shared import Code
from gateway.domain.texts import NumberText, TextKind
from gateway.errors import InvalidQuestion
from gateway.keyring import read_key_set
from gateway.ledger.evidence import verified
from gateway.ledger.reading import LogReader
from gateway.lookup.claims import read_claims
from gateway.lookup.comparison import Comparison, claims_digest
from gateway.settings import load
from gateway.telemetry import configure_logs
from gateway.web import openapi
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import INQUIRY, MAU, NOBODY, Desk, open_desk, settings_for
from tests.policies import policy, rule, with_policy
from tests.recorded import settings_file
from tests.test_corpora import STRINGS, assert_nothing_leaked, naughty_strings, unlimited
from tests.test_policy import _records
from tests.test_views_whole import RIGHTS, SELF, fed

CLAIMS = {"full_name": "nguyễn văn mẫu", "birth_date": "1999", "sex": "2"}
COMPARES = '[rules.compares]\n"dancu.citizen" = {}\n'


def asked(claims: Any, **more: Any) -> dict[str, Any]:
    return {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY, "claims": claims} | more


async def verify(desk: Desk, claims: Any, **more: Any) -> tuple[int, dict[str, Any]]:
    return await desk.post("/v1/verifications", asked(claims, **more))


def words(answer: dict[str, Any]) -> dict[str, str]:
    return {one["field"]: one["verdict"] for one in answer["verdicts"]}


# --- what is answered ----------------------------------------------------------------------------


async def test_each_claim_has_a_verdict_in_the_order_of_the_claims(desk: Desk) -> None:
    """The answer says how each declared value stands to the record, and has everything a lookup has but the record."""
    status, answer = await verify(desk, CLAIMS)

    assert (status, answer["outcome"]) == (200, "found")
    assert list(words(answer).items()) == [
        ("full_name", "match"), ("birth_date", "match_at_year"), ("sex", "mismatch"),
    ]  # fmt: skip
    assert answer["provenance"]["registry"] == "dancu"
    assert not answer.keys() & {"record", "withheld"}


async def test_a_verification_is_never_answered_from_what_was_kept(desk: Desk, stand_ins: Running) -> None:
    """Whatever age it accepts, it asks the registry, and neither takes an answer that was kept nor leaves one."""
    question = asked(CLAIMS, max_age_s=600)
    lookup = {name: value for name, value in question.items() if name != "claims"}
    await desk.post("/v1/lookups", lookup)
    before = len(stand_ins.journal)

    answers = [(await verify(desk, CLAIMS, max_age_s=600))[1] for _ in range(2)]

    assert [answer["provenance"]["via"] for answer in answers] == ["live", "live"]
    assert len(stand_ins.journal) == before + 2


async def test_a_misspelt_name_shows_both_spellings(desk: Desk) -> None:
    """Where the officer may see the field, the sentence has what was declared and what is recorded."""
    _, answer = await verify(desk, {"full_name": "Nguyễn Văn Mậu"})

    (one,) = answer["verdicts"]
    assert (one["verdict"], one["why"]) == ("diacritics_differ", "only_diacritics")
    for text in (one["reason_vi"], one["reason_en"]):
        assert "“Nguyễn Văn Mậu”" in text
        assert "“NGUYỄN VĂN MẪU”" in text


async def test_a_person_who_is_not_registered_has_no_verdicts(desk: Desk) -> None:
    """Absent is said as for a lookup: there is nothing to compare with, and nothing is a mismatch."""
    status, answer = await verify(desk, CLAIMS, query=NOBODY)

    assert (status, answer["outcome"], answer["verdicts"]) == (200, "absent", [])


async def test_a_registry_that_gives_no_answer_compares_nothing(desk: Desk, stand_ins: Running) -> None:
    """No answer is a problem document with its reason, as for a lookup; no claim is right or wrong."""
    stand_ins.faults.set("dancu", Fault("garbage"))
    status, problem = await verify(desk, CLAIMS)

    assert (status, problem["outcome"], problem["reason"]) == (502, "unknown", "malformed")
    assert "verdicts" not in problem


async def test_what_the_registry_does_not_have_is_no_mismatch(stand_ins: Running) -> None:
    """An empty field is `not_recorded`."""
    text = policy(rule({"dancu.citizen": ["*", "relatives"]}))
    async with open_desk(with_policy(settings_for(stand_ins.base_url), text)) as desk:
        _, answer = await verify(desk, {"relatives.representative.full_name": "Trần Ví Dụ"})

    assert words(answer) == {"relatives.representative.full_name": "not_recorded"}


async def test_verdicts_are_counted_by_word(desk: Desk) -> None:
    """A metric counts each verdict under registry and word, both from closed lists."""
    await verify(desk, CLAIMS)

    metrics = await desk.metrics()
    for word in ("match", "match_at_year", "mismatch"):
        labels = f'registry="dancu",verdict="{word}"'
        assert f"gateway_verdicts_total{{{labels}}} 1.0" in metrics


# --- what may be compared ------------------------------------------------------------------------


async def test_what_no_rule_gives_is_not_compared(desk: Desk, stand_ins: Running) -> None:
    """A claim about a withheld field is refused by name before anybody is asked: an answer would tell the field."""
    status, problem = await verify(desk, {"full_name": "x", "religion": "01", "relatives.father.full_name": "x"})

    assert (status, problem["reason"]) == (403, "forbidden")
    assert [(one["field"], one["code"]) for one in problem["problems"]] == [
        ("claims.religion", "not_granted"),
        ("claims.relatives.father.full_name", "not_granted"),
    ]
    assert not list(stand_ins.journal)


async def test_a_rule_may_let_a_field_be_compared_without_being_seen(stand_ins: Running) -> None:
    """`compares` gives a verdict whose sentence has no value in it; a lookup of the field is refused all the same."""
    text = policy(rule({"dancu.citizen": ["full_name"]}) + COMPARES.format('["birth_date", "religion"]'))
    async with open_desk(with_policy(settings_for(stand_ins.base_url), text)) as desk:
        _, answer = await verify(desk, {"full_name": "Trần", "birth_date": "1998-02", "religion": "09"})
        status, problem = await desk.ask("dancu.citizen", MAU, fields=["birth_date"])

    assert words(answer) == {"full_name": "mismatch", "birth_date": "mismatch", "religion": "mismatch"}
    seen, hidden, religion = answer["verdicts"]
    assert "NGUYỄN VĂN MẪU" in seen["reason_vi"]
    text = json.dumps([hidden, religion], ensure_ascii=False)
    assert not [value for value in ("1999", "1998", "“", "09") if value in text]
    assert all(one[name] for one in (hidden, religion) for name in ("reason_vi", "reason_en"))
    assert (status, problem["problems"][0]["code"]) == (403, "not_granted")


async def test_a_rule_that_only_compares_gives_no_lookup(stand_ins: Running) -> None:
    """Where nothing may be seen, a lookup is refused as without a rule, and a verification is answered."""
    only = rule({}).replace("[rules.datasets]", "") + COMPARES.format('["full_name"]')
    async with open_desk(with_policy(settings_for(stand_ins.base_url), policy(only))) as desk:
        status, problem = await desk.ask("dancu.citizen", MAU)
        _, answer = await verify(desk, {"full_name": "Nguyễn Văn Mẫu"})

    assert (status, problem["problems"][0]["code"]) == (403, "no_rule")
    assert words(answer) == {"full_name": "match"}


async def test_an_address_is_compared_only_where_the_whole_of_it_is_granted(stand_ins: Running) -> None:
    """A rule for its commune alone does not let an address be compared, since the verdict would tell the rest."""
    part = policy(rule({"dancu.citizen": ["permanent_residence.commune_code"]}))
    whole = policy(rule({"dancu.citizen": ["permanent_residence"]}))
    claim = {"permanent_residence": {"province_code": "52", "commune_code": "99903", "detail": "số 1 phố mẫu"}}
    told = []
    for text in (part, whole):
        async with open_desk(with_policy(settings_for(stand_ins.base_url), text)) as desk:
            told.append(await verify(desk, claim))

    assert told[0][0] == 403
    assert words(told[1][1]) == {"permanent_residence": "match"}


async def test_limits_hold_for_verifications_too(stand_ins: Running) -> None:
    """A verification counts as a question: whoever may not ask more may not compare more."""
    limit = '[limits.many_questions]\nmost = 2\nthen = "refuse"\n'
    text = policy(rule({"dancu.citizen": ["*"]}), more=limit)
    async with open_desk(with_policy(settings_for(stand_ins.base_url), text)) as desk:
        told = [(await verify(desk, CLAIMS))[0], (await desk.ask("dancu.citizen", MAU))[0]]
        status, problem = await verify(desk, CLAIMS)

    assert told == [200, 200]
    assert (status, problem["reason"]) == (429, "too_many")


# --- what is wrong -------------------------------------------------------------------------------

WRONG: dict[str, tuple[Any, int, str, str]] = {
    "no claims": ({}, 422, "claims", "too_short"),
    "no object": (["full_name"], 400, "claims", "dict_type"),
    "no field's name": ({"Nguyễn Văn Mẫu": "x"}, 400, "claims", "unknown_field"),
    "unknown field": ({"full_nam": "x"}, 400, "claims.full_nam", "extra_forbidden"),
    "a whole with members": ({"relatives": {"father": "x"}}, 400, "claims.relatives", "extra_forbidden"),
    "inside an address": ({"place_of_origin.commune_code": "1"}, 400, "claims.place_of_origin.commune_code",
                          "extra_forbidden"),
    "null": ({"full_name": None}, 400, "claims.full_name", "string_type"),
    "a number for a name": ({"full_name": 7}, 400, "claims.full_name", "string_type"),
    "no letter": ({"full_name": "\u200b - "}, 422, "claims.full_name", "no_letters"),
    "too long": ({"full_name": "x" * 501}, 422, "claims.full_name", "string_too_long"),
    "no date": ({"birth_date": "31/01/1999"}, 422, "claims.birth_date", "partial_date"),
    "no day": ({"birth_date": "1999-02-30"}, 422, "claims.birth_date", "partial_date"),
    "a short number": ({"citizen_id": "00009900001"}, 422, "claims.citizen_id", "identifier"),
    "an empty address": ({"place_of_origin": {}}, 422, "claims.place_of_origin", "empty"),
    "a strange member": ({"place_of_origin": {"commune": "1"}}, 400, "claims.place_of_origin.commune",
                         "extra_forbidden"),
    "a commune as number": ({"place_of_origin": {"commune_code": 1}}, 400, "claims.place_of_origin.commune_code",
                            "string_type"),
    "no code": ({"sex": {"list": "dancu.sex"}}, 400, "claims.sex.code", "missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_claim_is_named(case: str, desk: Desk, stand_ins: Running) -> None:
    """What is no claim about the record is refused with its field and what is wrong, and nobody is asked."""
    claims, expected, field, code = WRONG[case]
    status, problem = await verify(desk, claims)

    assert (status, problem["reason"]) == (expected, "invalid")
    assert [(one["field"], one["code"]) for one in problem["problems"]] == [(field, code)]
    assert all(one["advice"] for one in problem["problems"])
    assert not list(stand_ins.journal)


async def test_a_verification_has_no_fields_to_choose(desk: Desk) -> None:
    """`fields` belongs to lookups: here the claims say what is compared."""
    status, problem = await verify(desk, CLAIMS, fields=["full_name"])

    assert (status, problem["problems"][0]["field"]) == (400, "fields")


@pytest.mark.parametrize("value", ["1", "x", True, 1e400, "1e5", "--1", [1], "9" * 41])
def test_an_amount_is_a_plain_number(value: Any) -> None:
    """An amount is a number or the text of one, without an exponent."""
    claims = {"charter_capital_vnd": value}
    if value == "1":
        assert read_claims(Enterprise, claims)[0].value == 1
    else:
        with pytest.raises(InvalidQuestion):
            read_claims(Enterprise, claims)


@naughty_strings
async def test_j16_a_naughty_string_as_a_claim_harms_nobody(stand_ins: Running) -> None:
    """The 515 strings as names, numbers, addresses and codes have verdicts or are refused by name; no log has any."""
    stream = io.BytesIO()
    fields = ("full_name", "household_book_number", "permanent_residence", "sex")
    async with open_desk(unlimited(settings_for(stand_ins.base_url))) as desk:
        configure_logs("debug", stream)
        for place in range(0, len(STRINGS), len(fields)):
            claims = dict(zip(fields, STRINGS[place : place + len(fields)], strict=False))
            status, answer = await verify(desk, claims)
            if status == 200:
                assert "match" not in words(answer).values()
                assert all(one["reason_vi"] and one["reason_en"] for one in answer["verdicts"])
            else:
                assert status in {400, 422}
                assert {one["field"].split(".")[1] for one in answer["problems"]} <= set(fields)

    assert_nothing_leaked(stream)


@naughty_strings
def test_j16_a_naughty_string_is_compared_in_every_form() -> None:
    """Whatever a claim's form, each string is read or refused, and what is read has a verdict."""
    met = set()
    for name in ("dancu.citizen", "dkdn.enterprise"):
        record = max(_records()[name], key=lambda one: len(list(told_by(one))))
        for form, one in {one.form: one for one, _ in told_by(record)}.items():
            for text in STRINGS:
                try:
                    claims = read_claims(type(record), {one.name: text})
                except InvalidQuestion:
                    continue
                (said,) = Comparison(claims, {}).verdicts(record, frozenset({one.name}))
                assert said.verdict in Verdict
                assert said.reason.vietnamese
                met.add(form)

    assert met >= {Form.NAME, Form.TEXT, Form.ADDRESS, Form.CODE, Form.NUMBER}


# --- what claims can be made ---------------------------------------------------------------------


def datasets() -> Iterator[tuple[Adapter, str, Dataset[Any, Any, Any]]]:
    for name, adapter in app.installed_adapters().items():
        yield from ((adapter, f"{name}.{dataset.noun}", dataset) for dataset in adapter.datasets)


_NOT_KNOWN = {("dancu.marital_status", "0"), ("dancu.ethnic_group", "99"), ("dancu.blood_group", "0")}


def told_by(record: Any) -> Iterator[tuple[Claimable, Any]]:
    """Each field that the record has, with its value as a caller would write it; of a list the first member's."""
    for one in claimable(type(record)).values():
        value = record
        for step in one.path:
            value = getattr(value[0] if isinstance(value, tuple) and value else value, step, None)
        value = value[0] if isinstance(value, tuple) and value else value
        if isinstance(value, str) and not any(map(str.isalnum, value)):
            continue  # such as `%`: nobody declares that
        if isinstance(value, Code) and (value.list, value.code.lstrip("0") or "0") in _NOT_KNOWN:
            continue  # agrees with nothing
        if value not in {None, ()}:
            without = {"name"} if isinstance(value, Code) else None
            yield one, TypeAdapter(type(value)).dump_python(value, mode="json", exclude_none=True, exclude=without)


@pytest.mark.parametrize("dataset", sorted(name for _, name, _ in datasets()))
def test_a_record_agrees_with_itself(dataset: str) -> None:
    """Whatever a record of a case file holds, claimed as it stands, matches as precisely as it is known."""
    agrees = {Verdict.MATCH, Verdict.MATCH_AT_YEAR, Verdict.MATCH_AT_MONTH}
    told = [(record, list(told_by(record))) for record in _records()[dataset]]

    assert any(fields for _, fields in told)
    for record, fields in told:
        for one, value in fields:
            claims = Comparison(read_claims(type(record), {one.name: value}), {})
            (verdict,) = claims.verdicts(record, frozenset({one.name}))
            assert verdict.verdict in agrees, one.name
            assert one.form is Form.DATE or verdict.verdict is Verdict.MATCH


class _Odd(Record):
    """A record of somebody else's package."""

    word: Literal["one", "other"]
    number: NumberText
    note: Annotated[str, TextKind.FREE] | None = None
    figures: dict[str, Decimal] | None = None
    days: tuple[date, ...] = ()
    inner: tuple[LegalRepresentative, ...] = ()


def test_any_record_can_be_claimed_of_by_its_types() -> None:
    """A record says by types how it is compared; a table of figures, of which nobody declares anything, is left out."""
    forms = {name: one.form for name, one in claimable(_Odd).items() if not name.startswith("inner.")}
    odd = _Odd(word="one", number="A 1", days=(date(1, 1, 1),))
    claims = {"word": "One", "number": "a1", "days": "1999", "note": "x", "inner.full_name": "x"}
    verdicts = Comparison(read_claims(_Odd, claims), claims).verdicts(odd, frozenset())

    assert forms == {"word": Form.NAME, "number": Form.NUMBER, "note": Form.TEXT, "days": Form.DATE}
    assert [one.verdict.value for one in verdicts] == ["match", "match", *["not_recorded"] * 3]


REPRESENTATIVES = (
    LegalRepresentative(full_name="TRẦN VÍ DỤ", birth_date=PartialDate(1980, 5, 17)),
    LegalRepresentative(full_name="LÊ THỊ MẪU", birth_date=PartialDate(1990)),
)
NAME, BORN = "legal_representatives.full_name", "legal_representatives.birth_date"
TOGETHER: dict[str, tuple[dict[str, str], list[str]]] = {
    "the first": ({NAME: "Trần Ví Dụ", BORN: "1980-05-17"}, ["match", "match"]),
    "the second": ({NAME: "Lê Thị Mẫu", BORN: "1990"}, ["match", "match_at_year"]),
    "the name of one, the date of the other": ({NAME: "Trần Ví Dụ", BORN: "1990"}, ["match", "mismatch"]),
    "a name alone": ({NAME: "Lê Thị Mẫu"}, ["match"]),
    "nearly the second": ({NAME: "Lê Thị Mậu", BORN: "1990"}, ["diacritics_differ", "match_at_year"]),
    "nobody": ({NAME: "Ngô Giả Định", BORN: "1970"}, ["mismatch", "mismatch"]),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_claims_about_a_list_speak_of_one_member(case: str) -> None:
    """Two claims about a firm's representatives are never confirmed by two different people."""
    claims, expected = TOGETHER[case]
    firm = Enterprise(enterprise_code=EnterpriseCode("9900000023"), name="VÍ DỤ", legal_representatives=REPRESENTATIVES)
    verdicts = Comparison(read_claims(Enterprise, claims), claims).verdicts(firm, frozenset(claims))

    assert [one.verdict.value for one in verdicts] == expected
    if case == "nobody":
        assert {one.why for one in verdicts} == {Why.NONE_OF_THEM}
        assert not [one for one in verdicts if "TRẦN" in one.reason.vietnamese]


async def test_what_can_be_claimed_is_described(desk: Desk) -> None:
    """A dataset tells the JSON Schema of its claims, and the OpenAPI document with verifications is valid."""
    _, described = await desk.get("/v1/datasets/dancu.citizen")
    claims = described["claims_schema"]

    assert set(claims["properties"]) == set(claimable(desk.core.catalogue.find("dancu.citizen").dataset.record))
    assert claims["additionalProperties"] is False
    document = openapi.document(desk.core.catalogue)
    validate(document)
    examples = document["paths"]["/v1/verifications"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    for name, example in examples.items():
        record = desk.core.catalogue.find(name).dataset.record
        assert read_claims(record, example["value"]["claims"])


# --- evidence, ledger, the citizen's view --------------------------------------------------------


@pytest.fixture
async def recording(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Desk]:
    async with open_desk(load(settings_file(tmp_path, stand_ins.base_url, more=RIGHTS))) as one:
        yield one


async def test_evidence_has_verdicts_and_no_values(recording: Desk) -> None:
    """Evidence says each verdict, and a digest by which whoever kept the claims can show what they were."""
    claims = CLAIMS | {"permanent_residence": {"commune_code": "99903"}, "nationality": "VN"}
    _, answer = await verify(recording, claims)
    async with recording.session.get(f"{recording.url}/.well-known/jwks.json") as reply:
        keys = read_key_set(await reply.read())

    document = verified(answer["evidence"], keys)
    said = document["record"]["verification"]
    assert said["verdicts"] == words(answer)
    assert said["claims_sha256"] == claims_digest(said["claims_nonce"], claims)
    assert said["claims_sha256"] != claims_digest(said["claims_nonce"], claims | {"sex": "1"})
    assert set(document["record"]) == {"verification"}
    assert document["fields"] == sorted(claims)
    assert "99903" not in json.dumps(document["record"])


async def test_a_verification_stands_in_the_ledger_as_one(recording: Desk) -> None:
    """The ledger names the fields and says that they were compared; claims, verdicts and spellings are not in it."""
    _, answer = await verify(recording, CLAIMS | {"full_name": "Nguyễn Văn Mậu"})
    await recording.ask("dancu.citizen", MAU)

    assert recording.core.ledger is not None
    entries = LogReader(recording.core.ledger.folder).entries(flushed_only=False)
    raw = [entry.record or b"" for entry in entries]
    of_both = [one for one in map(orjson.loads, raw) if one["type"] == "asked"]
    assert [one.get("asks") for one in of_both] == ["verification", None]
    assert of_both[0]["lookup_id"] == answer["lookup_id"]
    assert of_both[0]["fields"] == ["birth_date", "full_name", "sex"]
    assert not [word for word in ("diacritics", "Mậu", "match") if word.encode() in b"".join(raw)]


async def test_the_citizen_sees_that_data_was_compared(recording: Desk) -> None:
    """In the citizen's view and in its explanation a verification has its fields, of which nothing was given."""
    _, compared = await verify(recording, CLAIMS)
    await verify(recording, CLAIMS, query=NOBODY)
    await recording.ask("dancu.citizen", MAU, fields=["full_name"])
    await fed(recording)
    _, told = await recording.get(f"/v1/lookups/{compared['lookup_id']}/explanation")
    _, seen = await recording.post("/v1/subject-views", SELF)

    assert [one["outcome"]["code"] for one in seen["entries"]] == ["given", "compared"]
    assert [one["code"] for one in seen["entries"][1]["fields"]] == ["birth_date", "full_name", "sex"]
    assert "chỉ so sánh" in next(one["text"] for one in told["steps"] if one["step"] == "allowed")
