"""
The case port: whether a dossier is open, whose it is, and which unit handles it, as the one-stop system says.

Two ways: the one-stop is asked (`case_callback`), or it gives its word along with the question, signed
(`gateway.web.case_token`). What is said is compared with the inquiry here, by one rule for both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.inquiry import AgencyCode, Inquiry
from gateway.errors import CaseClosed, FieldProblem
from gateway.lookup.request import LookupRequest
from gateway.transport.base import Probe

__all__ = ["Case", "CaseChecks", "CaseState", "Cases", "check_case"]

CaseChecks = Literal["off", "callback", "token"]
"""How cases are checked, as `GET /v1/registries` and `gateway check` say it."""


class CaseState(StrEnum):
    """What becomes of a dossier."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Case(BaseModel):
    """
    A dossier as the one-stop knows it. `agencies` are the units that handle it; `officers` the accounts it is
    assigned to, empty where every officer of those units may handle it; `province` the first part of an agency
    code, `procedure` the national one; both None where the one-stop does not say.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    state: Annotated[CaseState, Field(strict=False)]
    agencies: tuple[AgencyCode, ...] = ()
    officers: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=1000, repr=False)] = ()
    procedure: Annotated[str, Field(max_length=20)] | None = None
    province: Annotated[str, Field(max_length=6)] | None = None


class Cases(Protocol):
    """Where a case is looked up."""

    checks: CaseChecks

    async def find(self, request: LookupRequest) -> Case:
        """
        The case of a question.

        Raises CaseUnavailable where nobody can say now, CaseClosed where what came with the question proves nothing.
        """

    async def probe(self) -> list[Probe]:
        """Try the way to the one-stop without asking about a case; empty where there is none to try."""

    async def close(self) -> None:
        """Let go of every connection."""


@dataclass(frozen=True, slots=True)
class _Fault:
    location: str
    code: str
    advice: str = field(repr=False)


_UNKNOWN = _Fault(
    "inquiry.case_id",
    "case_unknown",
    "hệ thống một cửa không có hồ sơ này; kiểm tra mã hồ sơ / the one-stop system has no such case; check its number",
)
_CLOSED = _Fault(
    "inquiry.case_id",
    "case_closed",
    "hồ sơ đã kết thúc nên không được khai thác dữ liệu nữa / the case is closed, so nothing more may be asked for it",
)
_PROVINCE = _Fault(
    "inquiry.agency",
    "other_province",
    "hồ sơ thuộc tỉnh khác; cán bộ của tỉnh đó phải hỏi / the case belongs to another province, whose officer must ask",
)
_AGENCY = _Fault(
    "inquiry.agency",
    "other_agency",
    "đơn vị này không xử lý hồ sơ; kiểm tra phân công / this unit does not handle the case; check who does",
)
_OFFICER = _Fault(
    "inquiry.officer.account",
    "not_assigned",
    "hồ sơ không giao cho cán bộ này; phân công lại hoặc để cán bộ được giao hỏi / "
    "the case is not assigned to this officer; assign it, or let whoever has it ask",
)
_PROCEDURE = _Fault(
    "inquiry.procedure",
    "other_procedure",
    "hồ sơ thuộc thủ tục khác; kiểm tra mã thủ tục / the case is of another procedure; check its code",
)


def check_case(case: Case, inquiry: Inquiry) -> None:
    """Raises CaseClosed, naming each thing in which the inquiry and the case do not fit."""
    if case.state is CaseState.UNKNOWN:
        raise _refusal([_UNKNOWN])
    if case.state is CaseState.CLOSED:
        raise _refusal([_CLOSED])
    wrong: list[_Fault] = []
    if case.province is not None and case.province != inquiry.agency.partition(".")[0]:
        wrong.append(_PROVINCE)
    if inquiry.agency not in case.agencies:
        wrong.append(_AGENCY)
    if case.officers and inquiry.officer.account not in case.officers:
        wrong.append(_OFFICER)
    if case.procedure is not None and case.procedure != inquiry.procedure.value:
        wrong.append(_PROCEDURE)
    if wrong:
        raise _refusal(wrong)


def _refusal(faults: list[_Fault]) -> CaseClosed:
    problems = tuple(FieldProblem(fault.location, fault.code, fault.advice) for fault in faults)
    return CaseClosed(f"case: {', '.join(fault.code for fault in faults)}", problems=problems)
