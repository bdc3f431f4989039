"""Paper plans at the front door: every paper with one decision, each registry asked once for each subject."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.keyring import read_key_set
from gateway.ledger.evidence import verified
from gateway.lookup.paper_plan import PaperPlanRequest
from gateway.settings import CasesSettings, Settings, load
from gateway.settings_papers import ProceduresSettings
from mocks.faults import Fault
from mocks.server import Running
from tests.catalogues import FIRST_CASE, NAMED_FIRM, PROCEDURE
from tests.conftest import INQUIRY, MAU, NOBODY, Desk, open_desk, settings_for
from tests.policies import policy, rule, with_policy
from tests.recorded import settings_file

OWN = f"""
[published]
"dancu.citizen" = 2026-01-01
"dkdn.enterprise" = 2026-01-01
{NAMED_FIRM}{PROCEDURE}{FIRST_CASE}papers = [
  {{id = "identity", kind = "identity", role = "applicant", clause = "A"}},
  {{id = "residence", kind = "residence", role = "applicant", clause = "B"}},
  {{id = "founders", kind = "identity", role = "founder", clause = "C"}},
  {{id = "firm", kind = "named_firm", role = "firm", clause = "A"}},
  {{id = "listed", kind = "identity", role = "applicant", clause = "N"}},
  {{id = "health", kind = "medical_birth", role = "child", clause = "A"}},
  {{id = "land", kind = "land", role = "parcel", clause = "A"}},
]
"""
HOME = {"province_code": "52", "commune_code": "99903", "detail": "Số 1 phố Mẫu"}
YEAR_ONLY = {"citizen_id": "003053000019", "full_name": "Ngô Văn Năm", "birth_date": "1953", "sex": "1"}
APPLICANT = {"role": "applicant", "claims": MAU | {"sex": "1", "permanent_residence": HOME}}
FOUNDER = {"role": "founder", "claims": MAU | {"sex": "1"}}
FIRM = {"role": "firm", "claims": {"enterprise_code": "9900000023", "name": "Công ty TNHH Ví Dụ Minh Họa"}}


@asynccontextmanager
async def office(stand_ins: Running, folder: Path, text: str = OWN, **more: Any) -> AsyncIterator[Desk]:
    folder /= "procedures"
    folder.mkdir()
    (folder / "own.toml").write_text(text, encoding="utf-8")
    settings: Settings = more.get("settings") or settings_for(stand_ins.base_url)
    async with open_desk(settings.model_copy(update={"procedures": ProceduresSettings(folder=folder)})) as desk:
        yield desk


async def plan(desk: Desk, *subjects: Any, **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"inquiry": INQUIRY | {"procedure": "9.000001"}, "subjects": list(subjects)} | more
    return await desk.post("/v1/paper-plans", body)


def decisions(answer: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {paper["id"]: (paper["decision"], paper["situation"]) for paper in answer["papers"]}


def paper(answer: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in answer["papers"] if one["id"] == name]
    return dict(found)


def changed(subject: dict[str, Any], **claims: Any) -> dict[str, Any]:
    return subject | {"claims": subject["claims"] | claims}


# --- decisions -----------------------------------------------------------------------------------


async def test_every_paper_of_a_case_has_one_decision(stand_ins: Running, tmp_path: Path) -> None:
    """What matches is waived, what nobody declared is looked at, what law or catalogue keep is asked for."""
    async with office(stand_ins, tmp_path) as desk:
        status, answer = await plan(desk, APPLICANT, FOUNDER, FIRM)
        _, shown = await desk.get("/v1/procedures/9.000001")

    assert status == 200, answer
    assert decisions(answer) == {
        "identity": ("waived", "matching"),
        "residence": ("waived", "matching"),
        "founders": ("waived", "matching"),
        "firm": ("waived", "matching"),
        "listed": ("required", "no_clause"),
        "health": ("required", "no_registry"),
        "land": ("required", "not_published"),
    }
    assert (answer["procedure"], answer["case"], answer["catalogue"]) == ("9.000001", "general", shown["catalogue"])
    assert all(paper["cause"] is None for paper in answer["papers"] if paper["decision"] == "waived")


async def test_each_registry_is_asked_once_for_each_subject(stand_ins: Running, tmp_path: Path) -> None:
    """Two papers about one person are one question, which both name; what the law keeps is not asked at all."""
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, APPLICANT)

    assert [(one["dataset"], one["subject"], one["outcome"]) for one in answer["lookups"]] == [
        ("dancu.citizen", 0, "found")
    ]
    (lookup,) = answer["lookups"]
    assert paper(answer, "identity")["lookups"] == paper(answer, "residence")["lookups"] == [lookup["lookup_id"]]
    assert paper(answer, "listed")["lookups"] == []
    assert len([one for one in stand_ins.journal if one.registry == "dancu"]) == 1


async def test_nobody_is_asked_for_what_is_not_published(stand_ins: Running, tmp_path: Path) -> None:
    """Where the province has published nothing every paper is required, and no registry hears of anybody."""
    unpublished = OWN[OWN.index("[kinds") :]
    async with office(stand_ins, tmp_path, unpublished) as desk:
        _, answer = await plan(desk, APPLICANT, FOUNDER, FIRM)

    assert {paper["decision"] for paper in answer["papers"]} == {"required"}
    assert answer["lookups"] == []
    assert len(stand_ins.journal) == 0


async def test_a_misspelt_name_goes_to_an_officer_with_both_spellings(stand_ins: Running, tmp_path: Path) -> None:
    """Only diacritics differ: neither waived nor the citizen's error, and the officer sees what stands where."""
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, changed(APPLICANT, full_name="Nguyễn Văn Mậu"))

    identity = paper(answer, "identity")
    assert (identity["decision"], identity["situation"]) == ("officer", "diacritics_differ")
    (name,) = [one for one in identity["verdicts"] if one["field"] == "full_name"]
    assert "Nguyễn Văn Mậu" in name["reason_vi"]
    assert "NGUYỄN VĂN MẪU" in name["reason_vi"]


