"""How /openapi.json describes sets of lookups."""

from __future__ import annotations

from typing import Any

from gateway.domain.inquiry import Inquiry
from gateway.web.schemas import Problem

__all__ = ["answer_schema", "named", "request_schema"]

_REF = "#/components/schemas/"
_OF_THE_SET = ("inquiry", "deadline_s", "case_token")
_NAME = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$"}


def named(question: dict[str, Any]) -> dict[str, Any]:
    """A lookup of a set from the question that it would be by itself: with a name, and without what the set says."""
    properties = {name: value for name, value in question["properties"].items() if name not in _OF_THE_SET}
    return question | {"required": ["name", "dataset", "query"], "properties": {"name": _NAME} | properties}


def request_schema(question: dict[str, Any], lookup: dict[str, Any], most: int) -> dict[str, Any]:
    """A whole set; `question` describes a lookup by itself, `lookup` one of a set."""
    said_once = {name: question["properties"][name] for name in _OF_THE_SET[1:]} if question else {}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["inquiry", "lookups"],
        "properties": {
            "inquiry": {"$ref": _REF + Inquiry.__name__},
            "lookups": {"type": "array", "minItems": 1, "maxItems": most, "items": lookup},
            **said_once,
        },
    }


def answer_schema(answer: dict[str, Any]) -> dict[str, Any]:
    """What became of a set; `answer` describes that of a lookup by itself."""
    problem = {"$ref": _REF + Problem.__name__}
    either = [
        {"type": "object", "required": ["name", member], "properties": {"name": _NAME, member: schema}}
        for member, schema in (("answer", answer), ("problem", problem))
    ]
    lookups = {"type": "array", "items": {"oneOf": either}}
    return {"type": "object", "required": ["lookups"], "properties": {"lookups": lookups}}
