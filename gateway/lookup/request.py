"""What a caller may send, read strictly: every problem names its field and what to do, and quotes no value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core.core_schema import ErrorType

from gateway.domain.inquiry import Inquiry
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.wire import json as strict_json

__all__ = ["LookupRequest", "parse", "parse_as", "read"]

M = TypeVar("M", bound=BaseModel)

_ADVICE: Mapping[str, str] = {
    "missing": "thiếu trường này / this field is missing",
    "extra_forbidden": "trường không có trong mô tả; bỏ đi / no such field; remove it",
    "string_type": "phải là chuỗi ký tự / must be a text",
    "string_too_long": "quá dài / too long",
    "string_too_short": "quá ngắn / too short",
    "string_pattern_mismatch": "sai dạng; xem /docs / wrong form; see /docs",
    "int_type": "phải là số nguyên / must be a whole number",
    "partial_date": "ngày có thật (1800 đến 2200), ví dụ 1999-01-31, 1999-01, 1999 / a real date, such as 1999-01-31",
    "name": "họ tên bằng chữ Latinh, không ký tự điều khiển / a name in Latin letters without control marks",
}
_MOST_PROBLEMS = 32
_PYDANTIC_CODES = frozenset(get_args(ErrorType))
_SHAPE_CODES = frozenset({"missing", "extra_forbidden", "json", "not_an_object"})


class LookupRequest(BaseModel):
    """One dataset, one query, and who asks why."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)

    dataset: Annotated[str, Field(max_length=80, examples=["dancu.citizen"])]
    query: dict[str, Any] = Field(repr=False)
    inquiry: Inquiry = Field(repr=False)
    fields: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=64)] | None = None
    max_age_s: Annotated[int, Field(ge=0)] = 0
    deadline_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    case_token: Annotated[str, Field(max_length=8192)] | None = Field(None, repr=False)


def parse(body: bytes) -> LookupRequest:
    """The question in a body, or InvalidQuestion."""
    return parse_as(LookupRequest, body)


def parse_as(model: type[M], body: bytes) -> M:
    """What a body says as a model, or InvalidQuestion."""
    try:
        value = strict_json.parse(body)
    except strict_json.JsonError as exc:
        problem = FieldProblem("", "json", f"thân yêu cầu không phải JSON chuẩn / the body is not strict JSON: {exc}")
        raise InvalidQuestion(problems=(problem,)) from None
    if not isinstance(value, dict):
        advice = "thân yêu cầu phải là một đối tượng JSON / the body must be a JSON object"
        raise InvalidQuestion(problems=(FieldProblem("", "not_an_object", advice),))
    return read(model, value)


def read(model: type[M], value: object, *, above: str = "") -> M:
    """The value as a model; InvalidQuestion with status 400 for a wrong shape, 422 for impossible values."""
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)[:_MOST_PROBLEMS]
        problems = tuple(_problem(error["loc"], error["type"], error["msg"], above) for error in errors)
        shape = any(problem.code in _SHAPE_CODES or problem.code.endswith("_type") for problem in problems)
        raise InvalidQuestion(problems=problems, status=400 if shape else 422) from None


def _problem(location: tuple[int | str, ...], code: str, message: str, above: str) -> FieldProblem:
    place = ".".join(str(part)[:64] for part in location)
    # A code that pydantic does not have is our own or an adapter's, and its message is written for callers.
    own = message if code not in _PYDANTIC_CODES else "giá trị không hợp lệ / not a valid value"
    advice = _ADVICE.get(code, own)
    return FieldProblem(f"{above}{place}".rstrip("."), code, advice)
