"""
Every paper of the packaged catalogue through a whole gateway, with the registries in each of their states.

The other half of the promise is walked without registries in `test_deciding`: every paper with every state of every
question. Here each kind of paper is asked for as its registry's stand-in answers: what a case file has, nobody, faults.
Ways of several questions, and earlier results, are walked in `test_paper_ways`.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.procedures.catalogue import Alternative, Kind, Paper, Question
from gateway.procedures.reading import packaged
from gateway.procedures.words import Clause
from gateway.settings_papers import ProceduresSettings
from mocks.faults import Fault
from mocks.gplx_people import Licences
from mocks.province import Province
from mocks.server import Running, running
from tests.conftest import INQUIRY, Desk, MovableClock, open_desk, settings_for
from tests.policies import policy, rule, with_policy
from tests.registries import section

CATALOGUE = packaged()
CONTRACTS = Path(__file__).parents[1] / "contracts"
SOUND = {
    "dancu.citizen": ("found-qcvn109", "found"),
    "hotich.marital_status": ("unknown-extra-field",),
    "datdai.certificate": ("found-couple", "found-eight-digits", "found-spaced", "found"),
    "dkdn.enterprise": ("found-dkkd",),
    "cpxd.permit": ("found",),
    "bhxh.participant": ("found",),
    "bhxh.card": ("found-by-citizen-id",),
    "gplx.licence": (),
}
"""Case files in which a record has everything and is in force; of several the first that has what a question needs. No
case file has a licence in force today, so one of the synthetic province's does."""
NOT_SOUND = {
    "dkdn.enterprise": {"suspended-dkkd": "not_in_force"},
    "datdai.certificate": {"found-restricted": "not_in_force", "restrictions-not-told": "force_unclear"},
    "cpxd.permit": {"withdrawn": "force_unclear"},
}
"""Case files of records that fit and must not stand for a paper, with what each comes to."""
FAULTS = {"reset": "unreachable", "garbage": "malformed", "throttle": "throttled", "silence": "timeout"}
REGISTRIES: dict[str, dict[str, Any]] = {
    "dkdn": {"contract": "dkkd"},
    "hotich": {"contract": "province"},
    "bhxh": {"contract": "ngsp"},
    "datdai": {"contract": "central"},
    "cpxd": {},
    "gplx": {"contract": "tracuu"},
    "khodlg": {},
}


BY_NAME = {"dancu.citizen": ["*", "relatives"], "datdai.certificate": ["*", "holders.citizen_id"]}
"""What a rule gives by its name alone."""


@dataclass(frozen=True)
class Way:
    """One way to replace a kind of paper, with claims that its registries confirm."""

    kind: str
    way: Alternative
    claims: Mapping[str, Any]

    @property
    def subject(self) -> dict[str, Any]:
        coverage = {self.way.coverage.id: True} if self.way.coverage is not None else {}
        return {"claims": dict(self.claims), "coverage": coverage}


def case(dataset: str, name: str) -> dict[str, Any]:
    registry, _, noun = dataset.partition(".")
    return tomllib.loads((CONTRACTS / registry / noun / f"{name}.toml").read_text(encoding="utf-8"))


def at(value: Any, path: str) -> Any:
    for step in path.split("."):
        while isinstance(value, list):
            value = value[0] if value else None
        value = value.get(step) if isinstance(value, dict) else None
    return value


def claimed(question: Question, name: str) -> dict[str, Any] | None:
    """The claims that fit a case file's record; None where it lacks something."""
    read = case(question.dataset, name)
    claims = {key: read["query"].get(key) for key in question.keys}
    for field in question.match:
        value = at(read["record"], field)
        is_code = isinstance(value, dict) and "code" in value
        claims.setdefault(field, {"code": value["code"], "list": value["list"]} if is_code else value)
    return None if None in claims.values() else claims


def licence() -> dict[str, Any]:
    """A licence of the synthetic province whose last class ends in some years."""
    province = Province()
    given = (Licences(province).of(province.citizen(index)) for index in range(1000))
    one = next(one for one in given if one and one.status == "1" and one.classes[-1].expires_on)
    number, last = {"licence_number": one.number}, {"classes.licence_class": one.classes[-1].name}
    return number | {"full_name": one.holder.full_name, "birth_date": one.holder.birth_date} | last


def ways() -> Iterator[Way]:
    """Every way of the catalogue that case files can answer."""
    for name, kind in CATALOGUE.kinds.items():
        for way in kind.alternatives:
            if way.first or len(way.questions) > 1:
                continue
            (question,) = way.questions
            found = [one for one in (claimed(question, case) for case in SOUND[question.dataset]) if one]
            found += [licence()] if question.dataset == "gplx.licence" else []
            if found:
                yield Way(name, way, found[0])


WAYS = tuple(ways())


def papers() -> Iterator[tuple[str, str, Paper, Kind]]:
    for code, procedure in CATALOGUE.procedures.items():
        for one in procedure.cases:
            for paper in one.papers:
                yield code, one.id, paper, CATALOGUE.kinds[paper.kind]


