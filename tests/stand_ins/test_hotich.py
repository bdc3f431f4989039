"""The stand-in for civil status: what it answers as recorded, its token, and events in step with the population."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jsonschema
import pytest
from lxml import etree

from contracts.reader import CaseFile, load
from mocks import hotich
from mocks.dossier_numbers import is_synthetic
from mocks.hotich_events import EVENTS, CivilDossier, CivilEvents
from mocks.province import Province
from mocks.server import Running, running
from mocks.stand_in import Call, UnknownCommand, World
from tests.stand_ins.client import PROVINCE, Clock, basic, name_of

CONTRACT = load("contracts.hotich")
CIVIL = CivilEvents(PROVINCE)
POLL = "/apiLienThongKSKT/1.0/LayKetQua"
STATE = "/apiHoTichTuPhap/traTrangThaiHoSo"
RESULT = "/apiHoTichTuPhap/ketQuaDangKyHS"
MARITAL = "/hotich/1.0/traCuuTinhTrangHonNhan"
MODULES = {"birth": "LTKS", "death": "LTKT", "marriage": "LTKH"}


def dossiers(event: str, how_many: int) -> list[CivilDossier]:
    """The first so many of a kind."""
    found = (CIVIL.dossier(event, index) for index in range(2000))
    return [dossier for dossier, _ in zip(filter(None, found), range(how_many), strict=False)]


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[Running]:
    async with running(hotich.STAND_IN, province=PROVINCE, now=clock) as server:
        yield server


class Client:
    """Asks with a token, or without where a test says so."""

    def __init__(self, http: aiohttp.ClientSession, server: Running) -> None:
        self._http, self._url = http, server.url("hotich")
        self._headers = {"Accept": "application/json"}

    async def log_in(self) -> None:
        headers = basic(hotich.CONSUMER_KEY, hotich.CONSUMER_SECRET)
        form = {"grant_type": "client_credentials"}
        async with self._http.post(self._url + "/token", data=form, headers=headers) as reply:
            self._headers["Authorization"] = f"Bearer {(await reply.json())['access_token']}"

    async def post(self, path: str, body: Any) -> tuple[int, str]:
        async with self._http.post(self._url + path, json=body, headers=self._headers) as reply:
            return reply.status, await reply.text()

    async def poll(self, dossier: CivilDossier, **changes: Any) -> Any:
        body = {"maDinhDanhHoSo": [dossier.number], "maTinh": hotich.PROVINCE, "module": MODULES[dossier.event]}
        return json.loads((await self.post(POLL, body | changes))[1])

    async def older(self, path: str, dossier: CivilDossier, **changes: Any) -> Any:
        body = {"maDonVi": int(dossier.commune_code), "maHoSo": dossier.number}
        return json.loads((await self.post(path, body | changes))[1])


@pytest.fixture
async def client(http: aiohttp.ClientSession, server: Running) -> Client:
    client = Client(http, server)
    await client.log_in()
    return client


@pytest.mark.parametrize("case", list(CONTRACT.cases()), ids=name_of)
async def test_the_stand_in_for_civil_status_answers_as_recorded(
    case: CaseFile, client: Client, server: Running
) -> None:
    """A recorded question gets the recorded status and body."""
    body = json.loads(case.request.body or "")

    assert await client.post(case.request.path, body) == (case.response.status, case.response.body)
    assert [entry.matched for entry in server.journal][-1] == f"case:{case.name}"


@pytest.mark.parametrize("event", EVENTS)
async def test_a_dossier_of_the_province_is_the_same_in_both_generations(event: str, client: Client) -> None:
    """State and registration agree, in answers that fit their schemas, whether as objects or as XML in a text."""
    new = jsonschema.Draft202012Validator(json.loads(CONTRACT.schema("result.gen2.schema.json")))
    state = jsonschema.Draft202012Validator(json.loads(CONTRACT.schema("dossier.gen1.schema.json")))
    result = jsonschema.Draft202012Validator(json.loads(CONTRACT.schema("result.gen1.schema.json")))
    seen = set()
    for dossier in dossiers(event, 24):
        body, older = await client.poll(dossier), await client.older(STATE, dossier)
        registered = await client.older(RESULT, dossier)
        new.validate(body)
        state.validate(older)
        result.validate(registered)
        (entry,) = body["value"]
        assert (entry["maHoSoMCDT"], int(entry["trangThai"])) == (dossier.number, int(dossier.state))
        assert (entry["ketQuaXuLy"] is not None) is (older["status"] == 4) is (registered["status"] == 1)
        if registered["status"] != 1:
            assert registered["errorCode"] == "200"
            continue
        seen.add(type(registered["value"]))
        assert _number_of(registered["value"]) == entry["ketQuaXuLy"]["soDangKy"] == dossier.registration_number
    assert seen == {str, list}


def _number_of(value: Any) -> str | None:
    if isinstance(value, str):
        return etree.fromstring(value).findtext("hoso/soDangKy")
    return str(value[0]["soDangKy"])


@pytest.mark.parametrize("province", [PROVINCE, Province(seed=9, citizens=400)], ids=["seed 5", "seed 9"])
def test_events_are_in_step_with_the_population(province: Province) -> None:
    """Whoever is born or married here is that very citizen; whoever is dead is a father whom a citizen names."""
    civil, wives, husbands = CivilEvents(province), set(), set()
    kinds = set()
    for event in EVENTS:
        for index in range(400):
            dossier = civil.dossier(event, index)
            if dossier is None:
                continue
            kinds.add(event)
            assert is_synthetic(dossier.number)
            assert is_synthetic(dossier.interlink_number)
            assert civil.find(dossier.number) == civil.find(dossier.interlink_number) == dossier
            assert province.find_citizen(dossier.citizen.citizen_id) == dossier.citizen
            assert dossier.citizen.born <= dossier.lodged_on <= (dossier.registered_on or province.today)
            if dossier.wife is not None:
                assert (dossier.citizen.marital_code, dossier.wife.marital_code) == ("2", "2")
                assert (dossier.citizen.sex, dossier.wife.sex) == ("1", "2")
                assert dossier.citizen.citizen_id not in husbands
                assert dossier.wife.citizen_id not in wives
                husbands.add(dossier.citizen.citizen_id)
                wives.add(dossier.wife.citizen_id)
            if dossier.deceased is not None:
                assert dossier.deceased.full_name == dossier.citizen.father_name
                assert dossier.deceased.died_on <= dossier.lodged_on
    assert kinds == set(EVENTS)
    assert civil.dossier("birth", 400_000) is None
    assert civil.find("H99.01-260301-0001") is None


async def test_marital_status_agrees_with_the_population(client: Client) -> None:
    """A person is confirmed by number, name and birth date; one wrong letter, and there is no record."""
    schema = jsonschema.Draft202012Validator(json.loads(CONTRACT.schema("marital_status.province.schema.json")))
    seen = set()
    for index in range(60):
        citizen = PROVINCE.citizen(index)
        born = ".".join(reversed(citizen.birth_date.split("-")))
        asked = {"soDinhDanh": citizen.citizen_id, "hoTen": citizen.full_name, "ngaySinh": born}
        body = json.loads((await client.post(MARITAL, asked))[1])
        schema.validate(body)
        if citizen.marital_code == "0":
            assert body["value"] == []
            continue
        (told,) = body["value"]
        assert told["nxnSoDDCN"] == citizen.citizen_id
        seen.add((citizen.marital_code, told["nxnTinhTrangHonNhan"]))
        for wrong in ({"hoTen": citizen.full_name + "X"}, {"ngaySinh": "01.01.1800"}):
            assert json.loads((await client.post(MARITAL, asked | wrong))[1])["value"] == []
    assert len(seen) == len({code for code, _ in seen}) == 3
    assert (await client.post(MARITAL, {"soDinhDanh": "052099000001", "hoTen": "A", "ngaySinh": "1999"}))[0] == 501


async def test_what_is_not_there_is_said_in_the_services_own_way(client: Client) -> None:
    """A free number, another event, another unit, a wrong province, a real office: each has its own answer."""
    (dossier,) = dossiers("birth", 1)
    assert (await client.poll(dossier, maDinhDanhHoSo=["H99.01-260301-9999"]))["value"] == []
    assert (await client.poll(dossier, module="LTKT"))["value"] == []
    assert (await client.poll(dossier, module="LTXX"))["errorCode"] == "500"
    assert (await client.poll(dossier, maTinh="01"))["errorCode"] == "108"
    assert (await client.poll(dossier, maDinhDanhHoSo=[dossier.number] * 4))["errorCode"] == "500"
    assert (await client.poll(dossier, maDinhDanhHoSo=[dossier.interlink_number]))["value"] != []
    assert (await client.older(STATE, dossier, maHoSo="H99.01-260301-9999"))["errorCode"] == "201"
    assert (await client.older(STATE, dossier, maDonVi=int(dossier.commune_code) ^ 1))["errorCode"] == "201"
    assert (await client.older(RESULT, dossier, maDonVi=1))["errorCode"] == "106"
    assert (await client.older(RESULT, dossier, maDonVi=dossier.commune_code))["errorCode"] == "500"
    for path, body in (
        (POLL, {"maDinhDanhHoSo": ["H08.12-260301-0001"], "maTinh": "99", "module": "LTKS"}),
        (STATE, {"maDonVi": 99903, "maHoSo": "H08.12-260301-0001"}),
    ):
        status, text = await client.post(path, body)
        assert status == 501
        assert "H08.12" not in text


async def test_a_call_needs_a_token(http: aiohttp.ClientSession, server: Running) -> None:
    """Without a token the platform answers 900902, and an unknown path 900906."""
    client = Client(http, server)
    for path, code in ((POLL, 900902), ("/other", 900906)):
        _, text = await client.post(path, {})
        assert json.loads(text)["fault"]["code"] == code


def test_an_answer_about_somebody_else_is_about_somebody_else(clock: Clock) -> None:
    """What the fault `swap` sends is well formed and about another dossier or person; an unknown command raises."""
    stand_in = hotich.STAND_IN(World(PROVINCE, clock))
    first, second = dossiers("birth", 2)
    for number in (first.number, second.number):
        body = json.dumps({"maDinhDanhHoSo": [number]}).encode()
        (entry,) = json.loads(stand_in.another(Call("POST", POLL, {}, {}, body)).body)["value"]
        assert entry["maHoSoMCDT"] != number
    for path in (STATE, RESULT):
        assert stand_in.another(Call("POST", path, {}, {}, b"{}")).status == 200
    person = json.dumps({"soDinhDanh": PROVINCE.citizen(0).citizen_id}).encode()
    (told,) = json.loads(stand_in.another(Call("POST", MARITAL, {}, {}, person)).body)["value"]
    assert told["nxnSoDDCN"] != PROVINCE.citizen(0).citizen_id
    with pytest.raises(UnknownCommand, match="dance"):
        stand_in.admin("dance")
    stand_in.admin("expire-token")
