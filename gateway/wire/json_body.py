"""JSON requests: an object of texts and numbers, some of which may be secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gateway.domain.exchange import Part, Secret

__all__ = ["MEDIA_TYPE", "json_body"]

MEDIA_TYPE = "application/json"


def json_body(members: Mapping[str, str | int | Secret | None]) -> tuple[Part, ...]:
    """
    The object as UTF-8, in the order given, with a hole for each secret: its value is escaped as it is filled in.

    `Request.media_type` must be `MEDIA_TYPE`, or one that ends alike.
    """
    parts: list[Part] = []
    text = "{"
    for place, (name, value) in enumerate(members.items()):
        text += f"{',' if place else ''}{json.dumps(name, ensure_ascii=False)}:"
        if isinstance(value, Secret):
            parts += [f'{text}"'.encode(), value]
            text = '"'
        else:
            text += json.dumps(value, ensure_ascii=False)
    return (*parts, f"{text}}}".encode())
