"""What of this gateway is read again: the parts beside those that belong to a registry."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

from gateway.app_files import Contents
from gateway.crypto import PublicKey
from gateway.keyring import public_keys
from gateway.ledger.log import Log
from gateway.lookup.kept import Kept
from gateway.reload_desk import Desk
from gateway.reloading import Fresh
from gateway.settings import Settings
from gateway.settings_authentication import WebTlsSettings
from gateway.web.tls import Renewed

__all__ = ["FrontDoorFiles", "WholeFile", "approvers", "desk_of", "installation", "recording"]

_DURABLE_WITHIN_S = 10.0

T = TypeVar("T")


def _unsaid(_: Any) -> Mapping[str, Any]:
    return {}


class WholeFile(Generic[T]):
    """A file that is read whole. `approved` tells the ledger of its approval, and raises where there is none."""

    def __init__(
        self,
        name: str,
        kept: Kept[T],
        version: Callable[[T], str],
        approved: Callable[[T], Mapping[str, Any]] = _unsaid,
    ) -> None:
        self.name = name
        self._kept = kept
        self._version = version
        self._approved = approved

    @property
    def version(self) -> str:
        return self._version(self._kept.current)

    async def fresh(self, *, probing: bool) -> Fresh | None:
        """Read in a thread: a large file holds no question. There is nobody to try it on."""
        newer = await asyncio.to_thread(self._kept.read)
        if self._version(newer) == self.version:
            return None

        async def take() -> None:
            self._kept.current = newer

        return Fresh(self._version(newer), take, said=self._approved(newer))


class FrontDoorFiles:
    """
    Certificate, key, authorities and revocation lists of the front door. New handshakes go by the new ones; connections
    that were made with the old end after the request that they carry.
    """

    name = "web.tls"

    def __init__(
        self,
        section: WebTlsSettings,
        renewed: Renewed,
        make: Callable[[], ssl.SSLContext | None],
        reconnect: Callable[[], None],
    ) -> None:
        self._renewed = renewed
        self._make = make
        self._reconnect = reconnect
        self._contents = Contents(section)

    @property
    def version(self) -> str:
        return self._contents.version

    async def fresh(self, *, probing: bool) -> Fresh | None:
        """Certificate and key must belong together, and every authority and list must be readable."""
        version = self._contents.now()
        if version == self.version:
            return None
        newer = await asyncio.to_thread(self._make)
        if newer is None:
            raise AssertionError("a front door that has a section has a context")

        async def take() -> None:
            self._renewed.renew(newer)
            self._contents.version = version
            self._reconnect()

        return Fresh(version, take)


def recording(ledger: Log | None) -> Callable[[Mapping[str, Any]], Awaitable[None]] | None:
    """How a change is written down; None where there is no ledger."""
    if ledger is None:
        return None

    async def record(entry: Mapping[str, Any]) -> None:
        await ledger.append(dict(entry)).durable(_DURABLE_WITHIN_S)

    return record


def installation(settings: Settings) -> str:
    """What approvals and requests are bound to: the name of this gateway's ledger, or nothing where it has none."""
    return settings.ledger.origin if settings.ledger is not None else ""


def desk_of(settings: Settings) -> Desk | None:
    """Where requests for a reload are put; None where settings name no folder. Raises SettingsError."""
    if settings.reload.folder is None:
        return None
    return Desk(settings.reload.folder, installation(settings), approvers(settings))


def approvers(settings: Settings) -> dict[str, PublicKey]:
    """The keys of those who may approve, by name. Raises SettingsError naming the file."""
    return {name: next(iter(public_keys(file).values())) for name, file in settings.approvers.items()}
