"""The land stand-in: what it answers as recorded, its three log-ins, the land of the province."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any

import aiohttp
import jsonschema
import pytest

from contracts.reader import CaseFile, load
from mocks import datdai
from mocks.datdai_dossiers import Dossiers
from mocks.datdai_land import Land
from mocks.faults import Fault
from mocks.server import Running, running
from tests.conftest import open_desk, settings_for
from tests.policies import granting
from tests.stand_ins.client import PROVINCE, Clock, basic, name_of

DATDAI = load("contracts.datdai")
LAND = Land(PROVINCE)
LOTS = list(islice(LAND.lots(), 200))
CENTRAL = "/CSDL_DATDAI/1.0/"
REPORTS = f"/VBDLIS/TraCuuTrangThaiHoSo/{datdai.SECURITY_CODE}"
ILIS = "/TraCuuTrangThaiHoSo"
PASSWORD = {
    "grant_type": "password",
    "username": datdai.ACCOUNT,
    "password": datdai.PASSWORD,
    "client_id": datdai.CLIENT_ID,
    "client_secret": datdai.CLIENT_SECRET,
}


@pytest.fixture
async def land(clock: Clock) -> AsyncIterator[Running]:
    async with running(datdai.STAND_IN, province=PROVINCE, now=clock) as served:
        yield served


class Asking:
    """Asks the land stand-in with the token that fits the path."""

    def __init__(self, land: Running, http: aiohttp.ClientSession) -> None:
        self.url = land.url("datdai")
        self._http = http

    async def token(self, path: str, form: dict[str, str], headers: dict[str, str] | None = None) -> Any:
        async with self._http.post(self.url + path, data=form, headers=headers or {}) as reply:
            return reply.status, await reply.json()

    async def bearer(self, path: str) -> dict[str, str]:
        if path.startswith("/VBDLIS"):
            return {}
        if path == ILIS:
            _, body = await self.token("/ilis/token", PASSWORD)
        else:
            key = basic(datdai.CONSUMER_KEY, datdai.CONSUMER_SECRET)
            _, body = await self.token("/token", {"grant_type": "client_credentials"}, key)
        return {"Authorization": f"Bearer {body['access_token']}"}

    async def __call__(self, path: str, body: Any) -> tuple[int, str]:
        sent = body if isinstance(body, str) else json.dumps(body)
        async with self._http.post(self.url + path, data=sent, headers=await self.bearer(path)) as reply:
            return reply.status, await reply.text()


@pytest.fixture
def asking(land: Running, http: aiohttp.ClientSession) -> Asking:
    return Asking(land, http)


@pytest.mark.parametrize("case", list(DATDAI.cases()), ids=name_of)
async def test_the_land_stand_in_answers_as_recorded(case: CaseFile, asking: Asking) -> None:
    """A recorded question gets the recorded status and body."""
    path = case.request.path.replace("%7Bsecurity_code%7D", datdai.SECURITY_CODE)

    assert await asking(path, case.request.body or "") == (case.response.status, case.response.body)


async def test_a_certificate_of_the_province_is_found_by_number_place_and_holder(asking: Asking) -> None:
    """A certificate comes by number, by place and by each of its holders, who are citizens, and fits the schema."""
    schema = jsonschema.Draft202012Validator(json.loads(DATDAI.schema("central.schema.json")))
    for lot in LOTS[:40]:
        place = {
            "maXa": lot.place.commune_code,
            "soHieuToBanDo": f"{lot.map_sheet}",
            "soThuTuThua": f"{lot.parcel_number}",
        }
        asked = [("traCuuGiayChungNhan", {"soPhatHanh": lot.certificate_number}), ("traCuuThuaDat", place)]
        asked += [("traCuuThuaDatTheoChu", {"soGiayTo": one.citizen_id}) for one in lot.holders]
        for operation, keys in asked:
            _, text = await asking(CENTRAL + operation, keys)
            body = json.loads(text)
            schema.validate(body)
            assert lot.certificate_number in {row["GiayChungNhan"]["soPhatHanh"] for row in body["data"]}
        assert all(PROVINCE.find_citizen(one.citizen_id) == one for one in lot.holders)


def test_every_parcel_is_found_again_and_is_nobody_elses() -> None:
    """Numbers and places lead back to their parcel; holders are grown members of one household."""
    assert (
        len({lot.certificate_number for lot in LOTS})
        == len({(lot.map_sheet, lot.parcel_number) for lot in LOTS})
        == 200
    )
    assert {lot.kind for lot in LOTS} == {"0", "1", "2"}
    for lot in LOTS:
        commune, sheet = lot.place.commune_code, str(lot.map_sheet)
        assert LAND.find_certificate(lot.certificate_number) == lot
        assert LAND.find_parcel(commune, sheet, str(lot.parcel_number), is_old=False) == lot
        assert LAND.find_parcel("99999", sheet, str(lot.parcel_number), is_old=False) is None
        if lot.old_parcel_number is not None:
            assert LAND.find_parcel(commune, sheet, str(lot.old_parcel_number), is_old=True) == lot
        assert all(lot in LAND.held_by(one.citizen_id) for one in lot.holders)
        assert all(one.residence == lot.place and one.born.year + 20 <= PROVINCE.today.year for one in lot.holders)


async def test_a_free_number_is_absent_and_a_possible_one_not_covered(asking: Asking) -> None:
    """A number of our own ranges that nobody has finds nothing; any other is answered by 501."""
    place = {"soHieuToBanDo": "1", "soThuTuThua": "1"}
    for operation, keys, status in [
        ("traCuuGiayChungNhan", {"soPhatHanh": "ZZ99999999"}, 200),
        ("traCuuGiayChungNhan", {"soPhatHanh": "BA000001"}, 501),
        ("traCuuThuaDat", place | {"maXa": "99999"}, 200),
        ("traCuuThuaDat", place | {"maXa": "21553"}, 501),
        ("traCuuThuaDatTheoChu", {"soGiayTo": "000099999999"}, 200),
        ("traCuuThuaDatTheoChu", {"soGiayTo": "052099000001"}, 501),
        ("traCuuThuaDatTheoChu", {}, 501),
    ]:
        got, text = await asking(CENTRAL + operation, keys)
        assert got == status, operation
        assert status != 200 or json.loads(text)["data"] == []


async def test_dossiers_of_the_province_stand_at_five_stages_in_either_system(asking: Asking) -> None:
    """The same dossier is told by both, seven hours apart; each answer fits its schema."""
    vbdlis, ilis = (json.loads(DATDAI.schema(f"{name}.schema.json")) for name in ("vbdlis", "ilis"))
    dossiers = Dossiers(PROVINCE)
    for index in range(5):
        number = {"SoBienNhan": dossiers.number(index)}
        one, other = [json.loads((await asking(path, number))[1]) for path in (REPORTS, ILIS)]
        jsonschema.validate(one, vbdlis)
        jsonschema.validate(other, ilis)
        assert len(one["Data"]) == len(other["data"]) == index + 1
        assert (one["Data"][0]["NgayChuyen"][11:], other["data"][0]["NgayChuyen"][11:]) == ("01:30:00", "08:30:00")
    for path in (REPORTS, ILIS):
        assert "Không tìm thấy hồ sơ!" in (await asking(path, {"SoBienNhan": "H99.14-260601-0999"}))[1]
        assert (await asking(path, {"SoBienNhan": "H08.14-260601-0999"}))[0] == 501


async def test_ilis_gives_its_token_for_a_password_alone(asking: Asking) -> None:
    """Without an account, and with another password or secret, iLIS gives none; nor does the platform for one."""
    client = {name: value for name, value in PASSWORD.items() if name.startswith("client")}

    assert (await asking.token("/ilis/token", PASSWORD))[0] == 200
    assert (await asking.token("/ilis/token", client | {"grant_type": "client_credentials"}))[0] == 400
    assert (await asking.token("/ilis/token", PASSWORD | {"password": "x"}))[0] == 400
    assert (await asking.token("/ilis/token", PASSWORD | {"client_secret": "x"}))[0] == 401
    assert (await asking.token("/token", PASSWORD))[0] == 400


async def test_a_wrong_key_in_the_path_is_told_under_http_200(asking: Asking) -> None:
    """VBDLIS's side says in words that the key is wrong."""
    status, text = await asking(REPORTS + "x", {"SoBienNhan": "H99.14-260601-0001"})

    assert (status, json.loads(text)["Message"]) == (200, "Mã bảo mật không chính xác")