def kinds_file() -> str:
    """A procedure for each kind, and everything published."""
    published = "\n".join(f'"{dataset}" = 2026-01-01' for dataset in CATALOGUE.datasets())
    text = [f"[published]\n{published}\n"]
    for nth, name in enumerate(CATALOGUE.kinds):
        text.append(f"""
[procedures."9.{nth:06}"]
title = "Thủ tục thử {nth}"
title_en = "Procedure {nth}"
levels = ["province"]
decision = "1/QĐ-UBND"
source = "portal"
[[procedures."9.{nth:06}".cases]]
id = "general"
papers = [{{id = "paper", kind = "{name}", role = "applicant", clause = "A"}}]
""")
    return "".join(text)


@asynccontextmanager
async def office(folder: Path) -> AsyncIterator[tuple[Desk, Running, MovableClock]]:
    """A gateway with every registry that papers are replaced from, on a day that can be moved for all of them."""
    clock = MovableClock()
    async with running(now=lambda: clock.now().timestamp()) as stand_ins, _opened(stand_ins, folder, clock) as desk:
        yield desk, stand_ins, clock


@asynccontextmanager
async def _opened(stand_ins: Running, folder: Path, clock: MovableClock) -> AsyncIterator[Desk]:
    (folder / "own.toml").write_text(kinds_file(), encoding="utf-8")
    settings = settings_for(stand_ins.base_url, **REGISTRIES)
    portal = type(settings.registries["bhxh"]).model_validate(section("bhxh", "gdbhyt2024", stand_ins.base_url))
    granted = {one.replace("bhxh.card", "gdbhyt.card"): ["*"] for one in CATALOGUE.datasets()}
    settings = with_policy(settings, policy(rule(granted | BY_NAME)))
    more = {"registries": settings.registries | {"gdbhyt": portal}, "procedures": ProceduresSettings(folder=folder)}
    consumer = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 10**9})
    async with open_desk(settings.model_copy(update=more | {"consumers": {"one-stop": consumer}}), clock) as desk:
        yield desk


async def plan(desk: Desk, procedure: str, *subjects: Any, **more: Any) -> dict[str, Any]:
    body = {"inquiry": INQUIRY | {"procedure": procedure}, "subjects": list(subjects)} | more
    status, answer = await desk.post("/v1/paper-plans", body)
    assert status == 200, answer
    return answer


async def decided(desk: Desk, way: Way, **more: Any) -> dict[str, Any]:
    """The paper of one kind, as a plan about one subject decides it."""
    subject = way.subject | {"role": "applicant"}
    code = f"9.{list(CATALOGUE.kinds).index(way.kind):06}"
    (paper,) = (await plan(desk, code, subject, **more))["papers"]
    return dict(paper)


def otherwise(way: Way) -> Iterator[Way]:
    """The same with one claim that is not true, for each claim that the registry is compared with."""
    (question,) = way.way.questions
    for field in question.match:
        if field in question.keys:
            continue  # another number or date asks about somebody else
        value = way.claims[field]
        lie: Any = "Kẻ Khác Hẳn"
        if isinstance(value, dict):
            lie = (
                {"code": "9", "list": value["list"]}
                if "code" in value
                else {"province_code": "01", "full_text": "Hà Nội"}
            )
        elif field.endswith("citizen_id"):
            lie = "000099000123"
        elif field == "birth_date":
            lie = "1961-12-24"
        yield Way(way.kind, way.way, {**way.claims, field: lie})


# --- found -----------------------------------------------------------------------------------------


def test_the_walk_has_a_record_for_every_kind_that_can_be_asked_for() -> None:
    """Each kind of paper that a registry replaces has a case file that confirms it, and each dataset has one."""
    kinds = {name for name, kind in CATALOGUE.kinds.items() if kind.alternatives}

    assert {way.kind for way in WAYS} == kinds - {"representative_identity"}
    assert set(SOUND) == set(CATALOGUE.datasets()) - {"khodlg.result"}


async def test_what_is_found_complete_matching_and_in_force_is_waived(tmp_path: Path) -> None:
    """Every paper of every procedure that has a clause is waived, and each paper of its case has one decision."""
    async with office(tmp_path) as (desk, _, _):
        for code, case_id, paper, kind in papers():
            asked = [way for way in WAYS if way.kind == paper.kind]
            for way in asked or [None]:
                subjects = [way.subject | {"role": paper.role}] if way else []
                answer = await plan(desk, code, *subjects, case=case_id)
                by_id = {one["id"]: one for one in answer["papers"]}
                place = f"{code}.{paper.id}"
                assert len(by_id) == len(answer["papers"]), place
                if paper.clause is Clause.N:
                    assert by_id[paper.id]["situation"] == "no_clause", place
                elif not kind.alternatives:
                    assert by_id[paper.id]["situation"] == "no_registry", place
                else:
                    assert (by_id[paper.id]["decision"], place) == ("waived", place)
                    assert by_id[paper.id]["cause"] is None, place


