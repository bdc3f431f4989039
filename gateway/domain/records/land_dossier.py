"""The state of a land dossier, put together from what the land office's system has reported of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from gateway.domain.dataset import Record
from gateway.domain.model import Masked
from gateway.domain.records.shared import Code
from gateway.domain.texts import FreeText, NumberText

__all__ = ["LandDossier", "LandDossierState", "LandReport", "ResultPaper", "TaxNotice"]


class LandDossierState(StrEnum):
    """Where a dossier stands, by our own reading of the latest report: its own code stands beside it."""

    RECEIVED = "received"
    PROCESSING = "processing"
    SUPPLEMENT_AWAITED = "supplement_awaited"
    CORRECTION_AWAITED = "correction_awaited"
    TAX_NOTIFIED = "tax_notified"
    ENDED = "ended"
    ENDED_WITH_RESULT = "ended_with_result"
    ENDED_WITHOUT_RESULT = "ended_without_result"


class LandReport(Masked):
    """One report: which kind, when, which of the office's own states, and until when it is due or put off."""

    kind: Code
    at: datetime | None = None
    status: Code | None = None
    due_at: datetime | None = None
    is_paused: bool | None = None
    note: FreeText | None = None


class TaxNotice(Masked):
    """A tax notice (thông báo thuế) that belongs to the dossier."""

    payer_name: str | None = None
    kind: str | None = None
    number: NumberText | None = None
    link: FreeText | None = None


class ResultPaper(Masked):
    """A paper that is the dossier's result; where its file lies is told, the file itself is not carried."""

    name: str
    originals: int | None = None
    copies: int | None = None
    link: FreeText | None = None


class LandDossier(Record):
    """
    A dossier (hồ sơ đất đai) as far as it was reported: `found` means that something was, not that it has ended.

    `state` is absent where the latest report is of a kind that nobody has seen. `results` are there once it has
    ended with a result. Times are Vietnam's.
    """

    dossier_number: NumberText
    state: LandDossierState | None = None
    status: Code | None = None
    reports: tuple[LandReport, ...]
    tax_notices: tuple[TaxNotice, ...] = ()
    results: tuple[ResultPaper, ...] = ()
