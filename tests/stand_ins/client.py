"""How tests ask the stand-ins: headers, tokens, questions about people of the province."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from xml.sax.saxutils import escape

import aiohttp
from lxml import etree

from contracts.reader import CaseFile, load
from mocks import dancu, dkdn
from mocks.dkdn_businesses import Businesses
from mocks.province import Citizen, Province
from mocks.server import Running

DANCU, DKDN = load("contracts.dancu"), load("contracts.dkdn")
PROVINCE = Province(seed=5, citizens=2000, enterprises=50)
BUSINESSES = Businesses(PROVINCE)
FIRM = "/apiCSDLDKDN/1.0/chiTietDoanhNghiep"
NEW_FIRM = "/apiDKKD/DoanhNghiep/chiTietDoanhNghiep"
HOUSEHOLD_BUSINESS = "/apiDKKD/HoKinhDoanh/chiTietHoKinhDoanh"
COOPERATIVE = "/apiDKKD/HopTacXa/chiTietHopTacXa"
FLAT_FIRM = "/TraCuuThongTinDoanhNghiep"
KEYS = {HOUSEHOLD_BUSINESS: "mst", COOPERATIVE: "mst", FLAT_FIRM: "MaSoDoanhNghiep"}
HANGS_FOR_S = 0.2


def name_of(case: CaseFile) -> str:
    return f"{case.dataset}/{case.name}"


class Clock:
    """A time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 1_772_328_600.0

    def __call__(self) -> float:
        return self.now_s


def signed(now_s: float, *, ticks: int = 1000, secret: str = dancu.SECRET, **changes: Any) -> dict[str, str]:
    """The headers of a good client of the population database, with changes; None leaves one out."""
    timestamp = str(int(now_s * ticks))
    digest = hashlib.sha256(f"{dancu.SV_URL}{dancu.USERNAME}{timestamp}{secret}".encode()).hexdigest()
    headers: dict[str, Any] = {
        "Content-Type": "application/xml",
        "SOAPAction": '""',
        "Timestamp": timestamp,
        "Authorization": "Basic " + base64.b64encode(f"{dancu.USERNAME}:{digest}".encode()).decode(),
        "X-Road-Client": dancu.XROAD_CLIENT,
        "ApiKey": dancu.API_KEY,
    }
    for name, value in changes.items():
        headers[name.replace("_", "-")] = value
    return {name: value for name, value in headers.items() if value is not None}


def question(number: str, name: str, born: str) -> str:
    """The found case's question, about somebody else."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""
    tag = "SoDinhDanh" if len(number) == 12 else "SoCMND"
    day = f"<dan:Nam>{born}</dan:Nam>" if len(born) == 4 else f"<dan:NgayThangNam>{born}</dan:NgayThangNam>"
    old_day = "<dan:NgayThangNam>19990131</dan:NgayThangNam>"
    return (
        body.replace("<dan:SoDinhDanh>000099000001</dan:SoDinhDanh>", f"<dan:{tag}>{number}</dan:{tag}>")
        .replace("NGUYENVANMAU", escape(name))
        .replace(old_day, day)
    )


async def ask_dancu(
    http: aiohttp.ClientSession, server: Running, body: str, headers: dict[str, str]
) -> tuple[int, dict[str, str], str]:
    async with http.post(server.url("dancu") + "/", data=body.encode(), headers=headers) as reply:
        return reply.status, dict(reply.headers), await reply.text()


def basic(key: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


async def token(http: aiohttp.ClientSession, server: Running) -> str:
    headers = basic(dkdn.CONSUMER_KEY, dkdn.CONSUMER_SECRET)
    form = {"grant_type": "client_credentials"}
    async with http.post(server.url("dkdn") + "/token", data=form, headers=headers) as reply:
        assert reply.status == 200
        return str((await reply.json())["access_token"])


async def ask_dkdn(
    http: aiohttp.ClientSession, server: Running, code: str, bearer: str | None, path: str = FIRM
) -> tuple[int, dict[str, str], str]:
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    key = KEYS.get(path, "msdn")
    async with http.get(server.url("dkdn") + path, params={key: code}, headers=headers) as reply:
        return reply.status, dict(reply.headers), await reply.text()


def citizens(body: str) -> list[etree._Element]:
    return etree.fromstring(body.encode()).findall(".//{*}CongDan")


def first(predicate: str) -> Citizen:
    """The first citizen of whom the attribute is true."""
    return next(c for c in map(PROVINCE.citizen, range(2000)) if getattr(c, predicate))


def asked_as(dataset: str, case: str, citizen: Citizen, **changes: str) -> str:
    """A recorded question of that generation, about a citizen of the province."""
    recorded = DANCU.datasets[dataset].case(case)
    query = recorded.query
    born = changes.get("born", citizen.birth_date)
    flat = "NgayThangNamSinh>" + query["birth_date"] in (recorded.request.body or "")
    body = (recorded.request.body or "").replace(query["citizen_id"], citizen.citizen_id)
    body = re.sub(r"(HoVaTen>)[A-Z]+", rf"\g<1>{changes.get('name', citizen.folded_name)}", body)
    if flat:
        return body.replace(query["birth_date"], born)
    prefix = "dan:"
    tag = "Nam" if len(born) == 4 else "NgayThangNam"
    inner = f"<{prefix}{tag}>{born.replace('-', '')}</{prefix}{tag}>"
    return re.sub(r"(<dan:NgayThangNamSinh>).*(</dan:NgayThangNamSinh>)", rf"\g<1>{inner}\g<2>", body)
