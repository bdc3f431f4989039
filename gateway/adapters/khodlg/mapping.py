"""The words of the store of results to ours. Pure."""

from __future__ import annotations

import json
from typing import Any

from gateway.adapters.khodlg import wire
from gateway.adapters.khodlg.query import KhodlgOptions, ResultQuery
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.digital_result import DigitalResult, OwnersResults, ResultFile
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["OPERATION", "result"]

OPERATION = "GetKetQuaGiayTo"
_SUCCESS = "0"


def result(ask: Question[ResultQuery, KhodlgOptions]) -> Exchanges[OwnersResults]:
    """
    Ask what the store keeps of an owner under a result code, and under a document's number where one is given.

    Returns:
        The results. `Absent` when it went well and the list is empty or null: nothing of the kind was digitised, which
        does not say that nothing was ever issued. Nobody is named in any answer, so the channel believes each only
        from a connection that carried no other question.

    Source:
        contracts/khodlg/contract.toml, dataset `result`; facts in others.md, 9.3.
    """
    options = ask.options
    response = yield Request(
        operation=OPERATION,
        path=tuple(segment for segment in (options.context, options.resource) if segment),
        headers={"Accept": "application/json"},
        media_type="application/json",
        body=(json.dumps(_question(ask), ensure_ascii=False, separators=(",", ":")).encode(),),
    )
    answer = rest.answer(response, OPERATION, wire.Answer)
    if answer.error_code != _SUCCESS:
        # ASSUMED: no value of errorCode was seen, so every failure counts as "the query is wrong".
        return Unknown(Reason.REJECTED, detail="khodlg: errorCode other than 0")
    if answer.result is None:
        raise MalformedAnswer("khodlg: success without result")
    papers = answer.result.papers or []
    return Found(OwnersResults(results=tuple(map(_result, papers)))) if papers else Absent()


def _question(ask: Question[ResultQuery, KhodlgOptions]) -> dict[str, Any]:
    """The question's members, in the order in which the client that was seen has them."""
    query, officer, options = ask.query, ask.inquiry.officer, ask.options
    asker = query.owner if options.asker_is == "owner" else ask.officer_code or officer.id.value
    return {
        "SoDinhDanhChuSoHuu": query.owner,
        # ASSUMED: the account stands for the officer's name, which no one-stop system is asked for here.
        "HoTenNguoiYeuCau": officer.account,
        "KenhThucHien": options.channel,
        "SoDinhDanhNguoiYeuCau": asker,
        "MaThuTuc": ask.inquiry.procedure.value + options.procedure_suffix,
        "DanhSachDanhMucKetQua": [{"MaKetQua": query.result_code, "SoKyHieu": query.document_number or ""}],
    }


def _result(one: wire.Paper) -> DigitalResult:
    files = (ResultFile(name=file.name or None, path=file.path or None) for file in one.files or ())
    return DigitalResult(
        result=Code(code=one.result_code, list="dvcqg.result"),
        title=one.title or None,
        document_number=one.number or None,
        issuer=one.issuer or None,
        files=tuple(file for file in files if file != ResultFile()),
    )
