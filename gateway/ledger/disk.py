"""The seam to the operating system: what a log does to its files, so that a test can fail, stall or forget it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

__all__ = ["Disk", "File", "SystemDisk"]


class File(Protocol):
    """One open file. Every method may raise OSError."""

    def read(self, length: int, offset: int) -> bytes:
        """Up to that many bytes."""

    def write(self, data: bytes, offset: int) -> None:
        """All of the bytes, or an error. They are not on the disk before `flush`."""

    def flush(self) -> None:
        """What was written is on the disk when this returns. After an error nobody knows what is."""

    def cut(self, size: int) -> None:
        """Give up what lies behind that offset."""

    def close(self) -> None:
        """Give the file back, without any promise about its content."""


class Disk(Protocol):
    """A folder's file system. Every method may raise OSError."""

    def create(self, path: Path) -> File:
        """An empty file, in place of any that was there."""

    def open(self, path: Path) -> File:
        """A file that is there, or a new one."""

    def flush_folder(self, path: Path) -> None:
        """The folder's entries are on the disk when this returns."""

    def replace(self, path: Path, data: bytes) -> None:
        """Put a whole file in place of another: a reader, and a power cut, see one or the other."""

    def remove(self, path: Path) -> None:
        """Take a file away."""


class SystemFile:
    """A file of this machine."""

    def __init__(self, path: Path, flags: int) -> None:
        self._fd = os.open(path, flags | os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def read(self, length: int, offset: int) -> bytes:
        return os.pread(self._fd, length, offset)

    def write(self, data: bytes, offset: int) -> None:
        written = os.pwrite(self._fd, data, offset)
        while written < len(data):
            written += os.pwrite(self._fd, memoryview(data)[written:], offset + written)

    def flush(self) -> None:
        os.fdatasync(self._fd)

    def cut(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def close(self) -> None:
        os.close(self._fd)


class SystemDisk:
    """The file system of this machine."""

    def create(self, path: Path) -> File:
        return SystemFile(path, os.O_TRUNC)

    def open(self, path: Path) -> File:
        return SystemFile(path, 0)

    def flush_folder(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def replace(self, path: Path, data: bytes) -> None:
        beside = path.with_name(f".{path.name}.new")
        file = SystemFile(beside, os.O_TRUNC)
        try:
            file.write(data, 0)
            file.flush()
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise
        finally:
            file.close()
        beside.replace(path)
        self.flush_folder(path.parent)

    def remove(self, path: Path) -> None:
        path.unlink()
