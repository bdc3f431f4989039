"""What the business stand-in answers as NGSP does (others.md, 1.1), and as one city re-exports it (1.3)."""

from __future__ import annotations

from typing import Any

import orjson

from mocks.province import Address, Citizen, Enterprise

__all__ = ["FLAT_NOBODY", "NOBODY", "STATUS_NAMES", "envelope", "flat"]

NOBODY: dict[str, Any] = {"Data": {"MainInformation": None}, "DataCount": 0, "Status": "1", "Message": "success"}
STATUS_NAMES = {"1": "Đang hoạt động", "2": "Tạm ngừng kinh doanh"}
_CITY = {"StatusCode": 200, "Status": "SUCCESS", "ThrowException": False, "Description": None}
FLAT_NOBODY: dict[str, Any] = {**_CITY, "ResultObject": None}


def flat(firm: Enterprise) -> dict[str, Any]:
    """The city's envelope with the flat firm in it."""
    found = {
        "NAME": firm.name,
        "ENTERPRISE_GDT_CODE": firm.enterprise_code,
        "ENTERPRISE_STATUS_NAME": STATUS_NAMES[firm.status_code],
        "HO_ADDRESS_FULLTEXT": firm.head_office.full_text,
    }
    return {**_CITY, "ResultObject": found}


def envelope(firm: Enterprise) -> dict[str, Any]:
    """`{Data, DataCount, Status, Message}` about one firm."""
    code, name = firm.activity
    data = {
        "MainInformation": _main(firm),
        "HOAdress": _head_office(firm.head_office),
        "Representatives": [_representative(firm)],
        "BusinessActivity": [{"CODE": code, "NAME": name, "IS_MAIN": "Y"}],
        "Member": [
            {
                "MEMBER_NAME": firm.representative.registered_name,
                "AMOUNT": _decimals(firm.capital_vnd, 3),
                "RATIO_PERCENT": _decimals(100, 2),
                "COUNTRY": "Việt Nam",
            }
        ],
    }
    return {"Data": data, "DataCount": 1, "Status": "1", "Message": "success"}


def _main(firm: Enterprise) -> dict[str, Any]:
    form_code, form_name = firm.legal_form
    changed = firm.last_changed_on
    return {
        "ENTERPRISE_ID": 99_000_000 + firm.index,
        "ENTERPRISE_CODE": f"B99-{firm.index:06}",
        "ENTERPRISE_GDT_CODE": firm.enterprise_code,
        "IMP_BUSINESS_CODE": None,
        "ENTERPRISE_TYPE_ID": form_code,
        "ENTERPRISE_TYPE_NAME": form_name,
        "NAME": firm.name,
        "SHORT_NAME": None,
        "NAME_F": None,
        "FOUNDING_DATE": f"{firm.founded_on:%d/%m/%Y}",
        "LAST_AMEND_DATE": f"{changed:%d/%m/%Y}" if changed else None,
        "NUMBER_CHANGES": firm.change_count,
        "ENTERPRISE_STATUS_ID": firm.status_code,
        "ENTERPRISE_STATUS_NAME": STATUS_NAMES[firm.status_code],
        "LEGAL_NAMES": firm.representative.registered_name,
        "CAPITAL_AMOUNT": _decimals(firm.capital_vnd, 3),
    }


def _head_office(address: Address) -> dict[str, Any]:
    return {
        "CityID": address.province_code,
        "CityName": address.province_name,
        "DistrictID": None,
        "DistrictName": None,
        "WardID": address.commune_code,
        "WardName": address.commune_name,
        "StreetNumber": address.detail,
        "AddressFullText": address.full_text,
    }


def _representative(firm: Enterprise) -> dict[str, Any]:
    person: Citizen = firm.representative
    return {
        "FULL_NAME": person.registered_name,
        "GENDER_ID": person.sex,
        "DATE_OF_BIRTH": None if person.year_only else f"{person.born:%d/%m/%Y}",
        "NATIONALITY_NAME": "Việt Nam",
        "PERS_DOC_NAME": "Thẻ căn cước",
        "PERS_DOC_NO": person.citizen_id,
        "PERS_DOC_ISSUE_DATE": f"{firm.card_issued_on:%d/%m/%Y}",
        "PERS_DOC_ISSUE_PLACE": "Nơi cấp ví dụ",
        "PERS_DOC_EXPIRE_DATE": None,
    }


def _decimals(number: int, places: int) -> orjson.Fragment:
    """The number with that many zeros behind the point, as the registry writes it."""
    return orjson.Fragment(f"{number}.{'0' * places}")
