"""
The messages about dossiers. Source: others.md, 1.1.

ASSUMED: where the rows of a list stand. The manual names them below `MainInformation` and shows no example, so three
forms are read: a list there, a list of objects that each have one, and a list of bare rows.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from gateway.wire.model import ListOrOne, NumberOrText, Wire

__all__ = ["Dossier", "List", "Rows", "State", "StateData"]

Text = NumberOrText | None


class Dossier(Wire):
    """A row of a list, or one dossier with more; `IN_JOURNAL_NO` and `SITE_ID` are numbers."""

    number: NumberOrText = Field(alias="IN_JOURNAL_NO", pattern=r"^[0-9]{1,20}$")
    document_type: str | None = Field(alias="DOCUMENT_TYPE", default=None)
    internal_code: Text = Field(alias="ENTERPRISE_CODE", default=None)
    enterprise_code: Text = Field(alias="ENTERPRISE_GDT_CODE", default=None)
    name: str | None = Field(alias="NAME", default=None)
    office: Text = Field(alias="SITE_ID", default=None)
    received: str | None = Field(alias="RECEIPT_DATE", default=None)
    due: str | None = Field(alias="PLAN_DATE", default=None)
    status: Text = Field(alias="PROCESS_STATUS", default=None)
    status_changed: str | None = Field(alias="PROCESSED_DATE", default=None)
    legal_form: Text = Field(alias="ENTERPRISE_TYPE_ID", default=None)
    accepted: str | None = Field(alias="REGISTRATION_DATE", default=None)
    supplemented: str | None = Field(alias="SUPPLEMENT_DATE", default=None)
    submission_type: Text = Field(alias="SUBMISSION_TYPE", default=None)
    contact_name: str | None = Field(alias="CONTACT_FULL_NAME", default=None)
    contact_address: str | None = Field(alias="CONTACT_ADDRESS", default=None)
    contact_number: Text = Field(alias="CONTACT_ID_NO", default=None)
    contact_phone: Text = Field(alias="CONTACT_PHONE", default=None)
    contact_email: str | None = Field(alias="CONTACT_EMAIL", default=None)


class Rows(Wire):
    """`Data` of a list; an empty list says that there are none, null says nothing."""

    rows: Annotated[list[Dossier], ListOrOne] = Field(alias="MainInformation")

    @classmethod
    def normal(cls, value: Any) -> Any:
        """The three forms as one."""
        if isinstance(value, list):
            inner = [
                one["MainInformation"] if isinstance(one, dict) and one.keys() == {"MainInformation"} else one
                for one in value
            ]
            return {"MainInformation": inner}
        return value


class List(Wire):
    """`{Data, DataCount, Status, Message}` of a list. `DataCount` counts the rows of a page, or of the whole list."""

    status: NumberOrText = Field(alias="Status")
    data: Rows | None = Field(alias="Data", default=None)
    count: NumberOrText | None = Field(alias="DataCount", default=None)
    message: object = Field(alias="Message", default=None)

    @classmethod
    def normal(cls, value: Any) -> Any:
        return value | {"Data": Rows.normal(value["Data"])} if isinstance(value, dict) and "Data" in value else value


class StateData(Wire):
    """`Data` of one dossier; `MainInformation` null says that there is no such dossier."""

    dossier: Dossier | None = Field(alias="MainInformation")


class State(Wire):
    """`{Data, DataCount, Status, Message}` of one dossier."""

    status: NumberOrText = Field(alias="Status")
    data: StateData | None = Field(alias="Data", default=None)
    count: object = Field(alias="DataCount", default=None)
    message: object = Field(alias="Message", default=None)
