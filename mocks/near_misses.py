"""
What might be wrong with a question that matched nothing: its names and the forms of its values, beside those of the
case files. Values are never told, nor names that no case file has.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import orjson
from lxml import etree

from contracts.reader import Contract
from mocks.stand_in import Answer, Call

__all__ = ["NearMisses", "form_of"]

_LARGEST = 1 << 16
_MOST = 5
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_DATES = {
    "yyyy-MM-dd": f"{_YEAR}-{_MONTH}-{_DAY}",
    "yyyyMMdd": f"{_YEAR}{_MONTH}{_DAY}",
    "dd/MM/yyyy": f"{_DAY}/{_MONTH}/{_YEAR}",
    "dd-MM-yyyy": f"{_DAY}-{_MONTH}-{_YEAR}",
    "dd.MM.yyyy": rf"{_DAY}\.{_MONTH}\.{_YEAR}",
    "yyyy": _YEAR,
}
_FORMS = {name: re.compile(pattern) for name, pattern in _DATES.items()}
_TEXT, _MARKED, _SPACED = "a text", "letters with marks", "letters with spaces"
_FOLDED = "capitals without marks and spaces"
_LOOSE = {_TEXT, _MARKED, _SPACED, _FOLDED, "nothing"}


class NearMisses:
    """Hints for one registry, from its case files. They are read when the first question matches nothing."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def of(self, call: Call, answer: Answer) -> tuple[str, ...]:
        """At most five hints, Vietnamese first; none where nothing is odd, and none for a question that matched."""
        if answer.matched != "nothing" or answer.operation == "token" or len(call.body) > _LARGEST:
            return ()
        hints = [*self._about_the_way(call, answer), *self._about_members(call, answer)]
        return tuple(hints[:_MOST])

    def _about_the_way(self, call: Call, answer: Answer) -> Iterator[str]:
        if answer.status == 401 and "Authorization" not in call.headers:
            yield "không có Authorization / no Authorization header"
        if answer.status == 501 and answer.operation:
            yield (
                "không có trong tệp mẫu, số cũng không thuộc dải hư cấu / no case file asks this, and the number is of "
                "no invented range"
            )
        if answer.operation and answer.status != 403:
            return  # the stand-in knew what was asked, and a path may hold a number or another name of the API
        known = self._paths
        if call.path in known:
            if call.method not in known[call.path]:
                said = " hoặc / or ".join(sorted(known[call.path]))
                yield f"phương thức: hợp đồng ghi {said} / method: the contract says {said}"
            return
        last = call.path.rpartition("/")[2].lower()
        for path in known:
            if last and path.lower().rpartition("/")[2] == last:
                yield f"đường dẫn: hợp đồng ghi {path} / path: the contract says {path}"
                return

    def _about_members(self, call: Call, answer: Answer) -> Iterator[str]:
        sent = dict(_members(call.query, call.body))
        generations = self._expected.get(answer.operation)
        if not generations:
            return
        # Of several generations the one that asks most alike.
        forms, always = max(generations, key=lambda one: len(one[0].keys() & sent.keys()) - len(one[1] - sent.keys()))
        for name in sorted(always - sent.keys()):
            yield f"{name}: thiếu / missing"
        for name in sorted(sent.keys() & forms.keys()):
            form, known = form_of(sent[name]), forms[name]
            if _is_odd(form, known):
                said = " | ".join(sorted(known))
                yield f"{name}: đã gửi {form}, hợp đồng ghi {said} / you sent {form}, the contract says {said}"
        strange = len(sent.keys() - self._names)
        if strange:
            yield f"{strange} thành phần ngoài hợp đồng / {strange} members that the contract does not know"

    @cached_property
    def _paths(self) -> Mapping[str, set[str]]:
        paths: dict[str, set[str]] = defaultdict(set)
        for case in self._contract.cases():
            paths[case.request.path].add(case.request.method)
        return paths

    @cached_property
    def _expected(self) -> Mapping[str, list[tuple[dict[str, set[str]], set[str]]]]:
        """By operation, for each generation: the forms of each member in good questions, and the members of all."""
        found: dict[str, list[tuple[dict[str, set[str]], set[str]]]] = defaultdict(list)
        for dataset in self._contract.datasets.values():
            for version in dataset.versions:
                asked = [
                    dict(_members(case.request.query, (case.request.body or "").encode()))
                    for case in dataset.cases
                    if case.contract == version and case.outcome in {"found", "absent"} and not case.options
                ]
                forms: dict[str, set[str]] = defaultdict(set)
                for name, value in (item for members in asked for item in members.items()):
                    forms[name].add(form_of(value))
                if asked:
                    found[dataset.operation_in(version)].append((forms, set(asked[0]).intersection(*asked)))
        return found

    @cached_property
    def _names(self) -> frozenset[str]:
        recorded = (case.request for case in self._contract.cases())
        return frozenset(
            name for request in recorded for name, _ in _members(request.query, (request.body or "").encode())
        )


def form_of(value: Any) -> str:
    """The form of a value: a date's, so many digits, a kind of text or JSON's own word. Never the value."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true | false"
    if isinstance(value, int | float):
        return "a number"
    if not isinstance(value, str):
        return "a list" if isinstance(value, list) else "an object"
    if not value:
        return "nothing"
    for name, form in _FORMS.items():
        if form.fullmatch(value):
            return name
    if value.isascii() and value.isdigit():
        return f"{len(value)} digits"
    letters = unicodedata.normalize("NFD", value)
    if any(unicodedata.combining(one) for one in letters) or "đ" in value.lower():
        return _MARKED
    if re.fullmatch(r"[A-Z]{4,}", value):
        return _FOLDED
    return _SPACED if re.fullmatch(r"[A-Za-z]+( [A-Za-z]+)+", value) else _TEXT


def _is_odd(form: str, known: set[str]) -> bool:
    """Whether no good question has a value of such a form, and forms tell something here."""
    if form in known:
        return False
    if form in {_MARKED, _SPACED}:
        return known == {_FOLDED}
    if form in _FORMS:
        return bool(known & _FORMS.keys()) or not known & _LOOSE
    return form not in {_TEXT, _FOLDED} and not known & _LOOSE


def _members(query: Mapping[str, str], body: bytes) -> Iterator[tuple[str, Any]]:
    """Names with values: of the query string, and the leaves of a body of JSON or XML, or of a form."""
    yield from query.items()
    text = body.strip()
    if text[:1] in {b"{", b"["}:
        try:
            yield from _leaves("", orjson.loads(text))
        except ValueError:
            return
    elif text[:1] == b"<":
        try:
            root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        except etree.XMLSyntaxError:
            return
        for one in root.iter():
            if isinstance(one.tag, str) and len(one) == 0:
                yield etree.QName(one).localname, one.text or ""
    elif b"=" in text:
        yield from parse_qsl(text.decode("latin-1"))


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(key, inner)
    elif isinstance(value, list) and value:
        yield from _leaves(name, value[0])
    else:
        yield name, value
