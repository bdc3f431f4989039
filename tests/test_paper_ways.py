"""
Earlier results and questions that take keys from one another, through a whole gateway and each registry in each state.

What a plan says with an earlier result that is of no use is what it says without: every state of the store beside every
state of the registry. Of a chain the question counts that stands most in the paper's way, and nobody is asked in vain.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.app import installed_adapters
from gateway.domain.identifiers import EnterpriseCode
from gateway.domain.records.enterprise import Enterprise, IdentityPaper, LegalRepresentative
from gateway.ledger.reading import LogReader
from gateway.lookup.comparison import Comparison
from gateway.procedures.reading import packaged
from gateway.settings import Settings, load
from gateway.settings_papers import ProceduresSettings
from mocks.faults import Fault
from mocks.khodlg_results import BIRTH, Results
from mocks.province import Province
from mocks.server import Running
from tests.catalogues import FIRST_CASE, FREED, PROCEDURE
from tests.conftest import INQUIRY, MAU, Desk, open_desk, settings_for
from tests.policies import policy, rule, with_policy
from tests.recorded import settings_file
from tests.registries import section

PROVINCE = Province()
CHILD = PROVINCE.citizen(3)
(STORED,) = Results(PROVINCE).find(CHILD.citizen_id, BIRTH) or ()
FIRM = next(one for one in map(PROVINCE.enterprise, range(50)) if one.status_code == "1")
CODE = "9.000001"
OWN = f"""
[published]
"dancu.citizen" = 2026-01-01
"dkdn.enterprise" = 2026-01-01
"khodlg.result" = 2026-01-01

[kinds.birth_record]
title = "Giấy khai sinh"
title_en = "Birth certificate"
{FREED}result = "KQ.G15.000031"
[[kinds.birth_record.alternatives]]
first = true
[[kinds.birth_record.alternatives.questions]]
dataset = "khodlg.result"
keys = ["citizen_id"]
constants = [{{key = "result_code", value = "KQ.G15.000031"}}]
match = ["results.document_number"]
absence = "officer"
[[kinds.birth_record.alternatives]]
[[kinds.birth_record.alternatives.questions]]
dataset = "dancu.citizen"
keys = ["citizen_id", "full_name", "birth_date"]
match = ["full_name", "birth_date", "sex"]
{PROCEDURE}{FIRST_CASE}papers = [{{id = "birth", kind = "birth_record", role = "child", clause = "A"}}]
[[procedures."9.000001".cases]]
id = "firm"
papers = [
  {{id = "firm", kind = "enterprise", role = "firm", clause = "A"}},
  {{id = "person", kind = "representative_identity", role = "representative", clause = "C"}},
]
[[procedures."9.000001".cases]]
id = "bare"
papers = [{{id = "person", kind = "of_bare_firm", role = "representative", clause = "C"}}]

