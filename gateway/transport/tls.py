"""TLS towards a registry: one context an instance, stricter than Python's default. The front door shares its rules."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from gateway.errors import SettingsError

__all__ = ["CIPHERS", "check_revocation", "context", "no_pass_phrase", "trusting_nobody"]

# Forward secrecy and authenticated encryption only; level 2 refuses RSA and DH keys below 2048 bits and SHA-1
# signatures. Written out, so that the machine's OpenSSL configuration cannot weaken it. TLS 1.3 has its own suites.
CIPHERS = "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!eNULL:!SHA1"


def context(
    *,
    ca_file: Path | None = None,
    certificate_file: Path | None = None,
    key_file: Path | None = None,
    crl_file: Path | None = None,
) -> ssl.SSLContext:
    """
    A client context: TLS 1.2 or later, host name checked against the certificate's alternative names alone.

    `ca_file` replaces the machine's own authorities. With `crl_file` a certificate that it lists is refused, and
    so is every one whose authority has no current list in it. Raises SettingsError naming the file that is wrong.
    """
    made = trusting_nobody()
    try:
        if ca_file is None:
            made.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            made.load_verify_locations(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as exc:
        raise SettingsError(f"tls.ca_file {ca_file}: {exc}") from exc
    if crl_file is not None:
        check_revocation(made, crl_file, "tls.crl_file")
    if key_file is not None and certificate_file is None:
        raise SettingsError("tls.key_file is set without tls.certificate_file")
    if certificate_file is not None:
        try:
            made.load_cert_chain(certificate_file, key_file, password=no_pass_phrase("tls.key_file"))
        except (OSError, ssl.SSLError) as exc:
            raise SettingsError(f"tls.certificate_file {certificate_file}: {exc}") from exc
    return made


def trusting_nobody() -> ssl.SSLContext:
    """
    The same without any authority, so that every certificate is refused: for a way on which TLS is not meant to be.

    Not `ssl.create_default_context`: that one writes the keys of all connections into the file that SSLKEYLOGFILE
    in the environment names, and whoever reads it reads the questions.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHERS)
    # Python 3.11 takes a common name where no alternative name stands: a certificate like that proves nothing.
    made.hostname_checks_common_name = False
    return made


def check_revocation(made: ssl.SSLContext, crl_file: Path, setting: str) -> None:
    """Refuse what a list names, and whatever has no current list. Raises SettingsError naming the setting."""
    before = made.cert_store_stats()
    try:
        made.load_verify_locations(cafile=str(crl_file))
    except (OSError, ssl.SSLError) as exc:
        raise SettingsError(f"{setting} {crl_file}: {exc}") from exc
    after = made.cert_store_stats()
    # OpenSSL reads certificates from the same file and would trust them.
    if after["x509"] != before["x509"] or after["crl"] == before["crl"]:
        raise SettingsError(f"{setting} {crl_file}: must hold revocation lists in PEM and nothing else")
    made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def no_pass_phrase(setting: str) -> Callable[[], NoReturn]:
    """
    What answers when a key has a pass phrase: a SettingsError.

    Without it OpenSSL would ask at the terminal, and a service would wait there for ever.
    """

    def refuse() -> NoReturn:
        raise SettingsError(f"{setting}: the key has a pass phrase; write it without one, readable for us alone")

    return refuse
