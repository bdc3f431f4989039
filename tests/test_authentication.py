"""Who may see what beside questions: metrics, documentation, health (A16); and that the pages tell the truth."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from gateway.clock import SystemClock
from gateway.errors import SettingsError
from gateway.kit.check import check_callers
from gateway.settings import MetricsSettings, Settings, WebSettings, load
from gateway.telemetry import configure_logs
from gateway.web.authentication.refusals import CODES
from gateway.web.problems import MEDIA_TYPE
from mocks.server import Running
from tests.certificates import Authority
from tests.conftest import FIRM, KEY, Desk, open_desk, settings_for
from tests.issuer import Issuer
from tests.test_mutual_tls import ask, client, good, tls_settings
from tests.test_signed_requests import Signer, signing_settings
from tests.test_tokens import with_tokens

PAGE = Path(__file__).parents[1] / "docs" / "authentication.md"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
OPEN_ADDRESSES = ("0.0.0.0", "::", "10.0.0.1", "metrics.example", "", "192.168.1.1")  # noqa: S104


def with_changes(settings: Settings, **sections: Any) -> Settings:
    return settings.model_copy(update=sections)


@pytest.mark.parametrize("host", OPEN_ADDRESSES)
def test_a16_metrics_beyond_loopback_without_a_key_stop_the_start(host: str, tmp_path: Path) -> None:
    """An address that others can reach needs a key; with one, and on loopback without, the gateway starts."""
    file = tmp_path / "gateway.toml"
    file.write_text(f'[metrics]\nhost = "{host}"\n')
    with pytest.raises(SettingsError, match=r"metrics\.api_key_sha256"):
        load(file)
    file.write_text(f'[metrics]\nhost = "{host}"\napi_key_sha256 = "{DIGEST}"\n')
    assert load(file).metrics.host == host
    for loopback in ("127.0.0.1", "::1", "localhost", "127.0.0.7"):
        file.write_text(f'[metrics]\nhost = "{loopback}"\n')
        assert load(file).metrics.host == loopback


async def test_a16_metrics_with_a_key_are_for_those_who_have_it() -> None:
    """The key goes as X-API-Key or, as Prometheus finds easier, as a bearer token; anything else is 401."""
    settings = with_changes(settings_for("http://127.0.0.1:9"), metrics=MetricsSettings(api_key_sha256=DIGEST))
    wrong: list[dict[str, str]] = [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer "},
        {"X-API-Key": DIGEST},
    ]
    async with open_desk(settings) as desk:
        statuses = []
        for headers in wrong:
            async with desk.session.get(desk.metrics_url, headers=headers) as reply:
                problem = await reply.json(content_type=MEDIA_TYPE)
                statuses.append((reply.status, problem["type"].rpartition(":")[2]))
        good = [{"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}]
        for headers in good:
            async with desk.session.get(desk.metrics_url, headers=headers) as reply:
                assert "gateway_questions" in await reply.text()

    assert statuses == [(401, "key_missing")] * len(wrong)


DOCS = ("/docs", "/openapi.json", "/docs/start.js", "/docs/swagger-ui.css")


@pytest.mark.parametrize(
    ("setting", "without", "with_key"), [("open", 200, 200), ("authenticated", 401, 200), ("off", 404, 404)]
)
async def test_a16_the_documentation_is_as_open_as_settings_say(setting: Any, without: int, with_key: int) -> None:
    """The description of the API holds no data and is open by default; it can be kept for consumers, or for nobody."""
    async with open_desk(with_changes(settings_for("http://127.0.0.1:9"), web=WebSettings(docs=setting))) as desk:
        for path in DOCS:
            for key, status in (("", without), (KEY, with_key)):
                async with desk.session.get(desk.url + path, headers={"X-API-Key": key}) as reply:
                    assert reply.status == status
        assert (await desk.get("/healthz"))[0] == 200


async def test_a16_health_says_nothing_but_how_it_is(desk: Desk) -> None:
    """Liveness and readiness are open, and name no registry, version, host or setting."""
    for path, word in (("/healthz", "ok"), ("/readyz", "ready")):
        async with desk.session.get(desk.url + path) as reply:
            assert json.loads(await reply.read()) == {"status": word}
            assert set(reply.headers) <= {"Cache-Control", "Content-Type", "Content-Length", "Date"}


async def test_every_refusal_is_counted_and_logged(desk: Desk) -> None:
    """A caller who is not believed is counted and logged on every route, by code and without what was shown."""
    stream = io.BytesIO()
    configure_logs("info", stream)
    for path in ("/v1/registries", "/v1/datasets", "/v1/datasets/dancu.citizen"):
        assert (await desk.get(path, key="CANARY-key"))[0] == 401
    assert (await desk.ask("dkdn.enterprise", FIRM, key=""))[0] == 401
    text = await desk.metrics()

    assert 'gateway_refusals_total{refusal="unauthenticated"} 4.0' in text
    assert 'gateway_authentications_total{by="api_key",result="refused"} 3.0' in text
    assert 'gateway_authentications_total{by="none",result="refused"} 1.0' in text
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["problems"] for one in told] == [["api_key_unknown"]] * 3 + [["credentials_missing"]]
    assert "CANARY" not in text + stream.getvalue().decode()


async def test_several_keys_are_nobodys(desk: Desk) -> None:
    """Whoever goes by the first and whoever goes by the last of two keys would not mean the same system."""
    for keys in ((KEY, "another"), ("another", KEY), (KEY, KEY)):
        headers = [("X-API-Key", key) for key in keys]
        async with desk.session.get(desk.url + "/v1/registries", headers=headers) as reply:
            problem = await reply.json(content_type=MEDIA_TYPE)
        assert (reply.status, [one["code"] for one in problem["problems"]]) == (401, ["consumers_differ"])


async def test_a01_nothing_at_all_is_answered_with_a_challenge(desk: Desk) -> None:
    """A request without credentials gets 401 with what RFC 9110 wants there, in words for both kinds of reader."""
    async with desk.session.get(f"{desk.url}/v1/datasets") as reply:
        problem = await reply.json(content_type=MEDIA_TYPE)

    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
    assert [one["code"] for one in problem["problems"]] == ["credentials_missing"]
    assert problem["detail"]
    assert problem["title"]
    assert (await desk.get("/v1/datasets"))[0] == 200


async def test_the_description_names_the_ways_that_are_on(authority: Authority, tmp_path: Path) -> None:
    """/openapi.json has a security scheme for each way to authenticate that some consumer has."""
    settings = tls_settings(authority, consumer={"api_key_sha256": DIGEST}, tls={"client_certificate": "optional"})
    async with (
        open_desk(settings) as desk,
        desk.session.get(f"{desk.url}/openapi.json", ssl=client(authority, None)) as reply,
    ):
        document = await reply.json()

    assert set(document["components"]["securitySchemes"]) == {"certificate", "api_key"}
    assert document["security"] == [{"certificate": []}, {"api_key": []}]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_check_says_how_callers_are_known(stand_ins: Running, tmp_path: Path) -> None:
    """`gateway check` names the ways that are on and for whom, what is required together, the state and the keys."""
    signed = signing_settings(stand_ins, Signer(tmp_path), tmp_path)
    with_both = with_tokens(settings_for(stand_ins.base_url), tmp_path, Issuer(SystemClock().now()))
    async with open_desk(signed) as desk, open_desk(with_both) as other:
        first = {one.probe.step: one.probe for one in await check_callers(desk.core)}
        second = {one.probe.step: one.probe for one in await check_callers(other.core)}

    assert first["authentication"].detail == (
        "api_key: one-stop; signature: one-stop; one-stop must show api_key and signature"
    )
    assert first["state"].detail == "SQLite file state.sqlite"
    assert (second["authentication"].detail, second["tokens"].detail) == ("token: one-stop", "1 keys")
    assert all(probe.ok for probe in (*first.values(), *second.values()))


async def test_check_says_what_cannot_be_had(stand_ins: Running, tmp_path: Path) -> None:
    """A state or an issuer that is away is a failed step with what to look at."""
    settings = with_tokens(settings_for(stand_ins.base_url), tmp_path, Issuer(SystemClock().now()))
    assert settings.tokens is not None
    away = settings.tokens.model_copy(update={"jwks_file": None, "jwks_url": "http://127.0.0.1:9/jwks"})
    state = settings.state.model_copy(update={"store": "redis", "url": "redis://127.0.0.1:9"})
    async with open_desk(with_changes(settings, tokens=away, state=state)) as desk:
        steps = {one.probe.step: one.probe for one in await check_callers(desk.core)}

    assert {step: probe.ok for step, probe in steps.items()} == {
        "authentication": True,
        "state": False,
        "tokens": False,
    }
    assert steps["state"].advice
    assert steps["tokens"].advice


def test_certificates_are_seen_by_the_event_loop_that_serves(authority: Authority) -> None:
    """The gateway serves on uvloop: there too a client certificate says who calls, and none ends the handshake."""

    async def main() -> tuple[int, str]:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        async with open_desk(tls_settings(authority)) as desk:
            status, _ = await ask(desk, client(authority, good(authority)))
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await ask(desk, client(authority, None))
            return status, await desk.metrics()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        status, text = runner.run(main())

    assert status == 503  # it was let in; the registry behind it is nowhere
    assert 'gateway_authentications_total{by="certificate",result="ok"} 1.0' in text
    assert 'gateway_authentications_total{by="certificate",result="refused"} 1.0' in text


def test_every_code_is_documented() -> None:
    """docs/authentication.md has one row for each code of a refusal, with the header at fault, and none besides."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| (\S*) \|", text.partition("## Codes")[2], re.MULTILINE)

    assert {code: header.strip("`–") for code, header in rows} == {code: where for code, (where, _) in CODES.items()}
