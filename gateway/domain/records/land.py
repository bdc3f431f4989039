"""
Parcels and land certificates as the land database knows them.

Codes keep the list that they belong to: purposes of 2013, for one, are not those of today.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.land_numbers import LandCertificateNumber
from gateway.domain.model import Masked
from gateway.domain.records.enterprise import IdentityPaper
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import FreeText, NumberText

__all__ = [
    "CertificateEntry",
    "Holding",
    "LandCertificate",
    "LandHoldings",
    "LandParcel",
    "LandUse",
    "Parcel",
    "Restriction",
    "RightHolder",
]


class LandUse(Masked):
    """A purpose (mục đích sử dụng đất) with its part of the area, and until when: the registry's own text."""

    purpose: Code
    area_m2: Decimal | None = None
    term: FreeText | None = None


class Parcel(Masked):
    """
    A parcel (thửa đất). Sheet and number are unique within a commune of one time and one series of maps alone;
    `old_map_sheet` and `old_parcel_number` are those of the series before.
    """

    commune_code: NumberText
    map_sheet: NumberText
    parcel_number: NumberText
    old_map_sheet: str | None = None
    old_parcel_number: NumberText | None = None
    area_m2: Decimal | None = None
    legal_area_m2: Decimal | None = None
    address: Address | None = None
    uses: tuple[LandUse, ...] = ()


class RightHolder(Masked):
    """
    Who holds a right: a person, one of a couple, the head of a household, an organisation, a community (`kind`).

    Older entries know people by nine digits alone, in `old_number` or among `papers`.
    """

    kind: Code
    full_name: str
    sex: Code | None = None
    birth_date: PartialDate | None = None
    died_in: int | None = None
    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None
    organisation_code: NumberText | None = None
    papers: tuple[IdentityPaper, ...] = ()
    address: FreeText | None = None

    def has(self, number: str) -> bool:
        """Whether the number is his, as his own or on one of his papers."""
        own = (one.value for one in (self.citizen_id, self.old_number) if one is not None)
        return number in {*own, *(paper.number for paper in self.papers)}


class Restriction(Masked):
    """Something that restricts the right (hạn chế quyền), such as a mortgage or a freeze."""

    kind: Code | None = None
    content: FreeText | None = None
    registered_on: date | None = None


class LandCertificate(Record):
    """
    A certificate (giấy chứng nhận) as registered now: that it exists does not say that it is in force, read `status`.

    `restrictions` is absent where the registry does not tell them, and empty where it says that there are none.
    `asset_kinds` are the kinds of other things than land that it covers: houses, flats.
    """

    certificate_number: LandCertificateNumber
    register_number: NumberText | None = None
    old_register_number: NumberText | None = None
    registered_on: date | None = None
    barcode: NumberText | None = None
    issuer: FreeText | None = None
    kind: Code | None = None
    status: Code | None = None
    holders: tuple[RightHolder, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    asset_kinds: tuple[Code, ...] = ()
    restrictions: tuple[Restriction, ...] | None = None


class CertificateEntry(Masked):
    """A certificate without holders and parcels; `restrictions` as in a whole one."""

    certificate_number: LandCertificateNumber
    register_number: NumberText | None = None
    registered_on: date | None = None
    kind: Code | None = None
    status: Code | None = None
    restrictions: tuple[Restriction, ...] | None = None


class LandParcel(Record):
    """
    A parcel with everybody who holds it and every certificate given for it: those who hold it together may have one
    each.

    A parcel without a certificate is not found: `absent` says that no certificate is registered for it.
    """

    parcel: Parcel
    holders: tuple[RightHolder, ...] = ()
    certificates: tuple[CertificateEntry, ...]


class Holding(Masked):
    """
    A certificate that somebody holds, with its parcels; none where it is for a flat alone. `is_shared` says that
    others hold it too, and not who they are.
    """

    certificate: CertificateEntry
    parcels: tuple[Parcel, ...] = ()
    is_shared: bool


class LandHoldings(Record):
    """
    Everything that is registered under one number. Other holders are not named.

    Entries that know their holder by his old number alone are not found by the new one: `absent`, and a short list,
    speak of the number that was asked about and not of the person.
    """

    owner: RightHolder
    holdings: tuple[Holding, ...]
