"""Client certificates at the front door: whose they must be, and what is never let in (T13, A02, A30, H26)."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import app, app_authentication
from gateway.clock import SystemClock
from gateway.errors import SettingsError, Unauthenticated
from gateway.serve import watch
from gateway.settings import Settings
from gateway.telemetry import Metrics, configure_logs
from gateway.web import server
from gateway.web.authentication.certificates import Peer
from gateway.web.tls import Renewed
from mocks.server import Running
from tests.certificates import Authority, Pair
from tests.conftest import FIRM, INQUIRY, KEY, Desk, MovableClock, open_desk, settings_for
from tests.issuer import CLIENT, Issuer
from tests.test_tokens import RULES, tokens_of

ORGANIZATION = "Sở Khoa học và Công nghệ tỉnh Mẫu"
QUESTION = {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}
BROKEN_OFF = (aiohttp.ClientError, ssl.SSLError, ConnectionError)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def tls_settings(authority: Authority, url: str = "http://127.0.0.1:9", **changes: Any) -> Settings:
    """
    A front door that wants certificates of the authority; `one-stop` is known by its organisation alone.

    Of `changes`, `consumer`, `tls` and the rest are merged into these sections.
    """
    server_pair = authority.issue()
    base = settings_for(url)
    values = {name: getattr(base, name) for name in type(base).model_fields}
    section = {
        "certificate_file": server_pair.certificate,
        "key_file": server_pair.key,
        "client_ca_file": authority.file,
        "client_certificate": "required",
    }
    consumer = {
        "certificate": {"issuer": authority.name, "organization": ORGANIZATION},
    }
    values["web"] = {"tls": section | changes.pop("tls", {})}
    values["consumers"] = {"one-stop": consumer | changes.pop("consumer", {})} | changes.pop("others", {})
    return Settings(**values | changes)


def client(authority: Authority, pair: Pair | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.file))
    if pair is not None:
        context.load_cert_chain(pair.certificate, pair.key)
    return context


def good(authority: Authority, **changes: Any) -> Pair:
    return authority.issue(**{"host": None, "for_clients": True, "organization": ORGANIZATION} | changes)


@asynccontextmanager
async def quiet() -> AsyncIterator[None]:
    """A handshake that fails is told to the event loop, which would print it."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    yield