async def test_ended_tokens_are_called_old(land: Running, http: aiohttp.ClientSession, asking: Asking) -> None:
    """`expire-token` ends both tokens; a call without one is a platform's fault, and so is a call to any other path."""
    old = await asking.bearer(CENTRAL)
    async with http.post(f"{land.base_url}/_mocks/datdai/expire-token") as reply:
        assert reply.status == 204
    for path, headers, code in [
        (CENTRAL + "traCuuThuaDat", old, 900901),
        (CENTRAL + "traCuuThuaDat", {}, 900902),
        (ILIS, {}, 900902),
        ("/x", await asking.bearer(CENTRAL), 900906),
    ]:
        async with http.post(asking.url + path, data="{}", headers=headers) as reply:
            assert (await reply.json())["fault"]["code"] == code


@pytest.mark.parametrize(
    ("path", "keys", "named"),
    [
        (CENTRAL + "traCuuGiayChungNhan", {"soPhatHanh": LOTS[0].certificate_number}, LOTS[0].certificate_number),
        (CENTRAL + "traCuuThuaDatTheoChu", {"soGiayTo": LOTS[0].holders[0].citizen_id}, LOTS[0].holders[0].citizen_id),
        (REPORTS, {"SoBienNhan": "H99.14-260201-0000"}, "H99.14-260201-0000"),
        (ILIS, {"SoBienNhan": "H99.14-260201-0001"}, "H99.14-260201-0001"),
    ],
)
async def test_a_swapped_answer_is_about_another(
    path: str, keys: dict[str, str], named: str, land: Running, asking: Asking
) -> None:
    """A swapped answer is of the asked kind and does not name what was asked about."""
    await asking.bearer(path)
    land.faults.set("datdai", Fault("swap", path=path.removesuffix(datdai.SECURITY_CODE)))

    status, text = await asking(path, keys)

    assert status == 200
    assert named not in text
    assert "soPhatHanh" in text or "SoBienNhan" in text


