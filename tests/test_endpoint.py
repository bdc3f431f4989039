"""Addresses in settings: one spelling for each, checked at start."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import app
from gateway.errors import SettingsError
from gateway.settings import load
from gateway.transport.endpoint import checked, literal

ODD = [
    "http://127.1/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://2130706433/",
    "http://127.0.0.1./",
    "http://[::ffff:127.0.0.1]/",
    "http://[::FFFF:7f00:1]/",
    "http://[fe80::1%25eth0]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::1/",
    "http://localhost./",
    "http://①②⑦.⓪.⓪.①/",
    "http://1.1.1.1\\@127.0.0.1/",
    "http://1.1.1.1@127.0.0.1/",
    "http://1.1.1.1#@127.0.0.1/",
    "http://127.0.0.1\t.example.invalid/",
    "http://127.0.0.1%2f.example.invalid/",
    "http://tên.invalid/",
    "http://a..b/",
    "http://-a.invalid/",
    "http:///path",
    "http://a.invalid:0/",
    "http://a.invalid:65536/",
    "http://a.invalid:/",
    "http://a.invalid/../admin",
    "http://a.invalid/%2E%2e/admin",
    "http://a.invalid/?x=1",
    "http://a.invalid/ x",
    "http://a.invalid/\r\nHost: b",
]


@pytest.mark.parametrize("url", ODD, ids=ascii)
def test_s03_an_address_that_parsers_read_differently_is_refused(url: str) -> None:
    """Short, octal, hexadecimal, packed, encoded and broken hosts are no addresses, whoever wrote them."""
    with pytest.raises(ValueError, match=r"write|must") as caught:
        checked(url)

    assert url not in str(caught.value)


GOOD = [
    "http://127.0.0.1:8090/dancu",
    "https://[2001:db8::1]/x",
    "https://csdl-ns_1.Tinh.invalid:8443/a/b.c/",
    "http://x",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_plain_address_is_taken_as_it_stands(url: str) -> None:
    """Names, IPv4 addresses and short IPv6 addresses, with or without port and path, are addresses."""
    assert checked(url) == url


def test_a_literal_address_is_told_from_a_name() -> None:
    """What stands as host is an address or a name, never in between."""
    assert [literal(url) for url in GOOD] == ["127.0.0.1", "2001:db8::1", None, None]


def _settings(tmp_path: Path, **lines: str) -> Path:
    file = tmp_path / "gateway.toml"
    (tmp_path / "secret").write_text("s3cret")
    registry = "".join(f"{key} = {value}\n" for key, value in lines.items() if key != "token_url")
    file.write_text(
        f'[registries.a]\nadapter = "dkdn"\n{registry}'
        '[registries.a.credentials]\nscheme = "oauth2_client_credentials"\nkey = "k"\nsecret_file = "secret"\n'
        f"token_url = {lines['token_url']}\n"
    )
    return file


@pytest.mark.parametrize("key", ["endpoint", "token_url"])
@pytest.mark.parametrize("url", ["http://2130706433/", "file:///etc/passwd", "gopher://x/", "ftp://x/", "unix:/run/x"])
def test_s03_s13_an_odd_address_or_another_scheme_stops_the_start(key: str, url: str, tmp_path: Path) -> None:
    """Endpoint and token address are checked at start; the error names the setting and quotes nothing."""
    lines = {"endpoint": '"http://a.invalid/"', "token_url": '"http://a.invalid/token"'} | {key: f'"{url}"'}
    with pytest.raises(SettingsError) as caught:
        load(_settings(tmp_path, **lines))

    assert key in str(caught.value)
    assert url not in str(caught.value)


def test_a_literal_address_outside_the_allowed_ones_stops_the_start(tmp_path: Path) -> None:
    """Settings that contradict each other are told at start, by the names of both."""
    file = _settings(
        tmp_path,
        endpoint='"http://10.1.2.3/"',
        token_url='"http://10.2.0.1/token"',
        allowed_addresses='["10.1.0.0/16"]',
    )
    with pytest.raises(SettingsError, match=r"registries\.a\.credentials\.token_url.*registries\.a\.allowed_addresses"):
        app.build(load(file))