[kinds.of_bare_firm]
title = "Giấy tờ của người đại diện"
title_en = "The representative's paper"
{FREED}[[kinds.of_bare_firm.alternatives]]
[[kinds.of_bare_firm.alternatives.questions]]
dataset = "dkdn.enterprise"
of = "firm"
keys = ["enterprise_code"]
match = ["name"]
[[kinds.of_bare_firm.alternatives.questions]]
dataset = "dancu.citizen"
keys = ["full_name", "birth_date"]
taken = [{{key = "citizen_id", dataset = "dkdn.enterprise", field = "TAKEN"}}]
match = ["full_name", "birth_date"]
"""
NUMBER = "legal_representatives.document.number"
PASSED = {"dkdn.enterprise": ["*", "legal_representatives.document"], "dancu.citizen": ["*"], "khodlg.result": ["*"]}


def child(**other: Any) -> dict[str, Any]:
    told = {"citizen_id": CHILD.citizen_id, "full_name": CHILD.full_name, "birth_date": CHILD.birth_date}
    return {"role": "child", "claims": told | {"sex": CHILD.sex, "results.document_number": STORED.number} | other}


def firm(**other: Any) -> dict[str, Any]:
    told = {"enterprise_code": FIRM.enterprise_code, "name": FIRM.name}
    return {
        "role": "firm",
        "claims": told | {"legal_representatives.full_name": FIRM.representative.registered_name} | other,
    }


def person(**other: Any) -> dict[str, Any]:
    one = FIRM.representative
    told = {"full_name": one.full_name, "birth_date": one.birth_date, "sex": one.sex}
    return {"role": "representative", "claims": told | other}


@asynccontextmanager
async def office(stand_ins: Running, folder: Path, text: str = OWN, **more: Any) -> AsyncIterator[Desk]:
    own = folder / "procedures"
    own.mkdir()
    (own / "own.toml").write_text(text.replace("TAKEN", more.get("taken", NUMBER)), encoding="utf-8")
    settings: Settings = more.get("settings") or settings_for(stand_ins.base_url, khodlg={}, dkdn={"contract": "dkkd"})
    settings = with_policy(settings, policy(more.get("rules") or rule(PASSED)))
    consumer = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 10**9})
    changes = {"procedures": ProceduresSettings(folder=own), "consumers": {"one-stop": consumer}}
    async with open_desk(settings.model_copy(update=changes)) as desk:
        yield desk


async def plan(desk: Desk, *subjects: Any, **more: Any) -> dict[str, Any]:
    body = {"inquiry": INQUIRY | {"procedure": CODE}, "subjects": list(subjects)} | more
    status, answer = await desk.post("/v1/paper-plans", body)
    assert status == 200, answer
    return answer


def paper(answer: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in answer["papers"] if one["id"] == name]
    return dict(found)


def decided(answer: dict[str, Any], name: str) -> tuple[str, str]:
    found = paper(answer, name)
    return found["decision"], found["situation"]


def asked(stand_ins: Running, registry: str) -> int:
    return sum(one.registry == registry and "token" not in one.operation for one in stand_ins.journal)


# --- earlier results -----------------------------------------------------------------------------


def test_the_packaged_catalogue_asks_for_an_earlier_result_first() -> None:
    """A birth certificate is looked for in the store of results under its own code, before the registries."""
    (first, *others) = packaged().kinds["birth"].alternatives

    assert first.first
    assert first.questions[0].constants[0].value == packaged().kinds["birth"].result
    assert others
    assert not any(one.first for one in others)


async def test_an_earlier_result_that_fits_waives_and_nobody_else_is_asked(stand_ins: Running, tmp_path: Path) -> None:
    """The result with the declared number is there: the paper is waived by it, and no registry hears of the child."""
    async with office(stand_ins, tmp_path) as desk:
        answer = await plan(desk, child())

    (told,) = answer["papers"]
    assert (told["decision"], told["dataset"], told["replaced_by"]) == ("waived", "khodlg.result", BIRTH)
    assert [one["dataset"] for one in answer["lookups"]] == ["khodlg.result"]
    assert told["lookups"] == [answer["lookups"][0]["lookup_id"]]
    assert asked(stand_ins, "dancu") == 0


STORE = {
    "another number": ({"results.document_number": "1/1999"}, None),
    "none there": ({"citizen_id": MAU["citizen_id"]}, None),
    "reset": ({}, Fault("reset")),
    "garbage": ({}, Fault("garbage")),
    "throttled": ({}, Fault("throttle")),
    "silent": ({}, Fault("silence")),
}
REGISTRY = {
    "fits": ({}, None),
    "other sex": ({"sex": "9"}, None),
    "nobody": ({"birth_date": "1931-02-03"}, None),
    "garbage": ({}, Fault("garbage")),
    "throttled": ({}, Fault("throttle")),
}


@pytest.mark.parametrize("state", STORE)
async def test_an_earlier_result_that_is_of_no_use_changes_no_decision(
    stand_ins: Running, tmp_path: Path, state: str
) -> None:
    """Another number, none, or no answer from the store: the registry decides, in each state as it does without."""
    claims, fault = STORE[state]
    who = MAU | {"sex": "1"} if "citizen_id" in claims else claims  # the store has nothing of him
    async with office(stand_ins, tmp_path) as desk:
        if fault is not None:
            await plan(desk, child())  # log in first
            stand_ins.faults.set("khodlg", fault)
        for other, broken in REGISTRY.values():
            if broken is not None:
                stand_ins.faults.set("dancu", broken)
            subject = child(**(who | other))
            del (alone := {**subject["claims"]})["results.document_number"]
            with_store = await plan(desk, subject, deadline_s=1.5)
            without = await plan(desk, {"role": "child", "claims": alone}, deadline_s=1.5)
            stand_ins.faults.clear("dancu")
            (told,), (expected,) = with_store["papers"], without["papers"]
            assert (told["decision"], told["dataset"]) == (expected["decision"], "dancu.citizen"), (state, told)
            assert told["situation"] in {expected["situation"], "circuit_open"}
            assert [one["dataset"] for one in with_store["lookups"]] == ["khodlg.result", "dancu.citizen"]


async def test_where_nobody_else_may_be_asked_the_earlier_result_alone_decides(
    stand_ins: Running, tmp_path: Path
) -> None:
    """The registry is not published: a silent store leaves the paper pending, and one that has none proves nothing."""
    text = OWN.replace('"dancu.citizen" = 2026-01-01\n', "")
    async with office(stand_ins, tmp_path, text) as desk:
        none = await plan(desk, child(citizen_id=MAU["citizen_id"]))
        stand_ins.faults.set("khodlg", Fault("silence"))
        silent = await plan(desk, child(), deadline_s=0.4)

    assert decided(none, "birth") == ("officer", "absent_unsure")
    assert decided(silent, "birth") == ("pending", "timeout")


async def test_the_provinces_own_store_is_an_instance_with_a_name_of_its_own(
    stand_ins: Running, tmp_path: Path
) -> None:
    """The catalogue names it as a registry: it is asked under its name, and never taken for the national one."""
    own = """
