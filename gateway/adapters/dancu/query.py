"""What may be asked of the population database, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.domain.dataset import Options, Query
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.names import FullName
from gateway.errors import FieldProblem

__all__ = ["CitizenQuery", "DancuOptions"]


class CitizenQuery(Query):
    """
    One person, by number, name and birth date; the registry finds nobody unless all three fit.

    Either `citizen_id` or, for old dossiers, `old_number`. `birth_date` may be the year alone.
    """

    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None
    full_name: FullName
    birth_date: PartialDate

    @model_validator(mode="after")
    def _one_number(self) -> CitizenQuery:
        if (self.citizen_id is None) == (self.old_number is None):
            raise PydanticCustomError("one_number", "give either citizen_id or old_number, not both")
        return self

    def names(self, citizen_id: CitizenId, old_number: OldCitizenNumber | None) -> bool:
        """True when the record carries the number that was asked about."""
        if self.citizen_id is not None:
            return citizen_id == self.citizen_id
        return old_number == self.old_number

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if self.citizen_id is not None and self.citizen_id.is_born_after(today):
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem("query.citizen_id", "future", advice),)
        if self.birth_date.isoformat() > today.isoformat():
            advice = "ngày sinh ở tương lai / the birth date lies in the future"
            return (FieldProblem("query.birth_date", "future", advice),)
        return ()


class DancuOptions(Options):
    """
    What differs between provinces and generations of the service. Defaults are those of the 2025 clients
    (dancu-justice-transport.md, 1.2, 1.3 and 1.10).
    """

    integration_code: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")] = "037"
    """`MaTichHop` of TraCuuThongTinCongDan."""

    officer_is: Literal["id", "account"] = "id"
    """What goes into `MaCanBo`: the officer's own number (2025) or the account (before)."""

    with_agency_and_account: bool = True
    """Whether `MaDonVi`, `TaiKhoan` and `SoDienThoai` are sent, as the 2025 clients do."""

    phone: Annotated[str, Field(pattern=r"^[0-9+]{1,15}$")] = "0"
    """`SoDienThoai`; the 2025 client sends `0`."""

    name_form: Literal["folded", "upper"] = "folded"
    """`folded`: upper case without diacritics and spaces; `upper`: upper case as written."""

    date_form: Literal["yyyyMMdd", "yyyy-MM-dd"] = "yyyyMMdd"
    """How a whole birth date is written in `NgayThangNam`."""
