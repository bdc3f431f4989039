"""Keys and certificates for signed messages, made when a test wants them, and signatures written by hand."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from gateway.trust import SigningKey

__all__ = ["NOW", "Issuer", "Party", "by_hand", "rsa_key", "signed_towards"]

NOW = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
DS = "http://www.w3.org/2000/09/xmldsig#"
ENVELOPED = f'<ds:Transform Algorithm="{DS}enveloped-signature"></ds:Transform>'
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
EC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_DAY = timedelta(days=1)
_PEM = serialization.Encoding.PEM


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for the whole run: making one takes a moment."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ví dụ"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@dataclass(frozen=True)
class Party:
    """Somebody who signs."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def signing_key(self) -> SigningKey:
        return SigningKey(self.key, self.certificate)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(_PEM)

    @property
    def name(self) -> str:
        return self.certificate.subject.rfc4514_string()

    @property
    def in_key_info(self) -> str:
        der = b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        data = f"<ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data>"
        return f"<ds:KeyInfo>{data}</ds:KeyInfo>"

    def written(self, folder: Path, stem: str) -> tuple[Path, Path]:
        """Key and certificate as PEM files."""
        key, certificate = folder / f"{stem}.key", folder / f"{stem}.pem"
        no_phrase = serialization.NoEncryption()
        key.write_bytes(self.key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, no_phrase))
        certificate.write_bytes(self.pem)
        return key, certificate


class Issuer:
    """An authority, its certificates and its revocation lists."""

    def __init__(self, common_name: str = "Ví dụ CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._build(
            _name(common_name), self._key.public_key(), NOW - 30 * _DAY, NOW + 3650 * _DAY, authority=True
        )

    def _build(
        self,
        subject: x509.Name,
        public_key: object,
        since: datetime,
        until: datetime,
        *,
        authority: bool,
        signs: bool = True,
    ) -> x509.Certificate:
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        issuer = subject if authority else self.certificate.subject
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=signs, key_cert_sign=authority, crl_sign=authority, **usage),
                critical=True,
            )
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if authority:
            identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
            builder = builder.add_extension(identifier, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def issue(
        self,
        common_name: str = "gip",
        *,
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
        since: timedelta = -_DAY,
        until: timedelta = _DAY,
        signs: bool = True,
    ) -> Party:
        """Somebody with a certificate of this authority, valid around NOW unless told otherwise."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        name = _name(common_name)
        return Party(key, self._build(name, key.public_key(), NOW + since, NOW + until, authority=False, signs=signs))

    def revocations(self, *parties: Party, until: timedelta = _DAY) -> x509.CertificateRevocationList:
        """A list that names these."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(NOW - 2 * _DAY).next_update(NOW + until)
        for party in parties:
            entry = x509.RevokedCertificateBuilder().serial_number(party.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(NOW - _DAY).build())
        return builder.sign(self._key, hashes.SHA256())


def signed_towards(stand_ins: Any, registry: str, folder: Path) -> dict[str, Any]:
    """Endpoint and keys of an instance that exchanges signed messages with a stand-in: its certificate is pinned."""
    key, certificate = _us().written(folder, "us")
    pinned = folder / "pinned.pem"
    pinned.write_bytes(stand_ins.state.stand_ins[registry].hand.certificate)
    return {
        "endpoint": f"{stand_ins.url(registry)}/gip",
        "xml_signature": {"key_file": key, "certificate_file": certificate, "signer_file": pinned},
    }


@cache
def _us() -> Party:
    return Issuer().issue("us")


def by_hand(
    party: Party,
    *references: tuple[str | None, str, bytes],
    method: str | None = None,
    digest: str = SHA256,
    hmac_key: bytes | None = None,
    key_info: str | None = None,
) -> str:
    """
    A signature as somebody writes it who knows the standard: each reference is a URI, its transforms, and the bytes
    that its digest is made over. All that is wrong with it is what the test wants to be wrong.
    """
    is_rsa = isinstance(party.key, rsa.RSAPrivateKey)
    method = method or (RSA_SHA256 if is_rsa else EC_SHA256)
    algorithm = "sha1" if digest.endswith("#sha1") else "sha256"
    written = ""
    for uri, transforms, content in references:
        value = b64encode(hashlib.new(algorithm, content).digest()).decode()
        place = "" if uri is None else f' URI="{uri}"'
        written += (
            f"<ds:Reference{place}><ds:Transforms>{transforms}</ds:Transforms>"
            f'<ds:DigestMethod Algorithm="{digest}"></ds:DigestMethod>'
            f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
        )
    info = (
        f'<ds:SignedInfo xmlns:ds="{DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>{written}</ds:SignedInfo>'
    )
    value = b64encode(_signed(party, info.encode(), method, hmac_key)).decode()
    shown = party.in_key_info if key_info is None else key_info
    return (
        f'<ds:Signature xmlns:ds="{DS}">'
        + info.replace(f' xmlns:ds="{DS}"', "")
        + f"<ds:SignatureValue>{value}</ds:SignatureValue>{shown}</ds:Signature>"
    )


def _signed(party: Party, info: bytes, method: str, hmac_key: bytes | None) -> bytes:
    if hmac_key is not None:
        mac = hmac.HMAC(hmac_key, hashes.SHA256())
        mac.update(info)
        return mac.finalize()
    algorithm = hashes.SHA1() if method.endswith("sha1") else hashes.SHA256()  # noqa: S303
    if isinstance(party.key, rsa.RSAPrivateKey):
        return party.key.sign(info, padding.PKCS1v15(), algorithm)
    r, s = decode_dss_signature(party.key.sign(info, ec.ECDSA(algorithm)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
