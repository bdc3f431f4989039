"""
Whose X.509 certificates are believed for signed messages, and the key that we sign with. Parsed once, at the start.

A certificate that comes with a message proves nothing by itself: it is one of those that settings pin, or an authority
that settings name has issued it to the name that settings say. There is no third way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import verification

from gateway.crypto import certificates
from gateway.errors import MalformedAnswer, SettingsError

__all__ = ["Chained", "Pinned", "SigningKey", "Trust", "revocation_lists"]

_LEAST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Our private key and its certificate. Never printed."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    @classmethod
    def load(cls, key_file: Path, certificate_file: Path) -> SigningKey:
        """From PEM files. Raises SettingsError naming the file that is wrong."""
        try:
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        except OSError as exc:
            raise SettingsError(f"key_file {key_file}: {exc.strerror}") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise SettingsError(f"key_file {key_file}: no private key in PEM without a pass phrase") from None
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) or _is_weak(key.public_key()):
            raise SettingsError(f"key_file {key_file}: must be RSA of {_LEAST_RSA_BITS} bits or more, or EC")
        certificate = _some(certificate_file)[0]
        if certificate.public_key() != key.public_key():
            raise SettingsError(f"certificate_file {certificate_file}: its first certificate is not that of key_file")
        return cls(key, certificate)


class Trust(Protocol):
    """Who may have signed."""

    def candidates(self, offered: Sequence[x509.Certificate], now: datetime) -> Sequence[x509.Certificate]:
        """
        The certificates of which one must have signed, given those that came with the message.

        Raises MalformedAnswer saying why there is none.
        """


class Pinned:
    """The other side's own certificates, as it handed them over. What comes with a message decides nothing."""

    def __init__(self, pinned: Sequence[x509.Certificate]) -> None:
        self._pinned = tuple(pinned)

    @classmethod
    def load(cls, file: Path) -> Pinned:
        """From a PEM file; several where one is to follow another. Raises SettingsError naming it."""
        found = _some(file)
        if any(_is_weak(one.public_key()) for one in found):
            raise SettingsError(f"signer_file {file}: keys must be RSA of {_LEAST_RSA_BITS} bits or more, or EC")
        return cls(found)

    def candidates(self, offered: Sequence[x509.Certificate], now: datetime) -> Sequence[x509.Certificate]:
        current = [one for one in self._pinned if one.not_valid_before_utc <= now <= one.not_valid_after_utc]
        if not current:
            raise MalformedAnswer("signature: no pinned certificate is valid now")
        return current


class Chained:
    """
    A certificate that one of these authorities has issued to `subject` (RFC 4514), for signing, and not revoked since.

    With `revocations` a certificate is refused unless a current list of its issuer leaves it out.
    """

    def __init__(
        self,
        authorities: Sequence[x509.Certificate],
        subject: str,
        revocations: Sequence[x509.CertificateRevocationList] | None = None,
    ) -> None:
        self._store = verification.Store(list(authorities))
        self._subject = x509.Name.from_rfc4514_string(subject)
        self._revocations = revocations

    @classmethod
    def load(cls, ca_file: Path, subject: str, crl_file: Path | None) -> Chained:
        """From PEM files. Raises SettingsError naming what is wrong."""
        authorities = _some(ca_file)
        lists = None if crl_file is None else revocation_lists(crl_file, authorities)
        try:
            return cls(authorities, subject, lists)
        except ValueError:
            raise SettingsError("signer_name: no name as in RFC 4514, such as CN=Ví dụ,O=Cơ quan ví dụ,C=VN") from None

    def candidates(self, offered: Sequence[x509.Certificate], now: datetime) -> Sequence[x509.Certificate]:
        try:
            return self._chained(offered, now)
        except MalformedAnswer:
            raise
        except Exception:  # a certificate is parsed as it is looked at, and a stranger has written it
            raise MalformedAnswer("signature: a certificate in it cannot be read") from None

    def _chained(self, offered: Sequence[x509.Certificate], now: datetime) -> Sequence[x509.Certificate]:
        leaves = [one for one in offered if one.subject == self._subject]
        if len(leaves) != 1:
            raise MalformedAnswer("signature: not one certificate of the expected signer came with it")
        (leaf,) = leaves
        if _is_weak(leaf.public_key()):
            raise MalformedAnswer("signature: the certificate's key is weak")
        policy = (
            verification.PolicyBuilder()
            .store(self._store)
            .time(now)
            .extension_policies(
                ee_policy=verification.ExtensionPolicy.permit_all().require_present(
                    x509.KeyUsage, verification.Criticality.AGNOSTIC, _signs
                ),
                ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            )
        )
        try:
            policy.build_client_verifier().verify(leaf, [one for one in offered if one is not leaf])
        except verification.VerificationError:
            raise MalformedAnswer("signature: no authority of ours answers for the certificate now") from None
        self._refuse_revoked(leaf, now)
        return [leaf]

    def _refuse_revoked(self, leaf: x509.Certificate, now: datetime) -> None:
        if self._revocations is None:
            return
        current = [
            one
            for one in self._revocations
            if one.issuer == leaf.issuer
            and one.last_update_utc <= now
            and one.next_update_utc is not None
            and now <= one.next_update_utc
        ]
        if not current:
            raise MalformedAnswer("signature: no current revocation list of the certificate's authority")
        if any(one.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None for one in current):
            raise MalformedAnswer("signature: the certificate is revoked")


def revocation_lists(file: Path, authorities: Sequence[x509.Certificate]) -> tuple[x509.CertificateRevocationList, ...]:
    """The lists of a PEM file, each signed by one of the authorities. Raises SettingsError naming the file."""
    end = b"-----END X509 CRL-----"
    try:
        parts = file.read_bytes().split(end)[:-1]
        lists = tuple(x509.load_pem_x509_crl(part + end) for part in parts)
    except OSError as exc:
        raise SettingsError(f"crl_file {file}: {exc.strerror}") from None
    except ValueError:
        raise SettingsError(f"crl_file {file}: no revocation lists in PEM") from None
    if not lists or not all(any(_is_by(one, authority) for authority in authorities) for one in lists):
        raise SettingsError(f"crl_file {file}: must hold revocation lists that an authority of ca_file has signed")
    return lists


def _is_by(one: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    if one.issuer != authority.subject or not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    try:
        return one.is_signature_valid(key)
    except (InvalidSignature, TypeError, ValueError):
        return False


def _signs(policy: verification.Policy, certificate: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not usage.digital_signature:
        raise ValueError("not for signatures")


def _is_weak(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size < _LEAST_RSA_BITS
    return not isinstance(key, ec.EllipticCurvePublicKey) or key.key_size < 256


def _some(file: Path) -> list[x509.Certificate]:
    found = certificates(file)
    if not found:
        raise SettingsError(f"certificates {file}: no PEM certificates")
    return found
