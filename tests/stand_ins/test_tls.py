"""Stand-ins over TLS: the good certificate is trusted, and a gateway refuses each of the bad ones."""

from __future__ import annotations

from pathlib import Path

from mocks import dkdn
from mocks.certificates import BAD, Authority
from mocks.server import running
from tests.conftest import FIRM, open_desk, settings_for


async def test_bad_certificates_are_refused_and_the_good_one_is_not(tmp_path: Path) -> None:
    """Through the gateway a firm is found at the good address; at each bad one the registry is unreachable."""
    authority, told = Authority(), {}
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.certificate)
    async with running(dkdn.STAND_IN, authority=authority) as server:
        for name, url in {"": server.base_url, **server.bad_urls}.items():
            settings = settings_for(
                url, dancu={"endpoint": "http://127.0.0.1:9/dancu"}, dkdn={"tls": {"ca_file": file}}
            )
            async with open_desk(settings) as desk:
                status, answer = await desk.ask("dkdn.enterprise", FIRM)
                told[name] = answer["outcome"] if status == 200 else answer["reason"]
        asked = server.journal.asked(operation="chiTietDoanhNghiep")

    assert told == {"": "found", **dict.fromkeys(BAD, "unreachable")}
    assert asked == 1
    assert b"PRIVATE" not in file.read_bytes()