async def test_a_birth_known_to_the_year_goes_to_an_officer(stand_ins: Running, tmp_path: Path) -> None:
    """Where registry and citizen know the year alone it agrees, and is no match."""
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, {"role": "applicant", "claims": YEAR_ONLY})

    assert decisions(answer)["identity"] == ("officer", "coarser_date")


async def test_what_one_paper_needs_spoils_no_other(stand_ins: Running, tmp_path: Path) -> None:
    """A wrong address asks for the residence paper alone, though both papers come of one question."""
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, changed(APPLICANT, permanent_residence={"province_code": "01"}))

    assert decisions(answer)["identity"] == ("waived", "matching")
    assert decisions(answer)["residence"][0] != "waived"


@pytest.mark.parametrize(
    "vague", [{"country": "VN"}, {"province_code": "52"}, {}], ids=["country", "province", "empty"]
)
async def test_an_address_that_does_not_say_where_waives_nothing(
    vague: dict[str, str], stand_ins: Running, tmp_path: Path
) -> None:
    """A claim that stops before the commune counts as not declared, for the paper that needs it and for no other."""
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, changed(APPLICANT, permanent_residence=vague))

    assert decisions(answer)["residence"][1] == "not_asked"
    assert decisions(answer)["identity"] == ("waived", "matching")


async def test_nobody_in_a_registry_is_asked_for_the_paper(stand_ins: Running, tmp_path: Path) -> None:
    """The registry has no such person: the paper is required, and who corrects the registry is said."""
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, {"role": "applicant", "claims": NOBODY | {"sex": "1"}})

    identity = paper(answer, "identity")
    assert (identity["decision"], identity["cause"], identity["situation"]) == ("required", "not_obtained", "absent")
    assert "Bộ Công an" in identity["citizen_vi"]


async def test_of_several_founders_the_one_in_the_way_decides(stand_ins: Running, tmp_path: Path) -> None:
    """One founder who is not in the registry keeps the paper, and the decision says which one."""
    other = {"role": "founder", "claims": NOBODY | {"sex": "1"}}
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, FOUNDER, other)

    founders = paper(answer, "founders")
    assert (founders["decision"], founders["situation"], founders["subject"]) == ("required", "absent", 1)


