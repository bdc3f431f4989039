"""
The messages of `apiLyLichTuPhap`. Source: dancu-justice-transport.md, 4.1: the manual writes names in upper case, one
client reads them in lower case; both are taken.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gateway.errors import MalformedAnswer
from gateway.wire.model import NumberOrText, Wire

__all__ = ["StatusAnswer"]


class StatusAnswer(Wire):
    """The answer of `traTrangThaiHs`. It does not name the dossier that it is about."""

    status: NumberOrText = Field(alias="STATUS")
    description: str | None = Field(alias="DESCRIPTION", default=None)
    state: NumberOrText | None = Field(alias="DEC_STATUS_ID", default=None)
    state_name: str | None = Field(alias="DEC_STATUS_NAME", default=None)
    approved: str | None = Field(alias="APPROVE_DATE", default=None)
    issued: str | None = Field(alias="ISSUE_DATE", default=None)

    @classmethod
    def normal(cls, value: Any) -> Any:
        """Known names in upper case, however they are written. Raises MalformedAnswer where one stands twice."""
        if not isinstance(value, dict):
            return value
        known = {field.alias for field in cls.model_fields.values()}
        spelled = [(name.upper() if name.upper() in known else name, inner) for name, inner in value.items()]
        if len(dict(spelled)) != len(spelled):
            raise MalformedAnswer("lltp: one member stands twice, in two spellings")
        return dict(spelled)
