"""
The gateway with one piece taken out, for measuring alone: `python -m bench.pieces.without access --settings FILE`.

Each piece is replaced where the gateway takes it from outside (a port, an argument of a constructor), by one that does
nothing, or that is asked once and gives the same ever after. Whatever has a setting is switched off by its setting
instead, and `nothing` takes nothing out: it says what this program differs from the gateway's own by.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import uvloop

from gateway import app, telemetry
from gateway.clock import SystemClock
from gateway.crypto import Signer
from gateway.lookup.catalogue import Catalogue
from gateway.lookup.pipeline import Lookup
from gateway.lookup.recorder import Recorder
from gateway.serve import told_to_stop
from gateway.settings import Settings, load
from gateway.telemetry import Metrics
from gateway.web import server

__all__ = ["PIECES"]

_SIGNATURE_BYTES = 64


class Remembered:
    """Something of which one method is asked once and gives the same ever after; for all else it is as it was."""

    def __init__(self, whole: Any, method: str) -> None:
        self._whole = whole
        self._first: Any = None
        setattr(self, method, self._once(getattr(whole, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def _once(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        async def once(*arguments: Any, **named: Any) -> Any:
            if self._first is None:
                self._first = await ask(*arguments, **named)
            return self._first

        return once


class Unsigning:
    """A signer that signs nothing. What it gives is as long as a signature, and none."""

    def __init__(self, signer: Signer) -> None:
        self.alg, self.kid, self.public_key = signer.alg, signer.kid, signer.public_key

    def sign(self, _: bytes) -> bytes:
        return bytes(_SIGNATURE_BYTES)


class Nothing:
    """Takes whatever it is told, and gives itself."""

    def __getattr__(self, _: str) -> Nothing:
        return self

    def __call__(self, *_: Any, **__: Any) -> Nothing:
        return self


def _authentication(core: app.Core) -> app.Core:
    return replace(core, authenticator=cast(Any, Remembered(core.authenticator, "consumer_of")))


def _access(core: app.Core) -> app.Core:
    return replace(core, lookup=_lookup(core, access=Remembered(core.lookup.access, "grant")))


def _registry(core: app.Core) -> app.Core:
    instances = [replace(one, channel=cast(Any, Remembered(one.channel, "ask"))) for one in _instances(core)]
    return replace(core, lookup=_lookup(core, catalogue=Catalogue(instances)))


def _signature(core: app.Core) -> app.Core:
    return replace(core, lookup=_lookup(core, signs=False))


def _pipeline(core: app.Core) -> app.Core:
    return replace(core, lookup=cast(Any, Remembered(core.lookup, "ask")))


def _nothing(core: app.Core) -> app.Core:
    return core


PIECES: Mapping[str, Callable[[app.Core], app.Core]] = {
    "nothing": _nothing,
    "metrics": _nothing,  # taken out before the core is there
    "authentication": _authentication,
    "access": _access,
    "signature": _signature,
    "registry": _registry,
    "pipeline": _pipeline,
}


def _instances(core: app.Core) -> list[Any]:
    return list(core.catalogue.instances.values())


def _lookup(core: app.Core, *, signs: bool = True, **other: Any) -> Lookup:
    """The pipeline anew, with other parts than it has."""
    parts: dict[str, Any] = {"catalogue": core.catalogue, "access": core.lookup.access} | other
    ledger = None
    if core.ledger is not None and core.keys is not None:
        signer = core.keys.signer if signs else Unsigning(core.keys.signer)
        ledger = Recorder(core.ledger, signer, core.keys.secrets, SystemClock())
    return Lookup(**parts, clock=SystemClock(), metrics=core.metrics, new_id=app.new_id, ledger=ledger)


async def _serve(settings: Settings, piece: str) -> None:
    metrics = cast(Metrics, Nothing()) if piece == "metrics" else Metrics()
    core = PIECES[piece](await app.opened(settings, metrics=metrics))
    try:
        front = await server.listen(app.front_door(core, SystemClock()), settings.web.host, settings.web.port)
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 50)  # as the gateway itself
        await told_to_stop()
        await front.stop()
    finally:
        await core.close()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m bench.pieces.without")
    parser.add_argument("piece", choices=tuple(PIECES))
    parser.add_argument("--settings", type=Path, required=True)
    options = parser.parse_args()
    settings = load(options.settings)
    telemetry.configure_logs(settings.log.level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, options.piece))


if __name__ == "__main__":
    main()
