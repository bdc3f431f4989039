"""
`POST /v1/lookup-sets`: many lookups at once, each answered, refused and recorded as if it had come by itself.

None waits for another: each has its end by the set's deadline or its dataset's own, whichever is sooner, and the
answer leaves with the last of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from gateway import telemetry
from gateway.clock import Clock
from gateway.lookup.access import Consumer
from gateway.lookup.repeats import Slot
from gateway.lookup.request import LookupRequest
from gateway.lookup.seams import Caller
from gateway.lookup.sets import LookupSetRequest
from gateway.telemetry import Metrics
from gateway.web import problems
from gateway.web.idempotency_key import REPLAYED
from gateway.web.inbound import Inbound

__all__ = ["Answering", "LookupSets"]

Answering = Callable[[str, Consumer, LookupRequest, Caller, Slot | None], Awaitable[web.Response]]
"""What answers one lookup: its id, who asks, what, who waits, and where it belongs under an idempotency key."""


class LookupSets:
    """
    Asks the lookups of a set side by side.

    `inbound` has counted the set as one question; each lookup beyond the first takes a place of its own there, and is
    `overloaded` by itself where there is none.
    """

    def __init__(
        self, answering: Answering, *, new_id: Callable[[], str], inbound: Inbound, metrics: Metrics, clock: Clock
    ) -> None:
        self._answering = answering
        self._new_id = new_id
        self._inbound = inbound
        self._metrics = metrics
        self._clock = clock

    async def answer(
        self, consumer: Consumer, asked: LookupSetRequest, caller: Caller, slots: Sequence[Slot] | None = None
    ) -> web.Response:
        """
        The whole set's answer: 200, with what became of each lookup in the order in which they were asked.

        With `slots`, one for each lookup, each of them is asked once under its key by itself: what was answered before
        is given again, the others are asked.
        """
        self._metrics.set_lookups.observe(len(asked.lookups))
        places: Sequence[Slot | None] = slots or [None] * len(asked.lookups)
        asking = [
            partial(self._one, consumer, question, caller, slot)
            for question, slot in zip(asked.questions(), places, strict=True)
        ]
        async with asyncio.TaskGroup() as together:  # whoever hangs up ends them all
            tasks = [together.create_task(asking[0]())]
            tasks += [together.create_task(self._placed(consumer, one)) for one in asking[1:]]
        responses = [task.result() for task in tasks]
        headers = {"Cache-Control": "no-store"}
        if all(REPLAYED in response.headers for response in responses):
            headers[REPLAYED] = "true"
        said = [_said(one.name, response) for one, response in zip(asked.lookups, responses, strict=True)]
        return web.Response(body=orjson.dumps({"lookups": said}), content_type="application/json", headers=headers)

    async def _placed(self, consumer: Consumer, asking: Callable[[], Awaitable[web.Response]]) -> web.Response:
        if not self._inbound.enter():
            return self._shed()
        try:
            if not self._inbound.begin(consumer):
                return self._shed()
            try:
                return await asking()
            finally:
                self._inbound.end(consumer)
        finally:
            self._inbound.leave()

    def _shed(self) -> web.Response:
        return problems.for_unknown(self._new_id(), self._inbound.overloaded(), self._clock)

    async def _one(
        self, consumer: Consumer, question: LookupRequest, caller: Caller, slot: Slot | None
    ) -> web.Response:
        lookup_id = self._new_id()
        try:
            return await self._answering(lookup_id, consumer, question, caller, slot)
        except Exception as exc:  # an error of ours in one lookup takes no answer from its neighbours
            self._metrics.bugs.inc()
            telemetry.log().error("web.bug", lookup_id=lookup_id, **telemetry.where(exc))
            return problems.for_bug(lookup_id)


def _said(name: str, response: web.Response) -> dict[str, Any]:
    """What one lookup ended with, as it would have left by itself."""
    if not isinstance(response.body, bytes):
        raise TypeError("the answer to a lookup is whole")
    member = "problem" if response.content_type == problems.MEDIA_TYPE else "answer"
    return {"name": name, member: orjson.Fragment(response.body)}
