"""docs/backup.md: its commands, and what the witness says to a backup that is put back."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess

import pytest

from gateway import app, settings
from gateway.clock import SystemClock
from gateway.errors import GatewayError
from gateway.telemetry import Metrics
from tests.test_docs import page
from tests.test_ledger_keep_commands import Desk, desk

__all__ = ["desk"]


def followed(desk: Desk, heading: str) -> None:
    """The commands under a heading, one after the other, in the operator's folder."""
    (block,) = re.findall(rf"^## {heading}\n.*?^```sh\n(.*?)^```$", page("docs/backup.md"), re.MULTILINE | re.DOTALL)
    for line in block.splitlines():
        program, *words = shlex.split(line)
        if program == "gateway":
            typed = [str(desk.folder / word) if (desk.folder / word).exists() else word for word in words]
            done = desk.type("ledger", *typed[1:])
            assert done.exit_code == 0, done.output
        else:
            subprocess.run([program, *words], cwd=desk.folder, check=True)


async def answered(desk: Desk) -> tuple[str, int]:
    """One start of the gateway, with one record that its witness sees; the log and its size afterwards."""
    core = await app.opened(settings.load(desk.folder / "gateway.toml"), clock=SystemClock(), metrics=Metrics())
    assert core.ledger is not None
    place = core.ledger.append({"type": "refused"})
    await place.durable(5.0)
    await core.close()
    return core.ledger.origin, place.index + 1


def test_a_backup_of_all_that_was_witnessed_goes_on(desk: Desk) -> None:
    """Kept at a stop and put back before anything else was answered: the witness accepts it, and the log goes on."""
    origin, size = asyncio.run(answered(desk))
    followed(desk, "Keep it")
    followed(desk, "Put it back")

    assert asyncio.run(answered(desk)) == (origin, size + 1)


def test_an_older_backup_is_refused(desk: Desk) -> None:
    """Something was answered after the backup: put back, it verifies, and the gateway does not start with it."""
    asyncio.run(answered(desk))
    followed(desk, "Keep it")
    asyncio.run(answered(desk))
    followed(desk, "Put it back")

    with pytest.raises(GatewayError, match="wit"):
        asyncio.run(answered(desk))
