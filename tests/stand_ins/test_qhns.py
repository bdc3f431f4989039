"""The stand-in for budget codes: what it answers as recorded, its token, the codes of the province."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import jsonschema
import pytest

from contracts.reader import CaseFile, load
from mocks import qhns
from mocks.faults import Fault
from mocks.qhns_codes import PROJECTS, UNITS, BudgetCodes
from mocks.server import Running, running
from tests.conftest import open_desk, settings_for
from tests.policies import granting
from tests.stand_ins.client import PROVINCE, Clock, basic, name_of

QHNS = load("contracts.qhns")
CODES = BudgetCodes(PROVINCE)
PATH = "/CapMSDVQHNS/1.0/traCuu"


@pytest.fixture
async def budget(clock: Clock) -> AsyncIterator[Running]:
    async with running(qhns.STAND_IN, province=PROVINCE, now=clock) as served:
        yield served


async def bearer(http: aiohttp.ClientSession, served: Running) -> dict[str, str]:
    headers = basic(qhns.CONSUMER_KEY, qhns.CONSUMER_SECRET)
    form = {"grant_type": "client_credentials"}
    async with http.post(served.url("qhns") + "/token", data=form, headers=headers) as reply:
        return {"Authorization": f"Bearer {(await reply.json())['access_token']}"}


async def ask(
    http: aiohttp.ClientSession, served: Running, code: str, headers: dict[str, str], path: str = PATH
) -> tuple[int, str]:
    async with http.get(served.url("qhns") + path, params={"maSo": code}, headers=headers) as reply:
        return reply.status, await reply.text()


@pytest.mark.parametrize("case", list(QHNS.cases()), ids=name_of)
async def test_the_budget_stand_in_answers_as_recorded(
    case: CaseFile, budget: Running, http: aiohttp.ClientSession
) -> None:
    """A recorded question gets the recorded status and body."""
    (code,) = case.request.query.values()

    answer = await ask(http, budget, code, await bearer(http, budget), case.request.path)

    assert answer == (case.response.status, case.response.body)


async def test_units_and_projects_of_the_province_are_found(budget: Running, http: aiohttp.ClientSession) -> None:
    """Each is found by its code in an answer that fits its schema; a project's investor is one of the units."""
    headers = await bearer(http, budget)
    for kind, codes in {
        "unit": [CODES.unit(index).code for index in range(30)],
        "project": [CODES.project(index).code for index in range(30)],
    }.items():
        schema = jsonschema.Draft202012Validator(json.loads(QHNS.schema(f"{kind}.1.schema.json")))
        for code in codes:
            status, text = await ask(http, budget, code, headers)
            body = json.loads(text)
            schema.validate(body)
            assert (status, body["result"]["MA_DVQHNS"]) == (200, code)
            investor = body["result"].get("MA_CHU_DAU_TU")
            assert investor is None or CODES.find_unit(investor) is not None


def test_every_budget_code_of_the_province_leads_back_to_its_own() -> None:
    """A code finds the unit or project that has it, and nothing of the other kind."""
    units = [CODES.unit(index) for index in range(UNITS)]
    projects = [CODES.project(index) for index in range(PROJECTS)]

    assert [CODES.find_unit(unit.code) for unit in units] == units
    assert [CODES.find_project(project.code) for project in projects] == projects
    assert not any(map(CODES.find_unit, (project.code for project in projects)))
    assert sum(unit.superior_code is None for unit in units) == 1


async def test_a_free_budget_code_is_absent_and_a_possible_one_not_covered(
    budget: Running, http: aiohttp.ClientSession
) -> None:
    """A code of our own ranges that nobody has is null; any other is answered by 501."""
    headers = await bearer(http, budget)
    free = next(code for code in (f"199{serial:04}" for serial in range(10_000)) if CODES.find_unit(code) is None)
    for code in (free, "2990001", "7990001"):
        status, text = await ask(http, budget, code, headers)
        assert (status, json.loads(text)["result"]) == (200, None)
    for code in ("1000001", "8000001", "", "x"):
        assert (await ask(http, budget, code, headers))[0] == 501


async def test_without_a_token_the_platform_answers(budget: Running, http: aiohttp.ClientSession) -> None:
    """No token, a token that was ended, and another path are faults of the platform."""
    old = await bearer(http, budget)
    async with http.post(f"{budget.base_url}/_mocks/qhns/expire-token") as reply:
        assert reply.status == 204
    for headers, path, code in [
        ({}, PATH, 900902),
        (old, PATH, 900901),
        (await bearer(http, budget), "/x", 900906),
    ]:
        _, text = await ask(http, budget, "1990001", headers, path)
        assert json.loads(text)["fault"]["code"] == code


@pytest.mark.parametrize("code", [CODES.unit(0).code, CODES.project(0).code])
async def test_a_swapped_budget_answer_is_about_another(
    code: str, budget: Running, http: aiohttp.ClientSession
) -> None:
    """A swapped answer is of the asked kind and has another code."""
    headers = await bearer(http, budget)
    budget.faults.set("qhns", Fault("swap"))

    _, text = await ask(http, budget, code, headers)

    swapped = json.loads(text)["result"]["MA_DVQHNS"]
    assert (swapped != code, swapped[:1]) == (True, code[:1])


async def test_a_unit_is_asked_for_like_anything_else(budget: Running) -> None:
    """Through the gateway a unit is found, its basis is told, and a project's code is no unit's."""
    unit = CODES.unit(1)
    settings = settings_for(budget.base_url, qhns={})
    async with open_desk(granting(settings, "qhns.unit")) as desk:
        status, answer = await desk.ask("qhns.unit", {"unit_code": unit.code})
        wrong, problem = await desk.ask("qhns.unit", {"unit_code": CODES.project(0).code})

    assert (status, answer["outcome"], answer["record"]["name"]) == (200, "found", unit.name)
    assert answer["provenance"]["basis"] == "assumed"
    assert (wrong, problem["reason"]) == (422, "invalid")
