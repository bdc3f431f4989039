"""Answers that a provincial platform has packed: who unpacks them, and where."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import pytest

from gateway.domain.exchange import LARGE_BODY, Request, Response
from gateway.errors import MalformedAnswer
from gateway.transport.base import Unwrapping
from gateway.transport.memory import MemoryTransport
from gateway.wire.wrappers import WRAPPERS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ASK = Request(operation="ask")


@pytest.mark.parametrize(("length", "in_a_thread"), [(LARGE_BODY, False), (LARGE_BODY + 1, True)])
async def test_a_large_envelope_is_opened_off_the_loop(length: int, in_a_thread: bool) -> None:
    """Two megabytes of envelope would hold every other question for the time that it takes to read them."""
    threads: list[int] = []

    def unwrap(response: Response) -> Response:
        threads.append(threading.get_ident())
        return response

    answer = Response(status=200, body=b"x" * length, received_at=NOW)
    await Unwrapping(MemoryTransport(lambda _: answer), unwrap).send(ASK)

    assert (threads != [threading.get_ident()]) is in_a_thread


async def test_a_large_envelope_is_opened_and_refused_as_a_small_one_is() -> None:
    """What a thread unpacks is the same answer, and what it refuses the same error."""
    inner = "<a>" + "x" * LARGE_BODY + "</a>"
    bodies = [json.dumps(inner).encode(), b"{" + b" " * LARGE_BODY]
    way = Unwrapping(
        MemoryTransport(lambda _: Response(status=200, body=bodies.pop(0), received_at=NOW)), WRAPPERS["json_text"]
    )

    assert (await way.send(ASK)).body == inner.encode()
    with pytest.raises(MalformedAnswer, match="not JSON"):
        await way.send(ASK)
