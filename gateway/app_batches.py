"""Batches, from settings: a part that joins the front door."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
from aiohttp import web

from gateway.app_shared import shared
from gateway.batches.desk import Desk, Keeping
from gateway.batches.runner import Runner, Terms
from gateway.batches.shelf import Shelf
from gateway.batches.sql import Shared, SqlRows
from gateway.batches.turn import Writing
from gateway.clock import Clock
from gateway.crypto import Secrets
from gateway.crypto_sealing import Sealer
from gateway.errors import SettingsError
from gateway.lookup.access import Consumer
from gateway.lookup.pipeline import Lookup, LookupResult
from gateway.settings import BatchSettings
from gateway.stores.outages import Outages
from gateway.stores.sql import Store
from gateway.telemetry import Metrics
from gateway.web import problems
from gateway.web.batches import Batches
from gateway.web.handlers import answer_body
from gateway.web.records_door import RecordsDoor
from gateway.web.verifications import verification_view

__all__ = ["batch_database", "batches_part"]

_PURPOSE = b"batches"


def batches_part(
    section: BatchSettings,
    secrets: Secrets | None,
    *,
    lookup: Lookup,
    consumers: Mapping[str, Consumer],
    door: RecordsDoor,
    metrics: Metrics,
    clock: Clock,
    outages: Outages,
) -> Batches | None:
    """Batches where settings keep them; None where they name no place. Contacts nobody. Raises SettingsError."""
    if section.file is None and section.url is None:
        return None
    if secrets is None:
        raise SettingsError("batches: what is kept of them is sealed, which wants the section [keys]")
    sealer = Sealer(secrets.keys_for(_PURPOSE))
    shelf = Shelf(_rows(section, sealer), sealer, outages)
    keeping = Keeping(
        items=section.items,
        unfinished=section.unfinished,
        keep_s=section.keep_s,
        keep_fetched_s=section.keep_fetched_s,
    )
    terms = Terms(
        at_once=section.at_once,
        rate_share=section.rate_share,
        tries=section.tries,
        turn_s=section.turn_s,
        lease_s=section.lease_s,
        give_up_s=section.give_up_s,
        keep_s=section.keep_s,
        body_timeout_s=section.body_timeout_s,
    )

    def runner(beside: Callable[[], int]) -> Runner:
        return Runner(
            shelf, lookup, consumers, terms, beside=beside, clock=clock, metrics=metrics, writing=_writing(clock)
        )

    box = secrets.box(_PURPOSE)
    desk = Desk(shelf, lookup, keeping, box=box, clock=clock)
    return Batches(
        desk,
        shelf,
        runner,
        door=door,
        clock=clock,
        body_bytes=section.body_limit_bytes,
        body_timeout_s=section.body_timeout_s,
    )


def batch_database(section: BatchSettings) -> Store:
    """The database that the instances share. Contacts nobody. Raises SettingsError."""
    return shared(section.url or "", section.password_file, "batches", connections=2)


def _rows(section: BatchSettings, sealer: Sealer) -> SqlRows:
    if section.file is None:
        given_up = round(section.give_up_s * 1_000_000)
        return SqlRows(batch_database(section), Shared(readable=sealer.begins, given_up=given_up))
    section.file.parent.mkdir(parents=True, exist_ok=True)
    return SqlRows(Store.open(f"sqlite:{section.file}", erases=True))


def _writing(clock: Clock) -> Writing:
    return Writing(
        lookup=answer_body,
        verification=_verification,
        unknown=lambda lookup_id, outcome: _body(problems.for_unknown(lookup_id, outcome, clock)),
        refused=lambda lookup_id, refusal: _body(problems.for_refusal(lookup_id, refusal, clock)),
        bug=lambda lookup_id: _body(problems.for_bug(lookup_id)),
    )


def _verification(result: LookupResult) -> bytes:
    return orjson.dumps(verification_view(result), option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def _body(response: web.Response) -> bytes:
    if not isinstance(response.body, bytes):
        raise TypeError("a problem document is whole")
    return response.body
