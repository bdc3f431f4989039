"""How /openapi.json describes verifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.domain.compare.forms import Form, claimable
from gateway.lookup.catalogue import Entry
from gateway.lookup.verification import VerificationRequest
from gateway.web.verifications import VerificationView

__all__ = ["operation"]

_REF = "#/components/schemas/"
_CLAIMS = {"full_name": "Nguyễn Văn Mẫu", "name": "CÔNG TY TNHH MẪU", "birth_date": "1999-01-31", "exists": True}


def operation(entries: Sequence[Entry], inquiry: Mapping[str, Any], problems: Mapping[str, Any]) -> dict[str, Any]:
    """The operation, with an example for each dataset; `problems` are the responses that a lookup can have too."""
    content: dict[str, Any] = {"schema": {"$ref": _REF + VerificationRequest.__name__}}
    examples = {entry.id: {"value": _example(entry, inquiry)} for entry in entries}
    answer = {"application/json": {"schema": {"$ref": _REF + VerificationView.__name__}}}
    return {
        "operationId": "verification",
        "summary": "So sánh nội dung khai với cơ sở dữ liệu / compare claims with a registry's record",
        "description": "A verdict for each claim; the record itself is not returned. `GET /v1/datasets/{id}` has the "
        "JSON Schema of what can be claimed.",
        "requestBody": {
            "required": True,
            "content": {"application/json": content | ({"examples": examples} if examples else {})},
        },
        "responses": {
            "200": {
                "description": "Kết quả so sánh, hoặc cơ sở dữ liệu nói là không có / verdicts, or absent",
                "content": answer,
            },
            **problems,
        },
    }


def _example(entry: Entry, inquiry: Mapping[str, Any]) -> dict[str, Any]:
    schema = entry.dataset.query.model_json_schema()["properties"]
    query = {
        name: option["examples"][0]
        for name, field in schema.items()
        for option in (field, *field.get("anyOf", ()))
        if "examples" in option
    }
    fields = claimable(entry.dataset.record)
    claims = {name: value for name, value in _CLAIMS.items() if name in fields}
    if not claims:
        claims = {name: _CLAIMS["full_name"] for name, one in fields.items() if one.form is Form.NAME}
    return {"dataset": entry.id, "query": query, "inquiry": dict(inquiry), "claims": claims}
