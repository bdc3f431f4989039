"""
In which form a field is claimed, and how that form is compared: chosen by the type that the record gives the field.

A text is a name unless the record says that it is free text or a number (`domain.texts`). What is of a type that stands
in no table here, such as a mapping, cannot be claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from gateway.domain.canonical import cleaned
from gateway.domain.compare.addresses import compare_addresses
from gateway.domain.compare.codes import compare_codes, compare_values
from gateway.domain.compare.dates import compare_dates
from gateway.domain.compare.identifiers import compare_numbers
from gateway.domain.compare.names import compare_names, compare_texts
from gateway.domain.compare.verdict import Compared, Verdict, Why
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import Identifier
from gateway.domain.places import packaged
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import TextKind

__all__ = ["Claimable", "Form", "claimable", "compared", "printed"]

_EMPTY = Compared(Verdict.NOT_RECORDED, Why.EMPTY)


class Form(StrEnum):
    """How a claim is written and compared."""

    NAME = "name"
    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    ADDRESS = "address"
    CODE = "code"
    AMOUNT = "amount"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Claimable:
    """
    A field that may be claimed. `path` leads to it from the record; `listed` is how many of its steps lead to the list
    it stands in, 0 where it stands in none. `kind` is the class of a number with a format of its own.
    """

    path: tuple[str, ...]
    form: Form
    listed: int = 0
    kind: type[Identifier] | None = None
    is_birth: bool = False

    @property
    def name(self) -> str:
        """As callers write it."""
        return ".".join(self.path)


def claimable(record: type[BaseModel]) -> Mapping[str, Claimable]:
    """Everything that can be claimed of a record, by name: its fields, and what stands in them."""
    return _claimable(record)


@cache
def _claimable(record: type[BaseModel]) -> Mapping[str, Claimable]:
    found: dict[str, Claimable] = {}
    _walk(record, (), 0, found)
    return MappingProxyType(found)


def compared(claim: Claimable, declared: Any, recorded: Any) -> Compared:
    """The verdict on one declared value beside what is recorded, or None."""
    if recorded is None:
        return _EMPTY
    return _COMPARE[claim.form](claim, declared, recorded)


def printed(value: Any) -> str:
    """A value of whatever form as a person reads it."""
    match value:
        case Identifier():
            return value.value
        case PartialDate() | date():
            return value.isoformat()
        case Code():
            return f"{value.code} {value.name}" if value.name else value.code
        case Address():
            parts = (value.detail, *(_unit(value, level) for level in ("commune", "district", "province")))
            return value.full_text or ", ".join(part for part in parts if part) or value.country or ""
        case bool():
            return "có / yes" if value else "không / no"
        case _:
            return str(value)


def _unit(address: Address, level: str) -> str | None:
    name, code = getattr(address, f"{level}_name"), getattr(address, f"{level}_code")
    return f"{name} ({code})" if name and code else name or code


def _walk(model: type[BaseModel], above: tuple[str, ...], listed: int, found: dict[str, Claimable]) -> None:
    for name, field in model.model_fields.items():
        kind, is_list, text = _unwrapped(field.annotation)
        path = (*above, name)
        here = len(path) if is_list else listed
        form = _form(kind, text or next((one for one in field.metadata if isinstance(one, TextKind)), None))
        if form is not None:
            number = kind if issubclass(kind, Identifier) else None
            found[".".join(path)] = Claimable(path, form, here, number, is_birth=kind is PartialDate)
        elif issubclass(kind, BaseModel) and kind is not model:
            _walk(kind, path, here, found)


def _unwrapped(annotation: Any) -> tuple[type, bool, TextKind | None]:
    """The type inside an optional or a tuple, whether there may be several of it, and what kind of text it is."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and origin is None:
        return annotation, False, None
    if origin is Annotated:
        kind, is_list, text = _unwrapped(inside[0])
        return kind, is_list, text or next((one for one in inside[1:] if isinstance(one, TextKind)), None)
    if origin is Literal:
        return type(inside[0]), False, None
    several = [one for one in inside if one not in {type(None), Ellipsis}]
    if origin in {Union, UnionType, tuple} and len(set(several)) == 1:
        kind, is_list, text = _unwrapped(several[0])
        return kind, is_list or origin is tuple, text
    return object, False, None  # what nobody can claim, such as a table


def _form(kind: type, text: TextKind | None) -> Form | None:
    if text is not None:
        return Form.TEXT if text is TextKind.FREE else Form.NUMBER
    if issubclass(kind, datetime):  # a date by its type, but nobody declares the second of it
        return None
    return next((form for base, form in _FORMS.items() if issubclass(kind, base)), None)


_FORMS: dict[type, Form] = {
    PartialDate: Form.DATE,
    date: Form.DATE,
    Identifier: Form.NUMBER,
    Address: Form.ADDRESS,
    Code: Form.CODE,
    bool: Form.FLAG,  # before int, which it is too
    int: Form.AMOUNT,
    Decimal: Form.AMOUNT,
    str: Form.NAME,
}


def _dates(claim: Claimable, declared: PartialDate, recorded: PartialDate | date) -> Compared:
    if not isinstance(recorded, PartialDate):
        try:
            recorded = PartialDate(recorded.year, recorded.month, recorded.day)
        except ValueError:  # such as 0001-01-01, which some systems write for none
            return _EMPTY
    return compare_dates(declared, recorded, of_birth=claim.is_birth)


def _numbers(claim: Claimable, declared: str, recorded: Any) -> Compared:
    if claim.kind is not None:
        return compare_numbers(declared, recorded.value)
    return compare_numbers(*("".join(cleaned(number).split()).upper() for number in (declared, recorded)))


_COMPARE: dict[Form, Callable[[Claimable, Any, Any], Compared]] = {
    Form.NAME: lambda _, declared, recorded: compare_names(declared, recorded),
    Form.TEXT: lambda _, declared, recorded: compare_texts(declared, recorded),
    Form.DATE: _dates,
    Form.NUMBER: _numbers,
    Form.ADDRESS: lambda _, declared, recorded: compare_addresses(declared, recorded, packaged()),
    Form.CODE: lambda _, declared, recorded: compare_codes(declared, recorded),
    Form.AMOUNT: lambda _, declared, recorded: compare_values(declared, recorded),
    Form.FLAG: lambda _, declared, recorded: compare_values(declared, recorded),
}
