"""Population statistics in our words. Pure."""

from __future__ import annotations

import re

from gateway.adapters.tkds import wire
from gateway.adapters.tkds.query import IndicatorQuery, TkdsOptions
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.statistics import Figure, Indicator
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["OPERATION", "indicator"]

OPERATION = "traCuuChiTieu"

_PERIOD = re.compile(r"([0-9]{4})(?:(Q[1-4])|(0[1-9]|1[0-2]))?")


def indicator(ask: Question[IndicatorQuery, TkdsOptions]) -> Exchanges[Indicator]:
    """
    Look up one indicator for an area and a period.

    Returns:
        Its figures. `Absent` when the list is empty: nothing is published. Rows of several indicators, areas or
        periods are `ambiguous`.

    Source:
        contracts/tkds/contract.toml, dataset `indicator`; others.md, 7: nothing is known.
    """
    query, options = ask.query, ask.options
    response = yield Request(
        operation=OPERATION,
        method="GET",
        path=tuple(segment for segment in (options.context, options.api_version, OPERATION) if segment),
        query=(
            ("maChiTieu", query.indicator_code),
            ("maDonViHanhChinh", query.area_code),
            ("kyBaoCao", query.period.replace("-", "")),
        ),
        headers={"Accept": "application/json"},
    )
    rows = rest.answer(response, OPERATION, wire.Answer).rows
    if not rows:
        return Absent()
    keys = {(one.indicator_code, _area(one.area_code), _period(one.period)) for one in rows}
    if len(keys) > 1:
        return Unknown(Reason.AMBIGUOUS, detail="tkds: rows of several indicators, areas or periods")
    ((indicator_code, area_code, period),) = keys
    figures = tuple(Figure(name=one.name or None, unit=one.unit or None, value=one.value) for one in rows)
    return Found(Indicator(indicator_code=indicator_code, area_code=area_code, period=period, figures=figures))


def _area(text: str) -> str:
    """Two digits or five, with the zero in front that a code loses as a number."""
    if not (text.isascii() and text.isdigit() and len(text) in {1, 2, 3, 4, 5}):
        raise MalformedAnswer("tkds: maDonViHanhChinh is no code of an area")
    return text.zfill(2 if len(text) <= 2 else 5)


def _period(text: str) -> str:
    """`2025`, `2025-Q3` or `2025-09`."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise MalformedAnswer("tkds: ky is no year, quarter or month")
    return "-".join(part for part in found.groups() if part)
