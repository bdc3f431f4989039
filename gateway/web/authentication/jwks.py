"""The token issuer's public keys: from a file, or from one configured address with the last good answer kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gateway.clock import Clock
from gateway.errors import CheckUnavailable, RegistryError, SettingsError
from gateway.telemetry import log
from gateway.wire import json as strict_json

__all__ = ["Key", "KeySource", "keys_from", "keys_in"]

Key = ECKey | RSAKey
Fetch = Callable[[], Awaitable[bytes]]

_LEAST_RSA_BITS = 2048
_AGAIN_S = 60.0
_AGAIN_WITHOUT_KEYS_S = 5.0
_PATIENCE_S = 5.0
_MOST_WAITING = 50
"""Nobody who waits for keys has proved anything yet: they may not take every place from those who can."""
_MEMBERS = {"EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e")}


def keys_from(document: bytes) -> dict[str | None, Key]:
    """
    The signing keys of a JWK set (RFC 7517), by their `kid`; under None the only one, where there is one only.

    Keys for other uses, of other kinds, and RSA keys below 2,048 bits are passed over. Raises ValueError where
    none is left.
    """
    said = strict_json.parse(document)
    found: dict[str | None, Key] = {}
    for jwk in said.get("keys", ()) if isinstance(said, dict) else ():
        key = _key(jwk) if isinstance(jwk, dict) else None
        if key is not None:
            found.setdefault(jwk.get("kid"), key)
    if not found:
        raise ValueError("no usable signing key in it")
    only = next(iter(found.values())) if len(found) == 1 else None
    found.pop(None, None)
    return found if only is None else {**found, None: only}


def keys_in(file: Path) -> dict[str | None, Key]:
    """The same from a file. Raises SettingsError naming it."""
    try:
        return keys_from(file.read_bytes())
    except OSError as exc:
        raise SettingsError(f"tokens.jwks_file {file}: {exc.strerror}") from exc
    except ValueError as exc:
        raise SettingsError(f"tokens.jwks_file {file}: {exc}") from None


class KeySource:
    """
    Keys by `kid`. With `fetch` they are asked for again when a `kid` is unknown (at most once a minute, one
    flight for all who wait) and every `refresh_s`; what was had last stays when the issuer cannot be reached,
    over a restart too where there is a `cache` file.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        fixed: Mapping[str | None, Key] | None = None,
        fetch: Fetch | None = None,
        cache: Path | None = None,
        refresh_s: float = 3600.0,
    ) -> None:
        self._clock = clock
        self._fixed = dict(fixed or {})
        self._fetch = fetch
        self._cache = cache
        self._refresh_s = refresh_s
        self._fetched: dict[str | None, Key] = {} if fetch is None or cache is None else _kept(cache)
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None
        self._waiting = 0

    async def find(self, kid: str | None) -> Key | None:
        """
        The key of that `kid`, or the only one where a token names none. None where there is none.

        Raises CheckUnavailable while there is no key at all, or too many wait for one already.
        """
        key = self._known(kid)
        if self._fetch is None:
            return key
        if key is None:
            await self._refreshed(_AGAIN_S if self._fetched else _AGAIN_WITHOUT_KEYS_S)
            key = self._known(kid)
            if key is None and not self._fetched and not self._fixed:
                raise CheckUnavailable("tokens: the issuer's keys cannot be had")
        elif self._is_due(self._refresh_s):
            self._ask()  # nobody waits: the keys that are there are good
        return key

    async def probe(self) -> str:
        """Fetch the keys where they are fetched; a few words on what there is."""
        if self._fetch is not None:
            await self._refreshed(_AGAIN_WITHOUT_KEYS_S)
        count = len({id(key) for key in (*self._fixed.values(), *self._fetched.values())})
        if not count:
            raise CheckUnavailable("tokens: the issuer's keys cannot be had")
        return f"{count} keys"

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking

    def _known(self, kid: str | None) -> Key | None:
        # A token without a kid is taken for the only key's, where all keys together are one.
        if kid is None and self._fixed and self._fetched:
            return None
        return self._fixed.get(kid) or self._fetched.get(kid)

    def _is_due(self, after_s: float) -> bool:
        return self._asked_at is None or self._clock.monotonic() - self._asked_at >= after_s

    async def _refreshed(self, after_s: float) -> None:
        if self._asking is None and self._is_due(after_s):
            self._ask()
        if self._asking is None:
            return
        if self._waiting >= _MOST_WAITING:
            raise CheckUnavailable("tokens: too many wait for the issuer's keys")
        self._waiting += 1
        try:
            await asyncio.shield(self._asking)
        finally:
            self._waiting -= 1

    def _ask(self) -> None:
        if self._asking is None:
            self._asked_at = self._clock.monotonic()
            self._asking = asyncio.create_task(self._renew())
            self._asking.add_done_callback(self._end)

    def _end(self, _: object) -> None:
        self._asking = None

    async def _renew(self) -> None:
        if self._fetch is None:
            return
        try:
            async with asyncio.timeout(_PATIENCE_S):
                document = await self._fetch()
            self._fetched = keys_from(document)
        except (RegistryError, TimeoutError, ValueError) as exc:
            log().warning("tokens.keys_not_fetched", error=type(exc).__name__, keys=len(self._fetched))
            return
        log().info("tokens.keys_fetched", keys=len(self._fetched))
        if self._cache is not None:
            await asyncio.to_thread(_keep, self._cache, document)


def _key(jwk: Mapping[str, Any]) -> Key | None:
    members = _MEMBERS.get(str(jwk.get("kty")))
    if members is None or jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ("verify",)):
        return None
    if not isinstance(jwk.get("kid", ""), str) or not isinstance(jwk.get("alg", ""), str):
        return None
    public = {name: jwk[name] for name in (*members, "alg") if name in jwk}
    try:
        if jwk["kty"] == "EC":
            return ECKey.import_key(public)
        key = RSAKey.import_key(public)
        return key if key.public_key.key_size >= _LEAST_RSA_BITS else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _kept(file: Path) -> dict[str | None, Key]:
    try:
        return keys_from(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        log().warning("tokens.keys_not_kept", error=type(exc).__name__)
        return {}


def _keep(file: Path, document: bytes) -> None:
    """Replace the file at once, so that no reader and no crash ever sees half of it."""
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        new.write_bytes(document)
        new.replace(file)
    except OSError as exc:
        log().warning("tokens.keys_not_kept", error=type(exc).__name__)
