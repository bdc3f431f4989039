"""The stand-in for construction permits: what it answers as recorded, its token, the permits of the province."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from itertools import islice

import aiohttp
import jsonschema
import pytest

from contracts.reader import CaseFile, load
from mocks import cpxd
from mocks.cpxd_permits import Permits
from mocks.datdai_land import Land
from mocks.faults import Fault
from mocks.server import Running, running
from tests.conftest import open_desk, settings_for
from tests.policies import granting
from tests.stand_ins.client import PROVINCE, Clock, basic, name_of

CPXD = load("contracts.cpxd")
PERMITS = list(islice(Permits(PROVINCE).permits(), 60))
PATH = "/DVC_BoXayDung/1.0/traCuuGiayPhepXayDung"


@pytest.fixture
async def permits(clock: Clock) -> AsyncIterator[Running]:
    async with running(cpxd.STAND_IN, province=PROVINCE, now=clock) as served:
        yield served


async def bearer(http: aiohttp.ClientSession, served: Running) -> dict[str, str]:
    headers = basic(cpxd.CONSUMER_KEY, cpxd.CONSUMER_SECRET)
    form = {"grant_type": "client_credentials"}
    async with http.post(served.url("cpxd") + "/token", data=form, headers=headers) as reply:
        return {"Authorization": f"Bearer {(await reply.json())['access_token']}"}


async def ask(
    http: aiohttp.ClientSession, served: Running, keys: Mapping[str, str], headers: dict[str, str], path: str = PATH
) -> tuple[int, str]:
    async with http.get(served.url("cpxd") + path, params=keys, headers=headers) as reply:
        return reply.status, await reply.text()


@pytest.mark.parametrize("case", list(CPXD.cases()), ids=name_of)
async def test_the_permit_stand_in_answers_as_recorded(
    case: CaseFile, permits: Running, http: aiohttp.ClientSession
) -> None:
    """A recorded question gets the recorded status and body."""
    answer = await ask(http, permits, case.request.query, await bearer(http, permits), case.request.path)

    assert answer == (case.response.status, case.response.body)


async def test_a_permit_of_the_province_is_for_a_parcel_of_its_holders(
    permits: Running, http: aiohttp.ClientSession
) -> None:
    """A permit is found, fits its schema, and is for a parcel that the land registry knows as its holders' own."""
    headers = await bearer(http, permits)
    schema = jsonschema.Draft202012Validator(json.loads(CPXD.schema("permit.1.schema.json")))
    land = Land(PROVINCE)
    for permit in PERMITS:
        _, text = await ask(http, permits, {"soGiayPhep": permit.number}, headers)
        body = json.loads(text)
        schema.validate(body)
        (found,) = body["result"]["DanhSachGiayPhep"]
        (plot,) = found["DiaDiem"]["ThongTinThuaDat"]
        lot = land.find_parcel(found["DiaDiem"]["MaXa"], plot["SoHieuBanDo"], plot["SoThuTuThua"], is_old=False)
        assert lot is not None
        assert [one["SoDinhDanh"] for one in found["ChuDauTu"]] == [one.citizen_id for one in lot.holders]
        assert found["NgayCap"] == f"{permit.issued_on:%d/%m/%Y}"


async def test_office_and_day_must_fit_too(permits: Running, http: aiohttp.ClientSession) -> None:
    """Asked with its own office and day a permit is found, with others it is not."""
    headers, permit = await bearer(http, permits), PERMITS[0]
    own = {"soGiayPhep": permit.number, "maCoQuanCap": "H99.14", "ngayCap": f"{permit.issued_on:%d/%m/%Y}"}
    for keys, count in [(own, 1), (own | {"maCoQuanCap": "H99.15"}, 0), (own | {"ngayCap": "01/01/2020"}, 0)]:
        _, text = await ask(http, permits, keys, headers)
        assert len(json.loads(text)["result"]["DanhSachGiayPhep"]) == count


async def test_a_free_permit_number_is_absent_and_a_possible_one_not_covered(
    permits: Running, http: aiohttp.ClientSession
) -> None:
    """A number of our own ranges that nobody has is an empty list; any other is answered by 501."""
    headers = await bearer(http, permits)
    for number, status in [("999999999/GPXD", 200), ("990999/GPXD", 200), ("12/GPXD", 501), ("", 501)]:
        got, text = await ask(http, permits, {"soGiayPhep": number}, headers)
        assert got == status, number
        assert status != 200 or json.loads(text)["result"] == {"DanhSachGiayPhep": []}


async def test_without_a_permit_token_the_platform_answers(permits: Running, http: aiohttp.ClientSession) -> None:
    """No token, a token that was ended, and another path are faults of the platform."""
    old = await bearer(http, permits)
    async with http.post(f"{permits.base_url}/_mocks/cpxd/expire-token") as reply:
        assert reply.status == 204
    for headers, path, code in [({}, PATH, 900902), (old, PATH, 900901), (await bearer(http, permits), "/x", 900906)]:
        _, text = await ask(http, permits, {"soGiayPhep": "990001/GPXD"}, headers, path)
        assert json.loads(text)["fault"]["code"] == code


async def test_a_swapped_permit_is_another(permits: Running, http: aiohttp.ClientSession) -> None:
    """A swapped answer is of the asked kind and has another number."""
    headers = await bearer(http, permits)
    permits.faults.set("cpxd", Fault("swap"))

    _, text = await ask(http, permits, {"soGiayPhep": PERMITS[0].number}, headers)

    (found,) = json.loads(text)["result"]["DanhSachGiayPhep"]
    assert found["SoGiayPhep"] != PERMITS[0].number


async def test_a_permit_is_asked_for_like_anything_else(permits: Running) -> None:
    """Through the gateway a permit is found, its basis is told, and its holders' numbers are withheld."""
    permit = PERMITS[0]
    settings = settings_for(permits.base_url, cpxd={})
    async with open_desk(granting(settings, "cpxd.permit")) as desk:
        status, answer = await desk.ask("cpxd.permit", {"permit_number": permit.number})

    assert (status, answer["outcome"]) == (200, "found")
    assert answer["provenance"]["basis"] == "assumed"
    assert [list(one) for one in answer["record"]["holders"]] == [["full_name"]] * len(permit.lot.holders)
    assert {"holders.citizen_id", "holders.old_number"} <= set(answer["withheld"])
