"""
One connection to the front door, guarded where aiohttp's server has no guard: docs/decisions/0013 says how and why.

A head that takes too long is answered with 408; there is a bound on connections; and whatever is answered
before or beside the application is a problem document without a banner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import LineTooLong

from gateway import telemetry
from gateway.web import problems
from gateway.web.body import VERSIONS
from gateway.web.limits import Limits

__all__ = ["Door"]

_LINGER_S = 1.0
_LEAST_TAKEN = 256 * 1024


class Door(web.Server):
    """
    Makes the connections of one application, and knows which of them have no request under way.

    `inner` is the server that aiohttp's runner made for the application; `tell` is called with the word of
    each problem that was no question.
    """

    def __init__(self, inner: web.Server, limits: Limits, tell: Callable[[str], None]) -> None:
        super().__init__(
            inner.request_handler, request_factory=self._request, handler_cancellation=limits.end_with_caller
        )
        self._inner = inner
        self.limits = limits
        self.tell = tell
        self.waiting: dict[Connection, None] = {}
        """Connections without a request under way, the longest waiting first."""
        self.is_draining = False
        """Each answer now says that its connection closes after it, so that nobody asks on one that is closing."""

    def __call__(self) -> Connection:
        return Connection(self, asyncio.get_running_loop())

    def admits(self) -> bool:
        """Whether there is room for the newest connection; where there is none, the longest waiting one goes."""
        if len(self.connections) <= self.limits.connections:
            return True
        oldest = next(iter(self.waiting), None)
        if oldest is None:
            return False
        del self.waiting[oldest]
        oldest.force_close()
        return True

    def renew(self) -> None:
        """Close each connection, at once where it has no request under way, else after that request."""
        for connection in self.connections:
            if connection in self.waiting:
                connection.force_close()
            else:
                connection.close()

    def _request(self, message: Any, payload: StreamReader, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        protocol.has_head(payload)
        return self._inner.request_factory(message, payload, protocol, writer, task)


class Connection(web.RequestHandler):
    """A connection of which the time between two requests, and the time for a head, are watched."""

    __slots__ = ("_door", "_failed", "_head_has_begun", "_payload", "_timer", "_unread")

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        limits = door.limits
        super().__init__(
            door,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # it would print paths and queries
            auto_decompress=False,
            lingering_time=min(_LINGER_S, limits.body_timeout_s),
        )
        self._door = door
        self._timer: asyncio.TimerHandle | None = None
        self._head_has_begun = False
        self._payload: StreamReader | None = None
        self._failed = False
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._door.admits():
            self._say(503)
            return
        self._wait()
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        if data and self._payload is None and not self._head_has_begun:
            self._head_has_begun = True
            self._expect_head()
        super().data_received(data)

    def has_head(self, payload: StreamReader) -> None:
        """A request's head has been read, and its handler begins."""
        self._stop_waiting()
        self._payload = payload

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        # What no handler has answered; and an answer under a version that is not spoken here.
        if self._failed or isinstance(resp, web.HTTPException) or request.version not in VERSIONS:
            self._say(resp.status)
            return resp, True
        if problems.PROBLEM in resp:
            self._door.tell(resp[problems.PROBLEM])
        if self._door.is_draining or (self._payload is not None and not self._payload.is_eof()):
            resp.force_close()
        finished = await super().finish_response(request, resp, start_time)
        if self.transport is None:  # the caller has gone meanwhile
            return finished
        if resp.keep_alive:
            self._wait()
        else:
            self._loop.call_later(self._door.limits.body_timeout_s, self.transport.abort)
        return finished

    def force_close(self) -> None:
        """Close, and do not wait for long until the caller has taken what is written."""
        transport = self.transport
        super().force_close()
        if transport is not None:
            self._loop.call_later(_LINGER_S, transport.abort)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What is not HTTP, and what went wrong outside every handler. Neither is quoted, here or in a log."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        if status >= 500 and exc is not None:
            telemetry.log().error("web.bug", lookup_id=None, **telemetry.where(exc))
        self._failed = True
        return web.Response(status=431 if isinstance(exc, LineTooLong) else status)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_waiting()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The caller takes no more of its answers: it has the time that it has for a body, then it is cut off."""
        super().pause_writing()
        if self.transport is not None:
            self._watch_taking(self.transport)

    def resume_writing(self) -> None:
        self._is_read()
        super().resume_writing()

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _watch_taking(self, transport: asyncio.Transport) -> None:
        left = transport.get_write_buffer_size()
        self._unread = self._loop.call_later(self._door.limits.body_timeout_s, self._taken, transport, left)

    def _taken(self, transport: asyncio.Transport, before: int) -> None:
        if before - transport.get_write_buffer_size() >= _LEAST_TAKEN:
            self._watch_taking(transport)  # a slow line, but somebody reads
            return
        self._door.tell("too_slow")
        transport.abort()  # closing would wait for the caller to take what is written

    def _wait(self) -> None:
        self._payload = None
        self._door.waiting[self] = None

    def _stop_waiting(self) -> None:
        self._door.waiting.pop(self, None)
        self._head_has_begun = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expect_head(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(self._door.limits.header_timeout_s, self._too_late)

    def _too_late(self) -> None:
        self._timer = None
        if self._head_has_begun:
            self._say(408)
        else:
            self.force_close()  # whoever has said nothing expects no answer

    def _say(self, status: int) -> None:
        """Answer without the application, and close."""
        response = problems.for_status(status)
        self._door.tell(response[problems.PROBLEM])
        if self.transport is not None:
            self.transport.write(problems.on_the_wire(response))
        self.force_close()
