"""
The witnesses of a log, as the log's side sees them: one in a folder, used in this process, and one over HTTP.

A folder on another disk or machine keeps a copy of the log's past where a backup of this machine does not reach; a
witness over HTTP is somebody else's, with a key that nobody here has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gateway.domain.exchange import Request, Response
from gateway.errors import KeepingError, RegistryError, WitnessConflict, WitnessRefused, WitnessUnreachable
from gateway.ledger import notes
from gateway.ledger.aside import Aside
from gateway.ledger.notes import Checkpoint, LogKey, WitnessKey
from gateway.ledger.submission import MEDIA_TYPE, SIZE_MEDIA_TYPE, Submission
from gateway.ledger.witness import Witness, log_id
from gateway.transport.base import Transport

__all__ = ["Asked", "FolderWitness", "HttpWitness", "Provable", "WitnessPort", "ask", "last_witnessed"]

_TRIES = 3
Result = TypeVar("Result")


class WitnessPort(Protocol):
    """
    One witness. `name` is that of the settings, `key` the one its cosignatures must be of.

    Every call raises WitnessUnreachable where there is no answer.
    """

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> WitnessKey: ...

    async def add(self, submission: Submission) -> str:
        """Its signature lines for a checkpoint, unverified. Raises WitnessRefused and WitnessConflict."""

    async def latest(self, origin: str) -> str | None:
        """The latest checkpoint that it cosigned for the log, unverified; None where it has none."""

    async def close(self) -> None:
        """Let go of it."""


class Provable(Protocol):
    """What a log must be able to say to its witnesses."""

    @property
    def origin(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def checkpoint(self) -> str: ...

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """That the tree of size `new` begins with that of size `old`."""


class FolderWitness:
    """A witness whose folder this process can reach."""

    def __init__(self, name: str, witness: Witness, *, timeout_s: float = 10.0) -> None:
        self.name = name
        self.key = witness.key
        self._witness = witness
        self._timeout_s = timeout_s
        self._aside = Aside("ledger-witness")

    async def add(self, submission: Submission) -> str:
        return await self._done(lambda: self._witness.add(submission.encoded()))

    async def latest(self, origin: str) -> str | None:
        return await self._done(lambda: self._witness.latest(origin))

    async def close(self) -> None:
        self._aside.close()

    async def _done(self, job: Callable[[], Result]) -> Result:
        try:
            return await self._aside.do(job, self._timeout_s)
        except TimeoutError:  # which is an OSError
            raise WitnessUnreachable(f"the witness's folder: nothing within {self._timeout_s:g} s") from None
        except OSError as exc:
            raise WitnessUnreachable(f"the witness's folder: {exc.strerror}") from exc


class HttpWitness:
    """A witness of C2SP tlog-witness. `latest` is an addition of ours, which others may not have: None then."""

    def __init__(self, name: str, key: WitnessKey, transport: Transport, *, timeout_s: float = 10.0) -> None:
        self.name = name
        self.key = key
        self._transport = transport
        self._timeout_s = timeout_s

    async def add(self, submission: Submission) -> str:
        request = Request(
            operation="add-checkpoint",
            path=("add-checkpoint",),
            media_type=MEDIA_TYPE,
            body=(submission.encoded(),),
        )
        response = await self._sent(request)
        if response.status == 200:
            return _text(response)
        if response.status == 409 and response.media_type == SIZE_MEDIA_TYPE:
            raise WitnessConflict(_size(response), "the witness has cosigned another size")
        if response.status in {400, 403, 404, 422}:
            raise WitnessRefused(response.status, f"the witness refused with status {response.status}")
        raise WitnessUnreachable(f"the witness answered with status {response.status}")

    async def latest(self, origin: str) -> str | None:
        path = ("logs", log_id(origin), "checkpoint")
        response = await self._sent(Request(operation="checkpoint", method="GET", path=path))
        if response.status == 404:
            return None
        if response.status != 200:
            raise WitnessUnreachable(f"the witness answered with status {response.status}")
        return _text(response)

    async def close(self) -> None:
        await self._transport.close()

    async def _sent(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._transport.send(request)
        except TimeoutError:
            raise WitnessUnreachable(f"no answer within {self._timeout_s:g} s") from None
        except RegistryError as exc:
            raise WitnessUnreachable(str(exc)) from None


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: the checkpoint's size, and the witness's signature lines, verified."""

    size: int
    lines: str


