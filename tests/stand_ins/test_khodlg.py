"""The stand-in for the store of results: what it answers as recorded, its token, the results of the province."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jsonschema
import pytest

from contracts.reader import CaseFile, load
from mocks import khodlg
from mocks.cpxd_permits import Permits
from mocks.datdai_land import Land
from mocks.faults import Fault
from mocks.gplx_people import Licences
from mocks.hotich_events import CivilEvents
from mocks.khodlg_results import BIRTH, CONSTRUCTION_PERMIT, DRIVING_LICENCE, HOUSEHOLD_BUSINESS, LAND
from mocks.server import Running, running
from tests.conftest import open_desk, settings_for
from tests.policies import granting
from tests.stand_ins.client import BUSINESSES, PROVINCE, Clock, basic, name_of

KHODLG = load("contracts.khodlg")
PATH = "/GetKetQuaGiayTo"
FOUND = KHODLG.datasets["result"].case("found")
TRADERS = [
    citizen
    for citizen in map(PROVINCE.citizen, range(400))
    if BUSINESSES.find_household_business(citizen.citizen_id) is not None
]


@pytest.fixture
async def store(clock: Clock) -> AsyncIterator[Running]:
    async with running(khodlg.STAND_IN, province=PROVINCE, now=clock) as served:
        yield served


async def bearer(http: aiohttp.ClientSession, served: Running) -> dict[str, str]:
    headers = basic(khodlg.CONSUMER_KEY, khodlg.CONSUMER_SECRET)
    form = {"grant_type": "client_credentials"}
    async with http.post(served.url("khodlg") + "/token", data=form, headers=headers) as reply:
        return {"Authorization": f"Bearer {(await reply.json())['access_token']}"}


def question(owner: str, code: str = HOUSEHOLD_BUSINESS, number: str = "") -> str:
    """The found case's question, about somebody else."""
    asked = json.loads(FOUND.request.body or "")
    asked["SoDinhDanhChuSoHuu"] = owner
    asked["DanhSachDanhMucKetQua"] = [{"MaKetQua": code, "SoKyHieu": number}]
    return json.dumps(asked)


async def ask(
    http: aiohttp.ClientSession, served: Running, body: str, headers: dict[str, str], path: str = PATH
) -> tuple[int, str]:
    async with http.post(served.url("khodlg") + path, data=body.encode(), headers=headers) as reply:
        return reply.status, await reply.text()


