"""Where everything meets: settings become instances, channels and the pipeline."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import uuid_utils
from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.reader import Contract
from contracts.reader import card as quality_card
from contracts.reader import installed as installed_contracts
from gateway import (
    __version__,
    app_authentication,
    app_idempotency,
    app_impact,
    app_keep,
    app_papers,
    app_tickets,
    app_tracing,
)
from gateway.app_access import Rules, access, counting_secrets, read_rules
from gateway.app_batches import batches_part
from gateway.app_cache import answer_cache, freshness
from gateway.app_credentials import require_secrets
from gateway.app_index import index_part
from gateway.app_reload import recording
from gateway.app_ways import ways
from gateway.channel.breaker import BreakerPolicy
from gateway.channel.channel import Channel, Policy
from gateway.channel.quota import QuotaPolicy
from gateway.clock import Clock, SystemClock
from gateway.descriptors import for_callers
from gateway.domain import places
from gateway.domain.dataset import Adapter, Options
from gateway.errors import ContractError, SettingsError
from gateway.keyring import KeyRing
from gateway.ledger import abandoned
from gateway.ledger.keeping import Keeper
from gateway.ledger.lease import take_slot
from gateway.ledger.log import Log
from gateway.lookup.access import Consumer
from gateway.lookup.cache import AnswerCache
from gateway.lookup.catalogue import Catalogue, Instance
from gateway.lookup.idempotency import Idempotency
from gateway.lookup.kept import Kept
from gateway.lookup.pipeline import Lookup
from gateway.lookup.planning import Planner
from gateway.lookup.recorder import Recorder
from gateway.lookup.remembering import Remembering
from gateway.procedures.catalogue import Catalogue as Procedures
from gateway.reloading import Reloadable, Reloader
from gateway.settings import ConsumerSettings, RegistrySettings, Settings
from gateway.settings_ledger import LedgerSettings
from gateway.stores.outages import Outages
from gateway.stores.state import State
from gateway.telemetry import Metrics, Unheard
from gateway.web import keys, server
from gateway.web.authentication import ONLY_KEYS, Authenticator
from gateway.web.corrections import CorrectionsPart
from gateway.web.handlers import answer_body
from gateway.web.impact import ImpactPart
from gateway.web.limits import Limits
from gateway.web.part import Part
from gateway.web.procedures import Procedures as ProceduresPart
from gateway.web.proofs import Proofs
from gateway.web.receipts import Receipts
from gateway.web.records_door import RecordsDoor

if TYPE_CHECKING:
    from gateway.tracing import Tracing

__all__ = [
    "Core",
    "build",
    "close_abandoned",
    "consumers",
    "front_door",
    "installed_adapters",
    "key_ring",
    "new_id",
    "options_for",
    "parts",
    "version",
]

_LAST_SIGNATURE_S = 5.0


def version() -> str:
    """The gateway's version."""
    return __version__


def new_id() -> str:
    """A unique id that sorts by time (UUIDv7)."""
    return str(uuid_utils.uuid7())