async def ask(witness: WitnessPort, log: Provable, *, known: int) -> Asked:
    """
    Ask a witness to cosign the log's latest checkpoint. `known` is the size that it is believed to have.

    Raises WitnessConflict where what the witness has is not a beginning of this log: it was cut or rewritten.
    WitnessRefused and WitnessUnreachable leave that open.
    """
    note = log.checkpoint
    size = notes.checkpoint_from(notes.split(note)[0]).size
    old = min(known, size)
    for _ in range(_TRIES):
        submission = Submission(old, tuple(log.consistency_proof(old, size)), note)
        try:
            lines = await witness.add(submission)
        except WitnessConflict as conflict:
            if conflict.size > log.size or conflict.size == old:
                raise
            if conflict.size > size:  # a checkpoint of ours that is not the latest any more
                raise WitnessUnreachable("the witness has a later checkpoint of this log") from None
            old = conflict.size
            continue
        except WitnessRefused as refused:
            if refused.status == 422:
                raise WitnessConflict(old, "no proof leads from what the witness has to this log") from None
            raise
        return Asked(size, _verified(note, lines, witness.key))
    raise WitnessUnreachable("the witness names another size each time")


async def last_witnessed(
    witnesses: Sequence[WitnessPort], origin: str, keys: Iterable[LogKey]
) -> tuple[Checkpoint | None, dict[str, KeepingError]]:
    """
    The largest checkpoint of the log that any witness has cosigned, verified with the log's and the witness's keys;
    and of which witness, by name, nothing could be learnt, and why.
    """
    known = tuple(keys)
    answers = await asyncio.gather(*(one.latest(origin) for one in witnesses), return_exceptions=True)
    best: Checkpoint | None = None
    silent: dict[str, KeepingError] = {}
    for witness, answer in zip(witnesses, answers, strict=True):
        if isinstance(answer, KeepingError):
            silent[witness.name] = answer
        elif isinstance(answer, BaseException):
            raise answer
        elif answer is not None:
            try:
                checkpoint = _cosigned(answer, origin, known, witness.key)
            except ValueError as exc:
                silent[witness.name] = WitnessRefused(200, f"what the witness shows does not verify: {exc}")
                continue
            best = checkpoint if best is None or checkpoint.size > best.size else best
    return best, silent


def _cosigned(note: str, origin: str, keys: Iterable[LogKey], witness: WitnessKey) -> Checkpoint:
    checkpoint = notes.opened(note, keys)
    if checkpoint.origin != origin:
        raise ValueError("another log")
    if witness.name not in notes.witnessed_by(note, [witness]):
        raise ValueError("not cosigned by this witness")
    return checkpoint


def _verified(note: str, lines: str, key: WitnessKey) -> str:
    """The witness's own lines. Raises WitnessRefused where it has none that verifies."""
    own = [line for line in lines.splitlines(keepends=True) if line.startswith(f"— {key.name} ")]
    try:
        if key.name in notes.witnessed_by(note + "".join(own), [key]):
            return "".join(own)
    except ValueError:
        pass
    raise WitnessRefused(200, "the witness's signature does not verify")


def _text(response: Response) -> str:
    try:
        return response.body.decode()
    except UnicodeDecodeError:
        raise WitnessUnreachable("the witness's answer is no text") from None


def _size(response: Response) -> int:
    text = response.body.strip()
    if not text.isdigit() or len(text) > 19:
        raise WitnessUnreachable("the witness names no size")
    return int(text)