async def test_one_claim_that_is_not_true_keeps_every_kind_of_paper(tmp_path: Path) -> None:
    """
    Whichever claim is another than the record's: the paper is asked for, as inaccurate. The invented communes stand in
    no list of units, so another address says nothing about them, and an officer looks.
    """
    async with office(tmp_path) as (desk, _, _):
        for way in WAYS:
            for lie in otherwise(way):
                paper = await decided(desk, lie)
                (lied,) = [one for one in paper["verdicts"] if lie.claims[one["field"]] != way.claims[one["field"]]]
                told = ("officer", "not_comparable") if "residence" in lied["field"] else ("required", "mismatch")
                assert (paper["decision"], paper["situation"]) == told, (way.kind, lied)
                assert lied["verdict"] == told[1]


async def test_what_was_not_declared_keeps_every_kind_of_paper(tmp_path: Path) -> None:
    """Without one of the claims the question does not leave, and the officer reads which one is missing."""
    async with office(tmp_path) as (desk, _, _):
        for way in WAYS:
            for name in way.claims:
                claims = {one: value for one, value in way.claims.items() if one != name}
                paper = await decided(desk, Way(way.kind, way.way, claims))
                assert (paper["decision"], paper["situation"]) == ("officer", "not_asked"), (way.kind, name)
                assert name in paper["missing"]


# --- in force --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "name", "situation"),
    [(dataset, name, word) for dataset, several in NOT_SOUND.items() for name, word in several.items()],
)
async def test_what_is_not_in_force_stands_for_no_paper(
    tmp_path: Path, dataset: str, name: str, situation: str
) -> None:
    """A suspended firm, a mortgaged parcel, a withdrawn permit fit what was declared, and an officer looks."""
    seen = 0
    async with office(tmp_path) as (desk, _, _):
        for kind, way in {(way.kind, way.way) for way in WAYS}:
            (question,) = way.questions
            claims = claimed(question, name) if question.dataset == dataset else None
            tells = {condition.field for condition in question.in_force}
            if claims is None or not tells or ("restrict" in name and "restrictions" not in tells):
                continue
            paper = await decided(desk, Way(kind, way, claims))
            assert (paper["decision"], paper["situation"]) == ("officer", situation), kind
            assert [one for one in paper["standings"] if one["standing"] != "in_force" and one["reason_vi"]]
            seen += 1

    assert seen


async def test_what_runs_out_is_waived_until_its_last_day(tmp_path: Path) -> None:
    """A permit and a card are waived on one day, and looked at by an officer two years later, for that reason."""
    async with office(tmp_path) as (desk, _, clock):
        ending = [way for way in WAYS if any(one.last_day for one in way.way.questions[0].in_force)]
        now = [(await decided(desk, way))["situation"] for way in ending]
        clock.advance(timedelta(days=20 * 365).total_seconds())
        later = [await decided(desk, way) for way in ending]

    assert {way.kind for way in ending} == {"building_permit", "insurance_card", "driving_licence"}
    assert now == ["matching"] * len(ending)
    assert [one["situation"] for one in later] == ["not_in_force"] * len(ending)
    assert all("day_passed" in {standing["ground"] for standing in one["standings"]} for one in later)


# --- nothing found, nothing answered ---------------------------------------------------------------


async def test_nobody_is_absent_and_a_young_register_proves_nothing(tmp_path: Path) -> None:
    """The same question about somebody who is not there: required, but for marital status, where an officer looks."""
    async with office(tmp_path) as (desk, _, _):
        for way in WAYS:
            (question,) = way.way.questions
            nobody = {
                key: value for key, value in case(question.dataset, "absent")["query"].items() if key in way.claims
            }
            paper = await decided(desk, Way(way.kind, way.way, {**way.claims, **nobody}))
            young = way.kind == "marital_status"
            told = ("officer", "absent_unsure") if young else ("required", "absent")
            assert (paper["decision"], paper["situation"]) == told, way.kind


@pytest.mark.parametrize(("fault", "reason"), FAULTS.items())
async def test_a_registry_that_fails_waives_nothing_and_makes_nobody_absent(
    tmp_path: Path, fault: str, reason: str
) -> None:
    """Whichever way registries fail: no paper is waived, and none is said to be absent or the citizen's fault."""
    passing = {"unreachable", "throttled", "timeout", "circuit_open"}
    async with office(tmp_path) as (desk, stand_ins, _):
        for way in WAYS:  # log in first: a fault in a log-in is another one
            await decided(desk, way)
        for registry in {dataset.partition(".")[0] for dataset in CATALOGUE.datasets()}:
            stand_ins.faults.set(registry, Fault(fault))
        told = await asyncio.gather(*(decided(desk, way, deadline_s=0.5) for way in WAYS))

    for paper in told:
        assert paper["situation"] in {reason, "circuit_open"}
        assert paper["decision"] == ("pending" if paper["situation"] in passing else "required")
        assert paper["cause"] == "not_obtained"
        assert "cập nhật" not in paper["citizen_vi"]
