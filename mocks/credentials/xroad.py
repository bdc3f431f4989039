"""
A security server's door: X-Road's REST protocol.

Source: dancu-justice-transport.md, 2.5.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from mocks.credentials.door import JSON, OPEN
from mocks.stand_in import Answer, Call, StandIn

__all__ = ["Echo", "XRoadDoor"]

Echo = Literal["same", "other", "none", "upper"]
_OTHER = "00000000-0000-7000-8000-000000000000"


class XRoadDoor:
    """
    Opens to one client asking one service. The names hold what must be percent-encoded. What lies behind is
    the stand-in `inner` where there is one.

    `echo` says what becomes of the message id: the same, another's, none, or the same in capitals. The next
    answers take one each from `echoes` first.
    """

    client = ("DOOR", "GOV", "Tỉnh/99", "Cổng %1")
    service = ("DOOR", "GOV", "0001", "sub system", "tra cứu")
    client_header = "DOOR/GOV/T%E1%BB%89nh%2F99/C%E1%BB%95ng%20%251"
    service_path = "/r1/DOOR/GOV/0001/sub%20system/tra%20c%E1%BB%A9u"

    def __init__(self, echo: Echo = "same", inner: StandIn | None = None) -> None:
        self.echo = echo
        self._inner = inner
        self.echoes: list[Echo] = []
        self.ids: list[str] = []

    def answer(self, call: Call) -> Answer:
        """What is guarded with the echo, or an error of X-Road."""
        message_id = call.headers.get("X-Road-Id", "")
        if call.headers.get("X-Road-Client") != self.client_header:
            return _error(400, "Client.BadRequest")
        if not call.path.startswith(self.service_path + "/"):
            return _error(500, "Server.ServerProxy.AccessDenied")
        try:
            UUID(message_id)
        except ValueError:
            return _error(400, "Client.BadRequest")
        if message_id in self.ids:
            return _error(400, "Client.BadRequest")  # a message id serves one message
        self.ids.append(message_id)
        echo = self.echoes.pop(0) if self.echoes else self.echo
        sent = {"same": message_id, "other": _OTHER, "upper": message_id.upper()}
        answer = self._guarded(call)
        return Answer(
            answer.status,
            answer.body,
            answer.headers if echo == "none" else {**answer.headers, "X-Road-Id": sent[echo]},
        )

    def _guarded(self, call: Call) -> Answer:
        if self._inner is None:
            return OPEN
        path = call.path.removeprefix(self.service_path).partition("?")[0]
        return self._inner.answer(Call(call.method, path, call.query, call.headers, call.body))


def _error(status: int, kind: str) -> Answer:
    body = f'{{"type":"{kind}","message":"mock","detail":"mock"}}'.encode()
    return Answer(status, body, JSON | {"X-Road-Error": kind})
