"""The example that a package is made from: one question, its answer, and how nobody is told, where that is known."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from gateway.errors import SettingsError
from gateway.kit.leaves import json_text, leaves
from gateway.kit.scaffold.names import field_names, noun_of
from gateway.kit.scaffold.nodes import Node, node_of
from gateway.kit.scaffold.wsdl import Soap
from gateway.kit.scaffold.wsdl import example_of as of_wsdl
from gateway.kit.sorts import sort_of
from gateway.wire import json

__all__ = ["Example", "read_example", "read_service"]

_NAME = re.compile(r"[a-z][a-z0-9_]{1,29}")
_TAKEN = {"json", "records", "rest", "wire"}
_MEMBERS = {"dataset", "title", "title_en", "owner", "request", "response", "absent"}
_REQUEST = {"method", "path", "query", "body"}
_ANSWER = {"status", "body"}


@dataclass(frozen=True)
class Example:
    """
    `keys` are what is asked: members of the query string, or of the JSON body, that are no lists and no objects.
    `subject` leads to what the answer is about: the first object, or list of them, that `absent` has not.
    """

    name: str
    noun: str
    title: str
    title_en: str
    owner: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] | None
    found: Any
    absent: Any
    soap: Soap | None = None

    @property
    def operation(self) -> str:
        """The registry's own name for the question."""
        return self.soap.operation if self.soap is not None else self.path.rpartition("/")[2]

    @property
    def keys(self) -> dict[str, Any]:
        asked: Mapping[str, Any] = self.query if self.body is None else self.body
        return {
            name: value for name, value in asked.items() if isinstance(value, str | int) and not isinstance(value, bool)
        }

    @cached_property
    def fields(self) -> dict[str, str]:
        """The keys' names in the query."""
        return field_names(self.keys)

    @cached_property
    def node(self) -> Node:
        """The shape of every answer that is shown."""
        return node_of([self.found, self.absent] if self.absent is not None else [self.found])

    @cached_property
    def subject(self) -> tuple[str, ...]:
        return _missing(self.found, self.absent) or ()

    @property
    def place(self) -> str:
        """Where the subject stands, for people to read."""
        return ".".join(field_names(self.subject).values()) or "the answer"

    @property
    def record(self) -> Any:
        """The first object that the answer is about."""
        value = self.found
        for name in self.subject:
            value = value[name]
        return value[0] if isinstance(value, list) else value

    @property
    def said(self) -> dict[str, tuple[Any, Any]]:
        """What the envelope says besides, in short: member to its values when found and when absent."""
        if not self.subject:
            return {}
        return {
            name: (value, self.absent.get(name))
            for name, value in self.found.items()
            if name != self.subject[0] and sort_of(value) in {"code", "boolean"} and self.absent.get(name) is not None
        }

    @property
    def echo(self) -> tuple[str, str] | None:
        """A key and the member of the record that repeats it; the key alone says whom an answer is about."""
        for key, value in self.keys.items():
            for name, told in self.record.items():
                if not isinstance(told, bool) and isinstance(told, str | int) and str(told) == str(value):
                    return key, name
        return None


def read_example(name: str, text: bytes) -> Example:
    """Raises SettingsError naming what is missing, unknown or of no use."""
    _check_name(name)
    try:
        value = json.parse(text)
    except json.JsonError as exc:
        raise SettingsError(f"--example: {exc}") from None
    whole = _members(value, "", _MEMBERS, needed={"dataset", "request", "response"})
    request = _members(whole["request"], "request.", _REQUEST, needed={"method", "path"})
    found = _answer(whole["response"], "response.")
    absent = _answer(whole["absent"], "absent.") if "absent" in whole else None
    noun = whole["dataset"]
    if not isinstance(noun, str) or not _NAME.fullmatch(noun) or keyword.iskeyword(noun) or noun in _TAKEN:
        raise _wrong("dataset", "small letters, digits and underlines, such as `permit`")
    if request["method"] not in {"GET", "POST"}:
        raise _wrong("request.method", "GET or POST")
    path = request["path"]
    if (
        not isinstance(path, str)
        or not re.fullmatch(r"(?:/[A-Za-z0-9._~-]+)+", path)
        or re.search(r"/\.{1,2}(/|$)", path)
    ):
        raise _wrong("request.path", "a path such as /api/traCuu, without a query and without what is asked in it")
    query = {key: str(one) for key, one in _members(request.get("query", {}), "request.query.", None).items()}
    body = _members(request["body"], "request.body.", None) if "body" in request else None
    titles = {key: whole.get(key, default) for key, default in _titles(name).items()}
    example = Example(name=name, noun=noun, method=request["method"], path=path, query=query, body=body, found=found,
                      absent=absent, **titles)  # fmt: skip
    _check(example)
    return example


