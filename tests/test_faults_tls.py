"""TLS towards a registry: what is refused, that it is told, and that no byte of a question leaves before."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import app
from gateway.clock import SystemClock
from gateway.errors import RegistryUnreachable, SettingsError
from gateway.settings import load
from gateway.transport import tls
from gateway.transport.resolver import Addresses, Resolver
from tests.certificates import Authority, Pair
from tests.test_http_transport import ASK, serving, transport_to
from tests.tls_server import Prepare, Served, tls_server

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # the old versions are the test

_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def refused(served: Served, context: ssl.SSLContext, url: str | None = None) -> str:
    """Ask, and give what the error says; the server must not have read a byte of the question."""
    async with transport_to(url or served.url, tls=context) as transport:
        with pytest.raises(RegistryUnreachable) as caught:
            await transport.send(ASK)
        (probe,) = await transport.probe()
    await asyncio.sleep(0.01)
    assert served.read == b""
    assert not probe.ok
    return str(caught.value)


async def test_a_registry_with_a_good_certificate_is_asked(authority: Authority) -> None:
    """A certificate for the endpoint's host from the authority named in settings is accepted."""
    async with (
        tls_server(authority.issue()) as served,
        transport_to(served.url, tls=tls.context(ca_file=authority.file)) as transport,
    ):
        assert (await transport.send(ASK)).body == b"{}"
        assert (await transport.probe())[0].ok


