"""Hồ Chí Minh City's words to ours. Pure."""

from __future__ import annotations

from gateway.adapters.dkdn import values
from gateway.adapters.dkdn.hcm import wire
from gateway.adapters.dkdn.query import DkdnOptions, EnterpriseQuery
from gateway.adapters.dkdn.values import ACCEPT, code
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.identifiers import EnterpriseCode
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.enterprise import Enterprise
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["OPERATION", "enterprise"]

OPERATION = "TraCuuThongTinDoanhNghiep"


def enterprise(ask: Question[EnterpriseQuery, DkdnOptions]) -> Exchanges[Enterprise]:
    """
    Look up one firm (`TraCuuThongTinDoanhNghiep` by `MaSoDoanhNghiep`).

    The platform's envelope belongs to this contract version, so the instance's own `wrapper` stays `plain`.

    Returns:
        The firm with what the platform tells: code, name, status, address in one line. `Absent` when
        `ResultObject` is null. ASSUMED: no answer about nobody was seen.

    Source:
        contracts/dkdn/contract.toml, dataset `enterprise`, version `hcm`; facts in others.md, 1.3.
    """
    response = yield Request(
        operation=OPERATION,
        method="GET",
        path=values.path(ask.options, "", "", OPERATION),
        query=(("MaSoDoanhNghiep", ask.query.enterprise_code.value),),
        headers=ACCEPT,
    )
    envelope = rest.answer(response, OPERATION, wire.Envelope)
    if not envelope.succeeded:
        # ASSUMED: what failures there are is not told, so every one counts as "the query is wrong".
        return Unknown(Reason.REJECTED, detail="dkdn: the platform's envelope says failure")
    if envelope.result is not None:
        return Found(_enterprise(envelope.result))
    if envelope.description not in (None, "") or envelope.threw is not False:
        raise MalformedAnswer("dkdn: no firm, in an answer that may speak of a failure")
    return Absent()


def _enterprise(one: wire.Enterprise) -> Enterprise:
    try:
        enterprise_code = EnterpriseCode(one.enterprise_code)
    except ValueError:
        raise MalformedAnswer("dkdn: ENTERPRISE_GDT_CODE is no enterprise code") from None
    return Enterprise(
        enterprise_code=enterprise_code,
        name=one.name,
        status=code("dkdn.status", one.status_id, one.status_name),
        status_name=one.status_name,
        head_office=values.address(full_text=one.head_office),
    )