async def test_what_was_not_declared_is_named(stand_ins: Running, tmp_path: Path) -> None:
    """A claim that lacks sends the paper to the officer with its name; the papers that need it not go on."""
    without = {"role": "applicant", "claims": MAU | {"sex": "1"}}
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, without)

    assert decisions(answer)["identity"] == ("waived", "matching")
    assert decisions(answer)["residence"] == ("officer", "not_asked")
    assert paper(answer, "residence")["missing"] == ["permanent_residence"]
    assert paper(answer, "firm")["missing"] == ["enterprise_code", "name"]


async def test_a_waived_paper_names_the_evidence_of_its_question(stand_ins: Running, tmp_path: Path) -> None:
    """Evidence and the record's place come once for each question; it has all papers' verdicts and no value."""
    async with office(stand_ins, tmp_path, settings=load(settings_file(tmp_path, stand_ins.base_url))) as desk:
        _, answer = await plan(desk, APPLICANT)
        async with desk.session.get(f"{desk.url}/.well-known/jwks.json") as reply:
            keys = read_key_set(await reply.read())

    (lookup,) = answer["lookups"]
    document = verified(lookup["evidence"], keys)
    assert document["record"]["verification"]["verdicts"] == dict.fromkeys(
        ("full_name", "birth_date", "sex", "permanent_residence"), "match"
    )
    assert lookup["ledger"]["index"] >= 0
    assert paper(answer, "residence")["lookups"] == [lookup["lookup_id"]]


# --- registries that do not answer ---------------------------------------------------------------


async def test_a_registry_that_hangs_delays_no_other_decision(stand_ins: Running, tmp_path: Path) -> None:
    """The silent one's papers are pending and say when to ask again; the other's are as they would have been."""
    async with office(stand_ins, tmp_path) as desk:
        _, before = await plan(desk, APPLICANT, FIRM)
        stand_ins.faults.set("dancu", Fault("silence"))
        asked_at = datetime.now(UTC)
        async with asyncio.timeout(4):
            status, answer = await plan(desk, APPLICANT, FIRM, deadline_s=0.5)
        metrics = await desk.metrics()

    assert status == 200
    identity = paper(answer, "identity")
    assert (identity["decision"], identity["cause"], identity["situation"]) == ("pending", "not_obtained", "timeout")
    assert datetime.fromisoformat(identity["retry_at"]) > asked_at
    assert "không phải lỗi của ông/bà" in identity["citizen_vi"]
    assert decisions(answer)["firm"] == decisions(before)["firm"] == ("waived", "matching")
    assert 'gateway_papers_total{clause="A",decision="pending"}' in metrics


async def test_an_answer_that_cannot_be_read_waives_nothing(stand_ins: Running, tmp_path: Path) -> None:
    """Garbage is neither a match nor an absence: the paper is asked for, and nobody is sent to correct a registry."""
    async with office(stand_ins, tmp_path) as desk:
        stand_ins.faults.set("dancu", Fault("garbage"))
        _, answer = await plan(desk, APPLICANT)

    assert decisions(answer)["identity"] == ("required", "malformed")
    assert "cập nhật" not in paper(answer, "identity")["citizen_vi"]


async def test_pending_becomes_waived_when_asked_again(stand_ins: Running, tmp_path: Path) -> None:
    """The same plan, sent again once the registry works, decides."""
    async with office(stand_ins, tmp_path) as desk:
        stand_ins.faults.set("dancu", Fault("silence", times=1))
        _, first = await plan(desk, APPLICANT, deadline_s=0.3)
        stand_ins.faults.clear("dancu")
        _, second = await plan(desk, APPLICANT)

    assert (decisions(first)["identity"][0], decisions(second)["identity"][0]) == ("pending", "waived")


# --- rights and mistakes -------------------------------------------------------------------------


async def test_a_field_that_no_rule_gives_holds_up_its_own_paper_alone(stand_ins: Running, tmp_path: Path) -> None:
    """Without a right to residence that paper goes to the officer; identity is decided, and residence not compared."""
    fields = {"dancu.citizen": ["citizen_id", "full_name", "birth_date", "sex"]}
    settings = with_policy(settings_for(stand_ins.base_url), policy(rule(fields)))
    async with office(stand_ins, tmp_path, settings=settings) as desk:
        _, answer = await plan(desk, APPLICANT, FIRM)

    assert decisions(answer)["identity"] == ("waived", "matching")
    assert decisions(answer)["residence"] == ("officer", "not_asked")
    assert paper(answer, "residence")["missing"] == ["permanent_residence"]
    assert decisions(answer)["firm"] == ("officer", "not_asked")
    refused = next(one for one in answer["lookups"] if one["dataset"] == "dkdn.enterprise")
    assert (refused["outcome"], refused["reason"]) == ("refused", "forbidden")


