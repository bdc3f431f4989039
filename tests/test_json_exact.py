"""Strict JSON by its fast way is strict JSON by its exact way, whatever the text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.wire import json as strict_json

alphabet = st.sampled_from('abA:"\\/u003a{}[], \n.eE-+019đ😀\x00\x1f\x7f\u2028\ud800')
texts = st.text(alphabet | st.characters(), max_size=8)
numbers = (
    st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([0, 2**63, 2**64, 2**64 - 1, -(2**63) - 1, 1e300, 5e-324])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


def written(value: Any, pick: st.DataObject) -> str:
    """A value as JSON, with members repeated, and colons and other characters escaped, where chance wants it."""
    match value:
        case dict():
            members = [member for member in value.items() for _ in range(pick.draw(st.sampled_from([1, 1, 1, 2])))]
            return "{" + ", ".join(f"{written(key, pick)}:{written(inner, pick)}" for key, inner in members) + "}"
        case list():
            return "[" + ",".join(written(inner, pick) for inner in value) + "]"
        case str():
            text = json.dumps(value, ensure_ascii=pick.draw(st.booleans()))
            return text.replace(":", pick.draw(st.sampled_from([":", "\\u003a", "\\u003A"])))
        case _:
            return json.dumps(value)


def outcome(parse: Any, body: bytes) -> str:
    """What a parser gives, or that it refuses. `repr` tells 1 from True and from a Decimal of the same worth."""
    try:
        return repr(parse(body))
    except strict_json.JsonError:
        return "refused"


@settings(max_examples=400, deadline=None)
@given(values, st.data())
def test_the_fast_way_gives_what_the_exact_way_gives(value: Any, pick: st.DataObject) -> None:
    """Of any JSON text, with repeated keys and escapes of every kind, both ways give the same or both refuse."""
    body = written(value, pick).encode("utf-8", "surrogatepass")
    assert outcome(strict_json.parse, body) == outcome(strict_json.parse_exactly, body)


@settings(max_examples=400, deadline=None)
@given(values, st.data())
def test_the_fast_way_gives_what_the_exact_way_gives_for_a_damaged_text(value: Any, pick: st.DataObject) -> None:
    """The same after bytes were cut out, doubled or replaced anywhere."""
    body = bytearray(written(value, pick).encode("utf-8", "surrogatepass"))
    for _ in range(pick.draw(st.integers(1, 3))):
        start = pick.draw(st.integers(0, len(body)))
        end = pick.draw(st.integers(start, min(len(body), start + 4)))
        telling = st.sampled_from([b":", b'"', b"\\", b"1.5", b"{", bytes(body[start:end]) * 2])
        body[start:end] = pick.draw(st.binary(max_size=3) | telling)
    assert outcome(strict_json.parse, bytes(body)) == outcome(strict_json.parse_exactly, bytes(body))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
@example(b"18446744073709551616")
@example(b"[1e-400]")
def test_the_fast_way_gives_what_the_exact_way_gives_for_any_bytes(body: bytes) -> None:
    """The same for bytes that are hardly ever JSON."""
    assert outcome(strict_json.parse, body) == outcome(strict_json.parse_exactly, body)


@pytest.mark.parametrize("depth", [63, 64, 65, 300, 5_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_both_ways_go_down_to_the_same_depth(opening: bytes, closing: bytes, depth: int) -> None:
    """64 levels are read and 65 are not, of lists and of objects, by both ways."""
    body = opening * depth + b"1" + closing * depth
    refused = depth > 64

    assert (outcome(strict_json.parse, body) == "refused") == refused
    assert (outcome(strict_json.parse_exactly, body) == "refused") == refused


def test_a_fraction_or_a_long_integer_is_exact_at_any_depth() -> None:
    """What orjson would round is read again: no digit is lost."""
    body = b'{"a": [{"b": 123456789012345678.125}], "c": 123456789012345678901234567890}'
    found = strict_json.parse(body)

    assert found == {"a": [{"b": Decimal("123456789012345678.125")}], "c": 123456789012345678901234567890}
    assert orjson.loads(body) != found


@pytest.mark.parametrize("escape", [r"\u003a", r"\u003A"])
@pytest.mark.parametrize("dropped", ["1", '"::"', '{"b": 1}'])
def test_a_repeated_key_does_not_hide_behind_an_escaped_colon(escape: str, dropped: str) -> None:
    """A dropped member and as many colons written as escapes do not cancel out."""
    hidden = escape * (1 + dropped.count(":"))
    body = f'{{"a": {dropped}, "a": 2, "c": "{hidden}"}}'.encode()

    assert orjson.dumps(orjson.loads(body)).count(b":") == body.count(b":")
    with pytest.raises(strict_json.JsonError, match="twice"):
        strict_json.parse(body)
