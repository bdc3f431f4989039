"""Claims as a caller writes them, read by the form of the field that each is about. No problem quotes a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema, create_model, model_validator
from pydantic_core import PydanticCustomError

from gateway.domain.canonical import cleaned
from gateway.domain.compare.forms import Claimable, Form, claimable
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, Identifier, OldCitizenNumber, TaxCode
from gateway.domain.model import Masked
from gateway.domain.records.shared import Address, Code
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.lookup.request import read

__all__ = ["Claim", "claims_model", "read_claims"]

_OTHER_FORMS: tuple[type[Identifier], ...] = (CitizenId, OldCitizenNumber, TaxCode)
"""Numbers that a paper may carry where the record has one of another form."""
_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
_AMOUNT = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,10})?")


@dataclass(frozen=True, slots=True)
class Claim:
    """What was declared of one field. The value is printed nowhere."""

    about: Claimable
    value: Any = field(repr=False)


def read_claims(record: type[BaseModel], values: Mapping[str, Any]) -> tuple[Claim, ...]:
    """
    The claims about a record, in the order in which they were written.

    Raises InvalidQuestion that names every field at fault: status 400 where the record has no such field or a value
    has the wrong type, 422 where it cannot be one.
    """
    if not all(map(_NAME.fullmatch, values)):  # a key that is no name may be somebody's, and is not quoted
        advice = "tên trường chỉ gồm chữ thường, _ và dấu chấm / a field's name has small letters, _ and full stops"
        raise InvalidQuestion(problems=(FieldProblem("claims", "unknown_field", advice),))
    claims = read(claims_model(record), dict(values), above="claims.")
    fields = claimable(record)
    return tuple(Claim(fields[name], getattr(claims, name.replace(".", "__"))) for name in values)


def claims_model(record: type[BaseModel]) -> type[BaseModel]:
    """What may be claimed of a record, as a type: every field by its name, and none is needed."""
    return _model(record)


@cache
def _model(record: type[BaseModel]) -> type[BaseModel]:
    members: dict[str, Any] = {
        name.replace(".", "__"): (_type(one), Field(default=None, alias=name))
        for name, one in claimable(record).items()
    }
    return create_model(f"{record.__name__}Claims", __base__=Masked, **members)


def _said(text: str) -> str:
    if not any(char.isalnum() for char in cleaned(text)):
        raise PydanticCustomError("no_letters", "phải có chữ hoặc số / must have a letter or a digit")
    return text


_Text = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_said)]
_Short = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_said)]


def _as_member(name: str) -> Callable[[Any], Any]:
    """A text alone stands for the member of that name."""
    return lambda value: {name: value} if isinstance(value, str) else value


class ClaimedAddress(Masked):
    """A place by codes, names or its whole text, of before 2025-07-01 (then with its district) or of today."""

    country: _Short | None = None
    province_code: _Short | None = None
    province_name: _Text | None = None
    district_code: _Short | None = None
    district_name: _Text | None = None
    commune_code: _Short | None = None
    commune_name: _Text | None = None
    detail: _Text | None = None
    full_text: _Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> ClaimedAddress:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "ghi ít nhất một phần của địa chỉ / say something of the place")
        return self


class ClaimedCode(Masked):
    """A code, and the list that it belongs to where it is not that of the record."""

    code: _Short
    list: _Short | None = None


def _amount(value: Any) -> Decimal:
    text = "" if isinstance(value, bool) else str(value) if isinstance(value, int | Decimal | str) else ""
    if not _AMOUNT.fullmatch(text):
        raise PydanticCustomError("amount", 'phải là số, ví dụ 3 hoặc "1500000000" / must be a number, such as 3')
    return Decimal(text)


def _number_of(kind: type[Identifier]) -> Callable[[str], str]:
    def number(text: str) -> str:
        advice = ""
        for form in (kind, *_OTHER_FORMS):
            try:
                return form(text).value
            except ValueError as exc:
                advice = advice or str(exc)
        raise PydanticCustomError("identifier", "{advice}", {"advice": advice})

    return number


_TYPES: Mapping[Form, Any] = {
    Form.NAME: _Text,
    Form.TEXT: _Text,
    Form.NUMBER: _Text,
    Form.DATE: PartialDate,
    Form.ADDRESS: Annotated[
        ClaimedAddress,
        AfterValidator(lambda claimed: Address(**claimed.model_dump())),
        BeforeValidator(_as_member("full_text"), json_schema_input_type=ClaimedAddress | str),
    ],
    Form.CODE: Annotated[
        ClaimedCode,
        AfterValidator(lambda claimed: Code(code=claimed.code, list=claimed.list or "")),
        BeforeValidator(_as_member("code"), json_schema_input_type=ClaimedCode | str),
    ],
    Form.AMOUNT: Annotated[
        Decimal, BeforeValidator(_amount), WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})
    ],
    Form.FLAG: bool,
}


def _type(one: Claimable) -> Any:
    if one.kind is None:
        return _TYPES[one.form]
    schema = {"type": "string", "description": (one.kind.__doc__ or "").strip(), "examples": [one.kind.example]}
    return Annotated[str, Field(max_length=40), AfterValidator(_number_of(one.kind)), WithJsonSchema(schema)]
