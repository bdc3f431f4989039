"""What routes about the gateway's own records share: who calls, and every error as a problem document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from gateway.clock import Clock
from gateway.errors import NotShown, QuestionRefused
from gateway.lookup.access import Consumer
from gateway.lookup.policy import Right
from gateway.web import problems
from gateway.web.body import body_of
from gateway.web.handlers import LOOKUP_ID

__all__ = ["RecordsDoor", "json_answer"]

_OPTIONS = orjson.OPT_UTC_Z
_Answer = Callable[[web.Request, Consumer, bytes], Awaitable[web.StreamResponse]]
_Unread = Callable[[web.Request, Consumer], Awaitable[web.StreamResponse]]


class RecordsDoor:
    """
    `authenticate` says who calls, or raises Unauthenticated; `require` raises Forbidden where a consumer has not the
    right; `refuse` records a refusal.
    """

    def __init__(
        self,
        *,
        authenticate: Callable[[web.Request], Awaitable[Consumer]],
        require: Callable[[Consumer, Right], None],
        refuse: Callable[[str, Consumer | None, QuestionRefused], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self.clock = clock
        self.require = require
        self._authenticate = authenticate
        self._refuse = refuse

    async def answer(self, request: web.Request, answer: _Answer) -> web.StreamResponse:
        """The answer to a request whose body is read first, or what stood in its way."""

        async def read(request: web.Request, consumer: Consumer) -> web.StreamResponse:
            return await answer(request, consumer, await body_of(request))

        return await self.answer_unread(request, read)

    async def answer_unread(self, request: web.Request, answer: _Unread) -> web.StreamResponse:
        """The answer of whoever reads the body, or leaves it, or what stood in its way."""
        lookup_id = request[LOOKUP_ID]
        consumer: Consumer | None = None
        try:
            consumer = await self._authenticate(request)
            return await answer(request, consumer)
        except QuestionRefused as refusal:
            await self._refuse(lookup_id, consumer, refusal)
            return problems.for_refusal(lookup_id, refusal, self.clock)
        except NotShown as exc:
            return problems.for_not_shown(lookup_id, exc, self.clock)


def json_answer(value: Any) -> web.Response:
    """JSON that nobody keeps."""
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=orjson.dumps(value, option=_OPTIONS), content_type="application/json", headers=headers)
