"""A small province behind all stand-ins, and every registry's question about one of its people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mocks.bhxh_people import Insurance
from mocks.cpxd_permits import Permits
from mocks.datdai_land import Land
from mocks.dkdn_businesses import Businesses
from mocks.gplx_people import Licences
from mocks.hotich_events import CivilEvents
from mocks.lltp_dossiers import DONE, DOSSIERS, JudicialDossiers
from mocks.province import Citizen, Province
from mocks.server import Running, running
from tests.conftest import Desk, open_desk, settings_for
from tests.policies import policy, rule, with_policy

__all__ = ["Everywhere", "asked_everywhere", "everywhere", "known_everywhere", "who"]

_FIRST = {
    "dancu": {},
    "bhxh": {"contract": "gdbhyt2024"},
    "gplx": {"contract": "tracuu"},
    "hotich": {"contract": "gen2"},
    "datdai": {"contract": "central"},
    "cpxd": {},
    "dkdn": {"contract": "dkkd"},
    "khodlg": {},
    "lltp": {"contract": "gen2"},
    "taichinh": {"contract": "hddt"},
    "tkds": {},
}
_SECOND = {"hotich": {"contract": "province"}, "bhxh": {"contract": "ngsp"}, "dancu": {"contract": "unseen"}}
_GRANTED = (
    *("dancu.citizen", "dancu.marital_status", "dancu.household", "dancu.kinship", "bhxh.card", "gplx.licence"),
    *("hotich.result", "datdai.owner_parcels", "datdai.certificate", "cpxd.permit", "dkdn.household_business"),
    *("khodlg.result", "lltp.certificate", "taichinh.taxpayer", "tkds.indicator"),
)
_GRANTED_AT_SECOND = ("hotich.marital_status", "bhxh.participant", "dancu.life_status")


@dataclass(frozen=True)
class Everywhere:
    """The stand-ins, and gateways in front of all of them: a registry with two contracts in use needs two."""

    server: Running
    desks: tuple[Desk, Desk]

    @property
    def province(self) -> Province:
        """Where everybody lives."""
        return self.server.state.province

    async def raw(self, dataset: str, query: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body, whatever they are."""
        return await self.desks[dataset in _GRANTED_AT_SECOND].ask(dataset, query)

    async def ask(self, dataset: str, query: Mapping[str, Any]) -> tuple[str, Any]:
        """Outcome and record; record is None where nothing was found."""
        status, answer = await self.raw(dataset, query)
        assert status == 200, (dataset, answer)
        return answer["outcome"], answer.get("record")

    async def record(self, dataset: str, query: Mapping[str, Any]) -> Any:
        """The record, which must be there."""
        outcome, record = await self.ask(dataset, query)
        assert outcome == "found", dataset
        return record


@asynccontextmanager
async def everywhere(province: Province) -> AsyncIterator[Everywhere]:
    """All stand-ins of a province, with gateways in front of them."""
    async with AsyncExitStack() as open_ones:
        server = await open_ones.enter_async_context(running(province=province))
        desks = []
        for sections, granted in ((_FIRST, _GRANTED), (_SECOND, _GRANTED_AT_SECOND)):
            settings = settings_for(server.base_url, **sections)
            whole = with_policy(settings, policy(rule({one: _all_fields(one) for one in granted})))
            desks.append(await open_ones.enter_async_context(open_desk(whole)))
        yield Everywhere(server, (desks[0], desks[1]))


def _all_fields(dataset: str) -> list[str]:
    """Those withheld by default too."""
    registry, _, noun = dataset.partition(".")
    found = import_module(f"gateway.adapters.{registry}").ADAPTER.dataset(noun)
    return ["*", *sorted(found.withheld_by_default)]


def who(citizen: Citizen) -> dict[str, str]:
    """How a person is asked for."""
    return {
        "citizen_id": citizen.citizen_id,
        "full_name": citizen.full_name,
        "birth_date": citizen.birth_date,
    }


def known_everywhere(province: Province) -> tuple[Citizen, Mapping[str, Mapping[str, Any]]]:
    """Somebody whom every registry with persons in it knows, and what to ask each of them about him."""
    for citizen in map(province.citizen, range(province.citizens)):
        questions = asked_everywhere(province, citizen)
        if all(questions.values()):
            return citizen, {dataset: query for dataset, query in questions.items() if query is not None}
    raise LookupError("nobody is known everywhere")


def asked_everywhere(province: Province, citizen: Citizen) -> dict[str, dict[str, Any] | None]:
    """What to ask each registry about somebody; None for those that do not know him."""
    insured = Insurance(province).of(citizen)
    birth = CivilEvents(province).dossier("birth", citizen.index)
    permits, judicial = Permits(province), JudicialDossiers(province)
    lots = Land(province).granted_to(citizen.citizen_id)
    permit = next(filter(None, map(permits.of, lots)), None)
    trades = Businesses(province).find_household_business(citizen.citizen_id) is not None
    drives = Licences(province).of(citizen) is not None
    number = {"citizen_id": citizen.citizen_id}
    known: dict[str, dict[str, Any] | None] = {
        "dancu.citizen": who(citizen),
        "bhxh.card": who(citizen) if insured is not None and insured.result == "000" else None,
        "gplx.licence": who(citizen) if drives else None,
        "khodlg.result": number | {"result_code": "KQ.G01.000185"} if drives else None,
        "hotich.marital_status": who(citizen) if citizen.marital_code != "0" else None,
        "hotich.result": None,
        "cpxd.permit": {"permit_number": permit.number} if permit is not None else None,
        "datdai.owner_parcels": number if permit is not None else None,
        "dkdn.household_business": {"tax_code": citizen.citizen_id} if trades else None,
        "taichinh.taxpayer": {"tax_code": citizen.citizen_id} if trades else None,
    }
    if birth is not None and birth.registered_on is not None:
        known["hotich.result"] = {
            "dossier_number": birth.number,
            "event": "birth",
            "commune_code": birth.commune_code,
        }
    if all(known.values()):
        dossiers = (judicial.dossier(index) for index in range(DOSSIERS))
        certified = next((one for one in dossiers if one.state in DONE and one.applicant == citizen), None)
        known["lltp.certificate"] = {"dossier_number": certified.number} if certified is not None else None
    return known
