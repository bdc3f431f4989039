"""What keeps the ledger safe, from settings: witnesses, second place, time stamps; and the log of administration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.clock import Clock
from gateway.crypto import PublicKey
from gateway.errors import SettingsError
from gateway.keyring import KeyRing, public_keys
from gateway.ledger import log as log_of
from gateway.ledger import retention
from gateway.ledger.destroying import ADMIN
from gateway.ledger.ended import current_slot, slot_after
from gateway.ledger.keeping import Every, Keeper, witnessed_before
from gateway.ledger.log import Log
from gateway.ledger.notes import Checkpoint, LogKey
from gateway.ledger.places import DirectoryPlace, Place
from gateway.ledger.places_sql import DatabasePlace
from gateway.ledger.records import Record
from gateway.ledger.shipping import Shipping
from gateway.ledger.timestamps import Stamps
from gateway.ledger.witness import KnownLog, Memory, Witness
from gateway.ledger.witness_keys import Identity, witness_key
from gateway.ledger.witnesses import FolderWitness, HttpWitness, WitnessPort
from gateway.settings import secret
from gateway.settings_keep import RetentionSettings, ShippingSettings, WitnessServiceSettings, WitnessSettings
from gateway.settings_ledger import LedgerSettings
from gateway.stores.segments import SegmentStore
from gateway.stores.sql import Store
from gateway.telemetry import Metrics
from gateway.transport import tls
from gateway.transport.base import Transport
from gateway.transport.credentials import Anonymous
from gateway.transport.http import HttpTransport

__all__ = [
    "KEY_FILE",
    "PUBLIC_FILE",
    "Administration",
    "administration",
    "keeper",
    "limits",
    "only_witnessed",
    "second_place",
    "served_witness",
    "witnessed",
    "witnesses",
]

KEY_FILE, PUBLIC_FILE = "witness.key", "witness.pub"
"""In a witness's folder: its key, for it alone, and its vkey, for everybody."""

_DURABLE_WITHIN_S = 30.0
_MOST_SLOTS = 64
"""As many workers as `gateway serve` takes."""
# A command writes a handful of records; sealed at its end, a hold is in the second place before anybody relies on it.
_A_SEGMENT_EACH = log_of.Limits(segment_age_s=0.0)


def witnesses(settings: LedgerSettings, keys: Iterable[PublicKey], clock: Clock) -> list[WitnessPort]:
    """The witnesses of an installation. Raises SettingsError naming the setting or file at fault."""
    own = KnownLog(settings.origin, tuple(keys))
    return [_witness(name, one, own, clock) for name, one in settings.witnesses.items()]


def second_place(settings: ShippingSettings | None) -> Shipping | None:
    """Where sealed segments go; None where they go nowhere."""
    return None if settings is None else Shipping(_place(settings))


async def witnessed(
    settings: LedgerSettings, folder: Path, origin: str, keys: Iterable[PublicKey], asked: Sequence[WitnessPort]
) -> Checkpoint | None:
    """What a log must hold at least: the largest checkpoint that was witnessed. Raises SetupError as settings want."""
    known = [LogKey(origin, key) for key in keys]
    return await witnessed_before(folder, origin, known, asked, silent=settings.silent_witness)


async def only_witnessed(
    settings: LedgerSettings, copied: Iterable[str], keys: Sequence[PublicKey], asked: Sequence[WitnessPort]
) -> list[str]:
    """
    Logs that are neither here nor among the copies, though witnesses have seen records of them: nothing of them was
    sealed when the disk was lost. Unless they are ended too, whoever takes their slot next is refused.
    """
    there, found = set(copied), []
    for first in (ADMIN, *map(str, range(_MOST_SLOTS))):
        slot = first
        while True:
            origin, folder = f"{settings.origin}/{slot}", settings.folder / slot
            if origin not in there:
                seen = None if folder.exists() else await witnessed(settings, folder, origin, keys, asked)
                if seen is None or not seen.size:
                    break
                found.append(origin)
            slot = slot_after(slot)
        if slot == first != ADMIN and not (settings.folder / slot).exists():
            break  # slots are taken in order: none after this one was ever written
    return found


