"""The portal's words to ours. Pure."""

from __future__ import annotations

from gateway.adapters.taichinh import values
from gateway.adapters.taichinh.hddt import wire
from gateway.adapters.taichinh.query import TaichinhOptions, TaxpayerQuery
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request, Response
from gateway.domain.identifiers import TaxCode
from gateway.domain.outcome import Absent, Found
from gateway.domain.records.tax import Taxpayer
from gateway.errors import MalformedAnswer
from gateway.wire import rest
from gateway.wire.status import fault_code

__all__ = ["OPERATION", "taxpayer"]

OPERATION = "dsdkts"
_PATH = ("category", "public", OPERATION)


def taxpayer(ask: Question[TaxpayerQuery, TaichinhOptions]) -> Exchanges[Taxpayer]:
    """
    Look up one taxpayer (`dsdkts/{mst}/manager`).

    The portal says 404 of a taxpayer that it does not know, and of an address that it does not have. So a 404 alone is
    `not_connected`; it is `Absent` where the same address, asked in the same question, gives `known_tax_code`.

    Source:
        contracts/taichinh/contract.toml, dataset `taxpayer`; facts in others.md, 8.1.
    """
    known = ask.options.known_tax_code
    response = yield _request(ask, ask.query.tax_code)
    if _is_bare_404(response) and known is not None and known != ask.query.tax_code:
        witness = yield _request(ask, known)
        if _read(witness).tax_code != known:
            raise MalformedAnswer("taichinh: the portal answers about somebody else than known_tax_code")
        return Absent()
    return Found(_read(response))


def _request(ask: Question[TaxpayerQuery, TaichinhOptions], tax_code: TaxCode) -> Request:
    context = ask.options.context
    return Request(
        operation=OPERATION,
        method="GET",
        path=(*((context,) if context else ()), *_PATH, tax_code.value, "manager"),
        headers={"Accept": "application/json", "request-id": ask.request_id},
    )


def _is_bare_404(response: Response) -> bool:
    """Whether it is the portal that says 404, and no platform before it."""
    return response.status == 404 and "x-road-error" not in response.headers and fault_code(response) is None


def _read(response: Response) -> Taxpayer:
    one = rest.answer(response, OPERATION, wire.Taxpayer)
    status = values.code("taxpayer_status", one.status)
    assert status is not None  # noqa: S101  the message's pattern wants two digits
    return Taxpayer(
        tax_code=values.tax_code(one.tax_code, "mst"),
        name=one.name,
        status=status,
        kind=values.code("taxpayer_kind", one.kind),
        second_kind=values.code("second_taxpayer_kind", one.second_kind),
        tax_office=values.code("tax_office", one.tax_office, one.tax_office_name),
        head_office=values.address(
            detail=one.street,
            province_code=one.province,
            province_name=one.province_name,
            district_code=one.district,
            district_name=one.district_name,
            commune_code=one.commune,
            commune_name=one.commune_name,
        ),
    )
