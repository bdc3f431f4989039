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
    "adjusts": ("Giấy phép gốc được điều chỉnh", "Permit that this one changes"),
    "approved_on": ("Ngày duyệt hồ sơ", "Day on which the dossier was approved"),
    "area_code": ("Mã đơn vị hành chính", "Code of the area"),
    "asset_kinds": ("Loại tài sản gắn liền với đất", "Kinds of assets on the land"),
    "barcode": ("Mã vạch", "Barcode"),
    "birth": ("Khai sinh", "Birth"),
    "birth_date": ("Ngày sinh", "Date of birth"),
    "birth_registration_place": ("Nơi đăng ký khai sinh", "Place of birth registration"),
    "blood_group": ("Nhóm máu", "Blood group"),
    "budget_chapter": ("Chương", "Budget chapter"),
    "budget_level": ("Cấp dự toán", "Budget level"),
    "card_number": ("Mã thẻ bảo hiểm y tế", "Health-insurance card"),
    "certificate": ("Phiếu lý lịch tư pháp", "Judicial record certificate"),
    "certificate_number": ("Số phát hành giấy chứng nhận", "Serial number of the certificate"),
    "certificates": ("Giấy chứng nhận", "Certificates"),
    "change_count": ("Số lần thay đổi đăng ký", "Number of registered changes"),
    "changed_at": ("Thời điểm thay đổi trạng thái", "When the state changed"),
    "charter_capital_vnd": ("Vốn điều lệ", "Charter capital"),
    "checks": ("Các lần kiểm tra thẻ", "Checks of the card"),
    "citizen_id": ("Số định danh cá nhân", "Personal identification number"),
    "classes": ("Hạng giấy phép lái xe", "Licence classes"),
    "commune_code": ("Mã đơn vị hành chính cấp xã", "Code of the commune"),
    "content_base64": ("Nội dung tệp", "Content of the file"),
    "current_residence": ("Nơi ở hiện tại", "Current residence"),
    "death": ("Khai tử", "Death"),
    "decided_on": ("Ngày quyết định đầu tư", "Date of the investment decision"),
    "decision_number": ("Số quyết định đầu tư", "Number of the investment decision"),
    "delivery": ("Hình thức nhận kết quả", "How the result is delivered"),
    "document": ("Bản điện tử của giấy tờ", "The issued paper"),
    "dossier_number": ("Số biên nhận hồ sơ", "Number of the dossier"),
    "dossiers": ("Các hồ sơ", "Dossiers"),
    "economic_sector": ("Ngành kinh tế", "Economic sector"),
    "enterprise_code": ("Mã số doanh nghiệp", "Enterprise code"),
    "errors": ("Lỗi của hồ sơ", "Complaints about the dossier"),
    "ethnic_group": ("Dân tộc", "Ethnic group"),
    "event": ("Sự kiện hộ tịch", "What is registered"),
    "exists": ("Có trong cơ sở dữ liệu hay không", "Whether the registry knows the person"),
    "expires_on": ("Ngày hết hạn", "Date of expiry"),
    "facility_code": ("Mã cơ sở khám chữa bệnh ban đầu", "First health-care facility"),
    "figures": ("Số liệu", "Figures"),
    "first_registered_on": ("Ngày đăng ký lần đầu", "Date of first registration"),
    "five_years_on": ("Ngày đủ 5 năm liên tục", "Day on which five years are full"),
    "foreign_name": ("Tên bằng tiếng nước ngoài", "Name in a foreign language"),
    "founded_on": ("Ngày thành lập", "Date of founding"),
    "full_name": ("Họ, chữ đệm và tên", "Full name"),
    "funding_source": ("Nguồn vốn", "Source of funds"),
    "handled_by": ("Người xử lý", "Who handles it"),
    "handler_title": ("Chức danh người xử lý", "Title of who handles it"),
    "handling_note": ("Nội dung xử lý", "What was done"),
    "handling_unit": ("Đơn vị xử lý", "Unit that handles it"),
    "head": ("Chủ hộ", "Head of the household"),
    "head_office": ("Trụ sở chính", "Head office"),
    "holders": ("Người có quyền", "Holders of the right"),
    "holdings": ("Đất đang sử dụng", "Land held"),
    "household_book_number": ("Số sổ hộ khẩu", "Number of the household book"),
    "household_code": ("Mã hộ gia đình", "Code of the household"),
    "indicator_code": ("Mã chỉ tiêu", "Code of the indicator"),
    "institution_kind": ("Loại hình đơn vị", "Kind of institution"),
    "insurance_number": ("Mã số bảo hiểm xã hội", "Social-insurance number"),
    "interlink_number": ("Mã hồ sơ liên thông", "Interlinked number"),
    "internal_code": ("Mã nội bộ", "Internal code"),
    "investor_code": ("Mã số chủ đầu tư", "Code of the investor"),
    "investor_name": ("Chủ đầu tư", "Investor"),
    "issued_on": ("Ngày cấp", "Date of issue"),
    "issuer": ("Cơ quan cấp", "Issuing office"),
    "issuer_code": ("Mã cơ quan cấp", "Code of the issuing office"),
    "issuer_name": ("Tên cơ quan cấp", "Name of the issuing office"),
    "issuing_office": ("Cơ quan bảo hiểm xã hội cấp", "Issuing insurance office"),
    "kind": ("Loại", "Kind"),
    "last_changed_on": ("Ngày thay đổi gần nhất", "Date of the latest change"),
    "legal_basis": ("Văn bản thành lập", "Founding document"),
    "legal_form": ("Loại hình", "Legal form"),
    "legal_representative_names": ("Tên người đại diện theo pháp luật", "Names of legal representatives"),
    "legal_representatives": ("Người đại diện theo pháp luật", "Legal representatives"),
    "licence_number": ("Số giấy phép lái xe", "Number of the driving licence"),
    "management_board": ("Ban quản lý dự án", "Management board"),
    "marital_status": ("Tình trạng hôn nhân", "Marital status"),
    "marital_status_text": ("Tình trạng hôn nhân, nguyên văn", "Marital status, as written"),
    "marriage": ("Kết hôn", "Marriage"),
    "member_numbers": ("Số định danh của thành viên", "Numbers of the members"),
    "members": ("Thành viên", "Members"),
    "name": ("Tên", "Name"),
    "nationality": ("Quốc tịch", "Nationality"),
    "new_card": ("Thẻ bảo hiểm y tế mới", "Newer card"),
    "note": ("Ghi chú", "Note"),
    "old_book_number": ("Số sổ bảo hiểm xã hội cũ", "Former insurance book"),
    "old_card_number": ("Mã thẻ bảo hiểm y tế cũ", "Former card"),
    "old_certificate_number": ("Số giấy chứng nhận cũ", "Number of the former certificate"),
    "old_number": ("Số CMND 9 số", "Old identity-card number"),
    "old_register_number": ("Số vào sổ cũ", "Former number in the register"),
    "owner": ("Chủ sử dụng", "Owner"),
    "owners": ("Chủ hộ kinh doanh", "Owners"),
    "parcel": ("Thửa đất", "Parcel"),
    "parcels": ("Các thửa đất", "Parcels"),
    "path": ("Đường dẫn tệp", "Path of the file"),
    "period": ("Kỳ báo cáo", "Period"),
    "permanent_residence": ("Nơi thường trú", "Permanent residence"),
    "permit_kind": ("Loại giấy phép", "Kind of permit"),
    "permit_number": ("Số giấy phép", "Number of the permit"),
    "place_of_origin": ("Quê quán", "Place of origin"),
    "procedure": ("Thủ tục hành chính", "Procedure"),
    "procedure_code": ("Mã thủ tục hành chính", "Code of the procedure"),
    "project_code": ("Mã số dự án", "Code of the project"),
    "project_form": ("Hình thức dự án", "Form of the project"),
    "project_group": ("Nhóm dự án", "Group of the project"),
    "purpose": ("Mục đích sử dụng", "What it is for"),
    "region": ("Khu vực", "Region"),
    "register_number": ("Số vào sổ", "Number in the register"),
    "registered_on": ("Ngày vào sổ", "Date of registration"),
    "registration": ("Việc đăng ký", "Registration"),
    "registration_number": ("Số đăng ký", "Registration number"),
    "registry_id": ("Mã trong cơ sở dữ liệu", "Id in the registry"),
    "relatives": ("Người thân", "Relatives"),
    "religion": ("Tôn giáo", "Religion"),
    "reports": ("Quá trình xử lý", "Reports of the handling"),
    "residence_text": ("Nơi cư trú, nguyên văn", "Residence, as written"),
    "restrictions": ("Hạn chế quyền", "Restrictions"),
    "result": ("Kết quả", "Result"),
    "results": ("Kết quả", "Results"),
    "service": ("Dịch vụ công", "Public service"),
    "sex": ("Giới tính", "Sex"),
    "short_name": ("Tên viết tắt", "Short name"),
    "stage": ("Giai đoạn", "Stage"),
    "state": ("Tình trạng xử lý", "State of the handling"),
    "status": ("Tình trạng pháp lý", "Legal status"),
    "status_history": ("Lịch sử tình trạng pháp lý", "History of the legal status"),
    "status_name": ("Tên tình trạng pháp lý", "Name of the legal status"),
    "submitter_name": ("Họ tên người nộp", "Name of who lodged it"),
    "superior_code": ("Mã đơn vị cấp trên", "Code of the superior unit"),
    "supplement_due_on": ("Hạn bổ sung hồ sơ", "Last day for what is missing"),
    "tax_code": ("Mã số thuế", "Tax code"),
    "tax_notices": ("Thông báo thuế", "Tax notices"),
    "times": ("Các mốc thời gian", "Points in time"),
    "total_investment_vnd": ("Tổng mức đầu tư", "Total investment"),
    "treatments": ("Lịch sử khám chữa bệnh", "History of treatments"),
    "unit_code": ("Mã số đơn vị", "Code of the unit"),
    "unit_kind": ("Loại đơn vị có quan hệ với ngân sách", "Kind of unit"),
    "valid_from": ("Ngày hiệu lực", "Valid from"),
    "valid_until": ("Có giá trị đến ngày", "Valid until"),
    "works": ("Công trình", "Works"),
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
