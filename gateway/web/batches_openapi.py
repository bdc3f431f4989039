"""How /openapi.json describes batches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gateway.web.problems import MEDIA_TYPE

__all__ = ["PATHS"]

_REF = "#/components/schemas/"
_JOB = {
    "asks": "verifications",
    "dataset": "dancu.citizen",
    "inquiry": {
        "case_id": "H08.12-260301-0001",
        "procedure": "1.001193",
        "agency": "H08.12",
        "officer": {"id": "000080000009", "account": "canbo.mau"},
        "purpose": "verify_identity",
    },
}
_QUERY = {"citizen_id": "000099000001", "full_name": "Nguyễn Văn Mẫu", "birth_date": "1999-01-31"}
_ITEM = {"ref": "1", "query": _QUERY, "claims": {"full_name": "Nguyễn Văn Mẫu"}}
_LINES = "\n".join(json.dumps(one, ensure_ascii=False) for one in (_JOB, _ITEM)) + "\n"
_TABLE = (
    json.dumps(_JOB, ensure_ascii=False)
    + "\nref,query.citizen_id,query.full_name,query.birth_date,claims.full_name\n"
    + f"1,{','.join(_QUERY.values())},Nguyễn Văn Mẫu\n"
)
_BATCH_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid", "examples": ["01a206aa-6c64-76f9-87d0-d2e861e452ac"]},
}
_LINE = {"schema": {"anyOf": [{"$ref": f"{_REF}BatchJob"}, {"$ref": f"{_REF}BatchItem"}, {"type": "string"}]}}


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


def _answered(operation: str, summary: str, answer: Mapping[str, Any], more: Mapping[int, str]) -> dict[str, Any]:
    return {
        **({"parameters": [_BATCH_ID]} if 404 in more else {}),
        "operationId": operation,
        "summary": summary,
        "responses": {
            **answer,
            "401": _problem("unauthenticated"),
            "403": _problem("forbidden"),
            **{str(status): _problem(words) for status, words in more.items()},
            "503": _problem("batches_unavailable, check_unavailable"),
        },
    }


def _stands(status: str, words: str) -> dict[str, Any]:
    return {status: {"description": words, "content": {"application/json": {"schema": {"$ref": f"{_REF}BatchView"}}}}}


_GONE = {404: "no_such_batch"}
PATHS: Mapping[str, Any] = {
    "/v1/batches": {
        "post": _answered(
            "bring_batch",
            "Hỏi hàng loạt / many lookups or verifications as one job",
            _stands("202", "Đã nhận / taken, and durable")
            | _stands("200", "Đã nhận trước đó với cùng khóa / it came before under the same Idempotency-Key"),
            {
                400: "invalid",
                408: "too_slow",
                409: "conflict",
                413: "too_large",
                415: "packed",
                422: "invalid",
                429: "too_many",
            },
        )
        | {
            "description": "The first line is a `BatchJob` in JSON. Each line after it is a `BatchItem` in JSON; of "
            "`text/csv` a row of names and then a row an item. Taken whole or not at all; `problems` name lines.",
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-ndjson": _LINE | {"examples": {"verifications": {"value": _LINES}}},
                    "text/csv": {
                        "schema": {"type": "string"},
                        "examples": {"verifications": {"value": _TABLE}},
                    },
                },
            },
        }
    },
    "/v1/batches/{id}": {
        "get": _answered(
            "batch", "Tiến độ của lô / how a batch stands", _stands("200", "Tiến độ / how it stands"), _GONE
        ),
        "delete": _answered(
            "delete_batch", "Xóa lô / delete everything of a batch", {"204": {"description": "Đã xóa / deleted"}}, _GONE
        ),
    },
    "/v1/batches/{id}/cancel": {
        "post": _answered(
            "cancel_batch",
            "Hủy lô / ask nothing more of a batch",
            _stands("200", "Tiến độ / how it stands"),
            _GONE,
        ),
    },
    "/v1/batches/{id}/results": {
        "get": _answered(
            "batch_results",
            "Kết quả của lô / a result for each item, in the order of lines",
            {
                "200": {
                    "description": "Mỗi dòng một mục: `answer` hoặc `problem` như khi hỏi riêng / a line an item: "
                    "`answer` or `problem` as it would have been by itself; a table where `Accept` is `text/csv`",
                    "content": {
                        "application/x-ndjson": {"schema": {"type": "string"}},
                        "text/csv": {"schema": {"type": "string"}},
                    },
                }
            },
            _GONE | {409: "batch_not_ended"},
        ),
    },
}
