"""The insurance stand-in: what it answers as recorded, its two log-ins, the insured of the province."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import jsonschema
import pytest

from contracts.reader import CaseFile, load
from mocks import bhxh
from mocks.bhxh_people import Insurance, Insured
from mocks.faults import Fault
from mocks.server import Running, running
from mocks.stand_in import UnknownCommand, World
from tests.stand_ins.client import PROVINCE, Clock, basic, name_of

CONTRACT = load("contracts.bhxh")
INSURANCE = Insurance(PROVINCE)
PORTAL = "/api/egw/KQNhanLichSuKCB2024"
NUMBER, PARTICIPANT, HOUSEHOLD = (
    f"/apiBHXH/1.0/{name}" for name in ("getMaSoBhxhTheoTieuChi", "getTraCuuTtHgdByMaSoBhxh", "getTraCuuThongTinHgd")
)


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[Running]:
    """This stand-in alone."""
    async with running(bhxh.STAND_IN, province=PROVINCE, now=clock) as served:
        yield served


def hashed(password: str) -> str:
    return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()


async def take(http: aiohttp.ClientSession, server: Running, password: str = bhxh.PASSWORD) -> dict[str, Any]:
    body = {"username": bhxh.USERNAME, "password": hashed(password)}
    async with http.post(server.url("bhxh") + "/api/token/take", json=body) as reply:
        return dict(await reply.json())


async def portal_query(http: aiohttp.ClientSession, server: Running) -> dict[str, str]:
    key = (await take(http, server))["APIKey"]
    names = {"token": key["access_token"], "id_token": key["id_token"]}
    return names | {"username": bhxh.USERNAME, "password": hashed(bhxh.PASSWORD)}


async def bearer(http: aiohttp.ClientSession, server: Running) -> dict[str, str]:
    headers = basic(bhxh.CONSUMER_KEY, bhxh.CONSUMER_SECRET)
    form = {"grant_type": "client_credentials"}
    async with http.post(server.url("bhxh") + "/token", data=form, headers=headers) as reply:
        return {"Authorization": f"Bearer {(await reply.json())['access_token']}"}


async def ask(
    http: aiohttp.ClientSession, server: Running, path: str, members: Mapping[str, str] | str
) -> tuple[int, Mapping[str, str], str]:
    """Logs in as the path wants it, and asks."""
    on_portal = path.startswith("/api/")
    query = await portal_query(http, server) if on_portal else {}
    headers = {"Content-Type": "application/json"} | ({} if on_portal else await bearer(http, server))
    body = members if isinstance(members, str) else json.dumps(members)
    async with http.post(server.url("bhxh") + path, params=query, data=body.encode(), headers=headers) as reply:
        return reply.status, reply.headers, await reply.text()


def question(insured: Insured, **changes: str) -> dict[str, str]:
    citizen = insured.citizen
    born = str(citizen.born.year) if citizen.year_only else f"{citizen.born:%d/%m/%Y}"
    return {"maThe": insured.card, "hoTen": citizen.full_name, "ngaySinh": born} | changes


def insured_people(count: int) -> list[Insured]:
    found = [one for one in map(INSURANCE.of, map(PROVINCE.citizen, range(2000))) if one is not None]
    return found[:count]


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(CONTRACT.schema(f"{name}.schema.json")))


@pytest.mark.parametrize("case", list(CONTRACT.cases()), ids=name_of)
async def test_the_insurance_stand_in_answers_as_recorded(
    case: CaseFile, server: Running, http: aiohttp.ClientSession
) -> None:
    """A recorded question gets the recorded status, headers and body."""
    status, headers, text = await ask(http, server, case.request.path, case.request.body or "")

    assert (status, text) == (case.response.status, case.response.body)
    assert headers.items() >= dict(case.response.headers).items()
    assert [entry.matched for entry in server.journal] == ["nothing", f"case:{case.name}"]


async def test_a_card_is_found_by_each_of_its_numbers(server: Running, http: aiohttp.ClientSession) -> None:
    """Card, social-insurance number and personal number lead to one card, in an answer that fits the schema."""
    for insured in insured_people(20):
        citizen = insured.citizen
        for number in (insured.card, insured.number, citizen.citizen_id):
            _, _, text = await ask(http, server, PORTAL, question(insured, maThe=number))
            body = json.loads(text)
            validator("card.gdbhyt2024").validate(body)
            assert (body["maThe"], body["hoTen"]) == (insured.card, citizen.full_name)
            assert (body["maKetQua"], body["diaChi"]) == (insured.result, citizen.residence.full_text)


async def test_the_older_portal_names_its_history_otherwise(server: Running, http: aiohttp.ClientSession) -> None:
    """In the version of 595 stays last from one day to another, and nothing is said of checks."""
    insured = next(one for one in insured_people(100) if one.stays)
    _, _, text = await ask(http, server, "/api/egw/nhanLichSuKCB595", question(insured))

    validator("card.gdbhyt595").validate(json.loads(text))
    assert "tuNgay" in json.loads(text)["dsLichSuKCB"][0]
    assert "2018" not in text


async def test_a_wrong_description_tells_nothing_of_the_card(server: Running, http: aiohttp.ClientSession) -> None:
    """Another name is 060, or 061 with the same first letter; another birth date 070; none of them names anybody."""
    insured = insured_people(1)[0]
    first = insured.citizen.full_name[0]
    for changes, code in [
        ({"hoTen": "Xyz Khác" if first != "X" else "Abc Khác"}, "060"),
        ({"hoTen": first + "khác Hẳn"}, "061"),
        ({"ngaySinh": "01/01/1801"}, "070"),
        ({"ngaySinh": "1801-01-01"}, "205"),
        ({"hoTen": ""}, "205"),
    ]:
        _, _, text = await ask(http, server, PORTAL, question(insured, **changes))
        assert json.loads(text)["maKetQua"] == code
        assert insured.card not in text
        assert insured.number not in text


async def test_whoever_has_no_card_is_050_and_a_possible_number_not_covered(
    server: Running, http: aiohttp.ClientSession
) -> None:
    """A number of the province's ranges that nobody has is absent; any other is answered by 501."""
    somebody = insured_people(1)[0]
    for number in ("9939999999", "GD4999939999999", "000099999999"):
        status, _, text = await ask(http, server, PORTAL, question(somebody, maThe=number))
        assert (status, json.loads(text)["maKetQua"]) == (200, "050")
    for number in ("7900000001", "GD4797900000001", "079099000001", "9900999999", ""):
        assert (await ask(http, server, PORTAL, question(somebody, maThe=number)))[0] == 501


