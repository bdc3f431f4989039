"""
What the store of results keeps of the synthetic province: for each result code that the province has anything under,
whose it is and what stands on it. The same facts as in the registries that it stands in for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mocks.cpxd_permits import Permits
from mocks.datdai_land import Land
from mocks.dkdn_businesses import Businesses
from mocks.gplx_people import Licences
from mocks.hotich_events import CivilEvents
from mocks.province import Province

__all__ = ["BIRTH", "CONSTRUCTION_PERMIT", "DRIVING_LICENCE", "HOUSEHOLD_BUSINESS", "LAND", "Result", "Results"]

# Source: others.md, 1.4, 3, 4 and 5.3; domain.md, 2.3.
HOUSEHOLD_BUSINESS = "KQ.G12.001009"
LAND = "KQ.G10.001147"
CONSTRUCTION_PERMIT = "KQ.G17.000311"
DRIVING_LICENCE = "KQ.G01.000185"
BIRTH = "KQ.G15.000031"


@dataclass(frozen=True, slots=True)
class Result:
    """One invented result with one file."""

    code: str
    title: str
    number: str
    issuer: str

    @property
    def path(self) -> str:
        """The file's path in the store: no office has the code G99."""
        return f"/G99/{self.code}/{self.number.replace('/', '-')}.pdf"


class Results:
    """Those of one province, by owner and code."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._businesses = Businesses(province)
        self._land, self._permits = Land(province), Permits(province)
        self._licences, self._events = Licences(province), CivilEvents(province)
        self._sources: Mapping[str, Callable[[str], Iterator[Result]]] = {
            HOUSEHOLD_BUSINESS: self._of_businesses,
            LAND: self._of_land,
            CONSTRUCTION_PERMIT: self._of_permits,
            DRIVING_LICENCE: self._of_licences,
            BIRTH: self._of_births,
        }

    def find(self, owner: str, code: str) -> tuple[Result, ...] | None:
        """What the owner has under the code, maybe nothing; None where the province knows nothing of such results."""
        source = self._sources.get(code)
        if source is None:
            return None
        citizen = self._province.find_citizen(owner)
        return tuple(source(citizen.citizen_id if citizen is not None else owner))

    def _of_businesses(self, owner: str) -> Iterator[Result]:
        """Under the owner's number, or under the tax code where the business has one of its own."""
        business = self._businesses.find_household_business(owner)
        if business is not None:
            title, issuer = "Giấy chứng nhận đăng ký hộ kinh doanh", f"UBND {business.head_office.commune_name}"
            yield Result(HOUSEHOLD_BUSINESS, title, business.registration_number, issuer)

    def _of_land(self, owner: str) -> Iterator[Result]:
        for lot in self._land.held_by(owner):
            yield Result(
                LAND, "Giấy chứng nhận quyền sử dụng đất", lot.certificate_number, "Văn phòng đăng ký đất đai Ví Dụ"
            )

    def _of_permits(self, owner: str) -> Iterator[Result]:
        for lot in self._land.granted_to(owner):
            permit = self._permits.of(lot)
            if permit is not None:
                issuer = f"UBND {lot.place.commune_name}"
                yield Result(CONSTRUCTION_PERMIT, "Giấy phép xây dựng", permit.number, issuer)

    def _of_licences(self, owner: str) -> Iterator[Result]:
        citizen = self._province.find_citizen(owner)
        licence = self._licences.of(citizen) if citizen is not None else None
        if licence is not None:
            yield Result(DRIVING_LICENCE, "Giấy phép lái xe", licence.number, "Phòng Cảnh sát giao thông Ví Dụ")

    def _of_births(self, owner: str) -> Iterator[Result]:
        citizen = self._province.find_citizen(owner)
        birth = self._events.dossier("birth", citizen.index) if citizen is not None else None
        if birth is not None and birth.registered_on is not None:
            yield Result(BIRTH, "Giấy khai sinh", birth.registration_number, "UBND xã Ví Dụ")
