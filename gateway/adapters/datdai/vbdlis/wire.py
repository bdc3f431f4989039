"""The envelope of the one-stop side. Source: others.md, 3.2."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.adapters.datdai.reports.wire import Report
from gateway.wire.model import ListOrOne, NumberOrText, Wire

__all__ = ["Answer"]


class Answer(Wire):
    """`{Result, Message, Data}` as its lists have it; `Result` 1 is success. ASSUMED: `Data` holds the reports."""

    result: NumberOrText = Field(alias="Result")
    message: str | None = Field(alias="Message", default=None)
    reports: Annotated[list[Report], ListOrOne] | None = Field(alias="Data", default=None)
