"""The licence stand-in: what it answers as recorded, session and key, the dossiers and licences of the province."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any

import aiohttp
import jsonschema
import pytest

from contracts.reader import CaseFile, load
from mocks import gplx
from mocks.faults import Fault
from mocks.gplx_people import OFFICES, Licence, Licences
from mocks.server import Running, running
from mocks.stand_in import UnknownCommand, World
from tests.stand_ins.client import PROVINCE, Clock, name_of

CONTRACT = load("contracts.gplx")
LICENCES = Licences(PROVINCE)
SERVICE, MINISTRY = "/apiDVC-GPLX/tcdbdvcdata/mapi/g", "/apiGTVT/danhsachhoso"
DAY = date(2026, 2, 27)
KEYS = {"MaDonVi": "99001", "ApiKey": gplx.API_KEY, "Authorization": f"Bearer {gplx.API_KEY}"}
ASKED = {"Start": "-1", "End": "-1", "GovAgencyCode": "99001", "APIKey": gplx.API_KEY}
DAYS = {"ReceiveToDate": "27/02/2026", "ReceiveFromDate": "27/02/2026"}


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[Running]:
    """This stand-in alone."""
    async with running(gplx.STAND_IN, province=PROVINCE, now=clock) as served:
        yield served


async def log_in(http: aiohttp.ClientSession, server: Running, password: str = gplx.PASSWORD) -> dict[str, Any]:
    body = {"username": gplx.USERNAME, "password": password}
    async with http.post(server.url("gplx") + SERVICE.removesuffix("g") + "login", json=body) as reply:
        return dict(await reply.json())


async def ask(
    http: aiohttp.ClientSession, server: Running, service: str, session: str | None = None, **members: str
) -> tuple[int, Any]:
    opened = session if session is not None else (await log_in(http, server))["session"]
    body = {"session": opened, "service": service, "donViXuLy": "99001"} | members
    async with http.post(server.url("gplx") + SERVICE, json=body) as reply:
        return reply.status, await reply.json(content_type=None)


async def list_of_ministry(
    http: aiohttp.ClientSession, server: Running, headers: Mapping[str, str] = KEYS, **query: str
) -> Any:
    params = ASKED | DAYS | query
    async with http.get(server.url("gplx") + MINISTRY, params=params, headers=headers) as reply:
        assert reply.status == 200
        return await reply.json()


def holders(count: int) -> list[Licence]:
    return [one for one in map(LICENCES.of, map(PROVINCE.citizen, range(2000))) if one is not None][:count]


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(CONTRACT.schema(f"{name}.schema.json")))


@pytest.mark.parametrize("case", list(CONTRACT.cases()), ids=name_of)
async def test_the_licence_stand_in_answers_as_recorded(
    case: CaseFile, server: Running, http: aiohttp.ClientSession
) -> None:
    """A recorded question gets the recorded status and body."""
    url = server.url("gplx") + case.request.path
    if case.request.method == "GET":
        query = dict(case.request.query) | {"APIKey": gplx.API_KEY}
        async with http.get(url, params=query, headers=KEYS) as reply:
            status, text = reply.status, await reply.text()
    else:
        body = (case.request.body or "").replace("{session}", (await log_in(http, server))["session"])
        async with http.post(url, data=body.encode(), headers={"Content-Type": "application/json"}) as reply:
            status, text = reply.status, await reply.text()

    assert (status, text) == (case.response.status, case.response.body)
    assert [entry.matched for entry in server.journal][-1] == f"case:{case.name}"


async def test_a_day_leads_to_states_files_and_licences(server: Running, http: aiohttp.ClientSession) -> None:
    """Each dossier of a day can be asked for; its applicant is of the province, and his licence is the one listed."""
    _, listed = await ask(http, server, "DanhSachHoSo", ngayNhan1="2026-02-27", ngayNhan2="2026-02-27")
    validator("dossiers.dvc").validate(listed)
    assert [row["maHoSo"] for row in listed["data"]] == [one.number for one in LICENCES.received("99001", DAY)]
    for row in listed["data"]:
        citizen = PROVINCE.find_citizen(row["soCmnd"])
        assert citizen is not None
        assert row["hoTen"] == citizen.registered_name == f"{row['hoDem']} {row['ten']}"
        assert {one["sogplx"] for one in row["gplxDaCap"]} == {
            one.number for one in [LICENCES.of(citizen)] if one is not None
        }
        _, state = await ask(http, server, "TraCuuHoSo", mahoso=row["maHoSo"])
        validator("dossier.dvc").validate(state)
        assert state["data"][0]["HoTenNguoiNop"] == row["hoTen"]
        _, file = await ask(http, server, "LayTaiLieuHoSo", duongdanteptin=row["hoSoDinhKem"][0]["filedinhkem"])
        validator("document.dvc").validate(file)
        assert file["TepTinDinhKem"][0]["DuongDan"] == row["hoSoDinhKem"][0]["filedinhkem"]


async def test_the_ministrys_list_is_of_the_same_day(server: Running, http: aiohttp.ClientSession) -> None:
    """The same dossiers, in the Ministry's names."""
    listed = await list_of_ministry(http, server)

    validator("dossiers.gtvt").validate(listed)
    assert [row["MaHoSo"] for row in listed["data"]] == [one.number for one in LICENCES.received("99001", DAY)]
    assert listed["total"] == len(listed["data"])


