"""The envelope of the land platforms. Source: others.md, 3.1 and 3.3."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.adapters.datdai.reports.wire import Report
from gateway.wire.model import ListOrOne, NumberOrText, Wire

__all__ = ["Answer", "Status"]


class Status(Wire):
    """`{success, code, type, time, message}`."""

    succeeded: bool = Field(alias="success")
    message: str | None = Field(alias="message", default=None)
    code: object = Field(alias="code", default=None)
    kind: object = Field(alias="type", default=None)
    time: object = Field(alias="time", default=None)


class Answer(Wire):
    """
    `{data, status}`. In what was seen `data` is 1 for success and 0 for failure. ASSUMED: where something is asked
    for it holds the reports, and 0 or null where there are none.
    """

    data: Annotated[list[Report], ListOrOne] | NumberOrText | None = Field(alias="data")
    status: Status = Field(alias="status")

    @property
    def reports(self) -> list[Report]:
        """The reports; none where a number stands for them."""
        return self.data if isinstance(self.data, list) else []

    @property
    def failed(self) -> bool:
        """True where both say so."""
        return self.data in (None, "0") and not self.status.succeeded
