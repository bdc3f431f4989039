"""One question, asked before and after measuring: figures of wrong answers mean nothing."""

from __future__ import annotations

import http.client

from bench.errors import BenchError
from bench.row import Ask, Right
from bench.stage import Server

__all__ = ["answer", "check"]


def answer(name: str, server: Server, ask: Ask) -> tuple[int, bytes]:
    """Status and body of one answer. Raises BenchError where none comes."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(ask.method, ask.path, ask.body or None, dict(ask.headers))
        reply = connection.getresponse()
        return reply.status, reply.read()
    except (OSError, http.client.HTTPException) as exc:
        raise BenchError(f"{name}: no answer: {type(exc).__name__}") from exc
    finally:
        connection.close()


def check(name: str, server: Server, ask: Ask, right: Right) -> None:
    """Raises BenchError for a wrong answer."""
    status, body = answer(name, server, ask)
    problem = right.problem(status, body)
    if problem:
        raise BenchError(f"{name}: {problem}; it begins: {body[:300].decode(errors='replace')}")