[registries.khotinh]
title = "Kho kết quả của tỉnh"
title_en = "the province's own results"
owner = "Ủy ban nhân dân tỉnh"
owner_en = "the province"
source = "portal"
"""
    text = OWN.replace('"khodlg.result" = 2026', '"khotinh.result" = 2026')
    text = text.replace('dataset = "khodlg.result"', 'dataset = "khotinh.result"') + own
    settings = settings_for(stand_ins.base_url)
    store = type(settings.registries["dancu"]).model_validate(section("khodlg", "1", stand_ins.base_url))
    settings = settings.model_copy(update={"registries": settings.registries | {"khotinh": store}})
    granted = rule({"khotinh.result": ["*"], "dancu.citizen": ["*"]})
    async with office(stand_ins, tmp_path, text, settings=settings, rules=granted) as desk:
        answer = await plan(desk, child())
        _, shown = await desk.get("/v1/procedures/1.004222")

    (told,) = answer["papers"]
    assert (told["decision"], told["dataset"]) == ("waived", "khotinh.result")
    assert "Kho kết quả của tỉnh" in told["officer_vi"]
    (birth,) = [one for one in shown["cases"][0]["papers"] if one["id"] == "birth"]
    assert birth["alternatives"][0]["first"] is True
    assert birth["alternatives"][0]["questions"][0]["asked_as"] is None  # the national store is not configured


# --- one question after another ------------------------------------------------------------------


async def test_a_representative_is_asked_about_by_the_number_that_the_firm_has(
    stand_ins: Running, tmp_path: Path
) -> None:
    """Both papers are waived; each registry is asked once, the number is told to nobody, and the lookups are linked."""
    settings = load(settings_file(tmp_path, stand_ins.base_url))
    settings = settings.model_copy(
        update={"registries": settings_for(stand_ins.base_url, dkdn={"contract": "dkkd"}).registries}
    )
    fields = {one: PASSED[one] for one in ("dkdn.enterprise", "dancu.citizen")}
    async with office(stand_ins, tmp_path, settings=settings, rules=rule(fields)) as desk:
        answer = await plan(desk, person(), firm(), case="firm")
        assert desk.core.ledger is not None
        entries = LogReader(desk.core.ledger.folder).entries(flushed_only=False)
        records = [orjson.loads(entry.record) for entry in entries if entry.record]

    of_firm, of_person = answer["lookups"][::-1] if answer["lookups"][0]["taken_from"] else answer["lookups"]
    assert decided(answer, "firm") == decided(answer, "person") == ("waived", "matching")
    assert (asked(stand_ins, "dkdn"), asked(stand_ins, "dancu")) == (1, 1)
    assert of_person["taken_from"] == [of_firm["lookup_id"]]
    assert (of_person["subject"], of_firm["subject"]) == (0, 1)
    assert FIRM.representative.citizen_id not in json.dumps(answer)
    (noted,) = [one for one in records if one["type"] == "asked" and one["lookup_id"] == of_person["lookup_id"]]
    assert noted["taken_from"] == [of_firm["lookup_id"]]
    order = [(one["type"], one["dataset"]) for one in records if one["type"] in {"asked", "answered"}]
    assert order.index(("answered", "dkdn.enterprise")) < order.index(("asked", "dancu.citizen"))


FIRMS = {
    "fits": ({}, None, ("waived", "matching")),
    "another name": ({"name": "Công ty Khác Hẳn"}, None, ("required", "mismatch")),
    "no such firm": ({"enterprise_code": "9900300034"}, None, ("required", "absent")),
    "garbage": ({}, Fault("garbage"), ("required", "malformed")),
    "reset": ({}, Fault("reset"), ("pending", "unreachable")),
}
PERSONS = {
    "fits": ({}, None, ("waived", "matching")),
    "other sex": ({"sex": "9"}, None, ("required", "mismatch")),
    "misspelt": ({"full_name": "Kẻ Khác Hẳn"}, None, ("required", "absent")),
    "garbage": ({}, Fault("garbage"), ("required", "malformed")),
    "throttled": ({}, Fault("throttle"), ("pending", "throttled")),
}


@pytest.mark.parametrize("state", FIRMS)
async def test_a_chain_is_as_good_as_its_worst_question(stand_ins: Running, tmp_path: Path, state: str) -> None:
    """The firm in each state, the person in each: where the firm keeps the paper, nobody is asked about the person."""
    claims, fault, of_firm = FIRMS[state]
    async with office(stand_ins, tmp_path) as desk:
        await plan(desk, person(), firm(), case="firm")
        if fault is not None:
            stand_ins.faults.set("dkdn", fault)
        for other, broken, of_person in PERSONS.values():
            if broken is not None:
                stand_ins.faults.set("dancu", broken)
            before = asked(stand_ins, "dancu")
            answer = await plan(desk, person(**other), firm(**claims), case="firm", deadline_s=2)
            stand_ins.faults.clear("dancu")
            told = paper(answer, "person")
            if of_firm[0] == "waived":
                assert told["decision"] == of_person[0], told
                assert told["dataset"] == ("dkdn.enterprise" if of_person[0] == "waived" else "dancu.citizen")
                assert told["situation"] in {of_person[1], "circuit_open"}
            else:
                assert (told["decision"], told["dataset"]) == (of_firm[0], "dkdn.enterprise"), told
                assert told["situation"] in {of_firm[1], "circuit_open"}
                assert told["missing"] == ["dkdn.enterprise.legal_representatives.document.number"]
                assert asked(stand_ins, "dancu") == before
            assert told["decision"] != "waived" or (of_firm[0], of_person[0]) == ("waived", "waived")


async def test_what_no_rule_passes_on_goes_nowhere(stand_ins: Running, tmp_path: Path) -> None:
    """Without the right to pass the number on nobody is asked about the person, and what lacks is named."""
    fields = {"dkdn.enterprise": ["*"], "dancu.citizen": ["*"]}
    settings = settings_for(stand_ins.base_url, dkdn={"contract": "dkkd"})
    async with office(stand_ins, tmp_path, settings=settings, rules=rule(fields)) as desk:
        answer = await plan(desk, person(), firm(), case="firm")

    assert decided(answer, "firm") == ("waived", "matching")
    assert decided(answer, "person") == ("officer", "not_asked")
    told = paper(answer, "person")
    assert told["missing"] == ["dkdn.enterprise.legal_representatives.document.number"]
    assert asked(stand_ins, "dancu") == 0


async def test_a_right_to_pass_on_shows_nothing(stand_ins: Running, tmp_path: Path) -> None:
    """`passes` is enough to ask by the number; a lookup of it is refused all the same."""
    fields = {"dkdn.enterprise": ["*"], "dancu.citizen": ["*"]}
    passes = '[rules.passes]\n"dkdn.enterprise" = ["legal_representatives.document"]\n'
    settings = settings_for(stand_ins.base_url, dkdn={"contract": "dkkd"})
    async with office(stand_ins, tmp_path, settings=settings, rules=rule(fields) + passes) as desk:
        answer = await plan(desk, person(), firm(), case="firm")
        query = {"enterprise_code": FIRM.enterprise_code}
        status, _ = await desk.ask("dkdn.enterprise", query, fields=["legal_representatives.document"])

    assert decided(answer, "person") == ("waived", "matching")
    assert status == 403


async def test_a_firm_that_nobody_named_leaves_the_person_to_an_officer(stand_ins: Running, tmp_path: Path) -> None:
    """Without the firm, or with two of them, the question has nobody to be about; what it needs is named."""
    async with office(stand_ins, tmp_path) as desk:
        alone = await plan(desk, person(), case="firm")
        two = await plan(desk, person(), firm(), firm(), case="firm")

    for answer in (alone, two):
        told = paper(answer, "person")
        assert (told["decision"], told["situation"]) == ("officer", "not_asked")
        assert "enterprise_code" in told["missing"]


async def test_a_chain_has_one_deadline(stand_ins: Running, tmp_path: Path) -> None:
    """A firm's registry that takes all the time leaves both papers pending, and the plan ends with its deadline."""
    async with office(stand_ins, tmp_path) as desk:
        await plan(desk, person(), firm(), case="firm")
        stand_ins.faults.set("dkdn", Fault("silence"))
        async with asyncio.timeout(8):
            answer = await plan(desk, person(), firm(), case="firm", deadline_s=0.5)

    assert decided(answer, "firm") == decided(answer, "person") == ("pending", "timeout")
    assert [one["dataset"] for one in answer["lookups"]] == ["dkdn.enterprise"]
    assert all(one["retry_at"] for one in answer["papers"])