async def test_the_same_person_is_found_by_criteria_and_by_number(server: Running, http: aiohttp.ClientSession) -> None:
    """Name, birth date, sex and place lead to the number, the number to the person; a wrong place leads nowhere."""
    for insured in insured_people(20):
        citizen = insured.citizen
        born = f"{citizen.born.year}0000" if citizen.year_only else f"{citizen.born:%Y%m%d}"
        asked = {
            "hoTen": citizen.full_name,
            "ngaySinh": born,
            "loaiNgaySinh": "1" if citizen.year_only else "0",
            "gioiTinh": citizen.sex,
            "maTinhKs": "52",
            "maHuyenKs": "",
            "maXaKs": citizen.birth_place.commune_code,
            "isKs": "1",
        }
        found = json.loads((await ask(http, server, NUMBER, asked))[2])
        validator("number.ngsp").validate(found)
        assert found["maSoBhxh"] == insured.number
        lost = json.loads((await ask(http, server, NUMBER, asked | {"maXaKs": "00001"}))[2])
        assert lost == {"maSoBhxh": "", "trangThai": "0", "errorCode": ""}

        person = json.loads((await ask(http, server, PARTICIPANT, {"maSoBhxh": insured.number}))[2])
        validator("participant.ngsp").validate(person)
        assert (person["hoTen"], person["maXaKs"]) == (citizen.full_name, citizen.birth_place.commune_code)

        rows = json.loads((await ask(http, server, HOUSEHOLD, asked | {"maTinh": "52", "soSo": "", "maThe": ""}))[2])
        validator("household.ngsp").validate(rows)
        assert [row["hoTen"] for row in rows] == [one.full_name for one in PROVINCE.household(citizen.index)]
        assert insured.number in {row["maSo"] for row in rows}


async def test_the_portal_opens_to_the_hashed_password_alone(server: Running, http: aiohttp.ClientSession) -> None:
    """A wrong password gives 401 and no key; a question without the four parameters is 205, with old ones 401."""
    assert await take(http, server, "guess") == {"maKetQua": "401", "APIKey": None}
    url, body = server.url("bhxh") + PORTAL, question(insured_people(1)[0])
    async with http.post(url, json=body) as reply:
        assert await reply.json() == {"maKetQua": "205"}
    async with http.post(url, json=body, params=await portal_query(http, server) | {"token": "old"}) as reply:
        assert (reply.status, await reply.json()) == (401, {"maKetQua": "401"})


async def test_a_portals_log_in_ends_at_the_moment_it_names(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """The end is a moment with Vietnam's zone; after it the tokens open nothing."""
    key = (await take(http, server))["APIKey"]
    assert key["expires_in"] == "2026-03-01T09:30:00+07:00"
    query = {"token": key["access_token"], "id_token": key["id_token"]}
    query |= {"username": bhxh.USERNAME, "password": hashed(bhxh.PASSWORD)}
    statuses = []
    for step_s in (3599, 1):
        clock.now_s += step_s
        async with http.post(server.url("bhxh") + PORTAL, json=question(insured_people(1)[0]), params=query) as reply:
            statuses.append(reply.status)
    assert statuses == [200, 401]


async def test_the_platform_wants_its_token(server: Running, http: aiohttp.ClientSession) -> None:
    """Without a token a question to apiBHXH is a fault; an unknown path, or GET, is not covered."""
    url = server.url("bhxh")
    async with http.post(url + NUMBER, json={}) as reply:
        assert reply.status == 401
    for method, path in (("POST", "/apiBHXH/1.0/other"), ("GET", NUMBER), ("POST", "/other")):
        async with http.request(method, url + path) as reply:
            assert reply.status == 501


@pytest.mark.parametrize("path", [PORTAL, "/api/egw/nhanLichSuKCB595", NUMBER, PARTICIPANT, HOUSEHOLD])
async def test_a_swapped_insurance_answer_is_about_another(
    path: str, server: Running, http: aiohttp.ClientSession
) -> None:
    """A swapped answer is of the asked kind and names another number and another name."""
    insured = insured_people(1)[0]
    server.faults.set("bhxh", Fault("swap", path=path))

    _, _, text = await ask(http, server, path, question(insured, maSoBhxh=insured.number))

    assert json.loads(text)
    assert insured.number not in text
    assert insured.citizen.full_name not in text


def test_numbers_are_unique_and_lead_back(clock: Clock) -> None:
    """No two people have one number, and each leads back to its own; nine in ten are insured."""
    people = insured_people(2000)

    assert len({one.number for one in people}) == len(people)
    assert 1700 < len(people) < 1900
    assert all(INSURANCE.find(one.number) == one == INSURANCE.find(one.card) for one in people)
    assert all(one.number.startswith("991") and one.card[3:5] == "99" for one in people)
    with pytest.raises(UnknownCommand):
        bhxh.STAND_IN(World(PROVINCE, clock)).admin("dance")