def read_service(name: str, wsdl: bytes, operation: str | None) -> Example:
    """The same of one operation of a WSDL, with invented values. Raises SettingsError as `read_example` does."""
    _check_name(name)
    soap, question, answer = of_wsdl(wsdl, operation)
    example = Example(
        name=name,
        noun=noun_of(soap.operation, _TAKEN),
        method="POST",
        path="/",
        query={},
        body=question,
        found=answer,
        absent=None,
        soap=soap,
        **_titles(name),
    )
    _check(example)
    return example


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise SettingsError("NAME: 2 to 30 small letters, digits and underlines, such as `giayphep`")


def _titles(name: str) -> dict[str, str]:
    return {"title": f"Cơ sở dữ liệu {name}", "title_en": f"Registry {name}", "owner": "ASSUMED"}


def _check(example: Example) -> None:
    if (example.method == "GET") != (example.body is None):
        raise _wrong("request.body", "POST has one, GET has none")
    if example.body is not None and any(
        isinstance(value, Decimal) for _, value in leaves(json_text(example.body).encode())
    ):
        raise _wrong("request.body", "has a fraction; write this one by hand")
    if example.body is not None and example.query:
        raise _wrong("request.query", "a POST is asked by its body; write a query string besides by hand")
    if not example.keys:
        raise _wrong(
            "request", "something must be asked: a member of the query, or of the body, with a text or a number"
        )
    if not any(sign.isdigit() for value in example.keys.values() for sign in str(value)):
        raise _wrong("request", "one of the keys must have a digit, so that other questions can be made of it")
    if example.absent is not None and not example.subject:
        raise _wrong("absent.body", "must lack the object, or list of objects, that response.body is about")
    if not isinstance(example.record, dict) or not example.record:
        raise _wrong("response.body", "must be, or have, an object")
    example.node  # noqa: B018  raises where the two answers do not fit together


def _missing(found: Any, absent: Any) -> tuple[str, ...] | None:
    """The way to the first object, or list of them, that is empty in `absent`."""
    if not isinstance(found, dict) or not isinstance(absent, dict):
        return None
    for name, value in found.items():
        holds = bool(value) and (isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict)))
        if holds and not absent.get(name):
            return (name,)
    for name, value in found.items():
        if (below := _missing(value, absent.get(name))) is not None:
            return name, *below
    return None


def _answer(value: Any, place: str) -> Any:
    answer = _members(value, place, _ANSWER, needed={"body"})
    if answer.get("status", 200) != 200:
        raise _wrong(f"{place}status", "200: what other statuses mean is known to the gateway")
    if not isinstance(answer["body"], dict):
        raise _wrong(f"{place}body", "a JSON object")
    return answer["body"]


def _members(value: Any, place: str, known: set[str] | None, needed: frozenset[str] | set[str] = frozenset()) -> Any:
    if not isinstance(value, dict):
        raise _wrong(place.rstrip(".") or "the file", "a JSON object")
    for name in sorted(value.keys() - known) if known is not None else ():
        raise _wrong(f"{place}{name}", f"is not known; there are {', '.join(sorted(known or ()))}")
    for name in sorted(needed - value.keys()):
        raise _wrong(f"{place}{name}", "is missing")
    return value


def _wrong(place: str, advice: str) -> SettingsError:
    return SettingsError(f"--example: {place}: {advice}")