@dataclass(frozen=True, slots=True)
class Core:
    """The running parts that web and command line share."""

    settings: Settings
    lookup: Lookup
    catalogue: Catalogue
    metrics: Metrics
    consumers: Mapping[str, Consumer]
    """By name."""
    rules: Rules
    state: State
    authenticator: Authenticator
    idempotency: Idempotency
    procedures: Kept[Procedures]
    reloader: Reloader
    outages: Outages
    """Which databases do not answer now."""
    keys: KeyRing | None = None
    ledger: Log | None = None
    keeper: Keeper | None = None
    cache: AnswerCache | None = None
    tracing: Tracing | None = None
    remembering: Remembering | None = None

    async def close(self) -> None:
        """
        Let go of every connection, then of the ledger. What fails to close keeps nothing else from being closed, the
        ledger least of all; the first error is raised at the end.
        """
        async with AsyncExitStack() as closing:  # ends with what was put in first
            if self.ledger is not None:
                closing.push_async_callback(self.ledger.close)
            if self.keeper is not None:
                closing.push_async_callback(self.keeper.close)
            if self.ledger is not None and self.keeper is not None:
                closing.push_async_callback(_signed_at_last, self.ledger)
            if self.lookup.access.cases is not None:
                closing.push_async_callback(self.lookup.access.cases.close)
            for instance in self.catalogue.instances.values():
                closing.push_async_callback(instance.channel.close)
            if self.cache is not None:
                closing.push_async_callback(self.cache.close)
            if self.remembering is not None:
                closing.push_async_callback(self.remembering.close)
            if self.tracing is not None:
                closing.push_async_callback(asyncio.to_thread, self.tracing.close)
            closing.push_async_callback(self.state.close)
            closing.push_async_callback(self.authenticator.close)

    @property
    def unready(self) -> str | None:
        """Why no question should be sent here now; None where nothing stands in the way."""
        if self.keeper is not None and self.keeper.has_conflict:
            return "ledger: conflict"
        return f"ledger: {self.ledger.state}" if self.ledger is not None and self.ledger.state != "open" else None