async def test_a_value_that_cannot_be_is_told_under_its_subject(stand_ins: Running, tmp_path: Path) -> None:
    """A number of the wrong form leaves for nobody; the problem names the subject's claim and not its value."""
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, changed(APPLICANT, citizen_id="12"))

    (lookup,) = answer["lookups"]
    assert lookup["outcome"] == "refused"
    assert [one["field"] for one in lookup["problems"]] == ["subjects.0.claims.citizen_id"]
    assert decisions(answer)["identity"] == ("officer", "not_asked")


async def test_what_the_catalogue_does_not_know_is_refused(stand_ins: Running, tmp_path: Path) -> None:
    """A procedure, a case, a role or a claim that is not there is named; a name that a caller made up is not quoted."""
    async with office(stand_ins, tmp_path) as desk:
        status, problem = await plan(desk, APPLICANT, inquiry=INQUIRY | {"procedure": "8.000000"})
        assert (status, problem["problems"][0]["field"]) == (422, "inquiry.procedure")
        status, problem = await plan(
            desk,
            {"role": "owner", "claims": {"Nguyễn Văn Mẫu": 1}, "coverage": {"nowhere": True}},
            case="special",
        )

    assert status == 422
    assert [one["field"] for one in problem["problems"]] == [
        "case", "subjects.0.role", "subjects.0.claims", "subjects.0.coverage",
    ]  # fmt: skip
    assert "Nguyễn" not in json.dumps(problem, ensure_ascii=False)


async def test_what_is_not_in_force_is_no_plan_without_papers(stand_ins: Running, tmp_path: Path) -> None:
    """A procedure or a case outside its days is refused: an empty plan would say that no paper is needed."""
    for nth, (line, place) in enumerate(
        [('decision = "1/QĐ-UBND"', "inquiry.procedure"), ('id = "general"', "case")],
    ):
        ended = OWN.replace(line, f"{line}\nvalid_until = 2020-01-01")
        (tmp_path / str(nth)).mkdir()
        async with office(stand_ins, tmp_path / str(nth), ended) as desk:
            status, problem = await plan(desk, APPLICANT)

        assert (status, problem["problems"][0]["field"]) == (422, place)


def test_a_plan_prints_nobody() -> None:
    """Neither claims nor the inquiry stand in the text of a plan."""
    body = {"inquiry": INQUIRY, "subjects": [APPLICANT]}

    assert not any(value in repr(PaperPlanRequest.model_validate(body)) for value in MAU.values())


# --- what must hold besides ----------------------------------------------------------------------

ACTIVE = FIRM | {"claims": {"enterprise_code": "9967272006", "name": "Công ty TNHH Giả Định 1"}}
SUSPENDED = {"enterprise_code": "9900000182", "name": "Công ty TNHH Nghỉ Tạm"}
STATED = OWN.replace(
    'match = ["name"]\n',
    'match = ["name"]\nin_force = [{field = "status_name", holds = ["Đang hoạt động"], ended = '
    '["Tạm ngừng kinh doanh"], source = "portal"}]\n',
)


async def test_a_suspended_firm_stands_for_no_paper(stand_ins: Running, tmp_path: Path) -> None:
    """A firm that is there and has the name that was declared, and does not trade, is looked at by an officer."""
    async with office(stand_ins, tmp_path, STATED) as desk:
        _, active = await plan(desk, ACTIVE)
        _, suspended = await plan(desk, FIRM | {"claims": SUSPENDED})
        metrics = await desk.metrics()

    assert decisions(active)["firm"] == ("waived", "matching")
    firm = paper(suspended, "firm")
    assert (firm["decision"], firm["situation"], firm["cause"]) == ("officer", "not_in_force", "not_in_force")
    (state,) = firm["standings"]
    assert (state["field"], state["standing"], state["ground"]) == ("status_name", "not_in_force", "state_ended")
    assert "Tạm ngừng kinh doanh" in state["reason_vi"]
    labels = 'registry="dkdn",standing="not_in_force"'
    assert f"gateway_standings_total{{{labels}}} 1.0" in metrics


