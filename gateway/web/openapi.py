"""The OpenAPI 3.1 document, made from the types and the configured datasets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway import __version__
from gateway.domain.inquiry import Inquiry
from gateway.errors import REASONS, REFUSALS
from gateway.lookup.catalogue import Catalogue, Entry
from gateway.lookup.fields import Shape
from gateway.lookup.verification import VerificationRequest
from gateway.web import idempotency_key, sets_openapi
from gateway.web import verifications_openapi as verifications
from gateway.web.authentication import HEADER, ONLY_KEYS, Method
from gateway.web.keys import JWKS_PATH
from gateway.web.limits import Limits
from gateway.web.part import Part
from gateway.web.problems import MEDIA_TYPE
from gateway.web.schemas import DatasetView, LookupView, Problem, RegistryView
from gateway.web.verifications import VerificationView

__all__ = ["document"]

_REF = "#/components/schemas/"
_SET_LOOKUPS = Limits().set_lookups
_EXAMPLE_INQUIRY = {
    "case_id": "H08.12-260301-0001",
    "procedure": "1.001193",
    "agency": "H08.12",
    "officer": {"id": "000080000009", "account": "canbo.mau"},
    "purpose": "verify_identity",
}


_IDEMPOTENCY_KEY = {
    "name": idempotency_key.HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 512},
    "description": "Khóa chống lặp: cùng khóa, cùng thân thì cùng câu trả lời / the same key and body, the same answer",
}
_REPLAYED = {
    idempotency_key.REPLAYED: {
        "schema": {"const": "true"},
        "description": "Câu trả lời đã có từ trước theo khóa này / given before, under this key",
    }
}
_SCHEMES: dict[Method, dict[str, Any]] = {
    "api_key": {"type": "apiKey", "in": "header", "name": HEADER},
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Token truy cập OAuth2 / OAuth2 access token (RFC 9068)",
    },
    "certificate": {"type": "mutualTLS", "description": "Chứng thư TLS của hệ thống gọi / client certificate"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": "Chữ ký RFC 9421, thêm vào một cách khác / RFC 9421, besides one of the others",
    },
}


def document(
    catalogue: Catalogue,
    parts: Sequence[Part] = (),
    methods: Collection[Method] = ONLY_KEYS,
    *,
    set_lookups: int = _SET_LOOKUPS,
) -> dict[str, Any]:
    """
    The whole document, valid against OpenAPI 3.1, with the parts that join the front door; `methods` are the ways to
    authenticate that are on, `set_lookups` how many lookups a set may hold.
    """
    entries = list(catalogue)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cổng tích hợp cơ sở dữ liệu quốc gia / National registry gateway",
            "version": __version__,
            "summary": "Một API cho mọi cơ sở dữ liệu / one API for every registry",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{method: []} for method in methods if method != "signature"],
        "paths": {
            "/v1/lookups": {"post": _lookups(entries)},
            "/v1/lookup-sets": {"post": _lookup_sets(entries, set_lookups)},
            "/v1/verifications": {"post": verifications.operation(entries, _EXAMPLE_INQUIRY, _problem_responses())},
            "/v1/registries": {"get": _get("Các cơ sở dữ liệu đã nối / registries", _registries(), "registries")},
            "/v1/datasets": {"get": _get("Các loại dữ liệu / datasets", _list("datasets", DatasetView), "datasets")},
            "/v1/datasets/{id}": {"get": _one_dataset(entries)},
            "/healthz": {"get": _open_get("Tiến trình còn sống / the process is alive", "healthy")},
            "/readyz": {"get": _open_get("Sẵn sàng nhận câu hỏi / ready for questions", "ready")},
            JWKS_PATH: {"get": _key_set()},
            **{path: item for part in parts for path, item in part.paths.items()},
        },
        "components": {
            "securitySchemes": {method: _SCHEMES[method] for method in methods},
            "schemas": _schemas(entries, parts),
        },
    }


def _schemas(entries: list[Entry], parts: Sequence[Part]) -> dict[str, Any]:
    inputs: list[type[BaseModel]] = [
        Inquiry,
        VerificationRequest,
        *(entry.dataset.query for entry in entries),
        *(model for part in parts for model in part.inputs),
    ]
    outputs: list[type[BaseModel]] = [
        LookupView,
        VerificationView,
        Problem,
        RegistryView,
        DatasetView,
        *(entry.dataset.record for entry in entries),
        *(model for part in parts for model in part.outputs),
    ]
    refs, definitions = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(inputs)]
        + [(model, "serialization") for model in dict.fromkeys(outputs)],
        ref_template=_REF + "{model}",
    )
    schemas: dict[str, Any] = dict(definitions["$defs"])
    view = schemas["LookupView"]
    for entry in entries:
        # Two packages may each have a `Person`: pydantic then tells them apart, so its names are asked for.
        query, record = refs[(entry.dataset.query, "validation")], refs[(entry.dataset.record, "serialization")]
        # Any field may be missing: not granted, or empty at the registry.
        schemas[record["$ref"].removeprefix(_REF)].pop("required", None)
        schemas[_name("Question", entry)] = question = _question(entry, query)
        schemas[_name("NamedQuestion", entry)] = sets_openapi.named(question)
        schemas[_name("Answer", entry)] = _answer(entry, record, view)
    return schemas


def _name(kind: str, entry: Entry) -> str:
    return f"{kind}.{entry.id}"


def _question(entry: Entry, query: dict[str, Any]) -> dict[str, Any]:
    names = sorted(Shape(entry.dataset).names)
    return {
        "type": "object",
        "title": f"{entry.dataset.title} / {entry.dataset.title_en}",
        "additionalProperties": False,
        "required": ["dataset", "query", "inquiry"],
        "properties": {
            "dataset": {"const": entry.id},
            "query": query,
            "inquiry": {"$ref": _REF + Inquiry.__name__},
            "fields": {
                "type": ["array", "null"],
                "minItems": 1,
                "items": {"enum": names},
                "description": "Chỉ lấy các trường này / only these fields; all that the policy grants where absent.",
            },
            "max_age_s": {"type": "integer", "minimum": 0, "default": 0},
            "deadline_s": {"type": ["number", "null"], "exclusiveMinimum": 0},
            "case_token": {
                "type": ["string", "null"],
                "maxLength": 8192,
                "description": "JWT của hệ thống một cửa về hồ sơ / what the one-stop signs about the case; only where "
                "`case_checks` is `token`.",
            },
        },
    }


def _answer(entry: Entry, record: dict[str, Any], view: dict[str, Any]) -> dict[str, Any]:
    properties = view["properties"] | {
        "dataset": {"const": entry.id},
        "record": record,
    }
    return {"type": "object", "required": view["required"], "properties": properties}


def _lookups(entries: list[Entry]) -> dict[str, Any]:
    return {
        "operationId": "lookup",
        "summary": "Hỏi một cơ sở dữ liệu / ask one registry",
        "description": "`found` and `absent` are answers (200). No answer is a problem document; never 404.",
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": _one_of("Question", entries),
                    "examples": {entry.id: {"value": _example(entry)} for entry in entries},
                }
            },
        },
        "responses": {
            "200": {
                "description": "Có bản ghi, hoặc cơ sở dữ liệu nói là không có / found or absent",
                "headers": _REPLAYED,
                "content": {"application/json": {"schema": _one_of("Answer", entries)}},
            },
            **_problem_responses(),
        },
    }


def _lookup_sets(entries: list[Entry], most: int) -> dict[str, Any]:
    example = {
        "inquiry": _EXAMPLE_INQUIRY,
        "lookups": [
            {"name": entry.id.replace(".", "-"), "dataset": entry.id, "query": _example(entry)["query"]}
            for entry in entries[:most]
        ],
    }
    question = _question(entries[0], {}) if entries else {}
    schema = sets_openapi.request_schema(question, _one_of("NamedQuestion", entries), most)
    return {
        "operationId": "lookup_set",
        "summary": "Hỏi nhiều cơ sở dữ liệu trong một lần gọi / ask many registries in one call",
        "description": "Each lookup is answered as if it had come by itself; none waits for another.",
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": {"all": {"value": example}}}},
        },
        "responses": {
            "200": {
                "description": "Mỗi câu hỏi một kết quả, theo thứ tự đã hỏi / what became of each, in the order asked",
                "headers": _REPLAYED,
                "content": {"application/json": {"schema": sets_openapi.answer_schema(_one_of("Answer", entries))}},
            },
            **_problem_responses(),
        },
    }


def _one_of(kind: str, entries: list[Entry]) -> dict[str, Any]:
    if not entries:
        return {"type": "object"}
    mapping = {entry.id: _REF + _name(kind, entry) for entry in entries}
    return {
        "oneOf": [{"$ref": ref} for ref in mapping.values()],
        "discriminator": {"propertyName": "dataset", "mapping": mapping},
    }


def _example(entry: Entry) -> dict[str, Any]:
    schema = entry.dataset.query.model_json_schema()
    query = {
        name: (field.get("examples") or [None])[0]
        for name, field in schema["properties"].items()
        if name in schema.get("required", ())
    }
    optional = {
        name: option["examples"][0]
        for name, field in schema["properties"].items()
        for option in field.get("anyOf", ())[:1]
        if "examples" in option
    }
    first = dict(list(optional.items())[:1])
    return {"dataset": entry.id, "query": first | query, "inquiry": _EXAMPLE_INQUIRY}


def _problem_responses() -> dict[str, Any]:
    words: dict[int, list[str]] = {}
    for refusal, refused in REFUSALS.items():
        words.setdefault(refused.http_status, []).append(refusal.value)
    words.setdefault(422, []).append("invalid")
    for reason, error in REASONS.items():
        words.setdefault(error.http_status, []).append(reason.value)
    del words[499]  # nobody is there to read it
    words |= {408: ["too_slow"], 413: ["too_large"], 415: ["packed"]}
    return {str(status): _problem(", ".join(words[status])) for status in sorted(words)}


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF + Problem.__name__}}},
    }


def _list(member: str, view: type[BaseModel]) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": _REF + view.__name__}}
    return {"type": "object", "required": [member], "properties": {member: items}}


def _registries() -> dict[str, Any]:
    listed = _list("registries", RegistryView)
    description = "Kiểm tra hồ sơ bằng cách nào / how it is known whether a case is open, and whose it is"
    checks = {"enum": ["off", "callback", "token"], "description": description}
    return listed | {
        "required": ["registries", "case_checks"],
        "properties": listed["properties"] | {"case_checks": checks},
    }


def _get(summary: str, schema: dict[str, Any], operation: str) -> dict[str, Any]:
    return {
        "operationId": operation,
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": {"application/json": {"schema": schema}}},
            "401": _problem("unauthenticated"),
            "503": _problem("check_unavailable"),
        },
    }


def _one_dataset(entries: list[Entry]) -> dict[str, Any]:
    operation = _get("Một loại dữ liệu / one dataset", {"$ref": _REF + DatasetView.__name__}, "dataset")
    identifier = {"type": "string", "examples": [entry.id for entry in entries[:1]]}
    operation["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": identifier}]
    operation["responses"]["404"] = _problem("no_such_route")
    return operation


def _open_get(summary: str, operation: str) -> dict[str, Any]:
    answer = {"description": summary, "content": {"application/json": {"schema": {"type": "object"}}}}
    responses: dict[str, Any] = {"200": answer}
    if operation == "ready":
        responses["503"] = answer | {"description": "Đang dừng / stopping"}
    return {"operationId": operation, "summary": summary, "security": [], "responses": responses}


def _key_set() -> dict[str, Any]:
    one = {
        "type": "object",
        "required": ["kty", "use", "alg", "kid"],
        "properties": {
            "kty": {"enum": ["EC", "RSA"]},
            "use": {"const": "sig"},
            "alg": {"enum": ["ES256", "RS256"]},
            "kid": {"type": "string", "description": "RFC 7638 thumbprint"},
        },
    }
    keys = {"type": "array", "items": one}
    summary = "Khóa công khai để kiểm tra chứng cứ / public keys to verify evidence with (RFC 7517)"
    schema = {"type": "object", "required": ["keys"], "properties": {"keys": keys}}
    answer = {"description": summary, "content": {"application/jwk-set+json": {"schema": schema}}}
    return {"operationId": "key_set", "summary": summary, "security": [], "responses": {"200": answer}}
