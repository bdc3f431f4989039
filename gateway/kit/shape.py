"""The shape of a message, whatever schema language told it: which elements, which of them needed, of which form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.kit.changes import Change, breaking, harmless

__all__ = ["Element", "Facets", "Form", "Shape", "changes"]

Facets = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of value (`string`, `xs:date`, `object`) and what narrows it, as (facet, value)."""

    kind: str
    facets: Facets = frozenset()

    def of(self, facet: str) -> frozenset[str]:
        """The facet's values: several for `enum` and `pattern`."""
        return frozenset(value for name, value in self.facets if name == facet)


@dataclass(frozen=True, slots=True)
class Element:
    """`required`: wherever its parent is, it is there too. `forms`: what it may look like, one of them at a time."""

    required: bool
    forms: frozenset[Form]


Shape = Mapping[str, Element]
"""Elements by path: `Data.Items[].Code`."""

_LOWER = {"minLength", "minimum", "exclusiveMinimum", "minItems", "minInclusive", "minExclusive", "minOccurs"}
_UPPER = {
    *("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxInclusive", "maxExclusive", "maxOccurs"),
    *("totalDigits", "fractionDigits"),
}


def changes(place: str, old: Shape, new: Shape, *, request: bool) -> Iterator[Change]:
    """
    What is different. What we write (`request`) breaks where more is asked of us or less is taken; what we read,
    where less comes, or something of a form that did not come before. Of a branch that came or went only the top
    is named.
    """
    for path in sorted(old.keys() | new.keys()):
        where = f"{place} {path}"
        if path not in new:
            if _parent(path, old) in {None, *new}:
                yield breaking(where, "the request no longer takes it" if request else "vanished from the answer")
        elif path not in old:
            if _parent(path, new) in {None, *old}:
                yield _added(where, new[path], request=request)
        else:
            yield from _changed(where, old[path], new[path], request=request)


def _parent(path: str, shape: Shape) -> str | None:
    """The nearest element above that the shape has; None at the top."""
    while (cut := max(path.rfind("."), path.rfind("["))) > 0:
        path = path[:cut]
        if path in shape:
            return path
    return None


def _added(where: str, element: Element, *, request: bool) -> Change:
    if request and element.required:
        return breaking(where, "new, and the request must have it")
    return harmless(where, "new, and may be left out of the request" if request else "new in the answer")


def _changed(where: str, old: Element, new: Element, *, request: bool) -> Iterator[Change]:
    if old.required != new.required:
        if request:
            yield breaking(where, "must be sent now") if new.required else harmless(where, "may be left out now")
        else:
            yield harmless(where, "always comes now") if new.required else breaking(where, "may be missing now")
    for word in sorted(set(_forms(old.forms, new.forms))):
        breaks = word.startswith("narrower") or (not request and word.startswith("another form"))
        yield breaking(where, word) if breaks else harmless(where, word)


def _forms(old: frozenset[Form], new: frozenset[Form]) -> Iterator[str]:
    before, after = {form.kind for form in old}, {form.kind for form in new}
    if gone := before - after:
        yield f"narrower: no longer {', '.join(sorted(gone))}"
    if come := after - before:
        yield f"another form: also {', '.join(sorted(come))}"
    for kind in before & after:
        ones, others = ({form for form in side if form.kind == kind} for side in (old, new))
        if ones == others:
            continue
        if len(ones) == len(others) == 1:
            yield from _facets(*ones, *others)
        else:
            yield f"narrower: {kind} is described otherwise"


def _facets(old: Form, new: Form) -> Iterator[str]:
    for name in sorted({name for name, _ in old.facets | new.facets}):
        before, after = old.of(name), new.of(name)
        if before == after:
            continue
        if not before or not after:
            gone = "another form: any value" if name == "enum" else f"wider: {name}"
            yield f"narrower: {name}" if after else gone
        elif name == "enum":
            if before - after:
                yield "narrower: values of the enumeration fell away"
            if after - before:
                yield "another form: new values in the enumeration"
        elif name in _LOWER | _UPPER:
            least, most = sorted((_number(*before), _number(*after)))
            wider = _number(*after) == (least if name in _LOWER else most) and least < most
            yield f"wider: {name}" if wider else f"narrower: {name}"
        else:
            yield f"narrower: {name} is another"


def _number(text: str) -> float:
    try:
        return float("inf") if text == "unbounded" else float(text)
    except ValueError:  # the bound of a date: which of two is wider is told by nobody here, so neither is
        return float("nan")