async def _signed_at_last(ledger: Log) -> None:
    """What was written last is witnessed too; a key device or a disk that hangs is not waited for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_SIGNATURE_S):
            await ledger.sign_checkpoint()


async def opened(settings: Settings, *, clock: Clock | None = None, metrics: Metrics | None = None) -> Core:
    """Everything, wired, with the ledger open where settings have one. Raises SetupError naming what is wrong."""
    clock, metrics = clock or SystemClock(), metrics or Metrics()
    if settings.ledger is None:
        return build(settings, clock=clock, metrics=metrics)
    ring = key_ring(settings)
    if ring is None:
        raise SettingsError("keys: a ledger wants the section [keys]; `gateway keys new` makes what belongs in it")
    ledger, keeper = await open_ledger(settings.ledger, ring, clock, metrics)
    try:
        core = build(settings, clock=clock, metrics=metrics, ledger=ledger)
    except BaseException:
        async with AsyncExitStack() as closing:
            closing.push_async_callback(ledger.close)
            closing.push_async_callback(keeper.close)
        raise
    keeper.start()
    return replace(core, keeper=keeper)


async def open_ledger(settings: LedgerSettings, ring: KeyRing, clock: Clock, metrics: Metrics) -> tuple[Log, Keeper]:
    """
    The first log of the folder that no other process writes, compared with what was witnessed of it; and what keeps
    it, not started yet. Raises SetupError.
    """
    keys = ring.published.values()
    witnesses = app_keep.witnesses(settings, keys, clock)
    lease = take_slot(settings.folder, settings.origin)
    try:
        witnessed = await app_keep.witnessed(settings, lease.folder, lease.origin, keys, witnesses)
    except BaseException:
        lease.release()
        raise
    ledger = Log.open(
        lease.folder,
        origin=lease.origin,
        lease=lease,
        signer=ring.signer,
        clock=clock,
        limits=settings.limits,
        metrics=metrics,
        witnessed=witnessed,
    )
    try:
        return ledger, app_keep.keeper(settings, ledger, witnesses, clock, metrics)
    except BaseException:
        await ledger.close()
        raise


async def close_abandoned(core: Core, clock: Clock, *, processes: int) -> None:
    """
    Close what logs beyond those of `processes` were left with: one process does it, once the others have theirs or
    while they take them. Metrics of these logs are nobody's.
    """
    section, ring = core.settings.ledger, core.keys
    if section is None or ring is None:
        return
    keys = ring.published.values()
    witnesses = app_keep.witnesses(section, keys, clock)
    async with AsyncExitStack() as closing:
        for witness in witnesses:
            closing.push_async_callback(witness.close)
        await abandoned.close_abandoned(
            section.folder,
            section.origin,
            signer=ring.signer,
            clock=clock,
            metrics=Unheard(),
            witnessed=lambda folder, origin: app_keep.witnessed(section, folder, origin, keys, witnesses),
            least=processes,
        )


def build(
    settings: Settings, *, clock: Clock | None = None, metrics: Metrics | None = None, ledger: Log | None = None
) -> Core:
    """
    Everything, wired, around a ledger that is open; without one nothing that is answered is recorded.

    Raises SetupError naming what is wrong; contacts nobody.

    Whoever is counted is known by pseudonyms: without keys, by those of this process alone.
    """
    clock = clock or SystemClock()
    metrics = metrics or Metrics()
    ring = key_ring(settings)
    mac = ring.secrets.mac if ring is not None else None
    adapters, contracts = installed_adapters(), installed_contracts()
    tracer = app_tracing.tracing(settings)
    state = app_authentication.state(settings.state, clock, metrics)
    counts = state if state.is_shared else None
    files: list[Reloadable] = []
    catalogue = Catalogue(
        [
            _instance(name, registry, adapters, contracts, clock, metrics, mac, settings, tracer, counts, files)
            for name, registry in settings.registries.items()
        ]
    )
    secrets = ring.secrets if ring is not None else counting_secrets()
    cache = answer_cache(settings, catalogue, secrets, clock, metrics)
    rules = read_rules(settings, catalogue, secrets)
    procedures, catalogue_files = app_papers.kept_procedures(settings, adapters)
    counting = app_authentication.counting(settings.state, state, clock)
    asking = consumers(settings.consumers)
    authenticator = app_authentication.authenticator(settings, asking, state, clock, metrics)
    recorder = Recorder(ledger, ring.signer, ring.secrets, clock) if ledger is not None and ring is not None else None
    lookup = Lookup(
        catalogue=catalogue,
        access=access(settings, rules, counting, secrets, clock),
        clock=clock,
        metrics=metrics,
        new_id=new_id,
        cache=cache,
        ledger=recorder,
        trace=tracer,
    )
    idempotency = Idempotency(
        lookup,
        app_idempotency.repeats(settings, state, secrets, clock, metrics),
        ledger=recorder,
        clock=clock,
        metrics=metrics,
        write=answer_body,
    )
    return Core(
        settings,
        lookup,
        catalogue,
        metrics,
        asking,
        rules,
        state,
        authenticator,
        idempotency,
        procedures,
        Reloader([*rules.parts(), *catalogue_files, *files], clock=clock, metrics=metrics, record=recording(ledger)),
        Outages(metrics, clock),
        ring,
        ledger,
        cache=cache,
        tracing=tracer,
        remembering=app_impact.remembering(settings, ring.secrets if ring is not None else None, metrics),
    )


def key_ring(settings: Settings) -> KeyRing | None:
    """The keys that settings name, read now; None where they name none. Raises SettingsError naming the file."""
    if settings.keys is None:
        return None
    return KeyRing.load(settings.keys.signing_key_file, settings.keys.also_published, settings.keys.secret_files)


def _planner(core: Core, clock: Clock) -> Planner:
    first_s = core.settings.procedures.first_s
    return Planner(core.lookup, core.procedures, clock, core.metrics, core.remembering, first_s=first_s)


def front_door(core: Core, clock: Clock) -> web.Application:
    """The web application of a core."""
    web_settings = core.settings.web
    office = _tickets(core, clock)
    places.packaged()  # read now: nobody's question should wait for it
    application = server.api(
        lookup=core.lookup,
        authenticator=core.authenticator,
        idempotency=core.idempotency,
        metrics=core.metrics,
        clock=clock,
        limits=Limits(
            header_timeout_s=web_settings.header_timeout_s,
            body_timeout_s=web_settings.body_timeout_s,
            body_bytes=web_settings.body_limit_bytes,
            connections=for_callers(web_settings.connections),
            questions=web_settings.questions,
            set_lookups=web_settings.set_lookups,
            end_with_caller=web_settings.caller_gone == "cancel",
        ),
        unready=lambda: core.unready,
        unavailable=lambda: core.outages.parts,
        methods=tuple(app_authentication.methods(core.settings)) or ONLY_KEYS,
        show_docs=web_settings.docs,
        parts=parts(core, clock, office),
        tracing=core.tracing,
        planner=_planner(core, clock),
        tickets=office.opening if office is not None else None,
    )
    keys.add_routes(application, core.keys)
    return application


def _records_door(core: Core, clock: Clock) -> RecordsDoor:
    return RecordsDoor(
        authenticate=core.authenticator.consumer_of,
        require=core.lookup.access.require,
        refuse=core.lookup.refuse,
        clock=clock,
    )


def parts(core: Core, clock: Clock, office: app_tickets.TicketsOffice | None = None) -> list[Part]:
    """What joins the front door beside the API itself; `office` is that of the front door, where it has one already."""
    joined: list[Part] = [ProceduresPart(core.procedures, core.catalogue, core.authenticator.consumer_of)]
    door = _records_door(core, clock)
    if core.remembering is not None:
        joined.append(Receipts(door, core.remembering, core.procedures, core.metrics))
        joined.append(ImpactPart(door, core.remembering, core.procedures))
        if core.keys is not None:
            boxes = core.keys.secrets.boxes(b"corrections")
            joined.append(CorrectionsPart(door, core.remembering, core.procedures, boxes, core.metrics, new_id))
    office = office or _tickets(core, clock)
    if office is not None:
        joined.append(office.part)
    batches = batches_part(
        core.settings.batches,
        core.keys.secrets if core.keys is not None else None,
        lookup=core.lookup,
        consumers=core.consumers,
        door=door,
        metrics=core.metrics,
        clock=clock,
        outages=core.outages,
    )
    if batches is not None:
        joined.append(batches)
    if core.keys is None:
        return joined
    part = index_part(
        core.settings,
        lookup=core.lookup,
        secrets=core.keys.secrets,
        ledger=core.ledger,
        authenticate=core.authenticator.consumer_of,
        metrics=core.metrics,
        clock=clock,
        outages=core.outages,
    )
    if part is None or core.settings.ledger is None:
        return joined
    proofs = Proofs(
        core.settings.ledger.folder,
        authenticate=core.authenticator.consumer_of,
        require=core.lookup.access.require,
        refuse=core.lookup.refuse,
        clock=clock,
    )
    return [*joined, part, proofs]


def _tickets(core: Core, clock: Clock) -> app_tickets.TicketsOffice | None:
    return app_tickets.tickets(
        core.settings,
        planner=_planner(core, clock),
        lookup=core.lookup,
        door=_records_door(core, clock),
        consumers=core.consumers,
        ring=core.keys,
        new_id=new_id,
        clock=clock,
        metrics=core.metrics,
        outages=core.outages,
    )


@cache
def installed_adapters() -> Mapping[str, Adapter]:
    """Every adapter of an installed package, read once. Raises ContractError naming the entry point at fault."""
    found: dict[str, Adapter] = {}
    for point in entry_points(group="gateway.adapters"):
        try:
            adapter = point.load()
        except (ImportError, AttributeError) as exc:
            raise ContractError(f"entry point gateway.adapters {point.name} = {point.value}: {exc}") from exc
        if not isinstance(adapter, Adapter):
            raise ContractError(f"entry point gateway.adapters {point.name} = {point.value}: is no Adapter")
        if adapter.registry in found:
            raise ContractError(f"two installed adapters call themselves {adapter.registry!r}")
        found[adapter.registry] = adapter
    return MappingProxyType(found)


def consumers(sections: Mapping[str, ConsumerSettings]) -> dict[str, Consumer]:
    """Consumers by name."""
    return {
        name: Consumer(
            name=name,
            questions_per_minute=section.questions_per_minute,
            weight=section.weight,
            batch=section.batch,
        )
        for name, section in sections.items()
    }


def options_for(adapter: Adapter, contract: str, values: Mapping[str, Any], *, place: str) -> Options:
    """The adapter's options from settings. Raises SettingsError naming each key at fault or missing."""
    try:
        options = adapter.options.model_validate(dict(values))
    except ValidationError as exc:
        known = adapter.options.model_fields
        lines = [f"{place}.{'.'.join(map(str, error['loc']))}: {_said(error, known)}" for error in exc.errors()]
        raise SettingsError("\n".join(lines)) from None
    needed = sorted(adapter.needed_options.get(contract, ()))
    missing = [name for name in needed if getattr(options, name) is None]
    if missing:
        lines = [f"{place}.{name}: missing: {adapter.registry}@{contract} cannot ask without it" for name in missing]
        raise SettingsError("\n".join(lines))
    return options


