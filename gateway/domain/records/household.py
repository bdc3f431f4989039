"""A household (hộ gia đình) as the population database knows it."""

from __future__ import annotations

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.model import Masked
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import NumberText

__all__ = ["Household", "HouseholdMember", "MemberNumber"]


class HouseholdMember(Masked):
    """One person of the household, without numbers. `relation_to_head` is a code whose list is not published."""

    full_name: str
    birth_date: PartialDate | None = None
    sex: Code | None = None
    relation_to_head: Code | None = None


class MemberNumber(Masked):
    """The numbers of one person of the household."""

    citizen_id: CitizenId
    old_number: OldCitizenNumber | None = None


class Household(Record):
    """
    The people registered together with the one who was asked about, him included.

    `member_numbers` has one entry for each of `members`, in the same order: who lives together may be told
    without telling everybody's number. `head` is absent where the registry names none; he need not be among
    the members. `address` and `household_book_number` are absent where the members' own do not agree.
    """

    head: HouseholdMember | None = None
    members: tuple[HouseholdMember, ...]
    member_numbers: tuple[MemberNumber, ...]
    address: Address | None = None
    household_book_number: NumberText | None = None

    def has(self, citizen_id: CitizenId | None, old_number: OldCitizenNumber | None) -> bool | None:
        """Whether one of the members carries the number; None where nobody has a number of that kind."""
        if citizen_id is not None:
            return any(one.citizen_id == citizen_id for one in self.member_numbers)
        old_numbers = [one.old_number for one in self.member_numbers if one.old_number is not None]
        return old_number in old_numbers if old_numbers else None
