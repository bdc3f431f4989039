"""From settings to what finds out who calls, and to the state behind it. Everything is checked here, at start."""

from __future__ import annotations

import ssl
import unicodedata
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, get_args

from gateway import app_redis
from gateway.clock import Clock
from gateway.descriptors import for_callers
from gateway.domain.exchange import Bounds, Request
from gateway.errors import RegistryRejected, SettingsError
from gateway.lookup.access import Consumer
from gateway.settings import ConsumerSettings, Settings
from gateway.settings_authentication import CertificateSettings, StateSettings, TokensSettings
from gateway.stores.state import MemoryState, State
from gateway.stores.state_file import FileState
from gateway.stores.state_surviving import SurvivingState
from gateway.telemetry import Metrics, log
from gateway.transport import tls
from gateway.transport.credentials import Anonymous
from gateway.transport.endpoint import literal
from gateway.transport.http import HttpTransport
from gateway.web.authentication import Authenticator, Method
from gateway.web.authentication.certificates import Certificates, Rule, issuer_name
from gateway.web.authentication.jwks import Fetch, KeySource, keys_in
from gateway.web.authentication.tokens import Rules, Tokens
from gateway.web.tls import Renewed, Revocations, server_context

if TYPE_CHECKING:  # what is not configured is not loaded
    from gateway.web.authentication.signatures import Signatures

__all__ = ["authenticator", "counting", "methods", "renewed_tls", "revocations", "server_tls", "state"]

_JWKS_BYTES = 256 * 1024


def authenticator(
    settings: Settings, consumers: Mapping[str, Consumer], kept: State, clock: Clock, metrics: Metrics
) -> Authenticator:
    """What finds the consumer of a request. Raises SettingsError naming what is wrong; contacts nobody."""
    for name, section in settings.consumers.items():
        _check(name, section, settings)
    if not kept.is_shared:
        _check_memory_is_enough(settings)
    sections = settings.consumers
    return Authenticator(
        consumers,
        metrics=metrics,
        clock=clock,
        keys=_by({name: one.api_key_sha256 for name, one in sections.items()}, "api_key_sha256"),
        tokens=_tokens(settings, kept, clock),
        certificates=_certificates(sections),
        signatures=_signatures(settings, kept, clock),
        required={name: frozenset(one.require) for name, one in sections.items()},
        base_url=None if settings.signatures.base_url is None else settings.signatures.base_url.rstrip("/"),
    )


def methods(settings: Settings) -> dict[Method, list[str]]:
    """Which ways to authenticate are on, and for which consumers."""
    found = {method: [name for name, one in settings.consumers.items() if _has(one, method)] for method in _METHODS}
    return {method: names for method, names in found.items() if names}


def state(section: StateSettings, clock: Clock, metrics: Metrics) -> State:
    """The store of short-lived state. Raises SettingsError."""
    if section.store == "file":
        if section.file is None:
            raise SettingsError("state.file: needed for store = 'file'")
        return FileState(section.file, clock)
    if section.store == "redis":
        from gateway.stores.redis import RedisState

        link = app_redis.link(section, "state", metrics, setting="state", timeout_s=section.timeout_s)
        return RedisState(link, prefix=section.prefix)
    return MemoryState(clock)


def counting(section: StateSettings, kept: State, clock: Clock) -> State:
    """
    Where limits are counted: in the state, and where that is a Redis that does not answer, in this process alone. See
    decision 0073.
    """
    return SurvivingState(kept, MemoryState(clock)) if section.store == "redis" else kept