async def ask(desk: Desk, context: ssl.SSLContext, **headers: str) -> tuple[int, dict[str, Any]]:
    """One question over a connection of its own."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        session.post(f"{desk.url}/v1/lookups", json=QUESTION, headers=headers) as reply,
    ):
        return reply.status, await reply.json(content_type=None)


async def test_a_certificate_says_who_calls(authority: Authority, stand_ins: Running) -> None:
    """With the right issuer and organisation and no other credential, the question is answered."""
    async with open_desk(tls_settings(authority, stand_ins.base_url)) as desk:
        status, answer = await ask(desk, client(authority, good(authority)))
        text = await desk.metrics()

    assert (status, answer["outcome"]) == (200, "found")
    assert 'gateway_authentications_total{by="certificate",result="ok"} 1.0' in text


async def test_t13_no_client_certificate_no_connection(authority: Authority, stand_ins: Running) -> None:
    """Where certificates are required, nobody comes as far as a request without one, and it is counted and logged."""
    stream = io.BytesIO()
    async with quiet(), open_desk(tls_settings(authority, stand_ins.base_url)) as desk:
        configure_logs("info", stream)
        with pytest.raises(BROKEN_OFF):
            await ask(desk, client(authority, None))
        text = await desk.metrics()
        assert (await ask(desk, client(authority, good(authority))))[0] == 200

    assert 'gateway_authentications_total{by="certificate",result="refused"} 1.0' in text
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["why"] for one in told if one["event"] == "tls.client_refused"] == ["none was shown"]


async def test_handshakes_under_way_are_bounded(authority: Authority, stand_ins: Running) -> None:
    """Who connects and says nothing takes half as many places as there may be connections; others come when he goes."""
    base = tls_settings(authority, stand_ins.base_url)
    settings = base.model_copy(update={"web": base.web.model_copy(update={"connections": 6})})
    async with quiet(), open_desk(settings) as desk:
        address = desk.url.removeprefix("https://").partition(":")
        silent = [await asyncio.open_connection(address[0], int(address[2])) for _ in range(9)]
        for reader, _ in silent[3:]:
            assert await reader.read() == b""  # closed without a word
        with pytest.raises(BROKEN_OFF):
            await ask(desk, client(authority, good(authority)))
        text = await desk.metrics()
        for _, writer in silent:
            writer.close()
            await writer.wait_closed()
        gc.collect()
        status, _ = await ask(desk, client(authority, good(authority)))

    assert status == 200
    assert 'gateway_http_problems_total{word="too_many_connections"} 7.0' in text


def bad_pairs(authority: Authority, folder: Path) -> dict[str, tuple[Pair, str]]:
    other = Authority(folder)
    return {
        "expired": (good(authority, since=timedelta(days=-2), until=timedelta(days=-1)), "certificate has expired"),
        "not yet valid": (good(authority, since=timedelta(days=1), until=timedelta(days=2)), "certificate is not yet"),
        "a server's": (good(authority, for_clients=False), "purpose"),
        "of another authority": (good(other), ""),
        "signed by itself": (good(authority, own_signature=True), "self"),
    }


@pytest.mark.parametrize("name", ["expired", "not yet valid", "a server's", "of another authority", "signed by itself"])
@pytest.mark.parametrize("wanted", ["required", "optional"])
async def test_t13_a_bad_certificate_ends_the_handshake(
    name: str, wanted: str, authority: Authority, stand_ins: Running, tmp_path: Path
) -> None:
    """A certificate that is shown must be good, even where none is needed and a key comes with it."""
    (tmp_path / "other").mkdir()
    pair, why = bad_pairs(authority, tmp_path / "other")[name]
    stream = io.BytesIO()
    settings = tls_settings(authority, stand_ins.base_url, tls={"client_certificate": wanted})
    async with quiet(), open_desk(settings) as desk:
        configure_logs("info", stream)
        with pytest.raises(BROKEN_OFF):
            await ask(desk, client(authority, pair), **{"X-API-Key": KEY})
        text = await desk.metrics()
        assert (await ask(desk, client(authority, good(authority))))[0] == 200

    assert 'gateway_authentications_total{by="certificate",result="refused"} 1.0' in text
    (told,) = [
        line for line in map(json.loads, stream.getvalue().splitlines()) if line["event"] == "tls.client_refused"
    ]
    assert why in told["why"]
    assert not [entry for entry in stand_ins.journal if entry.operation != "token"][1:]


async def test_a30_a_revoked_certificate_ends_the_handshake(authority: Authority, stand_ins: Running) -> None:
    """A certificate that the authority's list names is refused; its neighbour, as good as it was, is not."""
    revoked, kept = good(authority), good(authority)
    crl = authority.revocations(revoked.serial)
    settings = tls_settings(authority, stand_ins.base_url, tls={"client_crl_file": crl})
    async with quiet(), open_desk(settings) as desk:
        with pytest.raises(BROKEN_OFF):
            await ask(desk, client(authority, revoked))
        assert (await ask(desk, client(authority, kept)))[0] == 200


async def test_a30_without_a_current_list_nobody_is_let_in(authority: Authority, stand_ins: Running) -> None:
    """A list that is over proves nothing about anybody."""
    crl = authority.revocations(until=timedelta(days=-1))
    settings = tls_settings(authority, stand_ins.base_url, tls={"client_crl_file": crl})
    async with quiet(), open_desk(settings) as desk:
        with pytest.raises(BROKEN_OFF):
            await ask(desk, client(authority, good(authority)))


async def test_a30_a_certificate_revoked_while_the_gateway_runs_is_refused_within_a_minute(
    authority: Authority, stand_ins: Running, clock: MovableClock, tmp_path: Path
) -> None:
    """A new list counts without a restart, for a connection that was open too; rubbish in its place changes nothing."""
    revoked, kept = good(authority), good(authority)
    crl = tmp_path / "current-crl.pem"
    shutil.copy(authority.revocations(), crl)
    settings = tls_settings(authority, stand_ins.base_url, tls={"client_crl_file": crl})
    context = app_authentication.server_tls(settings, Metrics())
    assert context is not None
    revocations = app_authentication.revocations(settings, Renewed(context))
    assert revocations is not None
    core = app.build(settings)
    front = await server.listen(app.front_door(core, SystemClock()), "127.0.0.1", 0, tls=context, shutdown_s=0.1)
    url = f"https://127.0.0.1:{front.port}/healthz"

    async def status(session: aiohttp.ClientSession) -> int:
        async with session.get(url) as reply:
            return reply.status

    def session_of(pair: Pair) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client(authority, pair)))

    async with quiet(), closing(front, core), session_of(revoked) as thief, session_of(kept) as other:
        assert [await status(thief), await status(other)] == [200, 200]
        assert not revocations.reload()
        replaced(crl, b"rubbish")
        with pytest.raises(SettingsError, match=r"web\.tls\.client_crl_file"):
            revocations.reload()
        assert await status(thief) == 200
        replaced(crl, authority.revocations(revoked.serial, age=timedelta(hours=1)).read_bytes())
        ticks = Ticking(clock)
        watching = asyncio.create_task(watch(revocations, front, ticks))
        await ticks.twice.wait()
        with pytest.raises(BROKEN_OFF):
            await status(thief)
        assert await status(other) == 200
        watching.cancel()


