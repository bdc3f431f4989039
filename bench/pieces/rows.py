"""The REST lookup with each piece taken out in turn. Ratios are taken to the whole one of the same round."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.asking import FIRM_FOUND, LOOKUP_FIRM
from bench.row import Row
from bench.stage import Server, Stage

__all__ = ["PIECES"]

_IN_MEMORY = Path("/dev/shm")


def _row(name: str, title: str, settings: Mapping[str, str] | None = None) -> Row:
    def start(stage: Stage) -> Server:
        return stage.gateway(settings=settings) if settings else stage.gateway(without=name)

    return Row(
        name=f"without-{name}",
        title=f"(k) {title}",
        start=start,
        ask=LOOKUP_FIRM,
        right=FIRM_FOUND,
        against="rest",
        quick=False,
    )


def _flushless(stage: Stage) -> Server:
    folder = stage.keep(tempfile.TemporaryDirectory(prefix="bench-", dir=_IN_MEMORY))
    return stage.gateway(settings={"ledger.folder": f"{folder}/ledger"})


PIECES = (
    _row("nothing", "nothing taken out, another program: the noise"),
    _row("log", "without the log line (`log.level = error`)", {"log.level": "error"}),
    _row("metrics", "without metrics"),
    Row(
        name="without-flush",
        title="(k) without flushes: ledger and index in memory",
        start=_flushless,
        ask=LOOKUP_FIRM,
        right=FIRM_FOUND,
        against="rest",
        missing=lambda: None if os.access(_IN_MEMORY, os.W_OK) else f"no file system in memory at {_IN_MEMORY}",
        quick=False,
    ),
    _row("signature", "without the signature over the evidence"),
    _row("authentication", "without authentication: the first caller stays"),
    _row("access", "without rights and limits: the first grant stays"),
    _row("registry", "without channel, adapter and network: the first answer stays"),
    _row("pipeline", "the front door alone: the first result stays"),
)
