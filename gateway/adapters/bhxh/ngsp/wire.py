"""
The messages of NGSP's `apiBHXH`: texts only, no status code that anybody has published. Source: others.md, 2.1.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gateway.wire.model import NumberOrText, Wire

__all__ = ["HouseholdAnswer", "HouseholdRow", "NumberAnswer", "ParticipantAnswer"]

Text = NumberOrText | None
_OF_NOBODY = {"status", "precision", "sex"}
"""What may be filled although nobody is named. ASSUMED: a flag keeps its default."""


class NumberAnswer(Wire):
    """`getMaSoBhxhTheoTieuChi`."""

    insurance_number: Text = Field(alias="maSoBhxh")
    status: Text = Field(alias="trangThai", default=None)
    error: Text = Field(alias="errorCode", default=None)


class ParticipantAnswer(Wire):
    """`getTraCuuTtHgdByMaSoBhxh`. It does not repeat the number."""

    full_name: str | None = Field(alias="hoTen")
    old_book: Text = Field(alias="soSoCu", default=None)
    born: Text = Field(alias="ngaySinh", default=None)
    precision: Text = Field(alias="loaiNgaySinh", default=None)
    sex: Text = Field(alias="gioiTinh", default=None)
    province: Text = Field(alias="maTinhKs", default=None)
    district: Text = Field(alias="maHuyenKs", default=None)
    commune: Text = Field(alias="maXaKs", default=None)
    status: Text = Field(alias="trangThai", default=None)

    def names_somebody(self) -> bool:
        """Whether anything in it could be about a person."""
        return any(getattr(self, name) for name in type(self).model_fields.keys() - _OF_NOBODY)


class HouseholdRow(Wire):
    """One row of `getTraCuuThongTinHgd`: a person of a household."""

    insurance_number: Text = Field(alias="maSo", default=None)
    full_name: str | None = Field(alias="hoTen")
    born: Text = Field(alias="ngaySinh", default=None)
    precision: Text = Field(alias="loaiNgaySinh", default=None)
    sex: Text = Field(alias="gioiTinh", default=None)
    household: Text = Field(alias="maHo", default=None)
    address: str | None = Field(alias="diaChi", default=None)
    status: Text = Field(alias="trangThai", default=None)

    def names_somebody(self) -> bool:
        """Whether anything in it could be about a person."""
        return any(getattr(self, name) for name in type(self).model_fields.keys() - _OF_NOBODY)


class HouseholdAnswer(Wire):
    """One row or a list of them: the document shows fields only, so both are read."""

    rows: list[HouseholdRow]

    @classmethod
    def normal(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {"rows": [value]}
        return {"rows": value} if isinstance(value, list) else value
