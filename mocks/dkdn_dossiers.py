"""
Dossiers of business registration in the synthetic province: those by which its firms came to be what they are.

A firm was asked for three days before it was founded, and its latest change three days before that was registered;
whoever represents it handed both in. Lists by day hold the first `CAST` firms' alone, one dossier is found of any firm.
Source of the words: others.md, 1.1.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from mocks.chance import Permutation
from mocks.province import CAST, Enterprise, Province

__all__ = ["OFFICE", "Dossier", "Dossiers", "day", "is_invented", "page", "state"]

OFFICE = 99001
"""The one business-registration office: none has a number beginning with 99."""

_TAKES = timedelta(days=3)
_BLOCK = 1_000_000
_KINDS = ("Đăng ký mới", "Đăng ký thay đổi")
_LONGEST = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Dossier:
    """One dossier about a firm, approved by now."""

    number: int
    kind: str
    firm: Enterprise
    accepted_on: date

    @property
    def received_on(self) -> date:
        """The day on which it was handed in."""
        return self.accepted_on - _TAKES


class Dossiers:
    """Those of one province. A number leads back to its firm: its last six digits are a shuffled index."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._serials = Permutation(province.seed, "business dossier", _BLOCK)

    def find(self, number: str) -> Dossier | None:
        """The dossier of that number. None when there is none."""
        if not is_invented(number):
            return None
        index = self._serials.index(int(number[-6:])) // len(_KINDS)
        listed = self._of_firm(self._province.enterprise(index)) if index < self._province.enterprises else []
        return next((one for one in listed if one.number == int(number)), None)

    def of_day(self, when: date) -> tuple[Dossier, ...]:
        """What was received on a day, in the order of the firms."""
        return tuple(self._by_day.get(when, ()))

    @cached_property
    def _by_day(self) -> dict[date, list[Dossier]]:
        days: dict[date, list[Dossier]] = defaultdict(list)
        for index in range(min(CAST, self._province.enterprises)):
            for dossier in self._of_firm(self._province.enterprise(index)):
                days[dossier.received_on].append(dossier)
        return days

    def _of_firm(self, firm: Enterprise) -> list[Dossier]:
        days = zip(_KINDS, (firm.founded_on, firm.last_changed_on), strict=True)
        return [
            Dossier(int(f"{OFFICE}{self._serials.place(firm.index * len(_KINDS) + nth):06}"), kind, firm, accepted_on)
            for nth, (kind, accepted_on) in enumerate(days)
            if accepted_on is not None
        ]


def day(text: str) -> date:
    """dd/MM/yyyy; ValueError for anything else."""
    found = re.fullmatch(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", text)
    if found is None:
        raise ValueError("not dd/MM/yyyy")
    return date(int(found[3]), int(found[2]), int(found[1]))


def is_invented(number: str) -> bool:
    """Whether a dossier's number is of our own range: 99001 and six digits."""
    return number.isascii() and number.isdigit() and len(number) == 11 and number.startswith(str(OFFICE))


def page(dossiers: Dossiers, first: date, last: date, offset: int, limit: int) -> dict[str, Any]:
    """`danhSachHoSo`: a page of what was received from one day to another, both counted; at most five days apart."""
    if not timedelta(0) <= last - first <= _LONGEST:
        return {"Data": None, "DataCount": 0, "Status": "0", "Message": "Khoảng thời gian không hợp lệ"}
    days = (first + timedelta(days=step) for step in range((last - first).days + 1))
    rows = [_row(one) for day in days for one in dossiers.of_day(day)]
    return {
        "Data": {"MainInformation": rows[offset : offset + limit]},
        "DataCount": len(rows),
        "Status": "1",
        "Message": "success",
    }


def state(dossier: Dossier | None) -> dict[str, Any]:
    """`tinhTrangHoSo` about one dossier."""
    if dossier is None:
        return {"Data": {"MainInformation": None}, "DataCount": 0, "Status": "1", "Message": "success"}
    person = dossier.firm.representative
    more = {
        "ENTERPRISE_TYPE_ID": dossier.firm.legal_form[0],
        "REGISTRATION_DATE": f"{dossier.accepted_on:%d/%m/%Y}",
        "SUPPLEMENT_DATE": None,
        "SUBMISSION_TYPE": "Trực tuyến",
        "CONTACT_FULL_NAME": person.registered_name,
        "CONTACT_ADDRESS": person.residence.full_text,
        "CONTACT_ID_NO": person.citizen_id,
        "CONTACT_PHONE": None,
        "CONTACT_EMAIL": None,
    }
    found = {"MainInformation": _row(dossier) | more}
    return {"Data": found, "DataCount": 1, "Status": "1", "Message": "success"}


def _row(one: Dossier) -> dict[str, Any]:
    return {
        "IN_JOURNAL_NO": one.number,
        "DOCUMENT_TYPE": one.kind,
        "ENTERPRISE_CODE": f"B99-{one.firm.index:06}",
        "ENTERPRISE_GDT_CODE": one.firm.enterprise_code,
        "NAME": one.firm.name,
        "SITE_ID": OFFICE,
        "RECEIPT_DATE": f"{one.received_on:%d/%m/%Y}",
        "PLAN_DATE": f"{one.accepted_on:%d/%m/%Y}",
        "PROCESS_STATUS": "Đã chấp thuận",
    }
