"""
What a traced gateway did to its log and to its callers, in order, from the lines that strace wrote.

A power cut can be drawn at any line: what had been flushed by then is on the disk, of what had only been written
any part may be.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import orjson

from gateway.ledger.frames import frames, read_header

__all__ = ["PREFIX", "Flushed", "Sent", "Written", "after_a_cut", "can_trace", "events", "placed"]

PREFIX = ("strace", "-f", "-q", "-y", "-s", "700", "-e", "trace=pwrite64,pwritev,write,writev,fdatasync,sendto,sendmsg")
_CALL = re.compile(r"^(?:\[pid +)?(\d+)\]? +(\w+)\((\d+)<([^>]*)>(.*)$")
_RESUMED = re.compile(r"^(?:\[pid +)?(\d+)\]? +<\.\.\. (\w+) resumed>(.*)$")
_UNFINISHED = " <unfinished ...>"
_RESULT = re.compile(r"\) += (-?\d+)")
_OFFSET = re.compile(r", (\d+)\) += -?\d+")
_LOOKUP = re.compile(r'\\?"lookup_id\\?":\\?"([0-9a-f-]{36})')


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes that have been handed to the machine, but may not be on the disk."""

    line: int
    file: Path
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """The file as it was at line `began` is on the disk at line `line`."""

    began: int
    line: int
    file: Path


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer of which the first byte has left."""

    line: int
    lookup_id: str


Event = Written | Flushed | Sent


def can_trace() -> bool:
    """Whether a child of ours can be traced here."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-q", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode == 0


def events(trace: Path, folder: Path) -> Iterator[Event]:
    """What happened to files below the folder, and which answers were sent."""
    open_calls: dict[str, tuple[int, str, Path | None, str]] = {}
    ends: dict[Path, int] = {}
    with trace.open(errors="replace") as lines:
        for number, line in enumerate(lines):
            text = line.rstrip("\n")
            if resumed := _RESUMED.match(text):
                began, call, file, head = open_calls.pop(resumed[1], (number, resumed[2], None, ""))
                yield from _ended(began, number, call, file, head + resumed[3], ends)
            elif found := _CALL.match(text):
                process, call, path, rest = found[1], found[2], found[4], found[5]
                inside = path.startswith(str(folder))
                file = Path(path) if inside else None
                if not inside and call != "fdatasync":
                    yield from (Sent(number, lookup_id) for lookup_id in _LOOKUP.findall(rest))
                if text.endswith(_UNFINISHED):
                    open_calls[process] = (number, call, file, rest.removesuffix(_UNFINISHED))
                else:
                    yield from _ended(number, number, call, file, rest, ends)


def _ended(
    began: int, line: int, call: str, file: Path | None, rest: str, ends: dict[Path, int]
) -> Iterator[Written | Flushed]:
    result = _RESULT.search(rest)
    if file is None or result is None or int(result[1]) < 0:
        return
    if call == "fdatasync":
        yield Flushed(began, line, file)
        return
    if call.startswith("pwrite"):
        placed = _OFFSET.findall(rest)
        offset = int(placed[-1])
    else:
        offset = ends.get(file, 0)
    ends[file] = offset + int(result[1])
    yield Written(line, file, offset, int(result[1]))


def placed(log: Path) -> Iterator[tuple[Path, int, int, dict[str, Any]]]:
    """Each record of a log: its file, where its frame begins and ends, and what it says."""
    for file in sorted((log / "segments").glob("*.log")):
        content = file.read_bytes()
        for one in frames(content, read_header(content)[1]):
            yield file, one.offset, one.end, orjson.loads(one.data)


def after_a_cut(happened: list[Event], line: int, folder: Path, copy: Path, random: Random) -> None:
    """
    Segments and checkpoints as the disk may hold them when the power goes at a line: all that was flushed, and any
    torn part of what was only written.
    """
    copy.mkdir(parents=True)
    files = {event.file for event in happened if isinstance(event, Written)}
    for file in sorted(files):
        if file.parent.name != "segments" and file.name != "checkpoints":
            continue  # what is derived from these is made again
        content, kept = file.read_bytes(), bytearray()
        flushed = max(
            (one.began for one in happened if isinstance(one, Flushed) and one.file == file and one.line <= line),
            default=-1,
        )
        for write in (one for one in happened if isinstance(one, Written) and one.file == file and one.line <= line):
            data = content[write.offset : write.offset + write.length]
            if write.line > flushed:
                data = _torn(data, random)
            kept[len(kept) :] = b"\0" * (write.offset - len(kept))
            kept[write.offset : write.offset + len(data)] = data
        if kept:
            target = copy / file.relative_to(folder)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(bytes(kept))


def _torn(data: bytes, random: Random) -> bytes:
    """Any part of a write: cut short, or with holes where pages never reached the disk."""
    kind = random.randrange(4)
    if kind == 0:
        return b""
    if kind == 1:
        return data[: random.randrange(len(data) + 1)]
    if kind == 2:
        page = 512
        return b"".join(
            data[at : at + page] if random.random() < 0.5 else b"\0" * len(data[at : at + page])
            for at in range(0, len(data), page)
        )
    return data
