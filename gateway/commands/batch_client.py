"""A running gateway's batches over HTTP, for the command line. Follows no redirect and no proxy of the environment."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, BinaryIO, Literal
from urllib.parse import urlsplit

import orjson

__all__ = ["Away", "BatchClient", "Form", "Told"]

Form = Literal["jsonl", "csv"]
TYPES: Mapping[Form, str] = {"jsonl": "application/x-ndjson", "csv": "text/csv"}
_TIMEOUT_S = 130.0
_PIECE = 64 * 1024


class Told(Exception):
    """The gateway says that this cannot be; `problems` name lines and fields."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{problem.get('detail', '')} / {problem.get('title', '')} ({status})")
        self.status = status
        self.problems: list[dict[str, str]] = list(problem.get("problems", ()))


class Away(Exception):
    """The gateway cannot be reached, or cannot answer just now."""


class BatchClient:
    """Calls one gateway with one API key."""

    def __init__(self, url: str, key: str, ca_file: Path | None = None) -> None:
        """`url` begins with http or https."""
        self._parts = parts = urlsplit(url)
        self._key = key
        self._tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None

    def bring(self, head: bytes, file: Path, form: Form, idempotency_key: str) -> dict[str, Any]:
        """Bring a batch: a first line, and a file after it."""
        size = len(head) + file.stat().st_size
        headers = {"Content-Type": TYPES[form], "Content-Length": str(size), "Idempotency-Key": f'"{idempotency_key}"'}
        with file.open("rb") as items:
            return self._json("POST", "", headers, _pieces(head, items))

    def status(self, batch_id: str) -> dict[str, Any]:
        """How it stands."""
        return self._json("GET", f"/{batch_id}")

    def cancel(self, batch_id: str) -> dict[str, Any]:
        """Ask nothing more of it."""
        return self._json("POST", f"/{batch_id}/cancel")

    def results(self, batch_id: str, form: Form) -> Iterator[bytes]:
        """Its results in pieces. Raises Away where they end too soon."""
        with self._answer("GET", f"/{batch_id}/results", {"Accept": TYPES[form]}) as answer:
            while piece := answer.read(_PIECE):
                yield piece

    def _json(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Iterator[bytes] | None = None
    ) -> dict[str, Any]:
        with self._answer(method, path, headers or {}, body) as answer:
            told: dict[str, Any] = orjson.loads(answer.read())
            return told

    @contextmanager
    def _answer(
        self, method: str, path: str, headers: Mapping[str, str], body: Iterator[bytes] | None = None
    ) -> Iterator[HTTPResponse]:
        host, port = str(self._parts.hostname), self._parts.port
        connection = (
            HTTPConnection(host, port, timeout=_TIMEOUT_S)
            if self._tls is None
            else HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=self._tls)
        )
        try:
            sent = {"X-API-Key": self._key, **headers}
            connection.request(method, f"{self._parts.path.rstrip('/')}/v1/batches{path}", body=body, headers=sent)
            answer = connection.getresponse()
            if answer.status >= 300:
                raise _problem(answer.status, answer.read())
            yield answer
        except (OSError, HTTPException, orjson.JSONDecodeError) as exc:
            raise Away(f"cổng không trả lời / the gateway does not answer: {type(exc).__name__}") from None
        finally:
            connection.close()


def _problem(status: int, body: bytes) -> Exception:
    try:
        problem = orjson.loads(body)
    except orjson.JSONDecodeError:
        problem = {}
    if status in {502, 503, 504}:
        return Away(f"{problem.get('detail', '')} / {problem.get('title', '')} ({status})")
    return Told(status, problem)


def _pieces(head: bytes, items: BinaryIO) -> Iterator[bytes]:
    if head:
        yield head
    while piece := items.read(_PIECE):
        yield piece
