"""Settings of credentials and TLS become what they say: the files are read here, once, at start."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from typing import assert_never

from gateway.clock import Clock
from gateway.domain.signature import SignedForm
from gateway.errors import SettingsError
from gateway.settings import TlsSettings, secret
from gateway.settings_credentials import (
    AnonymousSettings,
    C06Settings,
    CredentialsSettings,
    HeaderTokenSettings,
    InsurancePortalSettings,
    LgspHeaderSettings,
    LgspTokenSettings,
    OAuthSettings,
    PasswordGrantSettings,
    PlatformSettings,
    SessionSettings,
    XmlSignatureSettings,
    XRoadSettings,
)
from gateway.transport import tls
from gateway.transport.base import Transport
from gateway.transport.credentials import (
    Anonymous,
    Behind,
    C06Basic,
    ClientCredentials,
    Credentials,
    HeaderToken,
    InsurancePortal,
    LgspAccess,
    LgspHeader,
    LgspToken,
    PasswordGrant,
    Session,
    SessionNames,
    auth_hash,
)
from gateway.transport.signed import Signed
from gateway.transport.xroad import ClientId, ServiceId
from gateway.trust import Chained, Pinned, SigningKey
from gateway.wire.dsig import Signer, Verifier

__all__ = ["credentials", "log_in_urls", "require_secrets", "signed", "tls_context", "xroad_names"]

_FILLED: Mapping[str, frozenset[str]] = {
    "session": frozenset({"session"}),
    "insurance_portal": frozenset({"token", "id_token", "username", "password_md5"}),
}
"""Placeholders that a scheme's own log-in fills."""


def credentials(section: CredentialsSettings, clock: Clock) -> Credentials:
    """The scheme that a section chooses. Raises SettingsError naming a secret file that cannot be used."""
    headers = section.headers | {name: secret(file) for name, file in section.secret_headers.items()}
    secrets = {name: secret(file) for name, file in section.secrets.items()}
    match section:
        case AnonymousSettings():
            return Anonymous(headers, secrets)
        case C06Settings():
            return C06Basic(
                username=section.username,
                secret=secret(section.secret_file),
                sv_url=section.sv_url,
                unit=section.timestamp_unit,
                esb_source=section.esb_source,
                clock=clock,
                headers=headers,
                secrets=secrets,
            )
        case OAuthSettings():
            return _oauth(section, clock, headers, secrets)
        case PasswordGrantSettings():
            return PasswordGrant(
                token_url=section.token_url,
                key=section.key,
                secret=secret(section.secret_file),
                username=section.username,
                password=secret(section.password_file),
                clock=clock,
                headers=headers,
                secrets=secrets,
            )
        case LgspHeaderSettings():
            return LgspHeader(_lgsp(section), header=section.header, headers=headers, secrets=secrets)
        case LgspTokenSettings():
            return LgspToken(
                _lgsp(section),
                token_url=section.token_url,
                place=section.place,
                officer=_officer(section),
                clock=clock,
                headers=headers,
                secrets=secrets,
            )
        case HeaderTokenSettings():
            return HeaderToken(
                token_url=section.token_url,
                issued=secret(section.secret_file),
                clock=clock,
                headers=headers,
                secrets=secrets,
            )
        case SessionSettings() | InsurancePortalSettings():
            own = _own_log_in(section, clock, headers, secrets)
            return own if section.platform is None else Behind(_oauth(section.platform, clock), own)
    assert_never(section)


def require_secrets(section: CredentialsSettings, needed: Iterable[str], *, place: str) -> None:
    """Raise SettingsError naming each placeholder that neither the scheme's log-in nor `secrets` fills."""
    missing = sorted(set(needed) - section.secrets.keys() - _FILLED.get(section.scheme, frozenset()))
    if missing:
        lines = [
            f"{place}.secrets.{name}: missing: name the file with the value that the adapter needs" for name in missing
        ]
        raise SettingsError("\n".join(lines))


