"""What of a ticket is about a person, sealed: whoever moves it to another ticket cannot read it there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.crypto import Box, Secrets
from gateway.lookup.paper_plan import PaperPlanRequest

__all__ = ["Seal"]

_QUESTION, _ANSWER = b"question", b"answer"


class Seal:
    """Under the secret in use; what was sealed under an older one is read as long as that secret is there."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self._boxes = tuple(boxes)

    @classmethod
    def of(cls, secrets: Secrets) -> Seal:
        """With keys of its own."""
        return cls(secrets.boxes(b"tickets"))

    @property
    def marks(self) -> tuple[bytes, ...]:
        """What tells the secrets apart, that in use first, and tells nothing of them."""
        return tuple(box.digest(b"mark")[:8] for box in self._boxes)

    def fingerprint(self, consumer: str, asked: PaperPlanRequest) -> bytes:
        """Equal for equal questions of one consumer, and tells nothing of them."""
        said = asked.model_dump(mode="json", exclude={"deadline_s", "case_token", "appointment"})
        whole = [consumer, said, asked.appointment]
        return self._boxes[0].digest(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z))

    def question(self, ticket_id: str, body: bytes) -> bytes:
        """A plan as it was sent, sealed."""
        return self._boxes[0].seal(body, belongs_to=_place(_QUESTION, ticket_id))

    def asked(self, ticket_id: str, sealed: bytes | None) -> bytes | None:
        """The plan; None where it cannot be read any more."""
        return self._open(_QUESTION, ticket_id, sealed)

    def answer(self, ticket_id: str, answer: Any) -> bytes:
        """Verdicts and evidence, sealed."""
        return self._boxes[0].seal(orjson.dumps(answer, option=orjson.OPT_UTC_Z), belongs_to=_place(_ANSWER, ticket_id))

    def answered(self, ticket_id: str, sealed: bytes | None) -> dict[str, Any] | None:
        """Verdicts and evidence; None where there are none, or they cannot be read any more."""
        plain = self._open(_ANSWER, ticket_id, sealed)
        return None if plain is None else dict(orjson.loads(plain))

    def _open(self, kind: bytes, ticket_id: str, sealed: bytes | None) -> bytes | None:
        if sealed is None:
            return None
        found = (box.open(sealed, belongs_to=_place(kind, ticket_id)) for box in self._boxes)
        return next((one for one in found if one is not None), None)


def _place(kind: bytes, ticket_id: str) -> bytes:
    return kind + b"\0" + ticket_id.encode()
