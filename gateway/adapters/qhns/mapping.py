"""Budget codes in our words. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gateway.adapters.qhns import wire
from gateway.adapters.qhns.query import ProjectQuery, QhnsOptions, UnitQuery
from gateway.domain.budget_codes import BudgetProjectCode, BudgetUnitCode
from gateway.domain.dataset import Exchanges, Question, Record
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Found, Outcome, Unknown
from gateway.domain.records.budget import BudgetProject, BudgetUnit
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest
from gateway.wire.values import day, padded, place_code

__all__ = ["OPERATION", "project", "unit"]

OPERATION = "traCuu"

C = TypeVar("C", wire.Unit, wire.Project)
R = TypeVar("R", bound=Record)


def unit(ask: Question[UnitQuery, QhnsOptions]) -> Exchanges[BudgetUnit]:
    """
    Look up one unit by its code.

    Returns:
        The unit as registered now, whatever its state. `Absent` when it went well and nothing is there.

    Source:
        contracts/qhns/contract.toml, dataset `unit`; facts in others.md, 6.
    """
    response = yield _request(ask.options, ask.query.unit_code.value)
    return _outcome(rest.answer(response, OPERATION, wire.UnitAnswer), _unit)


def project(ask: Question[ProjectQuery, QhnsOptions]) -> Exchanges[BudgetProject]:
    """
    Look up one investment project by its code. `Absent` as for a unit.

    Source:
        contracts/qhns/contract.toml, dataset `project`; facts in others.md, 6.
    """
    response = yield _request(ask.options, ask.query.project_code.value)
    return _outcome(rest.answer(response, OPERATION, wire.ProjectAnswer), _project)


def _request(options: QhnsOptions, code: str) -> Request:
    return Request(
        operation=OPERATION,
        method="GET",
        path=tuple(segment for segment in (options.context, options.api_version, OPERATION) if segment),
        query=(("maSo", code),),
        headers={"Accept": "application/json"},
    )


def _outcome(answer: wire.Answer[C], record: Callable[[C], R]) -> Outcome[R]:
    if answer.error_code != "0":
        # ASSUMED: what failures there are is not told, so every one counts as "the query is wrong".
        return Unknown(Reason.REJECTED, detail="qhns: error_code other than 0")
    match answer.found:
        case []:
            return Absent()
        case [one]:
            return Found(record(one))
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="qhns: several entries under one code")


def _unit(one: wire.Unit) -> BudgetUnit:
    try:
        unit_code = BudgetUnitCode(one.code)
    except ValueError:
        raise MalformedAnswer("qhns: MA_DVQHNS is no budget code of a unit") from None
    return BudgetUnit(
        unit_code=unit_code,
        name=one.name,
        unit_kind=_code("qhns.unit_kind", one.kind),
        institution_kind=_code("qhns.institution_kind", one.institution_kind),
        superior_code=one.superior_code or None,
        budget_level=_code("qhns.budget_level", one.budget_level),
        budget_chapter=_code("qhns.budget_chapter", padded(one.budget_chapter, 3, "qhns.MA_CHUONG")),
        legal_basis=one.legal_basis or None,
        valid_from=day(one.valid_from, "qhns.NGAY_HL"),
        status=_code("qhns.status", one.status),
        address=_address(one),
    )


def _project(one: wire.Project) -> BudgetProject:
    try:
        project_code = BudgetProjectCode(one.code)
    except ValueError:
        raise MalformedAnswer("qhns: MA_DVQHNS is no budget code of a project") from None
    return BudgetProject(
        project_code=project_code,
        name=one.name,
        project_group=_code("qhns.project_group", one.group),
        project_form=_code("qhns.project_form", one.form),
        stage=_code("qhns.stage", one.stage),
        investor_name=one.investor_name or None,
        investor_code=one.investor_code or None,
        management_board=one.management_board or None,
        decision_number=one.decision_number or None,
        decided_on=day(one.decided, "qhns.NGAY_QD_DAU_TU"),
        total_investment_vnd=one.total,
        funding_source=one.funding or None,
        economic_sector=_code("qhns.economic_sector", padded(one.sector, 3, "qhns.NGANH_KINH_TE")),
        valid_from=day(one.valid_from, "qhns.NGAY_HL"),
        status=_code("qhns.status", one.status),
        address=_address(one),
    )


def _code(code_list: str, value: str | None) -> Code | None:
    return Code(code=value, list=code_list) if value else None


def _address(one: wire.Unit | wire.Project) -> Address | None:
    parts = {
        "province_code": place_code(one.province_code, 2, "qhns.MA_TINH"),
        "district_code": place_code(one.district_code, 3, "qhns.MA_HUYEN"),
        "commune_code": place_code(one.commune_code, 5, "qhns.MA_XA"),
        "full_text": one.address or None,
    }
    return Address(**parts) if any(parts.values()) else None