def papers(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["result"]["DanhSachGiayToKetQua"]
    return found


@pytest.mark.parametrize("case", list(KHODLG.cases()), ids=name_of)
async def test_the_store_stand_in_answers_as_recorded(
    case: CaseFile, store: Running, http: aiohttp.ClientSession
) -> None:
    """A recorded question gets the recorded status and body."""
    answer = await ask(http, store, case.request.body or "", await bearer(http, store), case.request.path)

    assert answer == (case.response.status, case.response.body)


async def test_a_traders_certificate_is_that_of_business_registration(
    store: Running, http: aiohttp.ClientSession
) -> None:
    """What lies in the store fits its schema, and is what the business registry knows of the same person."""
    headers = await bearer(http, store)
    schema = jsonschema.Draft202012Validator(json.loads(KHODLG.schema("result.1.schema.json")))
    assert len(TRADERS) > 10
    for trader in TRADERS:
        business = BUSINESSES.find_household_business(trader.citizen_id)
        assert business is not None
        owners = [one for one in (trader.citizen_id, trader.old_number) if one is not None]
        for owner in owners:
            _, text = await ask(http, store, question(owner), headers)
            schema.validate(json.loads(text))
            (paper,) = papers(text)
            assert (paper["MaKetQua"], paper["SoKyHieu"]) == (HOUSEHOLD_BUSINESS, business.registration_number)
            assert business.head_office.commune_name in paper["CoQuanChuQuan"]


async def test_a_business_with_a_code_of_its_own_is_found_by_that(store: Running, http: aiohttp.ClientSession) -> None:
    """A household business under ten digits has its certificate under them."""
    business = BUSINESSES.household_business(0)

    _, text = await ask(http, store, question(business.tax_code), await bearer(http, store))

    assert [paper["SoKyHieu"] for paper in papers(text)] == [business.registration_number]


async def test_the_store_knows_what_the_other_registries_know(store: Running, http: aiohttp.ClientSession) -> None:
    """Land, permits, licences and births of a citizen lie in the store under the numbers that their registries give."""
    headers, land, licences = await bearer(http, store), Land(PROVINCE), Licences(PROVINCE)
    permits, events = {one.number: one for one in Permits(PROVINCE).permits()}, CivilEvents(PROVINCE)
    seen = set()
    for citizen in map(PROVINCE.citizen, range(60)):
        licence, birth = licences.of(citizen), events.dossier("birth", citizen.index)
        held = {lot.certificate_number for lot in land.held_by(citizen.citizen_id)}
        known = {
            LAND: held,
            CONSTRUCTION_PERMIT: {one.number for one in permits.values() if one.lot.certificate_number in held},
            DRIVING_LICENCE: {licence.number} if licence is not None else set(),
            BIRTH: {birth.registration_number} if birth is not None and birth.registered_on else set(),
        }
        for code, numbers in known.items():
            _, text = await ask(http, store, question(citizen.citizen_id, code), headers)
            assert {paper["SoKyHieu"] for paper in papers(text)} == numbers
            seen |= {code} if numbers else set()
    assert len(seen) == 4


async def test_a_number_narrows_and_who_has_nothing_is_absent(store: Running, http: aiohttp.ClientSession) -> None:
    """By its number one result is meant; another number, and an owner of our ranges without any, is an empty list."""
    headers, trader = await bearer(http, store), TRADERS[0]
    business = BUSINESSES.find_household_business(trader.citizen_id)
    assert business is not None
    for owner, number, count in [
        (trader.citizen_id, business.registration_number, 1),
        (trader.citizen_id, "99A8999999", 0),
        ("000099799999", "", 0),
        ("9999999997", "", 0),
    ]:
        status, text = await ask(http, store, question(owner, number=number), headers)
        assert (status, len(papers(text))) == (200, count)


async def test_a_possible_owner_and_a_strange_question_are_not_covered(
    store: Running, http: aiohttp.ClientSession
) -> None:
    """Numbers that somebody might have, codes without results, and other members are answered by 501, naming nobody."""
    headers = await bearer(http, store)
    whole = json.loads(question(TRADERS[0].citizen_id))
    strange = [
        question("001099000001"),
        question("0100000000"),
        question(""),
        question("000099" + "٧" * 6),
        question(TRADERS[0].citizen_id, "KQ.G12.000020"),
        "no json",
        "[]",
        json.dumps(whole | {"Khac": ""}),
        json.dumps(whole | {"DanhSachDanhMucKetQua": []}),
        json.dumps(whole | {"DanhSachDanhMucKetQua": [{"MaKetQua": HOUSEHOLD_BUSINESS}]}),
        json.dumps(whole | {"SoDinhDanhChuSoHuu": 1}),
    ]
    for body in strange:
        status, text = await ask(http, store, body, headers)
        assert status == 501, body
        assert "001099000001" not in text


async def test_without_a_token_the_platform_before_the_store_answers(
    store: Running, http: aiohttp.ClientSession
) -> None:
    """No token, a token that was ended, and another path are faults of the platform."""
    old = await bearer(http, store)
    async with http.post(f"{store.base_url}/_mocks/khodlg/expire-token") as reply:
        assert reply.status == 204
    for headers, path, code in [({}, PATH, 900902), (old, PATH, 900901), (await bearer(http, store), "/x", 900906)]:
        _, text = await ask(http, store, question(TRADERS[0].citizen_id), headers, path)
        assert json.loads(text)["fault"]["code"] == code


async def test_files_of_a_result_are_withheld(store: Running) -> None:
    """Through the gateway a result is found, its basis is told, and its files are withheld by default."""
    async with open_desk(granting(settings_for(store.base_url, khodlg={}), "khodlg.result")) as desk:
        query = {"citizen_id": TRADERS[0].citizen_id, "result_code": HOUSEHOLD_BUSINESS}
        status, answer = await desk.ask("khodlg.result", query)

    assert (status, answer["outcome"]) == (200, "found")
    assert (answer["provenance"]["operation"], answer["provenance"]["basis"]) == ("GetKetQuaGiayTo", "observed")
    assert [sorted(one) for one in answer["record"]["results"]] == [["document_number", "issuer", "result", "title"]]
    assert "results.files" in answer["withheld"]


async def test_a_swapped_result_is_nobodys(store: Running) -> None:
    """An answer under another code than the one asked about is thrown away."""
    store.faults.set("khodlg", Fault("swap", path=PATH))
    async with open_desk(granting(settings_for(store.base_url, khodlg={}), "khodlg.result")) as desk:
        query = {"citizen_id": TRADERS[0].citizen_id, "result_code": HOUSEHOLD_BUSINESS}
        status, answer = await desk.ask("khodlg.result", query)

    assert (status, answer["reason"]) == (502, "mismatched")
