"""
Who of several workers reads again when, so that all go by the same.

The lead is told first: it tries the files, registries and log-ins included, and takes what is good. Then it passes on
which version of each part it goes by, and has its parent tell the others, which take that content and no other. One
log-in is tried, not one for each worker; and what one worker refuses no other takes.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from gateway.clock import Clock
from gateway.errors import ApprovalError, GatewayError
from gateway.reload_desk import Desk
from gateway.reloading import SIGNAL, Ended, Reloader, Who
from gateway.telemetry import log, where

__all__ = ["Role"]


@dataclass(frozen=True, slots=True)
class Role:
    """
    One process's. `passed_on` is the file from the lead to those that follow, in a folder of this gateway alone; None
    where there is one process.
    """

    desk: Desk | None = None
    passed_on: Path | None = None
    follows: bool = False

    @contextmanager
    def at_its_desk(self) -> Iterator[None]:
        """As long as this lasts, `gateway reload` finds this process. Raises SettingsError."""
        if self.desk is None:
            yield
        else:
            with self.desk.held():
                yield

    async def keep_reloading(
        self, reloader: Reloader, told: asyncio.Event, clock: Clock, done: Callable[[tuple[Ended, ...]], None]
    ) -> None:
        """
        Read again whenever told, until cancelled. `done` is told each time what came of it; a reload that fails for
        a reason nobody thought of, such as a full disk, is no reason to hear no other.
        """
        while True:
            await told.wait()
            told.clear()
            try:
                done(await (self._follow(reloader) if self.follows else self._lead(reloader, clock)))
            except Exception as exc:
                log().error("reload.bug", part="", **where(exc))

    async def _lead(self, reloader: Reloader, clock: Clock) -> tuple[Ended, ...]:
        who, request = SIGNAL, None
        if self.desk is not None:
            try:
                who, request = self.desk.taken(clock.now())
            except ApprovalError as exc:
                log().error("reload.refused", detail=str(exc))
                return ()
        ended = await reloader.reload(who)
        if self.passed_on is not None:
            self._pass_on(self.passed_on, who, ended)
        if self.desk is not None and request is not None:
            try:
                self.desk.tell(request, ended)
            except GatewayError as exc:
                log().error("reload.not_told", detail=str(exc))
        return ended

    @staticmethod
    def _pass_on(file: Path, who: Who, ended: tuple[Ended, ...]) -> None:
        new = file.with_suffix(".new")
        versions = {one.part: one.version for one in ended}
        new.write_bytes(orjson.dumps({"by": who.by, "shown": who.shown, "versions": versions}))
        new.replace(file)
        os.kill(os.getppid(), signal.SIGUSR1)

    async def _follow(self, reloader: Reloader) -> tuple[Ended, ...]:
        if self.passed_on is None:
            raise AssertionError("nobody to follow")
        try:
            said = orjson.loads(self.passed_on.read_bytes())
        except OSError:
            return ()  # a signal that the lead did not send
        return await reloader.reload(Who(said["by"], said["shown"]), only=said["versions"])
