"""
The envelope that the ministry's services share. Source: dancu-justice-transport.md, 3.1 and 3.2.

ASSUMED: the older generation has the names of the newer one, in whatever case; its manual does not tell them.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gateway.errors import MalformedAnswer
from gateway.wire.model import NumberOrText, Wire

__all__ = ["Envelope"]


class Envelope(Wire):
    """
    `{status, statusDescription, errorCode, errorDescription, value}`. What the one-stop platform relays of a failure
    has `title`, `errors` and `inputSend` in their place, and an HTTP status as `status`.
    """

    status: NumberOrText = Field(alias="status")
    description: str | None = Field(alias="statusDescription", default=None)
    error_code: NumberOrText | None = Field(alias="errorCode", default=None)
    error_description: str | None = Field(alias="errorDescription", default=None)
    value: Any = Field(alias="value", default=None)
    title: object = Field(alias="title", default=None)
    errors: object = Field(alias="errors", default=None)
    sent: object = Field(alias="inputSend", default=None)

    @property
    def tells_value(self) -> bool:
        """True where `value` stands in the answer, be it empty."""
        return "value" in self.model_fields_set

    @classmethod
    def normal(cls, value: Any) -> Any:
        """Known names in their own spelling, however they are written. MalformedAnswer where one stands twice."""
        if not isinstance(value, dict):
            return value
        known = {str(field.alias).casefold(): str(field.alias) for field in cls.model_fields.values()}
        spelled = [(known.get(name.casefold(), name), inner) for name, inner in value.items()]
        if len(dict(spelled)) != len(spelled):
            raise MalformedAnswer("hotich: one member stands twice, in two spellings")
        return dict(spelled)
