"""
The flat firm inside Hồ Chí Minh City's envelope. Source: others.md, 1.3: four names are seen, "…" stands for the rest.
"""

from __future__ import annotations

from pydantic import Field

from gateway.wire.model import NumberOrText, Wire

__all__ = ["Enterprise", "Envelope"]


class Enterprise(Wire):
    """What is told of a firm."""

    enterprise_code: str = Field(alias="ENTERPRISE_GDT_CODE")
    name: str = Field(alias="NAME", min_length=1)
    status_id: NumberOrText | None = Field(alias="ENTERPRISE_STATUS_ID", default=None)
    status_name: str | None = Field(alias="ENTERPRISE_STATUS_NAME", default=None)
    head_office: str | None = Field(alias="HO_ADDRESS_FULLTEXT", default=None)


class Envelope(Wire):
    """`{StatusCode, Status, Description, ThrowException, ResultObject}`; null for a result says "no such firm"."""

    code: NumberOrText = Field(alias="StatusCode")
    status: str = Field(alias="Status")
    threw: bool | None = Field(alias="ThrowException", default=None)
    description: object = Field(alias="Description", default=None)
    result: Enterprise | None = Field(alias="ResultObject")

    @property
    def succeeded(self) -> bool:
        """What counts as success there: all three say so."""
        return self.code == "200" and self.status == "SUCCESS" and not self.threw