def log_in_urls(section: CredentialsSettings) -> dict[str, str]:
    """Every address that credentials call by themselves, by its place below `credentials`."""
    found: dict[str, str] = {}
    match section:
        case OAuthSettings() | PasswordGrantSettings() | LgspTokenSettings() | HeaderTokenSettings():
            found["token_url"] = section.token_url
        case SessionSettings() | InsurancePortalSettings():
            found["login_url"] = section.login_url
            if section.platform is not None:
                found["platform.token_url"] = section.platform.token_url
    return found


def tls_context(place: str, files: TlsSettings) -> ssl.SSLContext:
    """TLS as a section has it. Raises SettingsError naming the file at fault below `place`."""
    try:
        return tls.context(
            ca_file=files.ca_file,
            certificate_file=files.certificate_file,
            key_file=files.key_file,
            crl_file=files.crl_file,
        )
    except SettingsError as exc:
        raise SettingsError(f"{place}.{exc}") from exc


def signed(
    transport: Transport, section: XmlSignatureSettings | None, form: SignedForm | None, clock: Clock, *, place: str
) -> Transport:
    """The transport as it is, or where messages are signed with keys. Raises SettingsError naming what is wrong."""
    if form is None:
        if section is not None:
            raise SettingsError(f"{place}.xml_signature: the messages of this contract are not signed: take it out")
        return transport
    if section is None:
        raise SettingsError(f"{place}.xml_signature: missing: the messages of this contract are signed")
    try:
        key = SigningKey.load(section.key_file, section.certificate_file)
        if section.signer_file is not None:
            trust: Pinned | Chained = Pinned.load(section.signer_file)
        else:
            assert section.ca_file is not None  # noqa: S101  the section says one of the two
            trust = Chained.load(section.ca_file, section.signer_name or "", section.crl_file)
    except SettingsError as exc:
        raise SettingsError(f"{place}.xml_signature.{exc}") from exc
    return Signed(transport, signer=Signer(key, form), verifier=Verifier(trust, form), form=form, clock=clock)


def xroad_names(section: XRoadSettings) -> tuple[ClientId, ServiceId]:
    """Who asks and who is asked, in X-Road's names."""
    client, service = section.client, section.service
    return (
        ClientId(client.instance, client.member_class, client.member_code, client.subsystem),
        ServiceId(service.instance, service.member_class, service.member_code, service.subsystem, service.service),
    )


def _oauth(
    section: OAuthSettings | PlatformSettings,
    clock: Clock,
    headers: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> ClientCredentials:
    return ClientCredentials(
        token_url=section.token_url,
        key=section.key,
        secret=secret(section.secret_file),
        style=section.style,
        clock=clock,
        headers=headers,
        secrets=secrets,
    )


def _lgsp(section: LgspHeaderSettings | LgspTokenSettings) -> LgspAccess:
    return LgspAccess(
        section.key, secret(section.secret_file), section.app_name, section.partner_code, section.partner_code_cus
    )


def _officer(section: LgspTokenSettings) -> str | None:
    if section.officer_key is None or section.officer_key_file is None:
        return None
    return auth_hash(section.officer_key, secret(section.officer_key_file))


def _own_log_in(
    section: SessionSettings | InsurancePortalSettings,
    clock: Clock,
    headers: Mapping[str, str],
    secrets: Mapping[str, str],
) -> Session | InsurancePortal:
    password = secret(section.secret_file)
    if isinstance(section, InsurancePortalSettings):
        return InsurancePortal(
            login_url=section.login_url,
            username=section.username,
            password=password,
            clock=clock,
            headers=headers,
            secrets=secrets,
        )
    return Session(
        login_url=section.login_url,
        username=section.username,
        password=password,
        names=SessionNames(section.username_field, section.password_field, section.session_field, section.code_field),
        old_statuses=section.old_statuses,
        old_codes=section.old_codes,
        as_bearer=section.as_bearer,
        clock=clock,
        headers=headers,
        secrets=secrets,
    )
