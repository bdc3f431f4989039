"""
What the national sync message wants of a dossier, in that message's own words.

`DSKetNoiCSDL[].MaCSDL` names the databases that were used, by a code that `registries.<name>.national_code` of the
catalogue gives: no code was found published, so none comes with the gateway. Field names: domain of one-stop systems'
public code; that the components lie under `TaiLieuNop` is ASSUMED.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.impact.rows import PaperRow, Remembered

__all__ = ["RESULTS_STORE", "national_sync"]

RESULTS_STORE = "khodlg"
"""The portal's store of digital results: what comes from it is fetched from `kho`, not from a database."""


def national_sync(one: Remembered, codes: Mapping[str, str]) -> dict[str, Any]:
    """
    The members for one dossier. A component that no receipt names, or for which the paper was asked, is not re-used.

    `without_code` lists registries that were used and have no code: they stand in no `MaCSDL`.
    """
    answered = [asked.registry for asked in one.questions if asked.outcome in {"found", "absent"}]
    used = dict.fromkeys(name for name in answered if name != RESULTS_STORE)
    return {
        "MaTTHC": one.plan.procedure,
        "DSKetNoiCSDL": [{"MaCSDL": codes[name]} for name in used if name in codes],
        "TaiLieuNop": [_component(paper) for paper in one.papers],
        "without_code": [name for name in used if name not in codes],
    }


def _component(paper: PaperRow) -> dict[str, Any]:
    is_reused = paper.is_replaced
    result = paper.result if is_reused else None
    return {
        "paper": paper.paper,
        "MaThanhPhanHoSo": paper.component,
        "DuocTaiSuDung": (2 if result else 1) if is_reused else 0,
        "DuocLayTuKhoDMQG": int(is_reused and paper.registry == RESULTS_STORE),
        "MaKetQuaThayThe": result,
    }