def server_tls(settings: Settings, metrics: Metrics) -> ssl.SSLContext | None:
    """The front door's TLS; None where it speaks plain HTTP. Raises SettingsError naming what is wrong."""
    section = settings.web.tls
    if section is None:
        return None
    refused = metrics.authentications.labels("certificate", "refused")

    def tell(why: str) -> None:
        refused.inc()
        log().info("tls.client_refused", why=why)

    return server_context(
        certificate_file=section.certificate_file,
        key_file=section.key_file,
        client_certificate=section.client_certificate,
        client_ca_file=section.client_ca_file,
        client_crl_file=section.client_crl_file,
        on_refused=tell,
        handshakes=max(1, for_callers(settings.web.connections) // 2),
        handshake_s=settings.web.header_timeout_s,
        on_full=metrics.http_problems.labels("too_many_connections").inc,
    )


def renewed_tls(settings: Settings, metrics: Metrics) -> Renewed | None:
    """The same for a listener whose certificates may change. Raises SettingsError."""
    context = server_tls(settings, metrics)
    return None if context is None else Renewed(context)


def revocations(settings: Settings, renewed: Renewed | None) -> Revocations | None:
    """What reads the revocation lists of the front door again; None where there are none."""
    section = settings.web.tls
    if renewed is None or section is None or section.client_crl_file is None or section.client_certificate == "none":
        return None
    return Revocations(renewed, section.client_crl_file)


_METHODS: tuple[Method, ...] = get_args(Method)


def _has(section: ConsumerSettings, method: Method) -> bool:
    given = {
        "api_key": section.api_key_sha256,
        "token": section.token_client,
        "certificate": section.certificate,
        "signature": section.signature_keys,
    }
    return bool(given[method])


def _check(name: str, section: ConsumerSettings, settings: Settings) -> None:
    place = f"consumers.{name}"
    if not any(_has(section, method) for method in _METHODS if method != "signature"):
        raise SettingsError(f"{place}: needs one of api_key_sha256, token_client and certificate")
    for method in section.require:
        if not _has(section, method):
            raise SettingsError(f"{place}.require: {method!r} is required, and the consumer has none")
    if section.token_client is not None and settings.tokens is None:
        raise SettingsError(f"{place}.token_client: needs a section [tokens]")
    takes_certificates = settings.web.tls is not None and settings.web.tls.client_certificate != "none"
    if section.certificate is not None and not takes_certificates:
        raise SettingsError(f"{place}.certificate: needs [web.tls] with client_certificate = 'optional' or 'required'")


def _check_memory_is_enough(settings: Settings) -> None:
    """Memory forgets at each restart, and is not seen by other workers: no replay is refused with it."""
    advice = "needs [state] store = 'file' or 'redis': memory forgets at a restart what was used"
    if settings.tokens is not None and settings.tokens.single_use:
        raise SettingsError(f"tokens.single_use: {advice}")
    for name, section in settings.consumers.items():
        if section.signature_keys:
            raise SettingsError(f"consumers.{name}.signature_keys: {advice}")


def _by(values: Mapping[str, str | None], setting: str) -> dict[str, str]:
    """Names of consumers by a value of theirs. Raises SettingsError where two share one."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if value is None:
            continue
        other = found.setdefault(value, name)
        if other != name:
            raise SettingsError(f"consumers.{name}.{setting}: the same as of consumers.{other}")
    return found


def _tokens(settings: Settings, kept: State, clock: Clock) -> Tokens | None:
    section = settings.tokens
    if section is None:
        return None
    rules = Rules(
        issuer=section.issuer,
        audience=section.audience,
        algorithms=section.algorithms,
        leeway_s=section.leeway_s,
        max_lifetime_s=section.max_lifetime_s,
        single_use=section.single_use,
        client_claim=section.client_claim,
    )
    clients = _by({name: one.token_client for name, one in settings.consumers.items()}, "token_client")
    return Tokens(rules, _keys(section, clock), clients, kept, clock)


def _keys(section: TokensSettings, clock: Clock) -> KeySource:
    if section.jwks_file is None and section.jwks_url is None:
        raise SettingsError("tokens: needs jwks_file or jwks_url")
    return KeySource(
        clock,
        fixed=keys_in(section.jwks_file) if section.jwks_file is not None else None,
        fetch=_fetch(section, section.jwks_url, clock) if section.jwks_url is not None else None,
        cache=section.jwks_cache_file,
        refresh_s=section.jwks_refresh_s,
    )


def _fetch(section: TokensSettings, url: str, clock: Clock) -> Fetch:
    is_secure = url.startswith("https:")
    host = literal(url)
    if not is_secure and not (host is not None and ip_address(host).is_loopback):
        raise SettingsError("tokens.jwks_url: whoever is on the way could change the keys; write https://")
    try:
        context = tls.context(ca_file=section.jwks_ca_file) if is_secure else None
    except SettingsError as exc:
        raise SettingsError(str(exc).replace("tls.ca_file", "tokens.jwks_ca_file")) from exc

    async def fetch() -> bytes:
        transport = HttpTransport(
            endpoint=url, credentials=Anonymous(), clock=clock, tls=context, bounds=Bounds(max_bytes=_JWKS_BYTES)
        )
        try:
            answer = await transport.send(Request(operation="jwks", method="GET"), fresh=True)
        finally:
            await transport.close()
        if answer.status != 200:
            raise RegistryRejected(f"the issuer's keys: HTTP {answer.status}")
        return answer.body

    return fetch


def _certificates(sections: Mapping[str, ConsumerSettings]) -> Certificates | None:
    rules = {name: _rule(name, one.certificate) for name, one in sections.items() if one.certificate is not None}
    for name, rule in rules.items():
        twin = next((other for other, theirs in rules.items() if other != name and theirs == rule), None)
        if twin is not None:
            raise SettingsError(f"consumers.{name}.certificate: the same as of consumers.{twin}")
    return Certificates(rules) if rules else None


def _rule(name: str, section: CertificateSettings) -> Rule:
    try:
        issuer = issuer_name(section.issuer)
    except ValueError:
        raise SettingsError(f"consumers.{name}.certificate.issuer: write it as in RFC 4514: CN=…,O=…,C=VN") from None
    return Rule(
        issuer=issuer,
        organization=unicodedata.normalize("NFC", section.organization),
        common_name=None if section.common_name is None else unicodedata.normalize("NFC", section.common_name),
        dns_name=None if section.dns_name is None else section.dns_name.lower(),
        serial_number=None if section.serial_number is None else int(section.serial_number, 16),
    )


def _signatures(settings: Settings, kept: State, clock: Clock) -> Signatures | None:
    if not any(section.signature_keys for section in settings.consumers.values()):
        return None
    from gateway.web.authentication.signatures import Signatures, key_in

    keys = {
        name: {
            keyid: key_in(file, f"consumers.{name}.signature_keys.{keyid}")
            for keyid, file in section.signature_keys.items()
        }
        for name, section in settings.consumers.items()
        if section.signature_keys
    }
    return Signatures(keys, kept, clock, max_age_s=settings.signatures.max_age_s)
