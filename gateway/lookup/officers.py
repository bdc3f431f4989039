"""
Officers as registries know them: account of an agency → the code that a registry gave the person, from a file.

The one-stop system knows accounts; ministries know officers by codes that they hand out. Which is whose is data with
days of validity. The file also says who stands above whom, so that looking up a superior can be seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.crypto import Secrets
from gateway.domain.identifiers import CitizenId
from gateway.errors import FieldProblem, OfficerUnmapped
from gateway.lookup.toml_file import read_toml, unusable

__all__ = ["Officers", "Registered", "read_officers"]

_Key = tuple[str, str]
Agency = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}(\.[A-Z0-9]{1,6}){0,6}$")]
Account = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]
Above = Annotated[str, Field(pattern=r"^([A-Z0-9.]{1,35}/)?[A-Za-z0-9._@-]{1,64}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Officer(_Section):
    agency: Agency
    account: Account
    unit: Annotated[str, Field(min_length=1, max_length=200)]
    codes: dict[str, Code] = {}
    valid_from: date | None = None
    valid_until: date | None = None
    superior: Above | None = None
    citizen_id: CitizenId | None = Field(None, repr=False)


class _File(_Section):
    officers: tuple[_Officer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """
    One officer for some time: codes by registry instance, the unit's name, whose superiors' pseudonyms.

    `pseudonym` is that of the officer's own number; None where the file does not tell the number.
    """

    codes: Mapping[str, str] = field(repr=False)
    unit: str
    valid_from: date | None
    valid_until: date | None
    superior: _Key | None = field(repr=False)
    pseudonym: str | None = field(repr=False)

    def is_valid(self, today: date) -> bool:
        """Whether the entry holds today; both days included."""
        return (self.valid_from is None or self.valid_from <= today) and (
            self.valid_until is None or today <= self.valid_until
        )


class Officers:
    """Every officer of the file. `version` is the beginning of its SHA-256; empty where there is no file."""

    def __init__(self, entries: Mapping[_Key, tuple[Registered, ...]] | None = None, version: str = "") -> None:
        self.version = version
        self._entries = entries or {}

    def code(self, agency: str, account: str, instance: str, today: date, *, issuer: str) -> str:
        """
        What the registry knows the officer by. `issuer` is whoever hands the codes out.

        Raises OfficerUnmapped that says what is missing and who must add it.
        """
        entries = self._entries.get((agency, account), ())
        if not entries:
            raise _unmapped("officer_missing", agency, instance, issuer)
        valid = [entry for entry in entries if entry.is_valid(today)]
        if not valid:
            raise _unmapped("officer_expired", agency, instance, issuer)
        code = valid[0].codes.get(instance)
        if code is None:
            raise _unmapped("code_missing", agency, instance, issuer)
        return code

    def superiors(self, agency: str, account: str, today: date) -> frozenset[str]:
        """The pseudonyms of everybody above the officer whose number the file tells."""
        found: set[str] = set()
        seen = {(agency, account)}
        above = self._above((agency, account), today)
        while above is not None and above not in seen:
            seen.add(above)
            found |= {entry.pseudonym for entry in self._entries[above] if entry.pseudonym is not None}
            above = self._above(above, today)
        return frozenset(found)

    def _above(self, key: _Key, today: date) -> _Key | None:
        return next((entry.superior for entry in self._entries.get(key, ()) if entry.is_valid(today)), None)


def read_officers(file: Path, secrets: Secrets, instances: Collection[str]) -> Officers:
    """
    The officers in a file. Raises SettingsError naming each entry at fault by its place, never by what it says of a
    person.
    """
    values, version = read_toml("officers", file)
    try:
        whole = _File.model_validate(values)
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False)
        faults = [
            f"{'.'.join(str(part) for part in error['loc'])}: {_said(error['type'], error['msg'])}" for error in errors
        ]
        raise unusable("officers", file, faults) from None
    entries: dict[_Key, tuple[Registered, ...]] = {}
    for officer in whole.officers:
        key = (officer.agency, officer.account)
        entries[key] = (*entries.get(key, ()), _registered(officer, secrets))
    faults = list(_faults(whole, entries, instances))
    if faults:
        raise unusable("officers", file, faults)
    return Officers(entries, version)


def _registered(officer: _Officer, secrets: Secrets) -> Registered:
    number = officer.citizen_id
    return Registered(
        codes=officer.codes,
        unit=officer.unit,
        valid_from=officer.valid_from,
        valid_until=officer.valid_until,
        superior=_superior(officer),
        pseudonym=secrets.pseudonym(number.subject_kind, number.value) if number is not None else None,
    )


def _superior(officer: _Officer) -> _Key | None:
    if officer.superior is None:
        return None
    agency, slash, account = officer.superior.rpartition("/")
    return (agency if slash else officer.agency), account


def _faults(whole: _File, entries: Mapping[_Key, tuple[Registered, ...]], instances: Collection[str]) -> Iterator[str]:
    seen: dict[_Key, list[tuple[int, _Officer]]] = {}
    for nth, officer in enumerate(whole.officers):
        place = f"officers[{nth}]"
        for instance in officer.codes:
            if instance not in instances:
                yield f"{place}.codes.{instance}: no such registry; there are {', '.join(sorted(instances)) or 'none'}"
        if officer.valid_from and officer.valid_until and officer.valid_until < officer.valid_from:
            yield f"{place}.valid_until: lies before valid_from"
        superior = _superior(officer)
        if superior is not None and superior not in entries:
            yield f"{place}.superior: is no officer of this file; add an entry, or write agency/account"
        for other, before in seen.get((officer.agency, officer.account), ()):
            if _overlap(officer, before):
                yield f"{place}: the same agency and account as officers[{other}] on the same days; end one of them"
        seen.setdefault((officer.agency, officer.account), []).append((nth, officer))


def _overlap(one: _Officer, other: _Officer) -> bool:
    starts = max(one.valid_from or date.min, other.valid_from or date.min)
    return starts <= min(one.valid_until or date.max, other.valid_until or date.max)


def _said(kind: str, message: str) -> str:
    return "no such key" if kind == "extra_forbidden" else message


def _unmapped(code: str, agency: str, instance: str, issuer: str) -> OfficerUnmapped:
    vietnamese, english = {
        "officer_missing": ("cán bộ chưa có trong tệp cán bộ", "the officer is not in the file of officers"),
        "officer_expired": (
            "khai báo của cán bộ đã hết hoặc chưa có hiệu lực",
            "the officer's entry is not valid today",
        ),
        "code_missing": ("cán bộ chưa có mã tại cơ sở dữ liệu này", "the officer has no code at this registry"),
    }[code]
    advice = (
        f"{vietnamese}; quản trị cổng bổ sung cán bộ của {agency} cho {instance}, mã do {issuer} cấp / "
        f"{english}; the gateway's operator adds the officer of {agency} for {instance}, with the code of {issuer}"
    )
    return OfficerUnmapped(f"{instance}: {code}", problems=(FieldProblem("inquiry.officer.account", code, advice),))
