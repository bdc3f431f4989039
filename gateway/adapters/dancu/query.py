"""What may be asked of the population database, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.domain.dataset import Options, Query
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.names import FullName, folded
from gateway.domain.records.household import Household
from gateway.domain.records.kinship import PersonFacts
from gateway.domain.records.person import Person
from gateway.errors import FieldProblem

__all__ = ["CitizenQuery", "DancuOptions"]

IntegrationCode = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


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
            advice = "chỉ nêu một trong citizen_id, old_number / give either citizen_id or old_number"
            raise PydanticCustomError("one_number", "{advice}", {"advice": advice})
        return self

    def is_about(self, person: Person | PersonFacts) -> bool | None:
        """
        Whether the record carries the number that was asked about. Where it has no number of that kind it may still
        be plainly somebody else's; None where name and birth date fit.
        """
        if self.citizen_id is not None:
            return person.citizen_id == self.citizen_id
        if person.old_number is not None:
            return person.old_number == self.old_number
        return None if self._fits(person.full_name, person.birth_date) else False

    def is_about_household(self, household: Household) -> bool | None:
        """The same of a household, in which one member must be the person who was asked about."""
        about = household.has(self.citizen_id, self.old_number)
        if about is None and not any(self._fits(one.full_name, one.birth_date) for one in household.members):
            return False
        return about

    def _fits(self, full_name: str, birth_date: PartialDate | None) -> bool:
        """The registry finds nobody unless both fit: by the name's fold, and as far as both dates are known."""
        if folded(full_name) != folded(self.full_name):
            return False
        asked, told = self.birth_date.isoformat(), birth_date.isoformat() if birth_date is not None else ""
        return asked.startswith(told) or told.startswith(asked)

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if self.citizen_id is not None and self.citizen_id.is_born_after(today):
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem("query.citizen_id", "future", advice),)
        if self.birth_date.month is not None and self.birth_date.day is None:
            advice = "chỉ hỏi được cả ngày hoặc chỉ năm / the registry takes a whole date or the year alone"
            return (FieldProblem("query.birth_date", "precision", advice),)
        if self.birth_date.isoformat() > today.isoformat():
            advice = "ngày sinh ở tương lai / the birth date lies in the future"
            return (FieldProblem("query.birth_date", "future", advice),)
        return ()


class DancuOptions(Options):
    """
    What differs between provinces within a contract version. None means: as that version does
    (dancu-justice-transport.md, 1.2, 1.3 and 1.10).
    """

    integration_code: IntegrationCode = "037"
    """`MaTichHop` of the question for one person."""

    verification_code: IntegrationCode | Literal[""] | None = None
    """`MaTichHop` of the verification (`003`); in `gtel` what `MaDichVu` holds (`033`). An empty text: not sent."""

    household_code: IntegrationCode = "037"
    """`MaTichHop` of the question for a household. ASSUMED: nothing tells it."""

    officer_is: Literal["id", "account"] | None = None
    """What goes into `MaCanBo`: the officer's own number, as in `2025`, or an account, as before."""

    system_account: Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,20}$")] | None = None
    """
    One account for everybody in `MaCanBo`: an exception of `2021` and `gtel`, which `2025` does not have. None: the
    officer's own. A code from the file of officers goes before it.
    """

    with_agency_and_account: bool = True
    """Whether `MaDonVi`, `TaiKhoan` and `SoDienThoai` are sent where the contract version has them."""

    phone: Annotated[str, Field(pattern=r"^[0-9+]{1,15}$")] = "0"
    """`SoDienThoai`; the 2025 client sends `0`."""

    name_form: Literal["folded", "upper"] = "folded"
    """`folded`: upper case without diacritics and spaces; `upper`: upper case as written."""

    date_form: Literal["yyyyMMdd", "yyyy-MM-dd", "flat"] = "yyyyMMdd"
    """How a birth date is written in `2025` and `2021`: in an element of its own, or flat. `gtel` is always flat."""