def _said(error: ErrorDetails, known: Collection[str]) -> str:
    if error["type"] != "extra_forbidden":
        return error["msg"]
    near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
    return "unknown option" + (f"; did you mean {near[0]!r}?" if near else "")


def _instance(
    name: str,
    registry: RegistrySettings,
    adapters: Mapping[str, Adapter],
    contracts: Mapping[str, Contract],
    clock: Clock,
    metrics: Metrics,
    mac: Callable[[bytes], str] | None,
    settings: Settings,
    tracer: Tracing | None,
    counts: State | None,
    files: list[Reloadable],
) -> Instance:
    place = f"registries.{name}"
    adapter = adapters.get(registry.adapter)
    if adapter is None:
        raise SettingsError(f"{place}.adapter: {registry.adapter!r} is not installed; there are {', '.join(adapters)}")
    contract = registry.contract or adapter.default_contract
    if contract not in adapter.contracts:
        raise SettingsError(f"{place}.contract: {adapter.registry} knows {', '.join(adapter.contracts)}")
    described = contracts.get(adapter.registry)
    if described is None:
        raise ContractError(f"{adapter.registry}: no contract is installed (entry point group gateway.contracts)")
    offered = adapter.offered(contract)
    missing = [dataset.noun for dataset in offered if dataset.noun not in described.datasets]
    if missing:
        raise ContractError(f"{adapter.registry}: the contract does not describe {', '.join(missing)}")
    if registry.endpoint is not None:
        require_secrets(registry.credentials, adapter.secrets.get(contract, ()), place=f"{place}.credentials")
    basis = {dataset.noun: described.datasets[dataset.noun].basis_in(contract) for dataset in offered}
    found = ways(name, registry, adapter.signatures.get(contract), clock, metrics)
    if found.files is not None:
        files.append(found.files)
    routes = [(route, app_tracing.transport(way, name, settings, tracer)) for route, way in found.routes]
    channel = Channel(
        registry=name,
        adapter=adapter.registry,
        contract=contract,
        basis=basis.__getitem__,
        route=registry.route,
        options=options_for(adapter, contract, registry.options, place=f"{place}.options"),
        transport=routes[0][1],
        policy=Policy(
            deadline_s=registry.deadline_s,
            attempts=registry.attempts,
            in_flight=registry.in_flight,
            in_flight_floor=registry.in_flight_floor,
            waiting=registry.waiting,
            retry_share=registry.retry_share,
            retry_burst=registry.retry_burst,
            hedge=registry.hedge,
            quota=QuotaPolicy(**registry.quota.model_dump()),
            breaker=BreakerPolicy(**registry.breaker.model_dump()),
        ),
        clock=clock,
        new_id=new_id,
        observer=app_tracing.observer(metrics, tracer),
        mac=mac,
        more_routes=routes[1:],
        counts=counts,
        sharers=settings.state.sharers,
    )
    return Instance(
        name=name,
        adapter=adapter,
        channel=channel,
        connected=registry.endpoint is not None,
        route=registry.route,
        basis=basis,
        officers=registry.officers,
        freshness=freshness(settings.cache, registry, offered, place=place),
        card=quality_card(described),
    )