# --- what is taken -------------------------------------------------------------------------------


def of_two(first: str, second: str, **claims: Any) -> tuple[str, ...]:
    """What a firm with these two representatives, An with 000080000011 and another one, passes on."""
    people = ((first, "000080000011"), (second, "000080000012"))
    record = Enterprise(
        enterprise_code=EnterpriseCode("9900000023"),
        name="Công ty",
        legal_representatives=tuple(
            LegalRepresentative(full_name=name, document=IdentityPaper(number=number)) for name, number in people
        ),
    )
    dataset = installed_adapters()["dkdn"].dataset("enterprise")
    assert dataset is not None
    return Comparison.of(dataset, {one.replace("__", "."): value for one, value in claims.items()}).passed_on(
        record, NUMBER
    )


def test_of_several_representatives_the_one_counts_that_the_claims_fit() -> None:
    """A declared name says which number is meant; without one, or where it fits two or none, nothing is certain."""
    claimed = {"legal_representatives__full_name": "Lê Văn An"}

    assert of_two("LÊ VĂN AN", "Trần Thị Bình", **claimed) == ("000080000011",)
    assert of_two("Trần Thị Bình", "Lê Văn An", **claimed) == ("000080000012",)
    assert len(of_two("Lê Văn An", "Lê Văn An", **claimed)) == 2
    assert of_two("Trần Thị Bình", "Phạm Văn Cường", **claimed) == ()
    assert len(of_two("Lê Văn An", "Trần Thị Bình", name="Công ty")) == 2


@pytest.mark.parametrize(
    "taken", ["legal_representatives.document.issued_by", "legal_representatives.document.type_name"]
)
async def test_what_the_next_registry_does_not_take_asks_for_the_paper(
    stand_ins: Running, tmp_path: Path, taken: str
) -> None:
    """Nothing stands there, or what is no number: nobody is asked by it, and the firm's registry is named."""
    async with office(stand_ins, tmp_path, taken=taken) as desk:
        answer = await plan(desk, person(), firm(), case="bare")

    told = paper(answer, "person")
    assert (told["decision"], told["situation"], told["cause"]) == ("required", "key_missing", "incomplete")
    assert (told["dataset"], told["missing"]) == ("dkdn.enterprise", [f"dkdn.enterprise.{taken}"])
    assert "đăng ký doanh nghiệp" in told["officer_vi"]
    assert asked(stand_ins, "dancu") == 0
