"""
A witness: remembers of each log the latest checkpoint that it cosigned, and cosigns another only after a proof that
the log has done nothing but grow. So a log that was cut, rewritten or restored from an old backup cannot go on under
its name, whoever holds its key.

What is remembered is on the disk before the cosignature leaves, and looked up and replaced under one lock, among all
processes that use the folder. Source: C2SP tlog-witness.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.clock import Clock
from gateway.crypto import PublicKey
from gateway.errors import WitnessConflict, WitnessRefused
from gateway.ledger import durable, merkle, notes
from gateway.ledger.notes import Checkpoint, LogKey
from gateway.ledger.submission import Submission
from gateway.ledger.witness_keys import Identity
from gateway.telemetry import log

__all__ = ["KnownLog", "Memory", "Witness", "log_id"]

_ID = re.compile(r"[0-9a-f]{64}")
_MOST_CONTESTED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class KnownLog:
    """
    An installation whose logs are witnessed: every log whose origin is `origin`, or begins with it and a slash, and
    is signed by one of `keys`.
    """

    origin: str
    keys: tuple[PublicKey, ...]

    def covers(self, origin: str) -> bool:
        """Whether a log of that origin is one of its logs."""
        return origin == self.origin or origin.startswith(f"{self.origin}/")


class Memory:
    """What a witness remembers: a folder with the latest cosigned checkpoint of each log, and what was contested."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lock = folder / "lock"

    def latest(self, origin: str) -> str | None:
        """The latest checkpoint cosigned for the log, as a note with the cosignature; None where there is none."""
        return self.latest_by_id(log_id(origin))

    def latest_by_id(self, log: str) -> str | None:
        """The same by the log's id; None for anything that is no id."""
        if not _ID.fullmatch(log):
            return None
        try:
            return (self._folder / f"{log}.checkpoint").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def remember(self, origin: str, note: str) -> None:
        """Replace what is remembered of the log; durable when this returns. Raises OSError."""
        durable.replace(self._file(origin), note.encode())

    def contest(self, origin: str, note: str) -> None:
        """Keep a checkpoint that the log signed and that contradicts what it signed before: it is evidence."""
        file = self._file(origin).with_suffix(".contested")
        if not file.exists() or file.stat().st_size < _MOST_CONTESTED_BYTES:
            durable.append(file, note.encode())

    def contested(self, origin: str) -> list[str]:
        """The checkpoints that were contested."""
        file = self._file(origin).with_suffix(".contested")
        return list(notes.notes_in(file.read_text(encoding="utf-8"))) if file.exists() else []

    def _file(self, origin: str) -> Path:
        return self._folder / f"{log_id(origin)}.checkpoint"


class Witness:
    """
    Cosigns for the logs that it knows. Every method blocks: it reads and flushes files.

    Refusals have the statuses of the specification: 400 malformed or old size above the new one, 404 unknown log,
    403 signed by none of its keys, 422 proof does not hold; a conflict (409) is an error of its own.
    """

    def __init__(self, identity: Identity, logs: Iterable[KnownLog], memory: Memory, clock: Clock) -> None:
        self.key = identity.key
        self._identity = identity
        self._logs = tuple(logs)
        self._memory = memory
        self._clock = clock

    def add(self, body: bytes) -> str:
        """
        The cosignature line for a submission. Raises WitnessRefused and WitnessConflict; OSError where nothing can
        be remembered, and then nothing was cosigned.
        """
        submission = Submission.read(body)
        checkpoint, note = self._opened(submission)
        if submission.old > checkpoint.size:
            raise WitnessRefused(400, "the old size is above the checkpoint's")
        with durable.locked(self._memory.lock):
            self._check(submission, checkpoint)
            cosigned = notes.cosigned(note, self._identity.name, self._identity.seed, self._clock.now())
            self._memory.remember(checkpoint.origin, cosigned)
        return cosigned.removeprefix(note)

    def latest(self, origin: str) -> str | None:
        """The latest checkpoint cosigned for the log, as a note with the cosignature; None where there is none."""
        return self._memory.latest(origin)

    def latest_by_id(self, log: str) -> str | None:
        """The same by the log's id (`log_id`); None for anything else."""
        return self._memory.latest_by_id(log)

    def _opened(self, submission: Submission) -> tuple[Checkpoint, str]:
        """The checkpoint, and its note without the lines of whoever is unknown here."""
        try:
            text, _ = notes.split(submission.checkpoint)
            claimed = notes.checkpoint_from(text)
        except ValueError as exc:
            raise WitnessRefused(400, f"the checkpoint is malformed: {exc}") from None
        known = [one for one in self._logs if one.covers(claimed.origin)]
        if not known:
            raise WitnessRefused(404, "this witness does not know the log")
        keys = [LogKey(claimed.origin, key) for one in known for key in one.keys]
        try:
            opened = notes.opened(submission.checkpoint, keys)
        except ValueError as exc:
            raise WitnessRefused(403, f"the checkpoint is not signed by the log: {exc}") from None
        wanted = {(key.name, key.id) for key in keys}
        lines = [line for line, signature in _signature_lines(submission.checkpoint) if signature in wanted]
        return opened, f"{text}\n{''.join(lines)}"

    def _check(self, submission: Submission, new: Checkpoint) -> None:
        kept = self._memory.latest(new.origin)
        old = notes.checkpoint_from(notes.split(kept)[0]) if kept is not None else None
        size, root = (old.size, old.root) if old is not None else (0, merkle.EMPTY_ROOT)
        if old is not None and _is_a_cut(old, new):
            self._contest(submission, new, size)
            raise WitnessConflict(size, "the log has signed a smaller tree after a larger one")
        if submission.old != size:
            raise WitnessConflict(size, "the old size is not that of the latest cosigned checkpoint")
        if new.size == size and new.root != root:
            self._contest(submission, new, size)
            raise WitnessConflict(size, "the log has signed two trees of one size")
        if not merkle.verify_consistency(size, new.size, submission.proof, root, new.root):
            self._contest(submission, new, size)
            raise WitnessRefused(422, "the proof does not lead from the latest cosigned checkpoint to this one")

    def _contest(self, submission: Submission, new: Checkpoint, size: int) -> None:
        self._memory.contest(new.origin, submission.checkpoint)
        log().error("witness.contested", log=new.origin, size=new.size, cosigned=size)


def log_id(origin: str) -> str:
    """What names a log in files and paths: the SHA-256 of its origin, in hex."""
    return hashlib.sha256(origin.encode()).hexdigest()


def _signature_lines(note: str) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """A sound note's signature lines, each with the name and id of its key."""
    _, signatures = notes.split(note)
    lines = note.rpartition("\n\n")[2].splitlines(keepends=True)
    for line, (name, value) in zip(lines, signatures, strict=True):
        yield line, (name, value[:4])


def _is_a_cut(old: Checkpoint, new: Checkpoint) -> bool:
    """Whether the smaller tree was signed later, as the log itself says; an old checkpoint sent again is none."""
    return new.size < old.size and new.at is not None and old.at is not None and new.at > old.at
