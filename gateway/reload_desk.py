"""
Between `gateway reload` and the gateway that runs: a folder with who asks, and with what came of it.

    pid           of the process that is to be told; locked as long as it lives
    request.json  id, by and, where it is signed, token: a compact JWS over the request
    result.json   id of that request, and what became of each part
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from gateway.crypto import PublicKey, Signer
from gateway.errors import ApprovalError, SettingsError
from gateway.ledger import approving
from gateway.reloading import SIGNAL, Ended, Who

__all__ = ["Desk", "Request"]

_TYPE = "reload-request+jws"
_FRESH = timedelta(minutes=5)
_MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """That somebody wants the files of one installation read again, now."""

    id: str
    by: str
    at: datetime
    ledger: str

    def canonical(self) -> bytes:
        """The request as it is signed: JSON with sorted keys and no spaces."""
        at = self.at.astimezone(UTC).isoformat(timespec="seconds")
        said = {"act": "reload", "at": at, "by": self.by, "id": self.id, "ledger": self.ledger}
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


class Desk:
    """The folder, seen from either side."""

    def __init__(self, folder: Path, ledger: str, approvers: Mapping[str, PublicKey]) -> None:
        self._folder = folder
        self._ledger = ledger
        self._approvers = approvers

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the process that is told. Raises SettingsError where another one is, or the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            fd = os.open(self._folder / "pid", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as exc:
            raise SettingsError(f"reload.folder {self._folder}: {exc.strerror}") from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._forget_request()
            os.ftruncate(fd, 0)
            os.write(fd, str(os.getpid()).encode())
            yield
        except BlockingIOError:
            raise SettingsError(f"reload.folder {self._folder}: another gateway has it; give each its own") from None
        finally:
            os.close(fd)

    def _forget_request(self) -> None:
        """What was asked of a process that is gone was answered by this start."""
        try:
            (self._folder / "request.json").unlink(missing_ok=True)
        except OSError as exc:
            raise SettingsError(f"reload.folder {self._folder}: request.json: {exc.strerror}") from None

    def holder(self) -> int:
        """The process to tell. Raises SettingsError where none runs."""
        try:
            fd = os.open(self._folder / "pid", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as exc:
            raise SettingsError(f"reload.folder {self._folder}: no gateway runs: {exc.strerror}") from None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            said = os.read(fd, 20)
        else:
            raise SettingsError(f"reload.folder {self._folder}: no gateway runs")
        finally:
            os.close(fd)
        # Not any number may be told: 0 and those below name groups, or everybody. 1 is the gateway of a container.
        if not said.isdigit() or int(said) == 0:
            raise SettingsError(f"reload.folder {self._folder}: pid names no process; ask again")
        return int(said)

    def ask(self, request: Request, signer: Signer | None) -> None:
        """Put a request down; the signal is sent by whoever asks."""
        said = {"id": request.id, "by": request.by, "at": request.at}
        if signer is not None:
            said["token"] = approving.signed(request.canonical(), _TYPE, signer)
        self._write("request.json", said)

    def taken(self, now: datetime) -> tuple[Who, str | None]:
        """
        Who asks, and the id of the request; a bare signal where nobody has put one down. A request is taken once.
        Raises ApprovalError for one that is older than five minutes, or signed by nobody who may.
        """
        file = self._folder / "request.json"
        try:
            fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(fd, "rb") as opened:
                content = opened.read(_MOST_BYTES)
            file.unlink()
        except OSError:
            return SIGNAL, None
        try:
            said = orjson.loads(content)
            request = Request(
                id=str(said["id"])[:64],
                by=str(said["by"])[:100],
                at=datetime.fromisoformat(said["at"]),
                ledger=self._ledger,
            )
            is_fresh = abs(now - request.at) <= _FRESH
        except (ValueError, KeyError, TypeError):
            raise ApprovalError("the request for a reload cannot be read") from None
        if not is_fresh:
            raise ApprovalError("the request for a reload is older than five minutes")
        if "token" not in said:
            return Who(request.by, "command"), request.id
        name = approving.signed_by(request.canonical(), _TYPE, str(said["token"]), self._approvers)
        return Who(name, "signature"), request.id

    def tell(self, request_id: str, ended: Iterable[Ended]) -> None:
        """Say what came of a request."""
        self._write("result.json", {"id": request_id, "parts": [asdict(one) for one in ended]})

    def told(self, request_id: str) -> list[Mapping[str, Any]] | None:
        """What came of a request; None as long as nothing did."""
        try:
            said = orjson.loads((self._folder / "result.json").read_bytes())
        except (OSError, ValueError):
            return None
        return list(said["parts"]) if said.get("id") == request_id else None

    def _write(self, name: str, said: Mapping[str, Any]) -> None:
        """Root may ask in a folder of the gateway's user: what lies there already is never written through."""
        new = self._folder / f"{name}.new"
        try:
            new.unlink(missing_ok=True)
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            with os.fdopen(fd, "wb") as opened:
                os.fchmod(fd, 0o644)
                opened.write(orjson.dumps(said))
            new.replace(self._folder / name)
        except OSError as exc:
            raise SettingsError(f"reload.folder {self._folder}: {exc.strerror}") from None
