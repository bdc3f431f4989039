"""The national insurance database (CSDL quốc gia về bảo hiểm): Viet Nam Social Security, Ministry of Finance."""

from __future__ import annotations

from gateway.adapters.bhxh.ngsp import mapping as ngsp
from gateway.adapters.bhxh.portal import mapping as portal
from gateway.adapters.bhxh.query import BhxhOptions, CardQuery, CriteriaQuery, HouseholdQuery, ParticipantQuery
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.insurance import InsuranceCard, InsuranceHousehold, InsuranceParticipant, InsuredNumber

__all__ = ["ADAPTER"]

_PORTAL = frozenset({"token", "id_token", "username", "password_md5"})

ADAPTER = Adapter(
    registry="bhxh",
    title="Cơ sở dữ liệu quốc gia về bảo hiểm",
    title_en="National insurance database",
    owner="Bảo hiểm xã hội Việt Nam, Bộ Tài chính",
    options=BhxhOptions,
    contracts=("gdbhyt2024", "gdbhyt2018", "gdbhyt595", "ngsp"),
    default_contract="gdbhyt2024",
    secrets=dict.fromkeys(portal.OPERATIONS, _PORTAL),
    datasets=(
        Dataset(
            noun="card",
            title="Thẻ bảo hiểm y tế",
            title_en="One health-insurance card as it stands now, with its history",
            kind=Kind.ONE,
            query=CardQuery,
            record=InsuranceCard,
            ask={version: portal.card_as(version) for version in portal.OPERATIONS},
            about=CardQuery.is_about,
            sensitivity=Sensitivity.SENSITIVE,
            operation=portal.OPERATIONS["gdbhyt2024"],
            operations=portal.OPERATIONS,
            withheld_by_default=frozenset({"treatments", "checks"}),
        ),
        Dataset(
            noun="number",
            title="Mã số bảo hiểm xã hội",
            title_en="The social-insurance number of whoever fits name, birth date, sex and place",
            kind=Kind.ONE,
            query=CriteriaQuery,
            record=InsuredNumber,
            ask={"ngsp": ngsp.number},
            about=lambda query, found: None,
            sensitivity=Sensitivity.SENSITIVE,
            operation=ngsp.NUMBER,
        ),
        Dataset(
            noun="participant",
            title="Người tham gia bảo hiểm xã hội",
            title_en="Who has a social-insurance number",
            kind=Kind.ONE,
            query=ParticipantQuery,
            record=InsuranceParticipant,
            ask={"ngsp": ngsp.participant},
            about=lambda query, found: None,
            sensitivity=Sensitivity.SENSITIVE,
            operation=ngsp.PARTICIPANT,
        ),
        Dataset(
            noun="household",
            title="Hộ gia đình tham gia bảo hiểm y tế",
            title_en="The household in which somebody is insured",
            kind=Kind.ONE,
            query=HouseholdQuery,
            record=InsuranceHousehold,
            ask={"ngsp": ngsp.household},
            about=HouseholdQuery.is_about,
            sensitivity=Sensitivity.SENSITIVE,
            operation=ngsp.HOUSEHOLD,
            withheld_by_default=frozenset({"members.insurance_number"}),
        ),
    ),
)
