"""The business stand-in's dossiers: lists of days, one of them, and that they are the firms' own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import jsonschema
import pytest

from mocks.dkdn_dossiers import OFFICE, Dossier, Dossiers
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import open_desk, settings_for
from tests.policies import granting
from tests.stand_ins.client import DKDN, PROVINCE, token

LIST = "/apiCSDLDKDN/1.0/danhSachHoSo"
STATE = "/apiCSDLDKDN/1.0/tinhTrangHoSo"
DOSSIERS = Dossiers(PROVINCE)


def founding(index: int) -> Dossier:
    """The dossier by which a firm was founded."""
    listed = DOSSIERS.of_day(PROVINCE.enterprise(index).founded_on - timedelta(days=3))
    return next(one for one in listed if one.firm.index == index)


async def ask(
    http: aiohttp.ClientSession, server: Running, path: str, query: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    headers = {"Accept": "application/json", "Authorization": f"Bearer {await token(http, server)}"}
    async with http.get(server.url("dkdn") + path, params=query, headers=headers) as reply:
        return reply.status, json.loads(await reply.text())


def days(first: str, last: str, offset: int = 0, limit: int = 500) -> dict[str, str]:
    return {"from_date": first, "to_date": last, "offset": str(offset), "limit": str(limit)}


async def test_a_firms_dossier_lies_on_its_day(server: Running, http: aiohttp.ClientSession) -> None:
    """A firm's dossier is in the list of its day and found by its number, and whoever represents it handed it in."""
    lists = jsonschema.Draft202012Validator(json.loads(DKDN.schema("dossiers.ngsp.schema.json")))
    states = jsonschema.Draft202012Validator(json.loads(DKDN.schema("dossier.ngsp.schema.json")))
    for index in range(20):
        own = founding(index)
        day = f"{own.received_on:%d/%m/%Y}"
        _, listed = await ask(http, server, LIST, days(day, day))
        _, found = await ask(http, server, STATE, {"in_journal_no": str(own.number)})
        lists.validate(listed)
        states.validate(found)
        assert own.number in [row["IN_JOURNAL_NO"] for row in listed["Data"]["MainInformation"]]
        one = found["Data"]["MainInformation"]
        assert (one["ENTERPRISE_GDT_CODE"], one["SITE_ID"]) == (own.firm.enterprise_code, OFFICE)
        assert PROVINCE.find_citizen(one["CONTACT_ID_NO"]) == own.firm.representative


async def test_a_list_is_cut_into_pages_and_at_most_five_days(server: Running, http: aiohttp.ClientSession) -> None:
    """`offset` and `limit` choose a page and the whole is counted; six days apart are a failure under HTTP 200."""
    day = f"{founding(0).received_on:%d/%m/%Y}"
    _, whole = await ask(http, server, LIST, days(day, day))
    _, rest = await ask(http, server, LIST, days(day, day, offset=1))
    _, far = await ask(http, server, LIST, days("01/01/2026", "07/01/2026"))

    assert rest["Data"]["MainInformation"] == whole["Data"]["MainInformation"][1:]
    assert rest["DataCount"] == whole["DataCount"] == len(whole["Data"]["MainInformation"])
    assert (far["Status"], far["Data"]) == ("0", None)


async def test_a_free_dossier_number_is_absent_and_a_possible_one_not_covered(
    server: Running, http: aiohttp.ClientSession
) -> None:
    """A number of our own range that no dossier has is null, an empty day an empty list; anything else is 501."""
    free = next(number for number in range(99001999999, 99001000000, -1) if DOSSIERS.find(str(number)) is None)
    _, nobody = await ask(http, server, STATE, {"in_journal_no": str(free)})
    _, empty = await ask(http, server, LIST, days("01/01/1990", "02/01/1990"))
    assert (nobody["Data"], empty["Data"]) == ({"MainInformation": None}, {"MainInformation": []})
    for path, query in [
        (STATE, {"in_journal_no": "11900000001"}),
        (STATE, {}),
        (LIST, days("2026-01-01", "2026-01-02")),
        (LIST, {"from_date": "01/01/1990"}),
        (LIST, days("01/01/1990", "02/01/1990") | {"limit": "all"}),
    ]:
        assert (await ask(http, server, path, query))[0] == 501


async def test_a_day_is_asked_for_like_anything_else(server: Running) -> None:
    """Through the gateway a day's dossiers are those of that day alone, and a day without any is absent."""
    own = founding(0)
    query = {"received_on": own.received_on.isoformat(), "office": str(OFFICE)}
    async with open_desk(granting(settings_for(server.base_url), "dkdn.dossiers")) as desk:
        status, answer = await desk.ask("dkdn.dossiers", query)
        _, empty = await desk.ask("dkdn.dossiers", query | {"received_on": "1990-01-01"})
        _, elsewhere = await desk.ask("dkdn.dossiers", query | {"office": "99002"})

    assert (status, answer["outcome"]) == (200, "found")
    assert {one["received_on"] for one in answer["record"]["dossiers"]} == {own.received_on.isoformat()}
    assert str(own.number) in [one["dossier_number"] for one in answer["record"]["dossiers"]]
    assert (empty["outcome"], elsewhere["reason"]) == ("absent", "mismatched")


async def test_whoever_handed_a_dossier_in_is_withheld(server: Running) -> None:
    """How a dossier stands is told, and who handed it in is not, unless a rule names it."""
    own = founding(1)
    async with open_desk(granting(settings_for(server.base_url), "dkdn.dossier")) as desk:
        _, answer = await desk.ask("dkdn.dossier", {"dossier_number": str(own.number)})

    assert (answer["outcome"], answer["provenance"]["operation"]) == ("found", "tinhTrangHoSo")
    assert answer["record"]["accepted_on"] == own.accepted_on.isoformat()
    assert "contact" in answer["withheld"]
    assert "contact" not in answer["record"]


@pytest.mark.parametrize("path", [LIST, STATE])
async def test_a_swapped_dossier_is_another(path: str, server: Running, http: aiohttp.ClientSession) -> None:
    """A swapped answer is of the asked kind, and about another day or number."""
    server.faults.set("dkdn", Fault("swap", path=path))
    own = founding(0)
    day = f"{own.received_on:%d/%m/%Y}"

    _, body = await ask(http, server, path, days(day, day) if path == LIST else {"in_journal_no": str(own.number)})

    rows = body["Data"]["MainInformation"]
    assert [row["IN_JOURNAL_NO"] for row in (rows if isinstance(rows, list) else [rows])] not in ([], [own.number])