async def test_a_state_that_nobody_may_compare_waives_nothing(stand_ins: Running, tmp_path: Path) -> None:
    """Without a right to the field that says so the question of force is open, and the field is named."""
    fields = {"dancu.citizen": ["*"], "dkdn.enterprise": ["enterprise_code", "name"]}
    settings = with_policy(settings_for(stand_ins.base_url), policy(rule(fields)))
    async with office(stand_ins, tmp_path, STATED, settings=settings) as desk:
        _, answer = await plan(desk, ACTIVE)

    assert decisions(answer)["firm"] == ("officer", "not_asked")
    assert paper(answer, "firm")["missing"] == ["status_name"]


async def test_evidence_says_that_it_was_in_force(stand_ins: Running, tmp_path: Path) -> None:
    """The signed evidence holds the standing by field, beside the verdicts and without the recorded state."""
    settings = load(settings_file(tmp_path, stand_ins.base_url))
    async with office(stand_ins, tmp_path, STATED, settings=settings) as desk:
        _, answer = await plan(desk, ACTIVE)
        async with desk.session.get(f"{desk.url}/.well-known/jwks.json") as reply:
            keys = read_key_set(await reply.read())

    (lookup,) = answer["lookups"]
    document = verified(lookup["evidence"], keys)
    assert document["record"]["verification"]["standings"] == {"status_name": "in_force"}
    assert "Đang hoạt động" not in json.dumps(document, ensure_ascii=False)


async def test_a_case_whose_papers_have_all_run_out_is_no_plan_without_papers(
    stand_ins: Running, tmp_path: Path
) -> None:
    """Where no paper of a case is in force the plan is refused, under its own word."""
    ended = OWN.replace('clause = "', 'valid_until = 2020-01-01, clause = "')
    async with office(stand_ins, tmp_path, ended) as desk:
        status, problem = await plan(desk, APPLICANT)

    assert (status, problem["problems"][0]["code"]) == (422, "no_paper_in_force")


# --- what the form needs -------------------------------------------------------------------------


async def test_what_the_form_needs_is_fetched_once_the_paper_is_waived(stand_ins: Running, tmp_path: Path) -> None:
    """A lookup brings the fields that the paper's kind may fetch and no others, with evidence of its own."""
    settings = load(settings_file(tmp_path, stand_ins.base_url))
    async with office(stand_ins, tmp_path, settings=settings) as desk:
        _, answer = await plan(desk, APPLICANT, fetch=["residence"])
        async with desk.session.get(f"{desk.url}/.well-known/jwks.json") as reply:
            keys = read_key_set(await reply.read())

    compared, fetched = answer["lookups"]
    residence = paper(answer, "residence")
    assert (residence["fetched"], paper(answer, "identity")["fetched"]) == ([fetched["lookup_id"]], [])
    assert compared["record"] is None
    assert fetched["record"].keys() <= {"permanent_residence", "current_residence"}
    assert fetched["record"]["permanent_residence"]["commune_code"] == HOME["commune_code"]
    assert residence["withheld"] == ["relatives.household_head"]
    assert verified(fetched["evidence"], keys)["record"] == fetched["record"]
    assert fetched["ledger"]["index"] > compared["ledger"]["index"]


async def test_two_papers_of_one_question_are_fetched_together(stand_ins: Running, tmp_path: Path) -> None:
    """Papers about one person share one lookup, which both name; it holds what either of them may fetch."""
    async with office(stand_ins, tmp_path) as desk:
        _, answer = await plan(desk, APPLICANT, fetch=["identity", "residence"])

    _, fetched = answer["lookups"]
    assert paper(answer, "identity")["fetched"] == paper(answer, "residence")["fetched"] == [fetched["lookup_id"]]
    assert {"full_name", "birth_date", "sex", "permanent_residence"} <= fetched["record"].keys()


