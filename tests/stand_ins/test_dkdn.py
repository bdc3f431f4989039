"""The business stand-in: what it answers as recorded, its tokens, the firms of the province."""

from __future__ import annotations

import json

import aiohttp
import jsonschema
import pytest
from lxml import etree

from contracts.reader import CaseFile
from mocks import dkdn
from mocks.server import Running
from mocks.stand_in import UnknownCommand, World
from tests.stand_ins.client import DKDN, FIRM, PROVINCE, Clock, ask_dkdn, basic, name_of, token


@pytest.mark.parametrize("case", list(DKDN.cases()), ids=name_of)
async def test_the_business_stand_in_answers_as_recorded(
    case: CaseFile, server: Running, http: aiohttp.ClientSession
) -> None:
    """A recorded question gets the recorded status, headers and body."""
    bearer = await token(http, server)

    headers = {"Accept": "application/json", "Authorization": f"Bearer {bearer}"}
    url = server.url("dkdn") + case.request.path
    async with http.get(url, params=case.request.query, headers=headers) as reply:
        status, headers, text = reply.status, dict(reply.headers), await reply.text()

    assert (status, text) == (case.response.status, case.response.body)
    assert headers.items() >= dict(case.response.headers).items()
    assert [entry.matched for entry in server.journal] == ["nothing", f"case:{case.name}"]


async def test_a_firm_of_the_province_is_found(server: Running, http: aiohttp.ClientSession) -> None:
    """A firm is found by its code, in an answer that fits the schema and names a citizen of the province."""
    bearer = await token(http, server)
    schema = jsonschema.Draft202012Validator(json.loads(DKDN.schema("enterprise.ngsp.schema.json")))
    for index in range(50):
        firm = PROVINCE.enterprise(index)
        status, _, text = await ask_dkdn(http, server, firm.enterprise_code, bearer)
        body = json.loads(text)
        schema.validate(body)
        assert (status, body["Data"]["MainInformation"]["ENTERPRISE_GDT_CODE"]) == (200, firm.enterprise_code)
        assert f'"CAPITAL_AMOUNT":{firm.capital_vnd}.000' in text
        (person,) = body["Data"]["Representatives"]
        assert PROVINCE.find_citizen(person["PERS_DOC_NO"]) == firm.representative


async def test_a_free_code_is_absent_and_a_possible_one_not_covered(
    server: Running, http: aiohttp.ClientSession
) -> None:
    """A code of prefix 99 that no firm has is absent; any other, well-formed or not, is answered by 501."""
    bearer = await token(http, server)
    status, _, text = await ask_dkdn(http, server, "9999999997", bearer)
    absent = DKDN.datasets["enterprise"].case("absent").response.body
    assert (status, json.loads(text)) == (200, json.loads(absent))
    for code in ("0100000000", "9900000024", "", "9900000023-000"):
        status, _, text = await ask_dkdn(http, server, code, bearer)
        assert status == 501
        assert not code or code not in text


async def test_the_same_token_is_given_until_it_ends(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Two log-ins get one token with the seconds that it has left; after its end there is another."""
    headers = basic(dkdn.CONSUMER_KEY, dkdn.CONSUMER_SECRET)
    seen = []
    for step_s in (0, 600, 3000):
        clock.now_s += step_s
        form = {"grant_type": "client_credentials"}
        async with http.post(server.url("dkdn") + "/token", data=form, headers=headers) as reply:
            seen.append(await reply.json())
    assert [body["expires_in"] for body in seen] == [3600, 3000, 3600]
    assert seen[0]["access_token"] == seen[1]["access_token"] != seen[2]["access_token"]
    assert {body["token_type"] for body in seen} == {"Bearer"}


async def test_credentials_may_stand_in_the_form(server: Running, http: aiohttp.ClientSession) -> None:
    """Key and secret are taken from the form as well, and refused from either place when they are wrong."""
    url = server.url("dkdn") + "/token"
    good = {"client_id": dkdn.CONSUMER_KEY, "client_secret": dkdn.CONSUMER_SECRET}
    for form, headers, status, error in [
        (good, None, 200, None),
        (good | {"client_secret": "guess"}, None, 401, "invalid_client"),
        ({}, basic(dkdn.CONSUMER_KEY, "guess"), 401, "invalid_client"),
        ({}, None, 401, "invalid_client"),
        (good | {"grant_type": "password"}, None, 400, "unsupported_grant_type"),
    ]:
        async with http.post(url, data={"grant_type": "client_credentials"} | form, headers=headers) as reply:
            assert (reply.status, (await reply.json()).get("error")) == (status, error)


async def test_a_call_without_a_living_token_is_a_platform_fault(
    server: Running, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """No token is 900902, a wrong or ended one 900901, an unknown path 900906."""
    bearer = await token(http, server)
    code = "9900000023"
    assert (await ask_dkdn(http, server, code, bearer))[0] == 200
    clock.now_s += 3600
    for used, path, expected in [
        (None, FIRM, (401, 900902)),
        ("guess", FIRM, (401, 900901)),
        (bearer, FIRM, (401, 900901)),
        (bearer, "/other/1.0/chiTietDoanhNghiep", (403, 900906)),
        (bearer, "", (403, 900906)),
    ]:
        status, _, text = await ask_dkdn(http, server, code, used, path)
        assert (status, json.loads(text)["fault"]["code"]) == expected


async def test_platform_faults_are_xml_unless_json_is_asked_for(server: Running, http: aiohttp.ClientSession) -> None:
    """Without Accept: application/json a platform fault comes as XML."""
    async with http.get(server.url("dkdn") + FIRM) as reply:
        root = etree.fromstring(await reply.read())
    assert root.tag == "{http://wso2.org/apimanager/security}fault"
    assert root.findtext("{*}code") == "900902"


async def test_a_token_can_be_ended_early(server: Running, http: aiohttp.ClientSession) -> None:
    """The command `expire-token` ends the token now; an unknown command is 404."""
    bearer = await token(http, server)
    async with http.post(f"{server.base_url}/_mocks/dkdn/expire-token") as reply:
        assert reply.status == 204
    assert (await ask_dkdn(http, server, "9900000023", bearer))[0] == 401
    for path in ("dkdn/dance", "dancu/expire-token", "other/reset"):
        async with http.post(f"{server.base_url}/_mocks/{path}") as reply:
            assert reply.status == 404


def test_a_stand_in_refuses_unknown_commands(clock: Clock) -> None:
    """A command that a stand-in does not know raises, and says which."""
    stand_in = dkdn.STAND_IN(World(PROVINCE, clock))
    with pytest.raises(UnknownCommand, match="dance"):
        stand_in.admin("dance")
