"""The portal's one message. Source: others.md, 8.1."""

from __future__ import annotations

from pydantic import Field

from gateway.wire.model import NumberOrText, Wire

__all__ = ["Taxpayer"]

Text = str | None
CodeText = NumberOrText | None


class Taxpayer(Wire):
    """What the portal tells of a taxpayer. ASSUMED: `mst`, `tennnt` and `tthai` are never missing."""

    tax_code: str = Field(alias="mst")
    name: str = Field(alias="tennnt", min_length=1)
    status: str = Field(alias="tthai", pattern=r"^[0-9]{2}$")
    tax_office: CodeText = Field(alias="macqt", default=None)
    tax_office_name: Text = Field(alias="tencqt", default=None)
    kind: CodeText = Field(alias="loainnt", default=None)
    second_kind: CodeText = Field(alias="lnnt", default=None)
    street: Text = Field(alias="dctsdchi", default=None)
    province: CodeText = Field(alias="dctstinh", default=None)
    district: CodeText = Field(alias="dctsthuyen", default=None)
    commune: CodeText = Field(alias="dctstxa", default=None)
    province_name: Text = Field(alias="dctstinhten", default=None)
    district_name: Text = Field(alias="dctshuyenten", default=None)
    commune_name: Text = Field(alias="dctsxaten", default=None)
