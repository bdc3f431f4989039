"""Who calls by the client certificate of the connection (mutual TLS)."""

from __future__ import annotations

import ssl
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from gateway.crypto import b64url
from gateway.web.authentication.refusals import refused

__all__ = ["Certificates", "Peer", "Rule", "WithPeer", "issuer_name", "peer_of"]

_NAMES = {"emailAddress": NameOID.EMAIL_ADDRESS, "serialNumber": NameOID.SERIAL_NUMBER}


@dataclass(frozen=True, slots=True)
class Peer:
    """What counts of a client certificate. The handshake has checked signature, time, chain and revocation list."""

    issuer: x509.Name
    organizations: tuple[str, ...]
    common_names: tuple[str, ...]
    dns_names: frozenset[str]
    serial_number: int
    is_for_clients: bool
    ends_at: datetime
    thumbprint: str
    """RFC 8705: SHA-256 of the DER form, in base64url."""

    @classmethod
    def of(cls, der: bytes) -> Peer:
        """From the certificate's DER form. Raises ValueError where it cannot be read."""
        certificate = x509.load_der_x509_certificate(der)
        return cls(
            issuer=certificate.issuer,
            organizations=_texts(certificate.subject, NameOID.ORGANIZATION_NAME),
            common_names=_texts(certificate.subject, NameOID.COMMON_NAME),
            dns_names=_dns_names(certificate),
            serial_number=certificate.serial_number,
            is_for_clients=_is_for_clients(certificate),
            ends_at=certificate.not_valid_after_utc,
            thumbprint=b64url(certificate.fingerprint(hashes.SHA256())),
        )


class WithPeer(ssl.SSLObject):
    """A TLS connection that reads its client's certificate once, at the first request that wants to know."""

    @cached_property
    def peer(self) -> Peer | None:
        """None where the client showed no certificate. Raises ValueError for one that cannot be read."""
        der = self.getpeercert(binary_form=True)
        return None if der is None else Peer.of(der)


def peer_of(request: web.Request) -> Peer | None:
    """The client certificate of the connection; None without TLS or without a certificate. Headers are not asked."""
    transport = request.transport
    connection = None if transport is None else transport.get_extra_info("ssl_object")
    if not isinstance(connection, WithPeer):
        return None
    try:
        return connection.peer
    except ValueError:
        raise refused("certificate_unknown") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which certificates are one consumer's: all that is given must be so."""

    issuer: x509.Name
    organization: str
    common_name: str | None = None
    dns_name: str | None = None
    serial_number: int | None = None

    def admits(self, peer: Peer) -> bool:
        """Whether the certificate is one that this rule means."""
        return (
            peer.issuer == self.issuer
            and peer.organizations == (self.organization,)
            and (self.common_name is None or peer.common_names == (self.common_name,))
            and (self.dns_name is None or self.dns_name in peer.dns_names)
            and (self.serial_number is None or peer.serial_number == self.serial_number)
        )


def issuer_name(text: str) -> x509.Name:
    """An issuer's name from RFC 4514 text. Raises ValueError."""
    return x509.Name.from_rfc4514_string(text, _NAMES)


class Certificates:
    """The rules of every consumer, by its name."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules: Sequence[tuple[str, Rule]] = tuple(rules.items())

    def consumer(self, peer: Peer, now: datetime) -> str:
        """The name of the one consumer whose certificate this is. Raises Unauthenticated."""
        if not peer.is_for_clients:
            raise refused("certificate_usage")
        if now > peer.ends_at:  # a connection may outlive the certificate that opened it
            raise refused("certificate_expired")
        names = [name for name, rule in self._rules if rule.admits(peer)]
        if len(names) != 1:
            raise refused("certificate_unknown")
        return names[0]


def _texts(name: x509.Name, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFC", str(one.value)) for one in name.get_attributes_for_oid(oid))


def _dns_names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName))


def _is_for_clients(certificate: x509.Certificate) -> bool:
    """Whether it says so itself: one that says nothing is for no purpose of ours, though OpenSSL takes it."""
    try:
        usage = certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    except x509.ExtensionNotFound:
        return False
    return isinstance(usage, x509.ExtendedKeyUsage) and ExtendedKeyUsageOID.CLIENT_AUTH in usage
