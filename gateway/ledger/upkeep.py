"""
What no answer waits for, on a thread of its own: signed checkpoints, tiles, manifests of sealed segments.

None of it is needed to prove what the log holds except the checkpoints. A key device that hangs, or a disk that is
full, stops this thread and shows in the metrics; records go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gateway.crypto import Signer
from gateway.ledger import recovery
from gateway.ledger.disk import Disk, File
from gateway.ledger.notes import Checkpoint, signed
from gateway.ledger.segments import Manifest, file_digest, manifest_path, segment_path
from gateway.ledger.tiles import Tiles
from gateway.ledger.worker import Worker

__all__ = ["Upkeep"]


class Upkeep:
    """
    `failed(what)` is told `checkpoint`, `tiles` or `manifest`, on the loop. `checkpoint` is the latest note that is on
    the disk.
    """

    def __init__(
        self, folder: Path, *, tiles: Tiles, signer: Signer, disk: Disk, failed: Callable[[str, str], None]
    ) -> None:
        self._folder = folder
        self._tiles = tiles
        self._signer = signer
        self._disk = disk
        self._failed = failed
        self._unsealed: list[Manifest] = []
        self._storing = False
        self._worker = Worker(asyncio.get_running_loop(), "ledger-upkeep")
        self._notes: File | None = None
        self._notes_end = 0
        self._listed = -1
        self._closed = asyncio.Event()
        self.checkpoint = ""

    def begin(self, checkpoint: Checkpoint) -> None:
        """The first checkpoint and whatever tiles there are, before anything else. Raises OSError."""
        pieces = self._tiles.unstored()
        self._tiles.store(pieces)
        self._tiles.stored(pieces)
        self._notes_end = recovery.notes_end(self._folder)
        self._notes = self._disk.open(self._folder / "checkpoints")
        self.checkpoint = self._save(checkpoint)

    async def sign(self, checkpoint: Checkpoint) -> bool:
        """A signed checkpoint on the disk; False where it could not be."""
        self.store_tiles(once_more=True)  # whoever proves something under it needs no record but the one
        try:
            self.checkpoint = await self._worker.result(lambda: self._save(checkpoint))
        except Exception as exc:
            self._failed("checkpoint", _named(exc))
            return False
        return True

    def store_tiles(self, *, once_more: bool = False) -> None:
        """Move hashes from memory to their files; `once_more` also while that is being done with fewer of them."""
        if (self._storing and not once_more) or not self._tiles.fresh:
            return
        self._storing = True
        pieces = self._tiles.unstored()

        def stored(_: None, error: BaseException | None) -> None:
            self._storing = False
            if error is None:
                self._tiles.stored(pieces)
            else:
                self._failed("tiles", _named(error))

        self._worker.do(lambda: self._tiles.store(pieces), stored)

    def seal(self, manifest: Manifest | None = None) -> None:
        """Write the manifest of a segment that nobody writes any more, and those that failed before."""
        if manifest is not None:
            self._unsealed.append(manifest)
        waiting, self._unsealed = self._unsealed, []
        for one in waiting:
            self._seal(one)

    async def closed(self) -> None:
        """Return when `close` has been done."""
        await self._closed.wait()

    async def rest(self) -> None:
        """Return when all that is waiting has been done, and what had failed has been tried once more."""
        await self._worker.result(lambda: None)
        self.seal()
        self.store_tiles()
        await self._worker.result(lambda: None)

    def close(self, then: Callable[[], None]) -> None:
        """End the thread after what is waiting, give the files back, and do one thing more on it."""

        def close() -> None:
            if self._notes is not None:
                with suppress(OSError):
                    self._notes.close()
            with suppress(OSError):
                self._tiles.close()
            then()

        self._worker.do(close, lambda _, error: self._closed.set())
        self._worker.stop()

    def _seal(self, manifest: Manifest) -> None:
        pieces = self._tiles.unstored()

        def seal() -> None:
            # A start goes on from here: so the tiles have to be on the disk before the manifest is.
            self._tiles.store(pieces)
            self._tiles.flush()
            path = segment_path(self._folder, manifest.first)
            size, digest = file_digest(path)
            self._disk.replace(manifest_path(path), replace(manifest, size_bytes=size, sha256=digest).encoded())

        def sealed(_: None, error: BaseException | None) -> None:
            if error is None:
                self._tiles.stored(pieces)
            else:
                self._unsealed.append(manifest)
                self._failed("manifest", _named(error))

        self._worker.do(seal, sealed)

    def _save(self, checkpoint: Checkpoint) -> str:
        note = signed(checkpoint, self._signer)
        data = note.encode()
        if checkpoint.size != self._listed and self._notes is not None:
            # An idle log says the same every few seconds: once is enough for the record.
            self._notes.write(data, self._notes_end)
            self._notes.flush()
            self._notes_end += len(data)
            self._listed = checkpoint.size
        self._disk.replace(self._folder / "checkpoint", data)
        return note


def _named(exc: BaseException) -> str:
    return getattr(exc, "strerror", None) or type(exc).__name__
