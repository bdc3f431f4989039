"""
A stand-in for what a one-stop system tells of its cases: is this dossier open, whose is it, which unit handles it.

Asked with `{"case_id": …}`. A case that was not entered is open and handled by the unit that its number begins with,
as numbers of Quyết định 20/2020 do (`H08.12-260301-0001`); any other number is unknown. Holds numbers and accounts
only, and those are invented.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

__all__ = ["CaseRegister"]

_NUMBER = re.compile(r"((?:G|H)[0-9]{2}(?:\.[A-Z0-9]{1,6}){0,6})-[0-9]{6}-[0-9]{4,8}")
_MEMBERS = frozenset({"case_id", "state", "agencies", "officers", "procedure", "province"})
_STATES = frozenset({"open", "closed", "unknown"})


class CaseRegister:
    """Cases by number. `asked` counts the questions since the last reset."""

    def __init__(self) -> None:
        self._entered: dict[str, dict[str, Any]] = {}
        self.asked = 0

    def enter(self, body: bytes) -> str | None:
        """Enter or replace a case from JSON; gives what is wrong with it, or None."""
        case = _parsed(body)
        if case is None or not isinstance(case.get("case_id"), str) or case.get("state") not in _STATES:
            return "needs case_id and state (open, closed, unknown)"
        if unknown := case.keys() - _MEMBERS:
            return f"no such member: {', '.join(sorted(unknown))}"
        self._entered[case["case_id"]] = case
        return None

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and JSON for one question."""
        self.asked += 1
        asked = _parsed(body)
        if asked is None or asked.keys() != {"case_id"} or not isinstance(asked["case_id"], str):
            return 400, {"error": "needs case_id and nothing else"}
        case_id = asked["case_id"]
        return 200, self._entered.get(case_id) or _by_number(case_id)

    def reset(self) -> None:
        """As if no case had been entered and none asked for."""
        self._entered.clear()
        self.asked = 0


def _by_number(case_id: str) -> dict[str, Any]:
    found = _NUMBER.fullmatch(case_id)
    if found is None:
        return {"case_id": case_id, "state": "unknown"}
    agency = found[1]
    return {"case_id": case_id, "state": "open", "agencies": [agency], "province": agency.partition(".")[0]}


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