async def test_no_key_of_a_connection_is_written_down(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSLKEYLOGFILE in the environment, with which everything could be read along, has no effect."""
    file = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(file))
    async with (
        tls_server(authority.issue()) as served,
        transport_to(served.url, tls=tls.context(ca_file=authority.file)) as transport,
    ):
        assert (await transport.send(ASK)).body == b"{}"

    assert not file.exists()


async def test_tls_that_nobody_foresaw_trusts_nobody(authority: Authority) -> None:
    """A way without TLS has no context in which some authority of the machine would be believed."""
    async with tls_server(authority.issue()) as served:
        assert "TLS" in await refused(served, tls.trusting_nobody())


BAD: dict[str, tuple[Callable[[Authority], Pair], str]] = {
    "t01 expired": (lambda one: one.issue(since=-2 * _DAY, until=-_DAY), "TLS: certificate has expired"),
    "t02 not yet valid": (lambda one: one.issue(since=_DAY, until=2 * _DAY), "TLS: certificate is not yet valid"),
    "t03 wrong host": (lambda one: one.issue(host="127.0.0.2"), "TLS: IP address mismatch"),
    "t04 self-signed": (lambda one: one.issue(own_signature=True), "TLS: self.signed certificate"),
    "t09 RSA-1024": (lambda one: one.issue(rsa_bits=1024), "TLS: EE certificate key too weak"),
    "client certificate": (lambda one: one.issue(for_clients=True), "TLS: .*purpose"),
}


@pytest.mark.parametrize(("made", "says"), BAD.values(), ids=BAD.keys())
async def test_t01_t02_t03_t04_t09_a_bad_certificate_is_refused(
    made: Callable[[Authority], Pair], says: str, authority: Authority
) -> None:
    """Expired, early, foreign, self-made or weak: `unreachable` says which, and nothing was sent."""
    async with tls_server(made(authority)) as served:
        message = await refused(served, tls.context(ca_file=authority.file))

    assert re.match(says, message), message


@pytest.mark.parametrize("host", [None, "other.invalid"], ids=["t07 no alternative name", "t03 another name"])
async def test_t03_t07_a_common_name_proves_nothing(host: str | None, authority: Authority) -> None:
    """Only an alternative name of the certificate can be the endpoint's host, whatever its common name says."""
    names = Resolver(clock=SystemClock(), addresses=Addresses.of("127.0.0.0/8"), lookup=lambda _: ["127.0.0.1"])
    context = tls.context(ca_file=authority.file)
    async with tls_server(authority.issue(host=host, common_name="registry.invalid")) as served:
        url = served.url.replace("127.0.0.1", "registry.invalid")
        async with transport_to(url, tls=context, resolver=names) as transport:
            with pytest.raises(RegistryUnreachable, match="TLS: Hostname mismatch"):
                await transport.send(ASK)
            assert "TLS: Hostname mismatch" in (await transport.probe())[0].detail
    async with tls_server(authority.issue(host="registry.invalid")) as good:
        url = good.url.replace("127.0.0.1", "registry.invalid")
        async with transport_to(url, tls=context, resolver=names) as transport:
            assert (await transport.send(ASK)).status == 200

    assert served.read == b""


async def test_t05_a_certificate_of_another_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    """Only the authority in settings counts, and without one only those of the machine."""
    other = Authority(tmp_path)
    async with tls_server(other.issue()) as served:
        assert "TLS: unable to get local issuer" in await refused(served, tls.context(ca_file=authority.file))
        assert "TLS: unable to get local issuer" in await refused(served, tls.context())


async def test_t06_a_certificate_revoked_by_crl_is_refused(authority: Authority) -> None:
    """With `crl_file` a listed certificate is refused and one that is not listed is taken."""
    revoked, good = authority.issue(), authority.issue()
    context = tls.context(ca_file=authority.file, crl_file=authority.revocations(revoked.serial))
    async with tls_server(revoked) as served:
        assert "TLS: certificate revoked" in await refused(served, context)
    async with tls_server(good) as served, transport_to(served.url, tls=context) as transport:
        assert (await transport.send(ASK)).status == 200


async def test_t06_an_old_revocation_list_lets_nobody_through(authority: Authority) -> None:
    """A list that is out of date proves nothing, so the registry is unreachable until there is a new one."""
    context = tls.context(ca_file=authority.file, crl_file=authority.revocations(until=-_DAY))
    async with tls_server(authority.issue()) as served:
        assert "TLS: CRL has expired" in await refused(served, context)


def _only(version: ssl.TLSVersion) -> Prepare:
    def prepare(context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version

    return prepare


def _ciphers(names: str) -> Prepare:
    def prepare(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{names}:@SECLEVEL=0")

    return prepare


WEAK = {
    "TLS 1.0": _only(ssl.TLSVersion.TLSv1),
    "TLS 1.1": _only(ssl.TLSVersion.TLSv1_1),
    "NULL": _ciphers("ECDHE-ECDSA-NULL-SHA"),
    "anonymous": _ciphers("AECDH-AES256-SHA"),
    "CBC with SHA-1": _ciphers("ECDHE-ECDSA-AES128-SHA"),
    "CBC with SHA-256": _ciphers("ECDHE-ECDSA-AES128-SHA256"),
}


@pytest.mark.parametrize("prepare", WEAK.values(), ids=WEAK.keys())
async def test_t10_a_weak_protocol_or_cipher_is_refused(prepare: Prepare, authority: Authority) -> None:
    """A server that can do only what is broken finds no common ground with us."""
    async with tls_server(authority.issue(), prepare) as served:
        assert (await refused(served, tls.context(ca_file=authority.file))).startswith("TLS: ")


@pytest.mark.parametrize("make", [_only(ssl.TLSVersion.TLSv1_2), None], ids=["TLS 1.2", "TLS 1.3"])
async def test_t10_the_present_protocols_are_spoken(make: Prepare | None, authority: Authority) -> None:
    """TLS 1.2 and 1.3 with authenticated encryption are accepted, with RSA keys of 2048 bits too."""
    for pair in (authority.issue(), authority.issue(rsa_bits=2048)):
        async with (
            tls_server(pair, make) as served,
            transport_to(served.url, tls=tls.context(ca_file=authority.file)) as transport,
        ):
            assert (await transport.send(ASK)).status == 200


async def test_our_client_certificate_is_shown_where_it_is_asked_for(authority: Authority) -> None:
    """A registry that wants a client certificate gets the one in settings; without one we are turned away."""

    def wants(context: ssl.SSLContext) -> None:
        context.load_verify_locations(cafile=str(authority.file))
        context.verify_mode = ssl.CERT_REQUIRED

    mine = authority.issue(host=None, common_name="gateway", for_clients=True)
    async with tls_server(authority.issue(), wants) as served:
        context = tls.context(ca_file=authority.file, certificate_file=mine.certificate, key_file=mine.key)
        async with transport_to(served.url, tls=context) as transport:
            assert (await transport.send(ASK)).status == 200
        assert "gateway" in str(served.client)
        served.read = b""
        async with transport_to(served.url, tls=tls.context(ca_file=authority.file)) as transport:
            with pytest.raises(RegistryUnreachable):
                await transport.send(ASK)
        assert served.read == b""


async def test_t16_plain_http_on_a_tls_port_and_back_is_unreachable(authority: Authority) -> None:
    """Neither side is taken for the other: a typed error, and over TLS nothing was sent."""
    asked: list[web.BaseRequest] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response()

    async with (
        serving(handler) as plain,
        transport_to(plain.replace("http:", "https:"), tls=tls.context(ca_file=authority.file)) as transport,
    ):
        with pytest.raises(RegistryUnreachable, match="TLS: handshake failed"):
            await transport.send(ASK)
    async with tls_server(authority.issue()) as served, transport_to(served.url.replace("https", "http")) as transport:
        with pytest.raises(RegistryUnreachable):
            await transport.send(ASK)

    assert not asked
    assert served.read == b""


async def test_t17_no_proxy_of_the_environment_sees_a_tls_question(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY and ALL_PROXY are not asked to tunnel."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with (
        tls_server(authority.issue()) as served,
        transport_to(served.url, tls=tls.context(ca_file=authority.file)) as transport,
    ):
        assert (await transport.send(ASK)).status == 200


async def test_a_token_address_over_tls_is_checked_like_the_endpoint(authority: Authority, tmp_path: Path) -> None:
    """Key and secret go to a token server only when its certificate comes from the registry's authority."""
    (tmp_path / "secret").write_text("s3cret")

    async def nobody(_: object) -> None: ...

    other = Authority(tmp_path)
    async with tls_server(other.issue()) as served, serving(nobody) as plain:  # type: ignore[arg-type]
        file = tmp_path / "gateway.toml"
        file.write_text(
            f'[registries.a]\nadapter = "dkdn"\nendpoint = "{plain}"\n'
            f'[registries.a.tls]\nca_file = "{authority.file}"\n'
            '[registries.a.credentials]\nscheme = "oauth2_client_credentials"\nkey = "k"\nsecret_file = "secret"\n'
            f'token_url = "{served.url}/token"\n'
        )
        core = app.build(load(file))
        connection, credentials = await core.catalogue.instances["a"].channel.probe()
        await core.close()

    assert connection.ok
    assert "TLS: unable to get local issuer" in credentials.detail
    assert served.read == b""


# --- files ---------------------------------------------------------------------------------------


def test_a_wrong_file_stops_the_start_and_is_named(authority: Authority, tmp_path: Path) -> None:
    """Missing, mixed-up or locked files are named at start; a certificate in a list's place is not trusted."""
    pair, text = authority.issue(), tmp_path / "text"
    text.write_text("no PEM")
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"pass"),
        )
    )
    weak = authority.issue(rsa_bits=1024)
    for files, says in (
        ({"ca_file": text}, "tls.ca_file"),
        ({"crl_file": text}, "tls.crl_file"),
        ({"crl_file": tmp_path / "missing"}, "tls.crl_file"),
        ({"crl_file": authority.file}, "tls.crl_file .* nothing else"),
        ({"certificate_file": text}, "tls.certificate_file"),
        ({"certificate_file": pair.certificate, "key_file": authority.issue().key}, "tls.certificate_file"),
        ({"certificate_file": pair.certificate, "key_file": locked}, "tls.key_file: the key has a pass phrase"),
        ({"certificate_file": weak.certificate, "key_file": weak.key}, "tls.certificate_file.*too small"),
        ({"key_file": pair.key}, "tls.key_file is set without tls.certificate_file"),
    ):
        with pytest.raises(SettingsError, match=says):
            tls.context(**files)


def test_t09_the_context_is_as_strict_as_it_says() -> None:
    """TLS 1.2 at least, security level 2, alternative names only, and no cipher without forward secrecy."""
    context = tls.context()

    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.security_level >= 2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert not context.hostname_checks_common_name
    assert {cipher["kea"] for cipher in context.get_ciphers()} <= {"kx-ecdhe", "kx-dhe", "kx-any"}
    assert all(cipher["aead"] for cipher in context.get_ciphers())
