"""TLS towards a registry: one context an instance, stricter than Python's default."""

from __future__ import annotations

import ssl
from pathlib import Path

from gateway.errors import SettingsError

__all__ = ["context"]


def context(
    *, ca_file: Path | None = None, certificate_file: Path | None = None, key_file: Path | None = None
) -> ssl.SSLContext:
    """
    A client context: TLS 1.2 or later, host name checked against the certificate's alternative names alone.

    `ca_file` replaces the machine's own authorities. Raises SettingsError naming the file that is wrong.
    """
    try:
        made = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as exc:
        raise SettingsError(f"tls.ca_file {ca_file}: {exc}") from exc
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.11 takes a common name where no alternative name stands: a certificate like that proves nothing.
    made.hostname_checks_common_name = False
    if certificate_file is not None:
        try:
            made.load_cert_chain(certificate_file, key_file)
        except (OSError, ssl.SSLError) as exc:
            raise SettingsError(f"tls.certificate_file {certificate_file}: {exc}") from exc
    return made
