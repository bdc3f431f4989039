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
    "approved_on": ("Ngày duyệt hồ sơ", "Day on which the dossier was approved"),
    "birth": ("Khai sinh", "Birth"),
    "birth_date": ("Ngày sinh", "Date of birth"),
    "birth_registration_place": ("Nơi đăng ký khai sinh", "Place of birth registration"),
    "blood_group": ("Nhóm máu", "Blood group"),
    "certificate": ("Phiếu lý lịch tư pháp", "Judicial record certificate"),
    "change_count": ("Số lần thay đổi đăng ký", "Number of registered changes"),
    "changed_at": ("Thời điểm thay đổi trạng thái", "When the state changed"),
    "charter_capital_vnd": ("Vốn điều lệ", "Charter capital"),
    "citizen_id": ("Số định danh cá nhân", "Personal identification number"),
    "commune_code": ("Mã đơn vị hành chính cấp xã", "Code of the commune"),
    "current_residence": ("Nơi ở hiện tại", "Current residence"),
    "death": ("Khai tử", "Death"),
    "document": ("Bản điện tử của giấy tờ", "The issued paper"),
    "dossier_number": ("Mã hồ sơ", "Dossier number"),
    "enterprise_code": ("Mã số doanh nghiệp", "Enterprise code"),
    "errors": ("Lỗi của hồ sơ", "Complaints about the dossier"),
    "ethnic_group": ("Dân tộc", "Ethnic group"),
    "event": ("Sự kiện hộ tịch", "What is registered"),
    "exists": ("Có trong cơ sở dữ liệu hay không", "Whether the registry knows the person"),
    "first_registered_on": ("Ngày đăng ký lần đầu", "Date of first registration"),
    "foreign_name": ("Tên bằng tiếng nước ngoài", "Name in a foreign language"),
    "founded_on": ("Ngày thành lập", "Date of founding"),
    "full_name": ("Họ, chữ đệm và tên", "Full name"),
    "handled_by": ("Người xử lý", "Who handles it"),
    "handler_title": ("Chức danh người xử lý", "Title of who handles it"),
    "handling_note": ("Nội dung xử lý", "What was done"),
    "handling_unit": ("Đơn vị xử lý", "Unit that handles it"),
    "head": ("Chủ hộ", "Head of the household"),
    "head_office": ("Trụ sở chính", "Head office"),
    "household_book_number": ("Số sổ hộ khẩu", "Number of the household book"),
    "interlink_number": ("Mã hồ sơ liên thông", "Interlinked number"),
    "internal_code": ("Mã nội bộ", "Internal code"),
    "last_changed_on": ("Ngày thay đổi gần nhất", "Date of the latest change"),
    "legal_form": ("Loại hình", "Legal form"),
    "legal_representative_names": ("Tên người đại diện theo pháp luật", "Names of legal representatives"),
    "legal_representatives": ("Người đại diện theo pháp luật", "Legal representatives"),
    "marital_status": ("Tình trạng hôn nhân", "Marital status"),
    "marital_status_text": ("Tình trạng hôn nhân, nguyên văn", "Marital status, as written"),
    "marriage": ("Kết hôn", "Marriage"),
    "member_numbers": ("Số định danh của thành viên", "Numbers of the members"),
    "members": ("Thành viên", "Members"),
    "name": ("Tên", "Name"),
    "nationality": ("Quốc tịch", "Nationality"),
    "note": ("Ghi chú", "Note"),
    "old_certificate_number": ("Số giấy chứng nhận cũ", "Number of the former certificate"),
    "old_number": ("Số CMND 9 số", "Old identity-card number"),
    "owners": ("Chủ hộ kinh doanh", "Owners"),
    "permanent_residence": ("Nơi thường trú", "Permanent residence"),
    "place_of_origin": ("Quê quán", "Place of origin"),
    "purpose": ("Mục đích sử dụng", "What it is for"),
    "registration": ("Việc đăng ký", "Registration"),
    "registration_number": ("Số đăng ký", "Registration number"),
    "registry_id": ("Mã trong cơ sở dữ liệu", "Id in the registry"),
    "relatives": ("Người thân", "Relatives"),
    "religion": ("Tôn giáo", "Religion"),
    "residence_text": ("Nơi cư trú, nguyên văn", "Residence, as written"),
    "result": ("Kết quả", "Result"),
    "sex": ("Giới tính", "Sex"),
    "short_name": ("Tên viết tắt", "Short name"),
    "stage": ("Giai đoạn xử lý hồ sơ", "How far the dossier is"),
    "state": ("Trạng thái hồ sơ tại cơ sở dữ liệu", "State of the dossier in the registry"),
    "status": ("Tình trạng pháp lý", "Legal status"),
    "status_history": ("Lịch sử tình trạng pháp lý", "History of the legal status"),
    "status_name": ("Tên tình trạng pháp lý", "Name of the legal status"),
    "supplement_due_on": ("Hạn bổ sung hồ sơ", "Last day for what is missing"),
    "tax_code": ("Mã số thuế", "Tax code"),
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
