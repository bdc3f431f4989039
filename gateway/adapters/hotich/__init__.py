"""
Civil status (hộ tịch), Ministry of Justice. Births, deaths and marriages are lodged elsewhere; what can be asked here
is how far a dossier is and what was registered. Marital status is a question of its own, to a province's own system.
"""

from __future__ import annotations

from gateway.adapters.hotich.gen1 import mapping as gen1
from gateway.adapters.hotich.gen2 import mapping as gen2
from gateway.adapters.hotich.province import mapping as province
from gateway.adapters.hotich.query import DossierQuery, HotichOptions, MaritalStatusQuery
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.civil_status import CivilDossier, CivilResult, MaritalStatus

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="hotich",
    title="Cơ sở dữ liệu hộ tịch điện tử",
    title_en="Electronic civil-status database",
    owner="Bộ Tư pháp",
    options=HotichOptions,
    contracts=("gen2", "gen1", "province"),
    default_contract="gen2",
    needed_options={"gen2": frozenset({"province_code"})},
    datasets=(
        Dataset(
            noun="dossier",
            title="Tình trạng hồ sơ hộ tịch",
            title_en="How far the registration of a birth, death or marriage is",
            kind=Kind.POLL,
            query=DossierQuery,
            record=CivilDossier,
            ask={"gen2": gen2.dossier, "gen1": gen1.dossier},
            about=DossierQuery.is_about,
            sensitivity=Sensitivity.SENSITIVE,
            operation=gen2.OPERATION,
            operations={"gen1": gen1.STATE},
            withheld_by_default=frozenset({"handled_by"}),
        ),
        Dataset(
            noun="result",
            title="Kết quả đăng ký khai sinh, khai tử, kết hôn theo hồ sơ",
            title_en="What was registered of a birth, death or marriage, once it is",
            kind=Kind.POLL,
            query=DossierQuery,
            record=CivilResult,
            ask={"gen2": gen2.result, "gen1": gen1.result},
            about=DossierQuery.is_about,
            sensitivity=Sensitivity.SENSITIVE,
            operation=gen2.OPERATION,
            operations={"gen1": gen1.RESULT},
            withheld_by_default=frozenset({"document", "birth.declarant", "death.cause", "death.declarant"}),
        ),
        Dataset(
            noun="marital_status",
            title="Tình trạng hôn nhân",
            title_en="What the registry confirms of a person's marital status",
            kind=Kind.ONE,
            query=MaritalStatusQuery,
            record=MaritalStatus,
            ask={"province": province.marital_status},
            about=lambda query, answer: answer.citizen_id == query.citizen_id,
            sensitivity=Sensitivity.SENSITIVE,
            operation=province.OPERATION,
            withheld_by_default=frozenset({"purpose"}),
        ),
    ),
)
