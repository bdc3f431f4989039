"""Construction permits (giấy phép xây dựng)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from gateway.domain.dataset import Record
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.model import Masked
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import NumberText

__all__ = ["ConstructionPermit", "PermitHolder", "PermitParcel", "Work"]


class PermitHolder(Masked):
    """Who may build (chủ đầu tư): a person, or a firm by its code."""

    full_name: str
    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None
    enterprise_code: NumberText | None = None


class Work(Masked):
    """One of the works (công trình) that may be built; `work_class` is its class by size (cấp công trình)."""

    name: str
    kind: Code | None = None
    work_class: Code | None = None
    building_area_m2: Decimal | None = None
    floor_area_m2: Decimal | None = None
    height_m: Decimal | None = None
    floors: int | None = None


class PermitParcel(Masked):
    """Where it stands on the map; unique within the commune of its time alone."""

    map_sheet: NumberText
    parcel_number: NumberText


class ConstructionPermit(Record):
    """
    A permit as registered now. That it exists does not say that it is in force: read `status` and `expires_on`.

    Numbers are each office's own; `issuer_code` is absent where that office is gone, as districts are.
    `permit_kind` is the code by which the national portal knows such results (`KQ.G17.…`). `adjusts` is the number
    of the permit that this one changes, extends or replaces.
    """

    permit_number: NumberText
    issuer_code: NumberText | None = None
    issuer_name: str | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    permit_kind: Code | None = None
    procedure_code: NumberText | None = None
    status: Code | None = None
    adjusts: NumberText | None = None
    holders: tuple[PermitHolder, ...] = ()
    works: tuple[Work, ...] = ()
    address: Address | None = None
    parcels: tuple[PermitParcel, ...] = ()