async def test_a_licence_is_found_by_both_numbers(server: Running, http: aiohttp.ClientSession) -> None:
    """Its own number and its holder's lead to one licence; another name or birth date to none."""
    for licence in holders(20):
        citizen = licence.holder
        good = {"hoten": citizen.full_name, "ngaysinh": citizen.birth_date, "sogplx": "", "socmnd": ""}
        for number in ({"sogplx": licence.number}, {"socmnd": citizen.citizen_id}):
            _, found = await ask(http, server, "TraCuuGPLX", **(good | number))
            validator("licence.tracuu").validate(found)
            assert (found["data"][0]["sogplx"], found["data"][0]["socmnd"]) == (licence.number, citizen.citizen_id)
            for wrong in ({"hoten": "Người Khác"}, {"ngaysinh": "1801-01-01"}):
                assert (await ask(http, server, "TraCuuGPLX", **(good | number | wrong)))[1]["data"] == []


async def test_what_nobody_has_is_empty_and_what_might_be_real_not_covered(
    server: Running, http: aiohttp.ClientSession
) -> None:
    """A Sunday, a free dossier number, a free licence are empty lists; anything that may be real is 501."""
    for service, members in [
        ("DanhSachHoSo", {"ngayNhan1": "2026-02-22", "ngayNhan2": "2026-02-22"}),
        ("TraCuuHoSo", {"mahoso": "G01.99-260222-000001"}),
        ("TraCuuGPLX", {"sogplx": "990153999999", "hoten": "X", "ngaysinh": "1980-01-01"}),
    ]:
        assert await ask(http, server, service, **members) == (200, {"error_code": "0", "data": []})
    for service, members in [
        ("DanhSachHoSo", {"ngayNhan1": "2026-02-27", "ngayNhan2": "2026-02-27", "donViXuLy": "01001"}),
        ("DanhSachHoSo", {"ngayNhan1": "27/02/2026", "ngayNhan2": "27/02/2026"}),
        ("TraCuuHoSo", {"mahoso": "G01.01-260222-000001"}),
        ("LayTaiLieuHoSo", {"duongdanteptin": "/etc/passwd"}),
        ("TraCuuGPLX", {"sogplx": "010150000001", "hoten": "X", "ngaysinh": "1980-01-01"}),
        ("Khac", {}),
    ]:
        assert (await ask(http, server, service, **members))[0] == 501


async def test_the_session_service_opens_to_its_newest_session(server: Running, http: aiohttp.ClientSession) -> None:
    """A wrong password gives a code and no session; without a living session the code is -3, under HTTP 200."""
    assert await log_in(http, server, "guess") == {"error_code": "-1", "result": "fail", "session": None}
    old = (await log_in(http, server))["session"]
    await log_in(http, server)
    for session in (old, "guess", ""):
        answer = await ask(http, server, "DanhSachHoSo", session, ngayNhan1="2026-02-27", ngayNhan2="2026-02-27")
        assert answer == (200, {"error_code": "-3", "data": None})


async def test_the_ministrys_key_must_come_three_times(server: Running, http: aiohttp.ClientSession) -> None:
    """What is missing, unlike or wrong has an error of its own, under HTTP 200."""
    without = {name: value for name, value in KEYS.items() if name != "ApiKey"}
    other = {"APIKey": "x"}
    for headers, query, code in [
        (KEYS, {"GovAgencyCode": ""}, -300),
        ({name: value for name, value in KEYS.items() if name != "MaDonVi"}, {}, -300),
        (without, {}, -301),
        (KEYS, {"APIKey": ""}, -301),
        (KEYS | {"ApiKey": "x", "Authorization": "Bearer x"}, other, -302),
        (KEYS, {"GovAgencyCode": "01001"}, -303),
        (KEYS, other, -304),
    ]:
        assert await list_of_ministry(http, server, headers, **query) == {"error_code": code}


@pytest.mark.parametrize("service", ["DanhSachHoSo", "TraCuuHoSo", "LayTaiLieuHoSo", "TraCuuGPLX", "apiGTVT"])
async def test_a_swapped_licence_answer_is_about_another(
    service: str, server: Running, http: aiohttp.ClientSession
) -> None:
    """A swapped answer is of the asked kind, and about another day, dossier, file or licence."""
    dossier, licence = LICENCES.received("99001", DAY)[0], holders(1)[0]
    asked = {"ngayNhan1": DAY.isoformat(), "ngayNhan2": DAY.isoformat(), "mahoso": dossier.number}
    asked |= {"duongdanteptin": dossier.file, "sogplx": licence.number, "socmnd": licence.holder.citizen_id}
    session = (await log_in(http, server))["session"]
    server.faults.set("gplx", Fault("swap"))

    if service == "apiGTVT":
        answer = await list_of_ministry(http, server)
    else:
        _, answer = await ask(http, server, service, session, **asked)

    text = json.dumps(answer, ensure_ascii=False)
    assert answer.get("data") or answer.get("TepTinDinhKem")
    assert dossier.number not in text
    assert f'"{licence.number}"' not in text or service != "TraCuuGPLX"


def test_licences_are_unique_and_lead_back(clock: Clock) -> None:
    """No two people have one licence, children none; each number leads back, and dossiers of every office do."""
    people = holders(2000)

    assert len({one.number for one in people}) == len(people) > 500
    assert all(LICENCES.find(one.number) == one for one in people)
    assert all(one.number.startswith("99") and one.serial.startswith("XX") for one in people)
    assert min(PROVINCE.today.year - one.holder.born.year for one in people) >= 20
    for office in OFFICES:
        assert all(LICENCES.find_dossier(one.number) == one for one in LICENCES.received(office, DAY))
    assert LICENCES.received("99001", date(2026, 3, 2)) == ()
    with pytest.raises(UnknownCommand):
        gplx.STAND_IN(World(PROVINCE, clock)).admin("dance")
