"""How /openapi.json describes the views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.web.problems import MEDIA_TYPE

__all__ = ["PATHS"]

_REF = "#/components/schemas/"
_SUBJECT_VIEW = {
    "subject": {"citizen_id": "000099000001"},
    "asserted": {"as": "self", "requester": "000099000001"},
    "limit": 50,
}
_INCIDENT = {"from": "2026-03-01T00:00:00+07:00", "until": "2026-03-02T00:00:00+07:00", "account": "canbo.mau"}
_LOOKUP_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid", "examples": ["01a206aa-6c64-76f9-87d0-d2e861e452ac"]},
}


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


def _operation(operation: str, summary: str, answer: str, problems: Mapping[int, str]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"{_REF}{answer}"}}}
    return {
        "operationId": operation,
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": content},
            "401": _problem("unauthenticated"),
            **{str(status): _problem(words) for status, words in problems.items()},
            "503": _problem("store_unavailable, ledger_unavailable"),
        },
    }


def _post(operation: str, summary: str, question: str, answer: str, example: Mapping[str, Any]) -> dict[str, Any]:
    refusals = {400: "invalid", 403: "forbidden", 408: "too_slow", 413: "too_large", 415: "packed", 422: "invalid"}
    content = {"schema": {"$ref": f"{_REF}{question}"}, "examples": {question: {"value": example}}}
    return {
        "post": _operation(operation, summary, answer, refusals)
        | {"requestBody": {"required": True, "content": {"application/json": content}}}
    }


PATHS: Mapping[str, Any] = {
    "/v1/subject-views": _post(
        "subject_view",
        "Ai đã tra cứu về tôi / who looked me up",
        "SubjectViewRequest",
        "SubjectView",
        _SUBJECT_VIEW,
    ),
    "/v1/incident-queries": _post(
        "incident_query",
        "Sự cố: ai, trường nào, cán bộ nào / an incident: which people, fields and officers",
        "IncidentRequest",
        "IncidentAnswer",
        _INCIDENT,
    ),
    "/v1/lookups/{id}/explanation": {
        "get": _operation(
            "explanation",
            "Từng bước của một lượt hỏi / one lookup step by step",
            "Explanation",
            {404: "no_such_lookup"},
        )
        | {"parameters": [_LOOKUP_ID]}
    },
}
"""Path items by path."""