def keeper(settings: LedgerSettings, kept: Log, asked: Sequence[WitnessPort], clock: Clock, metrics: Metrics) -> Keeper:
    """What keeps a log while it is written; not started yet. Raises SettingsError naming the setting at fault."""
    shipping, stamps = settings.shipping, settings.timestamps
    return Keeper(
        kept,
        clock=clock,
        metrics=metrics,
        witnesses=asked,
        shipping=second_place(shipping),
        stamps=Stamps(_transport("timestamps", stamps.url, None, clock), ca_file=stamps.ca_file) if stamps else None,
        every=Every(
            witness_s=settings.witness_every_s,
            ship_s=shipping.every_s if shipping else 60.0,
            stamp_s=stamps.every_s if stamps else 3600.0,
        ),
    )


def limits(settings: RetentionSettings) -> retention.Limits:
    """How long what is kept."""
    return retention.Limits(settings.months, settings.registries)


def served_witness(settings: WitnessServiceSettings, clock: Clock) -> Witness:
    """The witness that this machine runs for others. Raises SettingsError naming the file at fault."""
    logs = [KnownLog(one.origin, tuple(public_keys(one.keys_file).values())) for one in settings.logs.values()]
    if not logs:
        raise SettingsError("witness.logs: a witness that knows no log cosigns nothing")
    return Witness(_identity(settings.folder), logs, Memory(settings.folder), clock)


@dataclass(frozen=True, slots=True)
class Administration:
    """The `admin` log, open for one command."""

    log: Log

    async def keep(self, record: Record) -> None:
        """Return when the record is durable. Raises LedgerUnavailable."""
        await self.log.append(record).durable(_DURABLE_WITHIN_S)


@asynccontextmanager
async def administration(settings: LedgerSettings, ring: KeyRing, clock: Clock) -> AsyncIterator[Administration]:
    """
    The `admin` log for as long as a command runs: compared with what was witnessed before, witnessed and shipped
    after. Raises LedgerInUse where another command has it, LedgerDamaged.
    """
    asked = witnesses(settings, ring.published.values(), clock)
    slot = current_slot(settings.folder, ADMIN)
    folder, origin = settings.folder / slot, f"{settings.origin}/{slot}"
    seen = await witnessed(settings, folder, origin, ring.published.values(), asked)
    log = Log.open(folder, origin=origin, signer=ring.signer, clock=clock, limits=_A_SEGMENT_EACH, witnessed=seen)
    try:
        yield Administration(log)
        await log.leave_segment()
        await log.sign_checkpoint()
        kept = keeper(settings, log, asked, clock, Metrics())
        await kept.ship()
        await kept.close()
    finally:
        await log.close()


def _witness(name: str, settings: WitnessSettings, own: KnownLog, clock: Clock) -> WitnessPort:
    if settings.folder is not None:
        witness = Witness(_identity(settings.folder), [own], Memory(settings.folder), clock)
        return FolderWitness(name, witness)
    if settings.url is None or settings.vkey is None:
        raise AssertionError("settings have one of the two")
    transport = _transport(f"witnesses.{name}", settings.url, settings.ca_file, clock)
    return HttpWitness(name, witness_key(settings.vkey), transport)


def _identity(folder: Path) -> Identity:
    """The witness whose folder it is. Raises SettingsError naming the file."""
    try:
        name = witness_key((folder / PUBLIC_FILE).read_text(encoding="utf-8")).name
    except OSError as exc:
        advice = "make it with `gateway witness new-key`"
        raise SettingsError(f"witness {folder / PUBLIC_FILE}: {exc.strerror}; {advice}") from None
    except ValueError as exc:
        raise SettingsError(f"witness {folder / PUBLIC_FILE}: {exc}") from None
    identity = Identity.load(name, folder / KEY_FILE)
    if identity.key != witness_key((folder / PUBLIC_FILE).read_text(encoding="utf-8")):
        raise SettingsError(f"witness {folder}: {KEY_FILE} and {PUBLIC_FILE} do not belong together")
    return identity


def _place(settings: ShippingSettings) -> Place:
    if settings.folder is not None:
        return DirectoryPlace(settings.folder)
    password = settings.password_file
    store = Store.open(settings.url or "", (lambda: secret(password)) if password is not None else None)
    return DatabasePlace(SegmentStore(store))


def _transport(place: str, url: str, ca_file: Path | None, clock: Clock) -> Transport:
    try:
        context = tls.context(ca_file=ca_file) if url.startswith("https:") else None
    except SettingsError as exc:
        raise SettingsError(f"ledger.{place}.{exc}") from exc
    return HttpTransport(endpoint=url, credentials=Anonymous(), clock=clock, tls=context, connections=1)
