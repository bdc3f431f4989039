"""The one-stop system is asked about a case: `{"case_id": …}` goes to its address, and the case comes back."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import timedelta
from typing import Any

import orjson
from pydantic import ValidationError

from gateway.clock import Clock
from gateway.domain.exchange import Request, Response
from gateway.errors import CaseUnavailable, RegistryError
from gateway.lookup.cases import Case, CaseChecks
from gateway.lookup.request import LookupRequest
from gateway.transport.base import Probe, Transport
from gateway.wire import json as strict_json

__all__ = ["CallbackCases"]

_MOST_KEPT = 10_000
_RETRY_S = 5


class CallbackCases:
    """
    Asks the one-stop over a transport, within a deadline of its own, and remembers what it said for some seconds.

    Whatever is not a plain answer about that very case is no answer: the question is refused, never let through.
    """

    checks: CaseChecks = "callback"

    def __init__(self, transport: Transport, clock: Clock, *, deadline_s: float = 2.0, keep_s: float = 5.0) -> None:
        self._transport = transport
        self._clock = clock
        self._deadline_s = deadline_s
        self._keep_s = keep_s
        self._kept: OrderedDict[str, tuple[float, Case]] = OrderedDict()

    async def find(self, request: LookupRequest) -> Case:
        case_id = request.inquiry.case_id
        kept = self._kept.get(case_id)
        if kept is not None and self._clock.monotonic() < kept[0]:
            return kept[1]
        try:
            async with asyncio.timeout(self._deadline_s):
                response = await self._asked(case_id)
        except TimeoutError:
            raise self._unavailable(f"no answer within {self._deadline_s:g} s") from None
        except RegistryError as exc:
            raise self._unavailable(exc.reason.value) from None
        case = self._read(response, case_id)
        self._keep(case_id, case)
        return case

    async def probe(self) -> list[Probe]:
        return await self._transport.probe()

    async def close(self) -> None:
        await self._transport.close()

    async def _asked(self, case_id: str) -> Response:
        request = Request(
            operation="case",
            media_type="application/json",
            headers={"Accept": "application/json"},
            body=(orjson.dumps({"case_id": case_id}),),
        )
        try:
            return await self._transport.send(request)
        except RegistryError:
            # A kept connection may have been closed meanwhile; asking twice changes nothing at the one-stop.
            return await self._transport.send(request, fresh=True)

    def _read(self, response: Response, case_id: str) -> Case:
        if response.status != 200:
            raise self._unavailable(f"status {response.status}")
        try:
            value: Any = strict_json.parse(response.body)
        except strict_json.JsonError:
            raise self._unavailable("no JSON") from None
        if not isinstance(value, dict) or value.get("case_id") != case_id:
            raise self._unavailable("an answer about another case")
        try:
            return Case.model_validate(value)
        except ValidationError as exc:
            places = sorted({str(error["loc"][0]) for error in exc.errors(include_input=False) if error["loc"]})
            raise self._unavailable(f"unfit: {', '.join(places)}") from None

    def _unavailable(self, what: str) -> CaseUnavailable:
        return CaseUnavailable(f"cases: {what}", retry_at=self._clock.now() + timedelta(seconds=_RETRY_S))

    def _keep(self, case_id: str, case: Case) -> None:
        if self._keep_s <= 0:
            return
        self._kept[case_id] = (self._clock.monotonic() + self._keep_s, case)
        self._kept.move_to_end(case_id)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
