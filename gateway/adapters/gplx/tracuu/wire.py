"""
The messages of a licence check. ASSUMED, all of them: no such service was found (others.md, 5.3).

They are made of what was seen beside it: the session service's envelope, and the names of `gplxDaCap` (5.1).
"""

from __future__ import annotations

from pydantic import Field

from gateway.adapters.gplx.dvc.wire import Answer, Issued
from gateway.wire.model import NumberOrText, Wire

__all__ = ["Licence", "LicenceAnswer"]

Text = NumberOrText | None


class Licence(Wire):
    """A licence and its holder."""

    full_name: str = Field(alias="hoten", min_length=1)
    born: Text = Field(alias="ngaysinh", default=None)
    personal_number: Text = Field(alias="socmnd", default=None)
    old_number: Text = Field(alias="socmndcu", default=None)
    number: NumberOrText = Field(alias="sogplx", min_length=1)
    status: Text = Field(alias="trangthai", default=None)
    status_name: Text = Field(alias="tentrangthai", default=None)
    classes: list[Issued] | None = Field(alias="gplxdacap", default=None)


class LicenceAnswer(Answer):
    """`{error_code, data}`."""

    data: list[Licence] | None
