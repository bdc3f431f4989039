"""Secrets in their places, and addresses that nothing can climb out of."""

from __future__ import annotations

import pytest

from gateway.domain.exchange import Request, Secret
from gateway.errors import RegistryRejected, SettingsError
from gateway.transport.outgoing import filled

SECRETS = {"auth_key": 'k"<&/ 1'}
ENDPOINT = "http://registry.invalid/base/"


def test_a_secret_is_escaped_for_where_it_stands() -> None:
    """Path, query and each kind of body take the same secret, written so that it cannot break out."""
    request = Request(operation="op", path=("v1", Secret("auth_key")), query=(("key", Secret("auth_key")),))

    assert filled(request, ENDPOINT, SECRETS).url == (
        "http://registry.invalid/base/v1/k%22%3C%26%2F%201?key=k%22%3C%26%2F+1"
    )


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("application/json", b'{"authKey":"k\\"<&/ 1"}'),
        ("application/xml; charset=utf-8", b'{"authKey":"k"&lt;&amp;/ 1"}'),
        ("application/x-www-form-urlencoded", b'{"authKey":"k%22%3C%26%2F+1"}'),
        ("text/plain", b'{"authKey":"k"<&/ 1"}'),
    ],
)
def test_a_secret_in_a_body_follows_the_media_type(media_type: str, expected: bytes) -> None:
    """JSON, XML and form bodies each have their own escaping."""
    request = Request(operation="op", media_type=media_type, body=(b'{"authKey":"', Secret("auth_key"), b'"}'))

    sent = filled(request, ENDPOINT, SECRETS)

    assert sent.body == expected
    assert sent.headers["Content-Type"] == media_type


def test_a_secret_that_settings_do_not_give_is_named() -> None:
    """A missing secret stops the question before anything leaves, and says which one."""
    with pytest.raises(SettingsError, match="auth_key"):
        filled(Request(operation="op", path=(Secret("auth_key"),)), ENDPOINT, {})


@pytest.mark.parametrize("segment", ["..", ".", ""])
def test_s07_a_path_segment_of_dots_is_rejected(segment: str) -> None:
    """No value can climb out of the endpoint by dots."""
    with pytest.raises(RegistryRejected):
        filled(Request(operation="op", path=(segment,)), ENDPOINT, {})


def test_s07_a_slash_in_a_path_segment_stays_inside_it() -> None:
    """`../admin` as a value is one odd segment, not a way up."""
    assert filled(Request(operation="op", path=("../admin",)), ENDPOINT, {}).url.endswith("/base/..%2Fadmin")


def test_a_request_on_its_way_prints_nothing() -> None:
    """Address, headers and body of a request may hold secrets and people: none of them is printed."""
    request = Request(
        operation="op", query=(("id", "CANARY"),), headers={"X": "CANARY"}, body=(b"CANARY",), media_type="text/plain"
    )

    assert "CANARY" not in repr(request)
    assert "CANARY" not in repr(filled(request, ENDPOINT, {}))
