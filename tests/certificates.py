"""Certificates for tests: an authority, good ones from it, and those that must be refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Authority", "Pair"]

LOOPBACK = "127.0.0.1"
_DAY = timedelta(days=1)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path
    serial: int


class Authority:
    """An authority of our own, and where it puts its files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self._certificate = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        key = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self.file = folder / f"ca-{id(self)}.pem"
        self.file.write_bytes(self._ca.cert_pem.bytes())

    @property
    def name(self) -> str:
        """The authority's own name, as in RFC 4514."""
        return self._certificate.subject.rfc4514_string()

    def issue(
        self,
        *,
        host: str | None = LOOPBACK,
        common_name: str = "registry",
        since: timedelta = -_DAY,
        until: timedelta = _DAY,
        rsa_bits: int | None = None,
        for_clients: bool = False,
        own_signature: bool = False,
        organization: str | tuple[str, ...] = (),
        with_usage: bool = True,
    ) -> Pair:
        """A certificate for a host (or for none: common name only), signed by this authority or by itself."""
        key = (
            rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
            if rsa_bits
            else ec.generate_private_key(ec.SECP256R1())
        )
        now = datetime.now(UTC)
        organizations = (organization,) if isinstance(organization, str) else organization
        names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, one) for one in organizations]
        subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        serial = x509.random_serial_number()
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if for_clients else ExtendedKeyUsageOID.SERVER_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if own_signature else self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(now + since)
            .not_valid_after(now + until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        if with_usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if host is not None:
            name = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
            builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        signed = builder.sign(key if own_signature else self._key, hashes.SHA256())
        path = self._folder / f"{serial}.pem"
        path.write_bytes(signed.public_bytes(_PEM))
        key_path = self._folder / f"{serial}.key"
        key_path.write_bytes(key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return Pair(path, key_path, serial)

    def revocations(self, *serials: int, until: timedelta = _DAY, age: timedelta = 2 * _DAY) -> Path:
        """A revocation list that names these; over since yesterday where `until` is negative."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - age)
            .next_update(now + until)
        )
        for serial in serials:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - _DAY).build()
            builder = builder.add_revoked_certificate(revoked)
        path = self._folder / f"crl-{len(serials)}-{until.days}.pem"
        path.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(_PEM))
        return path
