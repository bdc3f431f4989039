"""The stand-in for population statistics: what it answers as recorded, and figures that agree with the people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping

import aiohttp
import jsonschema
import pytest

from contracts.reader import CaseFile, load
from mocks import tkds
from mocks.faults import Fault
from mocks.server import Running, running
from tests.conftest import open_desk, settings_for
from tests.policies import granting
from tests.stand_ins.client import PROVINCE, Clock, basic, name_of

TKDS = load("contracts.tkds")
PATH = "/ThongKeDanSo/1.0/traCuuChiTieu"
PEOPLE = {"maChiTieu": "9901", "maDonViHanhChinh": "99", "kyBaoCao": "2026"}


@pytest.fixture
async def statistics(clock: Clock) -> AsyncIterator[Running]:
    async with running(tkds.STAND_IN, province=PROVINCE, now=clock) as served:
        yield served


async def bearer(http: aiohttp.ClientSession, served: Running) -> dict[str, str]:
    headers = basic(tkds.CONSUMER_KEY, tkds.CONSUMER_SECRET)
    form = {"grant_type": "client_credentials"}
    async with http.post(served.url("tkds") + "/token", data=form, headers=headers) as reply:
        return {"Authorization": f"Bearer {(await reply.json())['access_token']}"}


async def ask(
    http: aiohttp.ClientSession, served: Running, keys: Mapping[str, str], headers: dict[str, str], path: str = PATH
) -> tuple[int, str]:
    async with http.get(served.url("tkds") + path, params=keys, headers=headers) as reply:
        return reply.status, await reply.text()


@pytest.mark.parametrize("case", list(TKDS.cases()), ids=name_of)
async def test_the_statistics_stand_in_answers_as_recorded(
    case: CaseFile, statistics: Running, http: aiohttp.ClientSession
) -> None:
    """A recorded question gets the recorded status and body."""
    answer = await ask(http, statistics, case.request.query, await bearer(http, statistics), case.request.path)

    assert answer == (case.response.status, case.response.body)


async def test_figures_agree_with_the_people_who_live_there(statistics: Running, http: aiohttp.ClientSession) -> None:
    """A commune has as many people as the population registry knows there, and the province has all of them."""
    headers = await bearer(http, statistics)
    schema = jsonschema.Draft202012Validator(json.loads(TKDS.schema("indicator.1.schema.json")))
    lives = Counter(PROVINCE.citizen(index).residence.commune_code for index in range(PROVINCE.citizens))
    for area, count in {"99": PROVINCE.citizens, **dict(lives.most_common(20))}.items():
        _, text = await ask(http, statistics, PEOPLE | {"maDonViHanhChinh": area}, headers)
        (row,) = json.loads(text)
        schema.validate([row])
        assert (row["giaTri"], row["maDonViHanhChinh"]) == (count, area)


async def test_what_is_not_counted_is_an_empty_list(statistics: Running, http: aiohttp.ClientSession) -> None:
    """Another indicator or period has no figure; an area that could be a real one is answered by 501."""
    headers = await bearer(http, statistics)
    for change in ({"maChiTieu": "9999"}, {"kyBaoCao": "2020"}, {"maDonViHanhChinh": "99999"}):
        assert await ask(http, statistics, PEOPLE | change, headers) == (200, "[]")
    for area in ("52", "21553", ""):
        assert (await ask(http, statistics, PEOPLE | {"maDonViHanhChinh": area}, headers))[0] == 501


async def test_without_a_statistics_token_the_platform_answers(
    statistics: Running, http: aiohttp.ClientSession
) -> None:
    """No token, a token that was ended, and another path are faults of the platform."""
    old = await bearer(http, statistics)
    async with http.post(f"{statistics.base_url}/_mocks/tkds/expire-token") as reply:
        assert reply.status == 204
    for headers, path, code in [
        ({}, PATH, 900902),
        (old, PATH, 900901),
        (await bearer(http, statistics), "/x", 900906),
    ]:
        _, text = await ask(http, statistics, PEOPLE, headers, path)
        assert json.loads(text)["fault"]["code"] == code


async def test_swapped_figures_are_another_areas(statistics: Running, http: aiohttp.ClientSession) -> None:
    """A swapped answer is of the asked kind and for another area."""
    headers = await bearer(http, statistics)
    statistics.faults.set("tkds", Fault("swap"))

    _, text = await ask(http, statistics, PEOPLE, headers)

    assert [row["maDonViHanhChinh"] for row in json.loads(text)] != ["99"]


async def test_an_indicator_is_asked_for_like_anything_else(statistics: Running) -> None:
    """Through the gateway a figure is found and called assumed, and a period that lies ahead is not asked for."""
    query = {"indicator_code": "9902", "area_code": "99", "period": "2026"}
    async with open_desk(granting(settings_for(statistics.base_url, tkds={}), "tkds.indicator")) as desk:
        status, answer = await desk.ask("tkds.indicator", query)
        wrong, problem = await desk.ask("tkds.indicator", query | {"period": "2199"})

    assert (status, answer["record"]["figures"]) == (200, [{"name": "Số hộ", "unit": "Hộ", "value": "500"}])
    assert answer["provenance"]["basis"] == "assumed"
    assert (wrong, problem["problems"][0]["code"]) == (422, "future")
