"""
Certificates for stand-ins that are served over TLS: good ones of an authority that is made anew each time, and the bad
ones that a client must refuse.
"""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["BAD", "Authority"]

BAD = ("expired", "not-yet", "other-name", "stranger")
"""How a certificate can be bad: its time is over or has not come, it names another host, a stranger has signed it."""

_DAY = timedelta(days=1)
_PEM = serialization.Encoding.PEM
_ELSEWHERE = "elsewhere.invalid"


class Authority:
    """
    Signs for one host, `127.0.0.1` or a name, with a key that never leaves the process.

    `certificate` is the authority's own, as PEM: what a client is to trust.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Stand-ins, not real")
        now = datetime.now(UTC)
        self.certificate = (
            _draft(self._name, self._name, self._key, now - _DAY, now + 365 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
            .public_bytes(_PEM)
        )

    def context(self, bad: str = "") -> ssl.SSLContext:
        """For a server, with a good certificate, or one that is bad as a word of `BAD` says."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        since, until = {"expired": (-9, -1), "not-yet": (1, 9)}.get(bad, (-1, 365))
        signer = Authority(self._host) if bad == "stranger" else self
        host = _ELSEWHERE if bad == "other-name" else self._host
        certificate = (
            _draft(_named("stand-ins"), signer._name, key, now + since * _DAY, now + until * _DAY)
            .add_extension(x509.SubjectAlternativeName([_general(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer._key.public_key()), critical=False)
            .sign(signer._key, hashes.SHA256())
        )
        return _loaded(certificate.public_bytes(_PEM), key)


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _loaded(certificate: bytes, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    """Python reads certificates from files alone: one is written where nobody else reads, and removed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with tempfile.TemporaryDirectory(prefix="stand-ins-") as folder:
        file = Path(folder) / "server.pem"
        file.touch(mode=0o600)
        file.write_bytes(private + certificate)
        context.load_cert_chain(file)
    return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