async def test_nothing_is_fetched_of_a_paper_that_is_not_waived(stand_ins: Running, tmp_path: Path) -> None:
    """Where the name is another's, or nobody is there, no record leaves."""
    async with office(stand_ins, tmp_path) as desk:
        _, misspelt = await plan(desk, changed(APPLICANT, full_name="Nguyễn Văn Mậu"), fetch=["identity", "residence"])
        _, nobody = await plan(desk, {"role": "applicant", "claims": NOBODY | {"sex": "1"}}, fetch=["identity"])

    for answer in (misspelt, nobody):
        assert [one["record"] for one in answer["lookups"]] == [None]
        assert all(one["fetched"] == [] for one in answer["papers"])


async def test_what_no_rule_gives_is_named_and_not_fetched(stand_ins: Running, tmp_path: Path) -> None:
    """A rule that lets everything be compared and gives nothing: the paper is waived, and no second question leaves."""
    given = rule({"dancu.citizen": ["citizen_id"]})
    compares = '[rules.compares]\n"dancu.citizen" = ["full_name", "birth_date", "sex", "permanent_residence"]\n'
    settings = with_policy(settings_for(stand_ins.base_url), policy(given + compares))
    async with office(stand_ins, tmp_path, settings=settings) as desk:
        _, answer = await plan(desk, APPLICANT, fetch=["identity"])

    identity = paper(answer, "identity")
    assert (identity["decision"], identity["fetched"]) == ("waived", [])
    assert identity["withheld"] == ["full_name", "birth_date", "sex", "nationality"]
    assert len(answer["lookups"]) == 1


async def test_a_fetch_that_fails_changes_no_decision(stand_ins: Running, tmp_path: Path) -> None:
    """Where the second question of the minute may not leave, the paper stays waived, and the lookup says why."""
    settings = settings_for(stand_ins.base_url)
    slow = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 1})
    settings = settings.model_copy(update={"consumers": {"one-stop": slow}})
    async with office(stand_ins, tmp_path, settings=settings) as desk:
        _, answer = await plan(desk, APPLICANT, fetch=["identity"])

    _, fetched = answer["lookups"]
    assert decisions(answer)["identity"] == ("waived", "matching")
    assert (fetched["outcome"], fetched["reason"], fetched["record"]) == ("unknown", "overloaded", None)


async def test_a_paper_to_fetch_that_the_case_has_not_is_named(stand_ins: Running, tmp_path: Path) -> None:
    """A name under `fetch` that is no paper of the case is refused with those that there are."""
    async with office(stand_ins, tmp_path) as desk:
        status, problem = await plan(desk, APPLICANT, fetch=["identity", "passport"])

    assert (status, [one["field"] for one in problem["problems"]]) == (422, ["fetch.1"])


async def test_our_own_brakes_ask_for_no_paper(stand_ins: Running, tmp_path: Path) -> None:
    """Where the consumer has asked too much this minute the paper is pending: time alone helps."""
    settings = settings_for(stand_ins.base_url)
    slow = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 1})
    settings = settings.model_copy(update={"consumers": {"one-stop": slow}})
    async with office(stand_ins, tmp_path, settings=settings) as desk:
        _, first = await plan(desk, APPLICANT)
        _, second = await plan(desk, APPLICANT)

    assert decisions(first)["identity"] == ("waived", "matching")
    identity = paper(second, "identity")
    assert (identity["decision"], identity["situation"], identity["cause"]) == ("pending", "overloaded", "not_obtained")
    assert identity["retry_at"] is not None
    assert "không phải lỗi của ông/bà" in identity["citizen_vi"]


async def test_a_one_stop_that_cannot_be_asked_about_its_case_leaves_papers_pending(
    stand_ins: Running, tmp_path: Path
) -> None:
    """Nobody answers for the case just now: the question does not leave, and the paper waits."""
    settings = settings_for(stand_ins.base_url)
    settings = settings.model_copy(update={"cases": CasesSettings(url="http://127.0.0.1:9/cases", deadline_s=0.3)})
    async with office(stand_ins, tmp_path, settings=settings) as desk:
        _, answer = await plan(desk, APPLICANT)

    assert decisions(answer)["identity"] == ("pending", "overloaded")
