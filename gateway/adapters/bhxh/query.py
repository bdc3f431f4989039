"""What may be asked of the insurance agency, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.domain.dataset import Options, Query
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId
from gateway.domain.insurance_numbers import InsuranceCardNumber, InsuranceNumber
from gateway.domain.names import FullName, folded
from gateway.domain.records.insurance import InsuranceCard, InsuranceHousehold
from gateway.errors import FieldProblem

__all__ = ["BhxhOptions", "CardQuery", "CriteriaQuery", "HouseholdQuery", "ParticipantQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]
ProvinceCode = Annotated[str, Field(pattern=r"^[0-9]{2}$", examples=["99"])]
DistrictCode = Annotated[str, Field(pattern=r"^[0-9]{3}$", examples=["999"])]
CommuneCode = Annotated[str, Field(pattern=r"^[0-9]{5}$", examples=["99999"])]
Sex = Literal["male", "female", "other"]


class CardQuery(Query):
    """
    One health-insurance card, by one number with its holder's name and birth date; the portal says nothing unless
    all three fit. `birth_date` is a whole date or the year alone.
    """

    citizen_id: CitizenId | None = None
    insurance_number: InsuranceNumber | None = None
    card_number: InsuranceCardNumber | None = None
    full_name: FullName
    birth_date: PartialDate

    @model_validator(mode="after")
    def _one_number(self) -> CardQuery:
        if sum(number is not None for number in (self.citizen_id, self.insurance_number, self.card_number)) != 1:
            advice = (
                "chỉ nêu một trong citizen_id, insurance_number, card_number / "
                "give one of citizen_id, insurance_number, card_number"
            )
            raise PydanticCustomError("one_number", "{advice}", {"advice": advice})
        return self

    def is_about(self, card: InsuranceCard) -> bool | None:
        """
        Whether the card carries the number that was asked about: as its own, as the one before or after it, or in
        its last ten digits. Where it has no number of that kind, None if name and birth date fit.
        """
        if self.card_number is not None:
            after = card.new_card.card_number if card.new_card is not None else None
            cards = [one for one in (card.card_number, card.old_card_number, after) if one is not None]
            return self.card_number in cards if cards else self._may_be(card)
        asked = self.insurance_number or InsuranceNumber(self.citizen_id.value if self.citizen_id else "")
        of_card = card.card_number.insurance_number if card.card_number is not None else None
        told = [one for one in (card.insurance_number, of_card) if one is not None]
        alike = [one for one in told if len(one.value) == len(asked.value)]
        return asked in alike if alike else self._may_be(card)

    def _may_be(self, card: InsuranceCard) -> bool | None:
        if card.full_name is None:
            return None
        return None if _fits(self, card.full_name, card.birth_date) else False

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        number = self.citizen_id or (self.insurance_number.citizen_id if self.insurance_number is not None else None)
        if number is not None and number.is_born_after(today):
            place = "citizen_id" if self.citizen_id is not None else "insurance_number"
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem(f"query.{place}", "future", advice),)
        if self.birth_date.month is not None and self.birth_date.day is None:
            advice = "chỉ hỏi được cả ngày hoặc chỉ năm / the portal takes a whole date or the year alone"
            return (FieldProblem("query.birth_date", "precision", advice),)
        return _unborn(self.birth_date, today)


class ParticipantQuery(Query):
    """Who has this social-insurance number."""

    insurance_number: InsuranceNumber

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        number = self.insurance_number.citizen_id
        if number is not None and number.is_born_after(today):
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem("query.insurance_number", "future", advice),)
        return ()


class CriteriaQuery(Query):
    """
    Whoever has this name, birth date, sex and place. The place is where the birth was registered, or with
    `by_household` where the household is; `district_code` only where there still is one.
    """

    full_name: FullName
    birth_date: PartialDate
    sex: Sex
    province_code: ProvinceCode
    district_code: DistrictCode | None = None
    commune_code: CommuneCode
    by_household: bool = False

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        return _unborn(self.birth_date, today)


class HouseholdQuery(Query):
    """
    The household in which somebody of this name, birth date and sex is insured. `book_number` (số sổ) and
    `card_number` make it surer. The province is that of the birth's registration, or with `by_household` that of the
    household.
    """

    full_name: FullName
    birth_date: PartialDate
    sex: Sex
    province_code: ProvinceCode
    book_number: InsuranceNumber | None = None
    card_number: InsuranceCardNumber | None = None
    by_household: bool = False

    def is_about(self, household: InsuranceHousehold) -> bool | None:
        """Whether the person is among the members: by number where one was asked with, else None if one fits."""
        asked = {self.book_number, self.card_number.insurance_number if self.card_number is not None else None} - {None}
        lengths = {len(one.value) for one in asked if one is not None}
        numbers = (one.insurance_number for one in household.members)
        told = {one for one in numbers if one is not None and len(one.value) in lengths}
        if told:
            return bool(asked & told)
        return None if any(_fits(self, one.full_name, one.birth_date) for one in household.members) else False

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        return _unborn(self.birth_date, today)


def _fits(query: CardQuery | HouseholdQuery, full_name: str, birth_date: PartialDate | None) -> bool:
    """By the name's fold, and as far as both dates are known."""
    if folded(full_name) != folded(query.full_name):
        return False
    asked, told = query.birth_date.isoformat(), birth_date.isoformat() if birth_date is not None else ""
    return asked.startswith(told) or told.startswith(asked)


def _unborn(born: PartialDate, today: date) -> tuple[FieldProblem, ...]:
    if born.isoformat() > today.isoformat():
        advice = "ngày sinh ở tương lai / the birth date lies in the future"
        return (FieldProblem("query.birth_date", "future", advice),)
    return ()


class BhxhOptions(Options):
    """What differs between platforms and generations. None means: as the contract version does."""

    operation: PathSegment | None = None
    """The card check's name in the path, such as `KQNhanLichSuKCB2019`: the ladder of others.md, 2.3."""

    officer_name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """
    `hoTenCb` in `gdbhyt2024`, the name of whoever asks. ASSUMED: the officer's account does where none is set, for an
    inquiry holds no officer's name.
    """

    credentials_in_body: bool = False
    """Whether account and password are repeated in the body of the card check, as some clients do (others.md, 2.3)."""

    facility_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,10}$")] = "00000"
    """`maCSKCB` of `gdbhyt595`: the facility that asks. ASSUMED: an agency that is none sends zeros."""

    context: PathSegment | Literal[""] | None = None
    """The API's name on the platform: `apiBHXH` in `ngsp`."""

    api_version: PathSegment | Literal[""] | None = None
    """The version segment in `ngsp`. ASSUMED: `1.0`, as its sister services have; which is in force is not told."""

    padding: Literal["00", "01"] = "00"
    """What stands for a month or day that is not known, in `ngsp`. ASSUMED: zeros; both are read."""

    absent_status: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,20}$")] = "0"
    """`trangThai` that says "no such record", in `ngsp`. ASSUMED: the values are not published."""