async def test_the_key_of_the_land_exchange_stands_in_no_log_and_no_journal(
    land: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    """A key that goes into the path is told nowhere: not in an answer, a metric, a log or the stand-in's journal."""
    settings = settings_for(land.base_url, datdai={"contract": "vbdlis"})
    async with open_desk(granting(settings, "datdai.dossier")) as desk:
        status, answer = await desk.ask("datdai.dossier", {"dossier_number": "H99.14-260201-0004"})
        metrics = await desk.metrics()

    assert (status, answer["record"]["state"]) == (200, "ended_with_result")
    assert answer["provenance"]["basis"] == "assumed"
    assert "link" not in json.dumps(answer["record"])
    output = capfd.readouterr()
    for text in (json.dumps(answer), metrics, output.out, output.err, repr(list(land.journal))):
        assert datdai.SECURITY_CODE not in text


async def test_holders_numbers_are_withheld_unless_a_rule_names_them(land: Running) -> None:
    """Who asks for everything learns the holders' names and kinds, and none of their numbers, dates or addresses."""
    settings = settings_for(land.base_url, datdai={})
    lot = next(lot for lot in LOTS if lot.kind == "1")
    async with open_desk(granting(settings, "datdai.certificate", "datdai.owner_parcels")) as desk:
        _, certificate = await desk.ask("datdai.certificate", {"certificate_number": lot.certificate_number})
        _, held = await desk.ask("datdai.owner_parcels", {"citizen_id": lot.holders[0].citizen_id})

    assert [holder.keys() for holder in certificate["record"]["holders"]] == [{"kind", "full_name"}] * 2
    shared = [one for one in held["record"]["holdings"] if one["is_shared"]]
    assert lot.certificate_number in {one["certificate"]["certificate_number"] for one in shared}
    assert lot.holders[1].citizen_id not in json.dumps(held)
