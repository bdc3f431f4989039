"""Instances that share their tickets and batches in PostgreSQL, each with a folder and a ledger of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import orjson

from gateway.ledger.reading import LogReader
from tests.ticketing import tickets_file

__all__ = ["instances", "records_in"]

RIGHTS = '\n[rights]\nbatches = ["one-stop"]\n'


def instances(
    folder: Path, mocks_url: str, database: str, *, count: int = 2, tickets: str = "", more: str = ""
) -> list[Path]:
    """Settings files with the same keys; `tickets` adds lines to that section, `more` whole sections."""
    first = folder / "0"
    first.mkdir()
    file = tickets_file(first, mocks_url, tickets=tickets, more=more)
    text = file.read_text().replace('file = "tickets.db"', f'url = "{database}"')
    file.write_text(f'{text}\n[batches]\nurl = "{database}"\nlease_s = 1\nturn_s = 1\n')
    policy = first / "policy.toml"
    policy.write_text(policy.read_text() + RIGHTS)
    for number in range(1, count):
        shutil.copytree(first, folder / str(number))
        other = folder / str(number) / file.name
        other.write_text(text_of(other).replace('"gateway.test/ledger"', f'"gateway.test/ledger-{number}"'))
    return [folder / str(number) / file.name for number in range(count)]


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def records_in(folder: Path) -> list[dict[str, Any]]:
    """The records of all logs below a folder."""
    slots = sorted(slot for slot in folder.glob("**/ledger/*") if slot.name.isdigit())
    return [
        orjson.loads(one.record) for slot in slots for one in LogReader(slot).entries(flushed_only=False) if one.record
    ]
