"""
The messages of NGSP's `apiCSDLDKDN`. Source: others.md, 1.1, traps included: `Status` is text or number,
`Representatives` an object or a list, `HOAdress` is misspelt, and some platforms leave the envelope out.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from gateway.errors import MalformedAnswer
from gateway.wire.model import ListOrOne, NumberOrText, Wire
from gateway.wire.values import Exact

__all__ = ["Activity", "Address", "Data", "Envelope", "MainInformation", "Member", "Representative"]


Text = NumberOrText | None


class MainInformation(Wire):
    """The firm itself. Two spellings of the status exist."""

    registry_id: Text = Field(alias="ENTERPRISE_ID", default=None)
    internal_code: Text = Field(alias="ENTERPRISE_CODE", default=None)
    enterprise_code: str = Field(alias="ENTERPRISE_GDT_CODE")
    old_certificate_number: Text = Field(alias="IMP_BUSINESS_CODE", default=None)
    legal_form_id: Text = Field(alias="ENTERPRISE_TYPE_ID", default=None)
    legal_form_name: str | None = Field(alias="ENTERPRISE_TYPE_NAME", default=None)
    name: str = Field(alias="NAME", min_length=1)
    short_name: str | None = Field(alias="SHORT_NAME", default=None)
    foreign_name: str | None = Field(alias="NAME_F", default=None)
    founded: str | None = Field(alias="FOUNDING_DATE", default=None)
    last_changed: str | None = Field(alias="LAST_AMEND_DATE", default=None)
    changes: Text = Field(alias="NUMBER_CHANGES", default=None)
    status: Text = Field(alias="ENTERPRISE_STATUS", default=None)
    status_id: Text = Field(alias="ENTERPRISE_STATUS_ID", default=None)
    status_name: str | None = Field(alias="ENTERPRISE_STATUS_NAME", default=None)
    legal_names: str | None = Field(alias="LEGAL_NAMES", default=None)
    capital: Exact = Field(alias="CAPITAL_AMOUNT", default=None)


class Address(Wire):
    """The head office; districts are missing since 2025-07-01."""

    province_code: Text = Field(alias="CityID", default=None)
    province_name: str | None = Field(alias="CityName", default=None)
    district_code: Text = Field(alias="DistrictID", default=None)
    district_name: str | None = Field(alias="DistrictName", default=None)
    commune_code: Text = Field(alias="WardID", default=None)
    commune_name: str | None = Field(alias="WardName", default=None)
    street: str | None = Field(alias="StreetNumber", default=None)
    full_text: str | None = Field(alias="AddressFullText", default=None)


class Representative(Wire):
    """A legal representative with the paper he was identified by."""

    full_name: str = Field(alias="FULL_NAME", min_length=1)
    sex: Text = Field(alias="GENDER_ID", default=None)
    born: str | None = Field(alias="DATE_OF_BIRTH", default=None)
    nationality_name: str | None = Field(alias="NATIONALITY_NAME", default=None)
    document_name: str | None = Field(alias="PERS_DOC_NAME", default=None)
    document_number: Text = Field(alias="PERS_DOC_NO", default=None)
    document_issued: str | None = Field(alias="PERS_DOC_ISSUE_DATE", default=None)
    document_issuer: str | None = Field(alias="PERS_DOC_ISSUE_PLACE", default=None)
    document_expires: str | None = Field(alias="PERS_DOC_EXPIRE_DATE", default=None)


class Activity(Wire):
    """A VSIC line of business."""

    code: NumberOrText = Field(alias="CODE")
    name: str | None = Field(alias="NAME", default=None)
    is_main: str | None = Field(alias="IS_MAIN", default=None)


class Member(Wire):
    """A contributing member."""

    name: str = Field(alias="MEMBER_NAME")
    amount: Exact = Field(alias="AMOUNT", default=None)
    ratio: Exact = Field(alias="RATIO_PERCENT", default=None)
    country_name: str | None = Field(alias="COUNTRY", default=None)


class Data(Wire):
    """What was found; `MainInformation` null says that no such firm is registered."""

    main: MainInformation | None = Field(alias="MainInformation")
    head_office: Address | None = Field(alias="HOAdress", default=None)
    representatives: Annotated[list[Representative], ListOrOne] | None = Field(alias="Representatives", default=None)
    activities: Annotated[list[Activity], ListOrOne] | None = Field(alias="BusinessActivity", default=None)
    members: Annotated[list[Member], ListOrOne] | None = Field(alias="Member", default=None)


class Envelope(Wire):
    """
    `{Data, DataCount, Status, Message}`; `Status` "1" is success. A bare inner object is taken as its Data.

    ASSUMED: where there is no firm, `DataCount` is missing or 0.
    """

    status: NumberOrText = Field(alias="Status")
    data: Data | None = Field(alias="Data", default=None)
    count: object = Field(alias="DataCount", default=None)
    message: object = Field(alias="Message", default=None)

    def firm(self) -> tuple[MainInformation, Data] | None:
        """
        What was found; None where no such firm is registered. Raises MalformedAnswer where the rest of an
        answer about nobody speaks of a firm or of a failure.
        """
        if self.data is None:
            raise MalformedAnswer("dkdn: success without Data")
        if self.data.main is not None:
            return self.data.main, self.data
        others = (self.data.head_office, self.data.representatives, self.data.activities, self.data.members)
        counted = self.count not in (None, 0, "0", "")
        if any(others) or counted or str(self.message or "success").lower() != "success":
            raise MalformedAnswer("dkdn: no firm, in an answer that speaks of one or of a failure")
        return None

    @classmethod
    def normal(cls, value: Any) -> Any:
        if isinstance(value, dict) and "MainInformation" in value and "Status" not in value:
            return {"Status": "1", "Data": value}
        return value
