"""The stand-in for judicial records: what it answers as recorded, its key and token, the dossiers of the province."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jsonschema
import pytest

from contracts.reader import CaseFile, load
from mocks import lltp
from mocks.dossier_numbers import is_synthetic
from mocks.lltp_dossiers import DONE, DOSSIERS, JudicialDossiers
from mocks.server import Running, running
from mocks.stand_in import UnknownCommand, World
from tests.stand_ins.client import PROVINCE, Clock, basic, name_of

CONTRACT = load("contracts.lltp")
JUDICIAL = JudicialDossiers(PROVINCE)
GEN1 = "/apiLyLichTuPhap/LLTP-API-traTrangThaiHs"
GEN2 = "/LayKetQua"


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[Running]:
    async with running(lltp.STAND_IN, province=PROVINCE, now=clock) as server:
        yield server


class Client:
    """Asks with the right key and a token, or with what a test gives instead."""

    def __init__(self, http: aiohttp.ClientSession, server: Running) -> None:
        self._http, self._url = http, server.url("lltp")

    async def post(self, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
        async with self._http.post(self._url + path, json=body, headers=headers) as reply:
            return reply.status, await reply.text()

    async def token(self) -> str:
        headers = basic(lltp.CONSUMER_KEY, lltp.CONSUMER_SECRET)
        form = {"grant_type": "client_credentials"}
        async with self._http.post(self._url + "/token", data=form, headers=headers) as reply:
            return str((await reply.json())["access_token"])

    async def gen1(self, number: str) -> tuple[int, Any]:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {await self.token()}"}
        status, text = await self.post(GEN1, {"idReceivedDec": number, "infoType": "2"}, headers)
        return status, json.loads(text)

    async def gen2(self, number: str, **changes: Any) -> tuple[int, Any]:
        body = {"authKey": lltp.AUTH_KEY, "maTinh": lltp.PROVINCE, "maHoSoMCDT": number} | changes
        status, text = await self.post(GEN2, body, {"Accept": "application/json"})
        return status, json.loads(text)


@pytest.fixture
def client(http: aiohttp.ClientSession, server: Running) -> Client:
    return Client(http, server)


@pytest.mark.parametrize("case", list(CONTRACT.cases()), ids=name_of)
async def test_the_stand_in_for_judicial_records_answers_as_recorded(
    case: CaseFile, client: Client, server: Running
) -> None:
    """A recorded question gets the recorded status and body."""
    body = json.loads(case.request.body or "")
    headers = {"Authorization": f"Bearer {await client.token()}"} if case.contract == "gen1" else {}
    if "authKey" in body:
        body["authKey"] = lltp.AUTH_KEY

    assert await client.post(case.request.path, body, headers) == (case.response.status, case.response.body)
    assert [entry.matched for entry in server.journal][-1] == f"case:{case.name}"


async def test_a_dossier_of_the_province_is_found_in_both_generations(client: Client) -> None:
    """The same dossier comes in either service's words, each fitting its schema; what is done has a certificate."""
    new = jsonschema.Draft202012Validator(json.loads(CONTRACT.schema("certificate.gen2.schema.json")))
    old = jsonschema.Draft202012Validator(json.loads(CONTRACT.schema("dossier.gen1.schema.json")))
    for index in range(40):
        dossier = JUDICIAL.dossier(index)
        _, body = await client.gen2(dossier.number)
        _, older = await client.gen1(dossier.number)
        new.validate(body)
        old.validate(older)
        (entry,) = body["value"]
        assert (entry["maHoSoMCDT"], entry["trangThaiXuLy"]) == (dossier.number, dossier.state)
        assert (entry["ketQuaXuLy"] is not None) is (dossier.state in DONE) is (older["DEC_STATUS_ID"] == 5)


async def test_a_free_number_is_absent_and_a_possible_one_not_covered(client: Client) -> None:
    """A number under H99 that no dossier has is absent; one under a real code is answered by 501, unquoted."""
    assert (await client.gen2("H99.14-260301-9999"))[1]["value"] == []
    assert (await client.gen1("H99.14-260301-9999"))[1]["STATUS"] == 0
    for number in ("H08.12-260301-0001", "", "H99"):
        status, problem = await client.gen2(number)
        assert status == 501
        assert not number or number not in json.dumps(problem)
    assert (await client.gen2(JUDICIAL.dossier(0).number, loai="1"))[0] == 501


async def test_a_call_needs_the_key_of_its_generation(client: Client) -> None:
    """A wrong key in the body is failure 100 under HTTP 200, a wrong province 108, no token the platform's fault."""
    number = JUDICIAL.dossier(0).number
    for changes, code in [({"authKey": "guess"}, "100"), ({"authKey": None}, "100"), ({"maTinh": "01"}, "108")]:
        status, body = await client.gen2(number, **changes)
        assert (status, body["status"], body["errorCode"]) == (200, 0, code)
    status, text = await client.post(GEN1, {"idReceivedDec": number, "infoType": "2"}, {"Accept": "application/json"})
    assert (status, json.loads(text)["fault"]["code"]) == (401, 900902)
    status, _ = await client.post("/other", {}, {})
    assert status == 403


def test_dossiers_lead_back_to_their_index_and_to_a_citizen() -> None:
    """A number is found again, belongs to no real office, and its applicant is the province's own citizen."""
    for index in (*range(200), DOSSIERS - 1):
        dossier = JUDICIAL.dossier(index)
        assert JUDICIAL.find(dossier.number) == dossier
        assert is_synthetic(dossier.number)
        assert PROVINCE.find_citizen(dossier.applicant.citizen_id) == dossier.applicant
        assert dossier.convictions == JUDICIAL.convictions(dossier.applicant)
        assert all(one.judged_on.year >= dossier.applicant.born.year + 18 for one in dossier.convictions)
        assert dossier.issued_on is None or dossier.lodged_on <= dossier.issued_on <= PROVINCE.today
    assert any(JUDICIAL.dossier(index).convictions for index in range(200))
    assert JUDICIAL.find("H99.14-260301-000000x") is None
    with pytest.raises(IndexError):
        JUDICIAL.dossier(DOSSIERS)


def test_an_answer_about_somebody_else_names_another_dossier(clock: Clock) -> None:
    """What the fault `swap` sends is well formed and about another dossier; an unknown command raises."""
    stand_in = lltp.STAND_IN(World(PROVINCE, clock))
    numbers = [JUDICIAL.dossier(index).number for index in (0, 1)]
    for number in (*numbers, "H99.14-260301-0001"):
        call = lltp.Call("POST", GEN2, {}, {}, json.dumps({"maHoSoMCDT": number}).encode())
        (entry,) = json.loads(stand_in.another(call).body)["value"]
        assert entry["maHoSoMCDT"] != number
    with pytest.raises(UnknownCommand, match="dance"):
        stand_in.admin("dance")
    stand_in.admin("expire-token")
