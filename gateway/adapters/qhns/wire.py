"""
The messages about budget codes. ASSUMED as a whole: of the service `CapMSDVQHNS` only its name was seen (others.md, 6).

A unit's names are the columns of `SYS_DVQHNS` in finance software. A project's are made up in their manner, for what
Thông tư 185/2015/TT-BTC says is kept of one. Envelope: that of the other services of that ministry (C.3).
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import BeforeValidator, Field

from gateway.wire.model import NumberOrText, Wire
from gateway.wire.values import Measure

__all__ = ["Answer", "Project", "ProjectAnswer", "Unit", "UnitAnswer"]

Text = NumberOrText | None


class _Coded(Wire):
    """What units and projects have in common."""

    code: NumberOrText = Field(alias="MA_DVQHNS")
    name: str = Field(alias="TEN_DVQHNS", min_length=1)
    valid_from: str | None = Field(alias="NGAY_HL", default=None)
    kind: Text = Field(alias="TYPE_DVQHNS", default=None)
    province_code: Text = Field(alias="MA_TINH", default=None)
    district_code: Text = Field(alias="MA_HUYEN", default=None)
    commune_code: Text = Field(alias="MA_XA", default=None)
    address: str | None = Field(alias="DIA_CHI", default=None)
    status: str | None = Field(alias="TRANG_THAI", default=None)


class Unit(_Coded):
    """A row of `SYS_DVQHNS`. ASSUMED: `DIA_CHI`, which the table does not have and the circular names."""

    superior_code: Text = Field(alias="MA_DVQHNS_CHA", default=None)
    institution_kind: Text = Field(alias="MA_LOAIDV", default=None)
    budget_level: Text = Field(alias="MA_CAP", default=None)
    budget_chapter: Text = Field(alias="MA_CHUONG", default=None)
    legal_basis: str | None = Field(alias="CAN_CU", default=None)


class Project(_Coded):
    """A project. ASSUMED: every name that a unit does not have."""

    group: Text = Field(alias="NHOM_DA", default=None)
    form: Text = Field(alias="HINH_THUC_DA", default=None)
    stage: Text = Field(alias="GIAI_DOAN", default=None)
    investor_name: str | None = Field(alias="CHU_DAU_TU", default=None)
    investor_code: Text = Field(alias="MA_CHU_DAU_TU", default=None)
    management_board: str | None = Field(alias="BAN_QLDA", default=None)
    decision_number: str | None = Field(alias="SO_QD_DAU_TU", default=None)
    decided: str | None = Field(alias="NGAY_QD_DAU_TU", default=None)
    total: Measure = Field(alias="TONG_MUC_DAU_TU", default=None)
    funding: str | None = Field(alias="NGUON_VON", default=None)
    sector: Text = Field(alias="NGANH_KINH_TE", default=None)


C = TypeVar("C", bound=_Coded)


def _as_list(value: object) -> object:
    """One object, a list of them, or null for nobody."""
    return [] if value is None else [value] if isinstance(value, dict) else value


class Answer(Wire, Generic[C]):
    """`{error_code, result, message}`; 0 is success, and negative numbers are failures."""

    error_code: NumberOrText = Field(alias="error_code")
    found: Annotated[list[C], BeforeValidator(_as_list)] = Field(alias="result")
    message: str | None = Field(alias="message", default=None)


class UnitAnswer(Answer[Unit]):
    """About one unit."""


class ProjectAnswer(Answer[Project]):
    """About one project."""