@asynccontextmanager
async def closing(front: server.Listening, core: app.Core) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await front.stop()
        await core.close()


def replaced(file: Path, content: bytes) -> None:
    """Put a new file in the place of an old one in one move."""
    new = file.with_suffix(".new")
    new.write_bytes(content)
    new.replace(file)


class Ticking:
    """A clock whose first sleep takes no time and whose second never ends; then one round is over."""

    def __init__(self, clock: MovableClock) -> None:
        self.now, self.monotonic = clock.now, clock.monotonic
        self.twice = asyncio.Event()
        self._slept = 0

    async def sleep(self, _: float) -> None:
        self._slept += 1
        if self._slept == 2:
            self.twice.set()
            await asyncio.Event().wait()


WRONG_PEERS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown organisation": ({"organization": "Công ty Lạ"}, "certificate_unknown"),
    "no organisation": ({"organization": ()}, "certificate_unknown"),
    "two organisations": ({"organization": (ORGANIZATION, "Công ty Lạ")}, "certificate_unknown"),
    "organisation in other letters": ({"organization": ORGANIZATION.upper()}, "certificate_unknown"),
    "organisation as common name": ({"organization": (), "common_name": ORGANIZATION}, "certificate_unknown"),
    "no purpose": ({"with_usage": False}, "certificate_usage"),
}


async def test_a02_the_right_authority_is_not_enough(authority: Authority, stand_ins: Running) -> None:
    """A certificate of the right authority for somebody else, or for no purpose, is `unauthenticated` with its code."""
    async with open_desk(tls_settings(authority, stand_ins.base_url)) as desk:
        for changes, code in WRONG_PEERS.values():
            status, problem = await ask(desk, client(authority, good(authority, **changes)))
            assert (status, problem["reason"], problem["problems"][0]["code"]) == (401, "unauthenticated", code)
        assert (await ask(desk, client(authority, good(authority))))[0] == 200
        text = await desk.metrics()

    assert 'gateway_refusals_total{refusal="unauthenticated"} 6.0' in text


async def test_a02_the_right_organisation_of_another_trusted_authority_is_not_enough(
    authority: Authority, stand_ins: Running, tmp_path: Path
) -> None:
    """Where two authorities are trusted, each vouches for its own consumers only."""
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    both = tmp_path / "both.pem"
    both.write_bytes(authority.file.read_bytes() + other.file.read_bytes())
    settings = tls_settings(authority, stand_ins.base_url, tls={"client_ca_file": both})
    async with open_desk(settings) as desk:
        status, problem = await ask(desk, client(authority, good(other)))
        assert (await ask(desk, client(authority, good(authority))))[0] == 200

    assert (status, problem["problems"][0]["code"]) == (401, "certificate_unknown")


NARROWER: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "common name": ({"common_name": "igate-1"}, {"common_name": "igate-1"}),
    "DNS name": ({"dns_name": "igate.mau.example"}, {"host": "igate.mau.example"}),
}


@pytest.mark.parametrize(("rule", "fitting"), NARROWER.values(), ids=NARROWER.keys())
async def test_a_rule_may_be_narrower(
    rule: dict[str, str], fitting: dict[str, Any], authority: Authority, stand_ins: Running
) -> None:
    """Common name and DNS name count where they are given."""
    certificate = {"issuer": authority.name, "organization": ORGANIZATION} | rule
    settings = tls_settings(authority, stand_ins.base_url, consumer={"certificate": certificate})
    async with open_desk(settings) as desk:
        assert (await ask(desk, client(authority, good(authority, **fitting))))[0] == 200
        assert (await ask(desk, client(authority, good(authority))))[0] == 401


