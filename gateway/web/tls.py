"""TLS at the front door, with or without client certificates."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from weakref import WeakKeyDictionary

from gateway.errors import SettingsError
from gateway.transport.tls import CIPHERS, check_revocation, no_pass_phrase
from gateway.web.authentication.certificates import WithPeer

__all__ = ["Renewed", "Revocations", "server_context"]

_VERIFY = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
_NO_CERTIFICATE = "PEER_DID_NOT_RETURN_A_CERTIFICATE"


def server_context(
    *,
    certificate_file: Path,
    key_file: Path | None = None,
    client_certificate: Literal["none", "optional", "required"] = "none",
    client_ca_file: Path | None = None,
    client_crl_file: Path | None = None,
    on_refused: Callable[[str], None] = lambda _: None,
    handshakes: int = 500,
    handshake_s: float = 10.0,
    on_full: Callable[[], None] = lambda: None,
) -> ssl.SSLContext:
    """
    TLS 1.2 or later with the ciphers that registries are asked with too.

    A client certificate that is shown must come from `client_ca_file`, be valid today, be no server's, and not be
    named by `client_crl_file`; `on_refused` is told of each that is not, in OpenSSL's words. At most `handshakes`, of
    `handshake_s` each, are under way at once; `on_full` is called for each that is one too many. Raises SettingsError
    naming the setting that is wrong.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHERS)
    made.set_alpn_protocols(["http/1.1"])
    # No resumption: a session would outlive what its certificate was checked against.
    made.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET | ssl.OP_CIPHER_SERVER_PREFERENCE
    made.num_tickets = 0
    made.sslobject_class = _telling(on_refused, _Handshakes(handshakes, handshake_s), on_full)
    try:
        made.load_cert_chain(certificate_file, key_file, password=no_pass_phrase("web.tls.key_file"))
    except (OSError, ssl.SSLError) as exc:
        raise SettingsError(f"web.tls.certificate_file {certificate_file}: {exc}") from exc
    if client_certificate == "none":
        return made
    if client_ca_file is None:
        raise SettingsError("web.tls.client_ca_file: needed to check client certificates")
    try:
        made.load_verify_locations(cafile=str(client_ca_file))
    except (OSError, ssl.SSLError) as exc:
        raise SettingsError(f"web.tls.client_ca_file {client_ca_file}: {exc}") from exc
    made.verify_mode = _VERIFY[client_certificate]
    if client_crl_file is not None:
        check_revocation(made, client_crl_file, "web.tls.client_crl_file")
    return made


class Renewed:
    """
    The context of a listener, and the one that new handshakes go by.

    Certificate, authorities and revocation lists come from the newer one: of a context that is in use, authorities can
    only be added. What is settled before a handshake begins (ciphers, whether certificates are wanted) stays.
    """

    def __init__(self, listening: ssl.SSLContext) -> None:
        self.listening = listening
        self.current = listening

    def renew(self, newer: ssl.SSLContext) -> None:
        """Every handshake that begins from now on goes by this one."""
        self.current = newer
        self.listening.sni_callback = self._switched

    def _switched(self, one: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        one.context = self.current


class Revocations:
    """
    The revocation lists of a listener, read again when their file has changed.

    OpenSSL keeps the old list too and goes by the newer one of an authority.
    """

    def __init__(self, renewed: Renewed, file: Path) -> None:
        self._renewed = renewed
        self._file = file
        self._seen = self._state()

    def reload(self) -> bool:
        """
        Whether there was something new, which now counts for every handshake to come.

        Raises SettingsError where the file is no good; then the lists that were read last go on.
        """
        state = self._state()
        if state == self._seen:
            return False
        check_revocation(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self._file, "web.tls.client_crl_file")
        self._renewed.current.load_verify_locations(cafile=str(self._file))
        self._seen = state
        return True

    def _state(self) -> tuple[int, int, int] | None:
        try:
            said = self._file.stat()
        except OSError:
            return None
        return said.st_mtime_ns, said.st_size, said.st_ino


class _Handshakes:
    """
    Those under way. The front door knows of a connection only when its handshake is over: without this, whoever opens
    connections and says nothing takes every descriptor, those of the ledger and the registries too.
    """

    def __init__(self, most: int, longest_s: float) -> None:
        self._most = most
        self._longest_s = longest_s
        self._begun: WeakKeyDictionary[ssl.SSLObject, float] = WeakKeyDictionary()

    def admits(self, one: ssl.SSLObject) -> bool:
        """Whether this one may go on, or begin."""
        if one in self._begun:
            return True
        now = time.monotonic()
        if len(self._begun) >= self._most:
            self._forget_before(now - self._longest_s)
        if len(self._begun) >= self._most:
            return False
        self._begun[one] = now
        return True

    def end(self, one: ssl.SSLObject) -> None:
        """It is over, well or not. One that ends by its connection's end goes by itself."""
        self._begun.pop(one, None)

    def _forget_before(self, then: float) -> None:
        for one, begun in list(self._begun.items()):
            if begun >= then:
                return
            del self._begun[one]


def _telling(
    on_refused: Callable[[str], None], handshakes: _Handshakes, on_full: Callable[[], None]
) -> type[ssl.SSLObject]:
    class Telling(WithPeer):
        """Tells of a handshake that failed for the client's certificate; all others are noise of the network."""

        def do_handshake(self) -> None:
            if not handshakes.admits(self):
                on_full()
                raise ssl.SSLError("too many handshakes")
            try:
                super().do_handshake()
                handshakes.end(self)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLCertVerificationError as exc:
                handshakes.end(self)
                on_refused(exc.verify_message)
                raise
            except ssl.SSLError as exc:
                handshakes.end(self)
                if exc.reason == _NO_CERTIFICATE:
                    on_refused("none was shown")
                raise

    return Telling
