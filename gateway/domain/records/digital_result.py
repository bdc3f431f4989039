"""Digitised results of administrative procedures, as the national portal's store keeps them."""

from __future__ import annotations

from gateway.domain.dataset import Record
from gateway.domain.model import Masked
from gateway.domain.records.shared import Code

__all__ = ["DigitalResult", "OwnersResults", "ResultFile"]


class ResultFile(Masked):
    """One file of a result. `path` is the store's own name for it, and fetches nothing by itself."""

    name: str | None = None
    path: str | None = None


class DigitalResult(Masked):
    """One result as it was digitised. `document_number` is what the office wrote on the paper (số, ký hiệu)."""

    result: Code
    title: str | None = None
    document_number: str | None = None
    issuer: str | None = None
    files: tuple[ResultFile, ...] = ()


class OwnersResults(Record):
    """
    What the store keeps of one owner under one result code: at least one, in the store's order.

    The store repeats the code and never the owner. That a result lies there does not say that it is still in force,
    and that none does says only that none was digitised.
    """

    results: tuple[DigitalResult, ...]
