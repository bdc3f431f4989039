"""The shape that a JSON Schema describes. Alternatives are laid upon each other: what one of them lacks is optional."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.kit.shape import Element, Facets, Form, Shape

__all__ = ["shape_of_json_schema"]

_FACETS = (
    *("pattern", "format", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minItems", "maxItems", "multipleOf"),
)
_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
_ANY = Form("anything")


def shape_of_json_schema(schema: Mapping[str, Any]) -> Shape:
    """Every element below the root, which itself has no name."""
    found = dict(_below("", schema, schema, frozenset()))
    found.pop("", None)
    return found


def _below(path: str, schema: Any, root: Mapping[str, Any], above: frozenset[str]) -> dict[str, Element]:
    """The element at the path and all below it. A type that contains itself (one of `above`) is followed once."""
    if not isinstance(schema, Mapping) or schema.get("$ref") in above:
        return {path: Element(required=True, forms=frozenset({_ANY}))}
    if "$ref" in schema:
        target = _below(path, _resolved(schema["$ref"], root), root, above | {schema["$ref"]})
        rest = {key: value for key, value in schema.items() if key not in {"$ref", "description", "title"}}
        return _both(target, _below(path, rest, root, above)) if rest else target
    found = _own(path, schema, root, above)
    for word in ("oneOf", "anyOf"):
        if word in schema:
            found = _both(found, _either(_below(path, one, root, above) for one in schema[word]))
    for one in schema.get("allOf", ()):
        if set(one) != {"not"}:
            found = _both(found, _below(path, one, root, above))
    return found


def _own(path: str, schema: Mapping[str, Any], root: Mapping[str, Any], above: frozenset[str]) -> dict[str, Element]:
    found = {path: Element(required=True, forms=_forms(schema))}
    needed = set(schema.get("required", ()))
    for name, inner in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        below = _below(place, inner, root, above)
        found |= below | {place: Element(name in needed, below[place].forms)}
    if "items" in schema:
        found |= _below(f"{path}[]", schema["items"], root, above)
    return found


def _forms(schema: Mapping[str, Any]) -> frozenset[Form]:
    given = [schema["const"]] if "const" in schema else schema.get("enum")
    if given is not None:
        kinds = {_kind(value) for value in given}
        return frozenset(
            Form(kind, frozenset(("enum", str(value)) for value in given if _kind(value) == kind)) for kind in kinds
        )
    told = schema.get("type")
    if told is None:
        told = "object" if "properties" in schema else "array" if "items" in schema else None
    if told is None:
        return frozenset({_ANY})
    facets: Facets = frozenset((name, str(schema[name])) for name in _FACETS if name in schema)
    kinds = {told} if isinstance(told, str) else set(told)
    return frozenset(Form(kind, frozenset() if kind in {"null", "object", "boolean"} else facets) for kind in kinds)


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "object")


def _resolved(reference: str, root: Mapping[str, Any]) -> Any:
    """What a reference inside the same file names; anything else is taken as unknown."""
    value: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        if not part:
            continue
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if reference.startswith("#") else None


def _either(alternatives: Iterable[dict[str, Element]]) -> dict[str, Element]:
    """Laid upon each other. An alternative without a place for the element says nothing of whether it is needed."""
    every = list(alternatives)
    return {
        path: Element(
            required=all(path in one and one[path].required for one in every if _has_place(one, path)),
            forms=frozenset().union(*(one[path].forms for one in every if path in one)),
        )
        for path in {path for one in every for path in one}
    }


def _has_place(shape: dict[str, Element], path: str) -> bool:
    above = path[: max(path.rfind("."), path.rfind("["), 0)]
    parent = shape.get(above)
    return path == above or (parent is not None and any(form.kind in {"object", "array"} for form in parent.forms))


def _both(one: dict[str, Element], other: dict[str, Element]) -> dict[str, Element]:
    """Both hold at once: what either needs is needed, and whichever says more of a form counts."""
    return {
        path: one[path]
        if path not in other
        else other[path]
        if path not in one
        else Element(
            one[path].required or other[path].required,
            other[path].forms if one[path].forms == frozenset({_ANY}) else one[path].forms,
        )
        for path in {*one, *other}
    }
