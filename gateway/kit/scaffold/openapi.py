"""
An example out of an OpenAPI document: one operation's question and answer, invented where the document shows none.

Values of one name are equal in question and answer, so that what repeats a key is found to repeat it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.errors import SettingsError
from gateway.kit.leaves import json_text
from gateway.kit.scaffold.names import noun_of, sample_of
from gateway.wire import json

__all__ = ["example_of", "left_out"]

_DEEPEST = 12
_NOBODY = re.compile(r"absent|not.?found|empty|none", re.IGNORECASE)
_TEXTS = {
    "date": "2026-03-01",
    "date-time": "2026-03-01T08:30:00",
    "uri": "https://mau.invalid/1",
    "uuid": "00000000-0000-4000-8000-000000000001",
}


def example_of(document: bytes, operation: str | None) -> bytes:
    """
    The example as `read_example` takes it. `operation` is an operationId, or `GET /path`; None where the document has
    one alone that can be taken.

    Raises SettingsError naming what is missing or of no use.
    """
    whole, (operation, method, path, described) = _chosen(document, operation)
    return _Reader(whole).example(operation, method, path, described)


def left_out(document: bytes, operation: str | None) -> list[str]:
    """
    The parameters that a caller may send and what is made does not: `name (place)`. Empty where it sends them all.

    Raises SettingsError as `example_of` does.
    """
    whole, (_, method, _, described) = _chosen(document, operation)
    return _unsent(map(_Reader(whole).seen, described["parameters"]), method)


def _chosen(document: bytes, operation: str | None) -> tuple[dict[str, Any], tuple[str, str, str, dict[str, Any]]]:
    """The whole document, and of the operation meant: its name, method, path and description."""
    try:
        whole = json.parse(document)
    except json.JsonError as exc:
        raise SettingsError(f"--openapi: {exc}; a document in YAML must be written as JSON first") from None
    if not isinstance(whole, dict) or not str(whole.get("openapi", "")).startswith("3."):
        raise SettingsError("--openapi: openapi: must be 3.0 or 3.1")
    found = dict(_operations(whole))
    if operation is None and len(found) == 1:
        operation = next(iter(found))
    if operation not in found:
        raise SettingsError(f"--operation: one of {', '.join(found) or 'none: no GET or POST answers JSON'}")
    return whole, (operation, *found[operation])


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str, dict[str, Any]]]]:
    for path, item in _members(document.get("paths")).items():
        for method in ("get", "post"):
            described = _members(item).get(method)
            if isinstance(described, dict):
                named = described.get("operationId") or f"{method.upper()} {path}"
                shared = _members(item).get("parameters", [])
                yield (
                    str(named),
                    (
                        method.upper(),
                        str(path),
                        {**described, "parameters": [*shared, *described.get("parameters", [])]},
                    ),
                )


def _members(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_sent(parameter: Mapping[str, Any], method: str) -> bool:
    """Whether what is made asks with it. Of headers OpenAPI itself leaves three out: they are described elsewhere."""
    if parameter.get("in") == "header":
        return str(parameter.get("name")).lower() in {"accept", "content-type", "authorization"}
    return method == "GET" and parameter.get("in") == "query"


def _unsent(parameters: Iterable[Mapping[str, Any]], method: str) -> list[str]:
    return [f"{one.get('name')} ({one.get('in')})" for one in parameters if not _is_sent(one, method)]


class _Reader:
    """Follows references within one document, and no others."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def example(self, operation: str, method: str, path: str, described: Mapping[str, Any]) -> bytes:
        parameters = [self.seen(one) for one in described["parameters"]]
        if "{" in path or any(one.get("in") == "path" for one in parameters):
            raise SettingsError(f"--openapi: {path}: what is asked stands in the path; write this one by hand")
        if unsent := _unsent((one for one in parameters if one.get("required")), method):
            raise SettingsError(f"--openapi: {operation}: wants {', '.join(unsent)} besides; write this one by hand")
        request: dict[str, Any] = {"method": method, "path": path}
        if method == "GET":
            asked = [one for one in parameters if one.get("in") == "query"]
            request["query"] = {str(one["name"]): str(self._of_parameter(one)) for one in asked}
        else:
            request["body"] = self._content(self.seen(described.get("requestBody", {})), f"{operation}: requestBody")
        answers = _members(described.get("responses"))
        answer = self.seen(answers.get("200") or answers.get("2XX") or answers.get("default") or {})
        info = _members(self._document.get("info"))
        made = {
            "dataset": noun_of(operation if " " not in operation else path.rpartition("/")[2]),
            "title": str(described.get("summary") or info.get("title") or operation),
            "title_en": str(described.get("summary") or info.get("title") or operation),
            "request": request,
            "response": {"body": self._content(answer, f"{operation}: responses.200")},
        }
        if (absent := self._named(answer, _NOBODY)) is not None:
            made["absent"] = {"body": absent}
        return json_text(made).encode()

    def _named(self, body: Mapping[str, Any], name: re.Pattern[str]) -> Any:
        """The value of an example whose name says so; None where there is none."""
        for media in _members(body.get("content")).values():
            for key, one in _members(_members(media).get("examples")).items():
                if name.search(key):
                    return self.seen(one).get("value")
        return None

    def _content(self, body: Mapping[str, Any], place: str) -> Any:
        for kind, media in _members(body.get("content")).items():
            if re.fullmatch(r"application/(?:[\w.+-]+\+)?json", str(kind).partition(";")[0].strip()):
                return self._shown(_members(media), "body", 0)
        raise SettingsError(f"--openapi: {place}: says nothing of application/json")

    def _of_parameter(self, parameter: Mapping[str, Any]) -> Any:
        return self._shown(parameter, str(parameter["name"]), 0)

    def _shown(self, holder: Mapping[str, Any], name: str, depth: int) -> Any:
        """The example that stands beside a schema, or one made of the schema."""
        if "example" in holder:
            return holder["example"]
        for key, one in _members(holder.get("examples")).items():
            if not _NOBODY.search(key):
                return self.seen(one).get("value")
        return self._made(self.seen(holder.get("schema", {})), name, depth)

    def _made(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        if depth > _DEEPEST:
            raise SettingsError(f"--openapi: {name}: a schema within itself; write this one by hand")
        schema = self.seen(schema)
        for key in ("example", "const", "default"):
            if schema.get(key) is not None:
                return schema[key]
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        parts = [*schema.get("allOf", []), *schema.get("oneOf", [])[:1], *schema.get("anyOf", [])[:1]]
        if parts:
            merged = {**schema, "properties": {**_members(schema.get("properties"))}}
            for part in map(self.seen, parts):
                merged |= {key: value for key, value in part.items() if key != "properties"}
                merged["properties"] |= _members(part.get("properties"))
            schema = {key: value for key, value in merged.items() if key not in {"allOf", "oneOf", "anyOf"}}
        kinds = schema.get("type", "object" if schema.get("properties") else "string")
        kind = next((one for one in kinds if one != "null"), "string") if isinstance(kinds, list) else kinds
        if kind == "object":
            members = _members(schema.get("properties"))
            return {str(key): self._made(one, str(key), depth + 1) for key, one in members.items()}
        if kind == "array":
            return [self._made(_members(schema.get("items")), name, depth + 1)]
        return _scalar(kind, schema, name)

    def seen(self, value: Any) -> Mapping[str, Any]:
        """What a reference leads to, or the value itself."""
        for _ in range(_DEEPEST):
            if not isinstance(value, dict) or "$ref" not in value:
                return _members(value)
            value = self._led_to(str(value["$ref"]))
        raise SettingsError("--openapi: $ref: leads to itself")

    def _led_to(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise SettingsError(f"--openapi: $ref: {reference}: leads out of the document; put all of it into one")
        value: Any = self._document
        for step in reference[2:].split("/"):
            value = _members(value).get(step.replace("~1", "/").replace("~0", "~"))
        if value is None:
            raise SettingsError(f"--openapi: $ref: {reference}: leads nowhere")
        return value


def _scalar(kind: str, schema: Mapping[str, Any], name: str) -> Any:
    match kind:
        case "integer":
            return int(schema.get("minimum", 1))
        case "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return _text(schema, name)


def _text(schema: Mapping[str, Any], name: str) -> str:
    """A text of the name's own: the same wherever the name stands."""
    if schema.get("format") in _TEXTS:
        return _TEXTS[schema["format"]]
    digits = re.fullmatch(r"\^?(?:\[0-9\]|\\d)\{(\d+)(?:,\d*)?\}\$?", str(schema.get("pattern", "")))
    if digits:
        return "9" * (int(digits[1]) - 1) + "1"
    return sample_of(name, int(schema.get("maxLength", 200)))
