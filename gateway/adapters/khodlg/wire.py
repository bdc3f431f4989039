"""
The messages of the store of results. Source: others.md, 9.3.

ASSUMED: `errorCode` is a text or a number, and an object may stand where a list is meant, as in the portal's other
services (others.md, 10).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.wire.model import ListOrOne, NumberOrText, Wire

__all__ = ["Answer", "File", "Found", "Paper"]


class File(Wire):
    """A `TepDinhKem`."""

    name: str | None = Field(alias="TenTep", default=None)
    path: str | None = Field(alias="DuongDan", default=None)


class Paper(Wire):
    """A `GiayToKetQua`."""

    result_code: str = Field(alias="MaKetQua", min_length=1)
    title: str | None = Field(alias="TenGiayTo", default=None)
    number: NumberOrText | None = Field(alias="SoKyHieu", default=None)
    issuer: str | None = Field(alias="CoQuanChuQuan", default=None)
    files: Annotated[list[File], ListOrOne] | None = Field(alias="DanhSachTepDinhKem", default=None)


class Found(Wire):
    """`{DanhSachGiayToKetQua}`. ASSUMED: null and an empty list both say that the store has none."""

    papers: Annotated[list[Paper], ListOrOne] | None = Field(alias="DanhSachGiayToKetQua")


class Answer(Wire):
    """`{errorCode, message, signature, result}`. What `signature` covers is not told, so it proves nothing here."""

    error_code: NumberOrText = Field(alias="errorCode")
    message: str | None = Field(alias="message", default=None)
    signature: str | None = Field(alias="signature", default=None)
    result: Found | None = Field(alias="result", default=None)