async def test_a_rule_may_name_one_certificate(authority: Authority, stand_ins: Running) -> None:
    """A serial number pins one certificate of the organisation."""
    pair, twin = good(authority), good(authority)
    certificate = {"issuer": authority.name, "organization": ORGANIZATION, "serial_number": f"{pair.serial:X}"}
    settings = tls_settings(authority, stand_ins.base_url, consumer={"certificate": certificate})
    async with open_desk(settings) as desk:
        assert (await ask(desk, client(authority, pair)))[0] == 200
        assert (await ask(desk, client(authority, twin)))[0] == 401


SAID_BY_HEADER = {
    "X-SSL-Client-Verify": "SUCCESS",
    "X-SSL-Client-S-DN": f"O={ORGANIZATION}".encode().decode("latin-1"),
    "X-Client-Cert": "MIIB",
    "X-Forwarded-Client-Cert": 'Subject="O=one-stop"',
    "Client-Cert": ":MIIB:",
    "X-Forwarded-User": "one-stop",
    "X-User-Id": "one-stop",
    "Forwarded": "for=127.0.0.1;proto=https",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "https",
}


async def test_h26_no_header_stands_for_a_certificate(authority: Authority, stand_ins: Running) -> None:
    """What a proxy would say of a certificate is worth nothing from outside, with a certificate or without one."""
    settings = tls_settings(authority, stand_ins.base_url, tls={"client_certificate": "optional"})
    async with open_desk(settings) as desk:
        without = await ask(desk, client(authority, None), **SAID_BY_HEADER)
        of_another = await ask(desk, client(authority, good(authority, organization="Lạ")), **SAID_BY_HEADER)
        good_one = await ask(desk, client(authority, good(authority)), **SAID_BY_HEADER)

    assert (without[0], without[1]["problems"][0]["code"]) == (401, "credentials_missing")
    assert (of_another[0], of_another[1]["problems"][0]["code"]) == (401, "certificate_unknown")
    assert good_one[0] == 200


@pytest.mark.parametrize("require", [("certificate", "api_key"), ()])
async def test_a_consumer_may_have_to_show_two_things(
    require: tuple[str, ...], authority: Authority, stand_ins: Running
) -> None:
    """With `require` both must be there; without it any one is enough."""
    keyed = settings_for(stand_ins.base_url).consumers["one-stop"].api_key_sha256
    settings = tls_settings(
        authority,
        stand_ins.base_url,
        tls={"client_certificate": "optional"},
        consumer={"api_key_sha256": keyed, "require": require},
    )
    pair = good(authority)
    async with open_desk(settings) as desk:
        both = await ask(desk, client(authority, pair), **{"X-API-Key": KEY})
        certificate = await ask(desk, client(authority, pair))
        key = await ask(desk, client(authority, None), **{"X-API-Key": KEY})
        wrong_key = await ask(desk, client(authority, pair), **{"X-API-Key": "wrong"})

    assert both[0] == 200
    assert (certificate[0], key[0]) == ((401, 401) if require else (200, 200))
    if require:
        assert certificate[1]["problems"][0]["code"] == "api_key_missing"
        assert key[1]["problems"][0]["code"] == "certificate_missing"
    assert wrong_key[1]["problems"][0]["code"] == "api_key_unknown"


async def test_a_bound_token_is_worth_nothing_without_its_certificate(
    authority: Authority, stand_ins: Running, tmp_path: Path
) -> None:
    """A token with `cnf` (RFC 8705) passes with the certificate that it names and no other, cached or not."""
    issuer = Issuer(SystemClock().now())
    (tmp_path / "jwks.json").write_bytes(issuer.jwks())
    settings = tls_settings(
        authority,
        stand_ins.base_url,
        tls={"client_certificate": "optional"},
        consumer={"certificate": None, "token_client": CLIENT},
        tokens={**RULES, "jwks_file": tmp_path / "jwks.json"},
    )
    pair, other = good(authority), good(authority)
    der = ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())
    token = {"Authorization": f"Bearer {issuer.token(cnf={'x5t#S256': Peer.of(der).thumbprint})}"}
    dpop = {"Authorization": f"Bearer {issuer.token(cnf={'jkt': 'AAAA'})}"}
    async with open_desk(settings) as desk:
        bound = await ask(desk, client(authority, pair), **token)
        refused = [
            await ask(desk, client(authority, None), **token),
            await ask(desk, client(authority, other), **token),
            await ask(desk, client(authority, pair), **dpop),
        ]

    assert bound[0] == 200
    assert [(status, said["problems"][0]["code"]) for status, said in refused] == [(401, "token_certificate")] * 3


