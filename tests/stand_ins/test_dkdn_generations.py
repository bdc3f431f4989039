"""The business stand-in in its other generations: firms, household businesses, cooperatives."""

from __future__ import annotations

import json

import aiohttp
import jsonschema
import pytest

from mocks.faults import Fault
from mocks.server import Running
from tests.stand_ins.client import (
    BUSINESSES,
    COOPERATIVE,
    DKDN,
    FLAT_FIRM,
    HOUSEHOLD_BUSINESS,
    NEW_FIRM,
    PROVINCE,
    ask_dkdn,
    token,
)


def new_schema(dataset: str, version: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(DKDN.schema(f"{dataset}.{version}.schema.json")))


async def test_a_firm_is_found_in_every_generation(server: Running, http: aiohttp.ClientSession) -> None:
    """The same firm comes in the newer service's words and in the city's, each fitting its schema."""
    bearer = await token(http, server)
    for index in range(50):
        firm = PROVINCE.enterprise(index)
        new = json.loads((await ask_dkdn(http, server, firm.enterprise_code, bearer, NEW_FIRM))[2])
        flat = json.loads((await ask_dkdn(http, server, firm.enterprise_code, bearer, FLAT_FIRM))[2])
        new_schema("enterprise", "dkkd").validate(new)
        new_schema("enterprise", "hcm").validate(flat)
        assert new["GetEntCert"][0]["MaSoDoanhNghiep"] == firm.enterprise_code
        assert flat["ResultObject"]["ENTERPRISE_GDT_CODE"] == firm.enterprise_code


async def test_a_household_business_is_found_by_either_kind_of_code(
    server: Running, http: aiohttp.ClientSession
) -> None:
    """Ten digits or the owner's personal number: the answer fits the schema and names the owner."""
    bearer = await token(http, server)
    by_person = [
        one for one in map(PROVINCE.citizen, range(2000)) if BUSINESSES.find_household_business(one.citizen_id)
    ]
    codes = [BUSINESSES.household_business(index).tax_code for index in range(20)]
    codes += [owner.citizen_id for owner in by_person[:20]]
    assert len(codes) == 40
    for code in codes:
        _, _, text = await ask_dkdn(http, server, code, bearer, HOUSEHOLD_BUSINESS)
        body = json.loads(text)
        new_schema("household_business", "dkkd").validate(body)
        (owner,) = body["HHCert"][0]["ChuHoKinhDoanh"]
        assert body["HHCert"][0]["MaSoHKD"] == code
        assert PROVINCE.find_citizen(owner["SoGiayChungThuc"]) is not None
        assert len(code) == 10 or owner["SoGiayChungThuc"] == code


async def test_a_cooperative_is_found(server: Running, http: aiohttp.ClientSession) -> None:
    """A cooperative is found by its code, in an answer that fits the schema."""
    bearer = await token(http, server)
    for index in range(20):
        code = BUSINESSES.cooperative(index).tax_code
        body = json.loads((await ask_dkdn(http, server, code, bearer, COOPERATIVE))[2])
        new_schema("cooperative", "dkkd").validate(body)
        assert body["CoopCert"][0]["MaSoHTX"] == code


@pytest.mark.parametrize(
    ("path", "root"),
    [(NEW_FIRM, "GetEntCert"), (HOUSEHOLD_BUSINESS, "HHCert"), (COOPERATIVE, "CoopCert"), (FLAT_FIRM, "ResultObject")],
)
async def test_nobody_is_null_in_the_other_generations(
    path: str, root: str, server: Running, http: aiohttp.ClientSession
) -> None:
    """A free code is null, one that could be somebody's is answered by 501, and no list is ever empty."""
    bearer = await token(http, server)
    status, _, text = await ask_dkdn(http, server, "9999999997", bearer, path)
    assert (status, json.loads(text)[root]) == (200, None)
    for code in ("0100000000", "052099000001", "9900000023-000", ""):
        assert (await ask_dkdn(http, server, code, bearer, path))[0] == 501


async def test_a_personal_number_without_a_business_is_absent(server: Running, http: aiohttp.ClientSession) -> None:
    """Somebody of the province who runs no household business has none; firms have no codes of 12 digits."""
    bearer = await token(http, server)
    idle = next(c for c in map(PROVINCE.citizen, range(2000)) if not BUSINESSES.find_household_business(c.citizen_id))

    status, _, text = await ask_dkdn(http, server, idle.citizen_id, bearer, HOUSEHOLD_BUSINESS)

    assert (status, json.loads(text)) == (200, {"HHCert": None})
    assert (await ask_dkdn(http, server, idle.citizen_id, bearer, NEW_FIRM))[0] == 501


@pytest.mark.parametrize("path", [NEW_FIRM, HOUSEHOLD_BUSINESS, COOPERATIVE, FLAT_FIRM])
async def test_a_swapped_answer_of_every_service_is_about_another(
    path: str, server: Running, http: aiohttp.ClientSession
) -> None:
    """A swapped answer is of the asked kind and carries another code."""
    bearer = await token(http, server)
    server.faults.set("dkdn", Fault("swap"))
    asked = {
        HOUSEHOLD_BUSINESS: BUSINESSES.household_business(0).tax_code,
        COOPERATIVE: BUSINESSES.cooperative(0).tax_code,
    }.get(path, PROVINCE.enterprise(0).enterprise_code)

    _, _, text = await ask_dkdn(http, server, asked, bearer, path)

    (found,) = [value for value in json.loads(text).values() if isinstance(value, list | dict)]
    assert found
    assert asked not in text
