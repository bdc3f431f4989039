"""
The gateway in a process of its own, which logs all it can: `python -m tests.canaries.gateway FOLDER URL`.

Everything is written below FOLDER. Ends when standard input does; before that it prints what is alive in memory.

    logs/      the gateway's own log and every library's, at DEBUG
    repr/      what each living object of the gateway says of itself, in the middle of questions too
    opened     each file that was opened for writing, by anybody
"""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway import telemetry
from gateway.commands.keys import Algorithm, make
from gateway.settings import Settings
from gateway.settings_keys import KeysSettings
from gateway.settings_ledger import LedgerSettings
from gateway.settings_papers import ProceduresSettings
from tests.conftest import open_desk, settings_for
from tests.policies import granting

__all__ = ["BUG_AGE_S", "settings"]

PUBLISHED = Path(__file__).parents[2] / "demo" / "procedures"
BUG_AGE_S = 77
"""A question that would take an answer of this age meets a bug, whose text quotes the question."""


def settings(folder: Path, stand_ins: str) -> Settings:
    """
    The two registries, each also with a deadline too short for silence (`dancu-hasty`), every dataset granted.

    All that is trusted lies below the folder: keys, and the ledger in `ledger/`. An index belongs in `index/`: there
    too an account and a case may stand, and nothing else.
    """
    make(folder / "keys", Algorithm.ES256)
    keys = KeysSettings(
        signing_key_file=folder / "keys" / "signing-key.pem", secret_files=(folder / "keys" / "secret",)
    )
    # So many faults would close the registries: then nothing more would be asked, and nothing more could leak.
    patient = {"deadline_s": 30, "breaker": {"in_a_row": 10**6, "minimum": 10**6, "throttles": 10**6}}
    loud = settings_for(stand_ins, dancu=patient, dkdn=patient)
    hasty = {
        f"{name}-hasty": registry.model_copy(update={"deadline_s": 0.3}) for name, registry in loud.registries.items()
    }
    registries = {**loud.registries, **hasty}
    nouns = {"dancu": ("citizen", "household", "verification"), "dkdn": ("enterprise",)}
    datasets = tuple(f"{name}.{noun}" for name, one in registries.items() for noun in nouns[one.adapter])
    one_stop = loud.consumers["one-stop"].model_copy(update={"questions_per_minute": 100_000})
    ledger = LedgerSettings(folder=folder / "ledger", origin="canaries.test/ledger")
    parts = {"consumers": {"one-stop": one_stop}, "registries": registries, "keys": keys, "ledger": ledger}
    parts["procedures"] = ProceduresSettings(folder=PUBLISHED)
    return granting(loud.model_copy(update=parts), *datasets)


class Careless:
    """
    Stands in front of the cache: sees every question and answer, prints whatever is alive, and fails where it is
    told to, with the question in its text.
    """

    def __init__(self, folder: Path, cache: Any) -> None:
        self._folder = folder
        self._cache = cache
        self._seen = 0

    def wanted(self, asking: Any, max_age_s: int) -> Any:
        self._look()
        if max_age_s == BUG_AGE_S:
            raise RuntimeError(f"{asking.query.model_dump(mode='json')} {asking.inquiry.model_dump(mode='json')}")
        return self._cache.wanted(asking, max_age_s)

    async def ask(self, wanted: Any, until: float, fetch: Any) -> Any:
        try:
            return await self._cache.ask(wanted, until, fetch)
        finally:
            self._look()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def _look(self) -> None:
        self._seen += 1
        if self._seen % 50 == 1:
            say_all(self._folder / f"{self._seen:04}")


def say_all(file: Path) -> None:
    """`repr` and `str` of everything of the gateway that is alive, and of every task and its stack."""
    said: set[str] = set()
    for one in gc.get_objects():
        if str(type(one).__module__).partition(".")[0] == "gateway":
            with suppress(AttributeError):  # one that is being made right now
                said.add(f"{one!r} {one!s}")
    stacks = io.StringIO()
    for task in asyncio.all_tasks():
        task.print_stack(file=stacks)
        said.add(repr(task))
    said.add(stacks.getvalue())
    file.write_text("\n".join(said), encoding="utf-8", errors="backslashreplace")


def log_everything(folder: Path) -> None:
    """Ours at debug into one file, every library's logger at DEBUG into another."""
    telemetry.configure_logs("debug", (folder / "gateway.jsonl").open("wb", buffering=0))
    handler = logging.FileHandler(folder / "libraries.log")
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)r"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for one in logging.root.manager.loggerDict.values():
        if isinstance(one, logging.Logger):
            one.setLevel(logging.DEBUG)
            one.disabled, one.propagate = False, True


def watch_files(file: Path) -> None:
    """From now on the name of each file that is opened for writing is noted."""
    notes = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            mode, flags = str(arguments[1] or ""), int(arguments[2] or 0)
            if set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR):
                os.write(notes, os.fsencode(arguments[0]) + b"\n")
        elif event == "sqlite3.connect":
            os.write(notes, os.fsencode(str(arguments[0])) + b"\n")

    sys.addaudithook(hook)


async def main(folder: Path, stand_ins: str) -> None:
    for name in ("logs", "repr"):
        (folder / name).mkdir()
    watch_files(folder / "opened")
    log_everything(folder / "logs")
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0  # so that the loop, too, logs every callback by its arguments
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True).start()
    async with open_desk(settings(folder, stand_ins)) as desk:
        desk.core.lookup._cache = Careless(folder / "repr", desk.core.lookup._cache)
        sys.stdout.write(json.dumps({"url": desk.url, "metrics": desk.metrics_url}) + "\n")
        sys.stdout.flush()
        await ended.wait()
        say_all(folder / "repr" / "last")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
