"""The national population database (CSDL quốc gia về dân cư), Ministry of Public Security."""

from __future__ import annotations

from gateway.adapters.dancu import unseen
from gateway.adapters.dancu.facts import household_head_as, kinship_as, marital_status_as
from gateway.adapters.dancu.household import OPERATION as HOUSEHOLD
from gateway.adapters.dancu.household import household_as
from gateway.adapters.dancu.mapping import citizen_as
from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.adapters.dancu.verification import OPERATION as VERIFICATION
from gateway.adapters.dancu.verification import verification_as
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.household import Household
from gateway.domain.records.kinship import HeadOfHousehold, Kinship, MaritalStatus
from gateway.domain.records.life import LifeStatus, RequestedList
from gateway.domain.records.person import Person
from gateway.domain.records.verification import Verification

__all__ = ["ADAPTER"]

_NUMBERS_OF_KIN = frozenset(
    f"{one}.{number}"
    for one in ("father", "mother", "spouse", "representative")
    for number in ("citizen_id", "old_number")
)

ADAPTER = Adapter(
    registry="dancu",
    title="Cơ sở dữ liệu quốc gia về dân cư",
    title_en="National population database",
    owner="Bộ Công an",
    options=DancuOptions,
    contracts=("2025", "2021", "gtel", unseen.CONTRACT),
    default_contract="2025",
    datasets=(
        Dataset(
            noun="citizen",
            title="Thông tin công dân",
            title_en="One person as registered now",
            kind=Kind.ONE,
            query=CitizenQuery,
            record=Person,
            ask={contract: citizen_as(contract) for contract in ("2025", "2021", "gtel")},
            about=CitizenQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation="TraCuuThongTinCongDan",
            operations={"gtel": "XacMinhThongTinNhanThan"},
            freshness_s=600,
            withheld_by_default=frozenset({"religion", "ethnic_group", "blood_group", "relatives"}),
        ),
        Dataset(
            noun="verification",
            title="Xác thực thông tin công dân",
            title_en="Whether a person exists with this number, name and birth date",
            kind=Kind.ONE,
            query=CitizenQuery,
            record=Verification,
            ask={contract: verification_as(contract) for contract in ("2025", "2021", "gtel")},
            about=lambda query, verification: None,  # a bare boolean names nobody
            sensitivity=Sensitivity.PERSON,
            operation=VERIFICATION,
        ),
        Dataset(
            noun="household",
            title="Thông tin hộ gia đình",
            title_en="The people registered together with one person",
            kind=Kind.ONE,
            query=CitizenQuery,
            record=Household,
            ask={contract: household_as(contract) for contract in ("2025", "2021")},
            about=CitizenQuery.is_about_household,
            sensitivity=Sensitivity.PERSON,
            operation=HOUSEHOLD,
            freshness_s=600,
            withheld_by_default=frozenset({"member_numbers", "household_book_number"}),
        ),
        Dataset(
            noun="marital_status",
            title="Tình trạng hôn nhân",
            title_en="One person's marital status as registered now",
            kind=Kind.ONE,
            query=CitizenQuery,
            record=MaritalStatus,
            ask={contract: marital_status_as(contract) for contract in ("2025", "2021")},
            about=CitizenQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation="TraCuuThongTinCongDan",
            freshness_s=600,
            withheld_by_default=frozenset({"spouse"}),
        ),
        Dataset(
            noun="kinship",
            title="Thông tin cha, mẹ, vợ hoặc chồng, người đại diện",
            title_en="Whom the registry names as one person's kin",
            kind=Kind.ONE,
            query=CitizenQuery,
            record=Kinship,
            ask={contract: kinship_as(contract) for contract in ("2025", "2021")},
            about=CitizenQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation="TraCuuThongTinCongDan",
            freshness_s=600,
            withheld_by_default=_NUMBERS_OF_KIN,
        ),
        Dataset(
            noun="household_head",
            title="Thông tin chủ hộ",
            title_en="The head of one person's household",
            kind=Kind.ONE,
            query=CitizenQuery,
            record=HeadOfHousehold,
            ask={contract: household_head_as(contract) for contract in ("2025", "2021")},
            about=CitizenQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation="TraCuuThongTinCongDan",
            freshness_s=600,
            withheld_by_default=frozenset({"head.citizen_id", "head.old_number"}),
        ),
        Dataset(
            noun="life_status",
            title="Tình trạng chết, mất tích (phỏng đoán)",
            title_en="Whether a person has died or is missing: a guess",
            kind=Kind.ONE,
            query=CitizenQuery,
            record=LifeStatus,
            ask={unseen.CONTRACT: unseen.life_status},
            about=CitizenQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation=unseen.LIFE,
        ),
        Dataset(
            noun="requested_list",
            title="Kết quả của yêu cầu danh sách (phỏng đoán)",
            title_en="What became of a request for a list of people: a guess",
            kind=Kind.POLL,
            query=unseen.RequestQuery,
            record=RequestedList,
            ask={unseen.CONTRACT: unseen.requested_list},
            about=unseen.RequestQuery.is_about,
            sensitivity=Sensitivity.SENSITIVE,
            operation=unseen.REQUESTED,
            withheld_by_default=frozenset({"people"}),
        ),
    ),
)