async def test_a_bound_token_ends_with_its_certificate(authority: Authority, clock: MovableClock) -> None:
    """A connection may outlive the certificate that opened it; a token that is bound to that one does not."""
    pair = good(authority)
    peer = Peer.of(ssl.PEM_cert_to_DER_cert(pair.certificate.read_text()))
    clock.advance((peer.ends_at - clock.now()).total_seconds() - 60)
    issuer = Issuer(clock.now())
    tokens = tokens_of(clock, issuer)
    token = issuer.token(cnf={"x5t#S256": peer.thumbprint})

    assert await tokens.consumer(token, peer) == "one-stop"
    clock.advance(61)
    with pytest.raises(Unauthenticated, match="token_certificate"):
        await tokens.consumer(token, peer)


async def test_old_tls_is_not_spoken(authority: Authority) -> None:
    """TLS 1.1 and ciphers without forward secrecy end in the handshake; plain HTTP gets no answer."""
    async with quiet(), open_desk(tls_settings(authority, tls={"client_certificate": "none"}, consumer=KEYED)) as desk:
        old = client(authority, None)
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        old.set_ciphers("AES128-SHA256:@SECLEVEL=0")
        with pytest.raises(BROKEN_OFF):
            await ask(desk, old)
        with pytest.raises(BROKEN_OFF):
            async with desk.session.get(desk.url.replace("https", "http") + "/healthz") as reply:
                await reply.read()
        async with desk.session.get(f"{desk.url}/healthz", ssl=client(authority, None)) as reply:
            assert reply.status == 200


KEYED = {"certificate": None, "api_key_sha256": "0" * 64}

UNUSABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no authority": ({"tls": {"client_ca_file": None}}, r"web\.tls\.client_ca_file"),
    "no certificates taken": ({"tls": {"client_certificate": "none"}}, r"consumers\.one-stop\.certificate"),
    "missing key": ({"tls": {"key_file": Path("missing.pem")}}, r"web\.tls\.certificate_file"),
    "a certificate as list": ({"tls": {"client_crl_file": "ca"}}, r"web\.tls\.client_crl_file"),
    "an issuer that is no name": (
        {"consumer": {"certificate": {"issuer": "CN", "organization": "x"}}},
        r"certificate\.issuer",
    ),
    "required and not there": ({"consumer": {"require": ["token"]}}, r"consumers\.one-stop\.require"),
    "nothing to know it by": ({"consumer": {"certificate": None}}, r"consumers\.one-stop: needs one of"),
    "a token without tokens": ({"consumer": {"token_client": "x"}}, r"consumers\.one-stop\.token_client"),
    "tokens without keys": ({"tokens": RULES}, r"tokens: needs jwks_file"),
    "keys over plain HTTP": ({"tokens": {**RULES, "jwks_url": "http://keys.example/jwks"}}, r"tokens\.jwks_url"),
    "no store": ({"state": {"store": "file"}}, r"state\.file"),
    "no Redis": ({"state": {"store": "redis"}}, r"state\.url"),
}


@pytest.mark.parametrize(("changes", "message"), UNUSABLE.values(), ids=UNUSABLE.keys())
async def test_settings_that_would_let_the_wrong_in_stop_the_start(
    changes: dict[str, Any], message: str, authority: Authority
) -> None:
    """What cannot work as it was meant is an error at start that names the setting."""
    if changes.get("tls", {}).get("client_crl_file") == "ca":
        changes = {"tls": {"client_crl_file": authority.file}}
    with pytest.raises(SettingsError, match=message):
        async with open_desk(tls_settings(authority, **changes)):
            pass


async def test_two_consumers_do_not_share_a_certificate(authority: Authority) -> None:
    """The same rule twice stops the start; two rules that both fit a certificate let it be nobody's."""
    rule = {"issuer": authority.name, "organization": ORGANIZATION}
    with pytest.raises(SettingsError, match="the same as of"):
        async with open_desk(tls_settings(authority, others={"other": {"certificate": rule}})):
            pass
    narrower = {"other": {"certificate": rule | {"common_name": "registry"}}}
    async with open_desk(tls_settings(authority, others=narrower)) as desk:
        status, problem = await ask(desk, client(authority, good(authority)))

    assert (status, problem["problems"][0]["code"]) == (401, "certificate_unknown")
