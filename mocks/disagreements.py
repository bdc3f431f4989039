"""The list of what registries disagree on: of whom, in which registry, and under which number it can be seen there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mocks.bhxh_people import Insurance
from mocks.datdai_land import Land
from mocks.dkdn_businesses import Businesses
from mocks.gplx_people import Licences
from mocks.hotich_events import CivilEvents
from mocks.province import CAST, Citizen, Province

__all__ = ["Disagreement", "disagreements"]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """
    One of them.

    `key` is the number by which `registry` knows what the citizen stands on: of an insurance, a land certificate, a
    household business, a licence, a birth dossier. `field` is `full_name`, `residence` or `birth_date`; `held` is what
    that registry says, `registered` what the population database says.
    """

    citizen_id: str
    registry: str
    key: str
    kind: str
    field: str
    held: str
    registered: str


def disagreements(province: Province) -> Iterator[Disagreement]:
    """Those about the cast, in its order: nobody whom the registry does not know, and nothing that is the same."""
    keys = _keys(province)
    for index in range(min(CAST, province.citizens)):
        found = province.held.of(index)
        if found is None:
            continue
        registry, kind = found
        citizen = province.citizen(index)
        held = province.held.by(registry, citizen)
        key = keys[registry](citizen)
        for field, value in _FIELDS.items():
            if key is not None and value(held) != value(citizen):
                yield Disagreement(citizen.citizen_id, registry, key, kind, field, value(held), value(citizen))


_FIELDS: dict[str, Callable[[Citizen], str]] = {
    "full_name": lambda one: one.full_name,
    "residence": lambda one: one.residence.full_text,
    "birth_date": lambda one: one.birth_date,
}


def _keys(province: Province) -> dict[str, Callable[[Citizen], str | None]]:
    """By which number each registry knows somebody; None where it does not."""
    insurance, land, businesses = Insurance(province), Land(province), Businesses(province)
    licences, civil = Licences(province), CivilEvents(province)

    def of_land(citizen: Citizen) -> str | None:
        return next((lot.certificate_number for lot in land.held_by(citizen.citizen_id)), None)

    def of_birth(citizen: Citizen) -> str | None:
        birth = civil.dossier("birth", citizen.index)
        return birth.number if birth is not None and birth.registered_on is not None else None

    def of_business(citizen: Citizen) -> str | None:
        business = businesses.find_household_business(citizen.citizen_id)
        return business.tax_code if business is not None else None

    def of_licence(citizen: Citizen) -> str | None:
        licence = licences.of(citizen)
        return licence.number if licence is not None else None

    def of_insurance(citizen: Citizen) -> str | None:
        insured = insurance.of(citizen)
        return insured.number if insured is not None else None

    return {
        "bhxh": of_insurance,
        "datdai": of_land,
        "dkdn": of_business,
        "gplx": of_licence,
        "hotich": of_birth,
    }
