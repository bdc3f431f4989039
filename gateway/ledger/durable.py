"""
Small files that must survive a power cut: written whole under another name, flushed, renamed, the folder flushed.

Whoever reads sees the old content or the new one, never a part of either.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["HALF_WRITTEN", "append", "flush_folder", "locked", "replace", "sweep"]

HALF_WRITTEN = ".new"
"""What a file is called until it is whole. A crash may leave one behind: it counts for nothing."""


def replace(file: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put the content in the file's place. When this returns it is on the disk. Raises OSError."""
    half = half_written(file)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        half.unlink(missing_ok=True)
        raise
    half.replace(file)
    flush_folder(file.parent)


def append(file: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Add the content to the file's end. When this returns it is on the disk. Raises OSError."""
    new = not file.exists()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, mode), "ab") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    if new:
        flush_folder(file.parent)


def half_written(file: Path) -> Path:
    """Where a file's new content stands until it is whole."""
    return file.with_name(file.name + HALF_WRITTEN)


def sweep(folder: Path, suffix: str) -> None:
    """Remove half-written files of that suffix, which a crash left: they may hold what has been destroyed since."""
    for half in folder.glob(f"*{suffix}{HALF_WRITTEN}"):
        half.unlink(missing_ok=True)
    flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Alone among all processes and threads that ask for the same file; waits for its turn."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
