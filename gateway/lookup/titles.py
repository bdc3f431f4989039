"""
What people read instead of codes: Vietnamese first, then English.

A name that nobody has given is absent, never guessed: the code stands alone then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["FIELDS", "Pair", "Titles"]

Pair = tuple[str, str]

FIELDS: Mapping[str, Pair] = {
    "activities": ("Ngành nghề kinh doanh", "Business activities"),
    "address": ("Địa chỉ", "Address"),
    "birth_date": ("Ngày sinh", "Date of birth"),
    "birth_registration_place": ("Nơi đăng ký khai sinh", "Place of birth registration"),
    "blood_group": ("Nhóm máu", "Blood group"),
    "change_count": ("Số lần thay đổi đăng ký", "Number of registered changes"),
    "chapter": ("Chương", "Budget chapter"),
    "charter_capital_vnd": ("Vốn điều lệ", "Charter capital"),
    "citizen_id": ("Số định danh cá nhân", "Personal identification number"),
    "commune_code": ("Mã đơn vị hành chính cấp xã", "Code of the commune"),
    "current_residence": ("Nơi ở hiện tại", "Current residence"),
    "dues": ("Số thuế còn phải nộp", "What is owed"),
    "enterprise_code": ("Mã số doanh nghiệp", "Enterprise code"),
    "ethnic_group": ("Dân tộc", "Ethnic group"),
    "exists": ("Có trong cơ sở dữ liệu hay không", "Whether the registry knows the person"),
    "first_registered_on": ("Ngày đăng ký lần đầu", "Date of first registration"),
    "foreign_name": ("Tên bằng tiếng nước ngoài", "Name in a foreign language"),
    "founded_on": ("Ngày thành lập", "Date of founding"),
    "full_name": ("Họ, chữ đệm và tên", "Full name"),
    "head": ("Chủ hộ", "Head of the household"),
    "head_office": ("Trụ sở chính", "Head office"),
    "household_book_number": ("Số sổ hộ khẩu", "Number of the household book"),
    "internal_code": ("Mã nội bộ", "Internal code"),
    "kind": ("Loại người nộp thuế", "Kind of taxpayer"),
    "last_changed_on": ("Ngày thay đổi gần nhất", "Date of the latest change"),
    "legal_form": ("Loại hình", "Legal form"),
    "legal_representative_names": ("Tên người đại diện theo pháp luật", "Names of legal representatives"),
    "legal_representatives": ("Người đại diện theo pháp luật", "Legal representatives"),
    "marital_status": ("Tình trạng hôn nhân", "Marital status"),
    "member_numbers": ("Số định danh của thành viên", "Numbers of the members"),
    "members": ("Thành viên", "Members"),
    "name": ("Tên", "Name"),
    "nationality": ("Quốc tịch", "Nationality"),
    "old_certificate_number": ("Số giấy chứng nhận cũ", "Number of the former certificate"),
    "old_number": ("Số CMND 9 số", "Old identity-card number"),
    "owners": ("Chủ hộ kinh doanh", "Owners"),
    "permanent_residence": ("Nơi thường trú", "Permanent residence"),
    "place_of_origin": ("Quê quán", "Place of origin"),
    "registration_number": ("Số đăng ký", "Registration number"),
    "registry_id": ("Mã trong cơ sở dữ liệu", "Id in the registry"),
    "relatives": ("Người thân", "Relatives"),
    "religion": ("Tôn giáo", "Religion"),
    "second_kind": ("Loại người nộp thuế, mã khác", "Kind of taxpayer, another code"),
    "sex": ("Giới tính", "Sex"),
    "short_name": ("Tên viết tắt", "Short name"),
    "status": ("Tình trạng pháp lý", "Legal status"),
    "status_history": ("Lịch sử tình trạng pháp lý", "History of the legal status"),
    "status_name": ("Tên tình trạng pháp lý", "Name of the legal status"),
    "tax_code": ("Mã số thuế", "Tax code"),
    "tax_office": ("Cơ quan thuế quản lý", "Tax office"),
}
"""Names of records' fields; of `outer.inner` the outer one counts."""


def _nothing(_: str) -> Pair | None:
    return None


@dataclass(frozen=True, slots=True)
class Titles:
    """
    Names by code. `purpose` and `dataset` are asked each time, since a policy may be read anew while we run.
    """

    agencies: Mapping[str, str] = field(default_factory=dict)
    systems: Mapping[str, str] = field(default_factory=dict)
    procedures: Mapping[str, str] = field(default_factory=dict)
    purpose: Callable[[str], Pair | None] = _nothing
    dataset: Callable[[str], Pair | None] = _nothing
