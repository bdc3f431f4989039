"""A PostgreSQL of a test's own, to be killed and started again; nobody else's is touched."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port

__all__ = ["PostgreSQLServer", "postgresql_server"]

_OURS = "postgres"


@dataclass(frozen=True, slots=True)
class PostgreSQLServer:
    """One server, its data in a folder of its own; it refuses to run as root, so then it is the package's user's."""

    binaries: Path
    folder: Path
    port: int
    user: str | None

    @property
    def url(self) -> str:
        """Its address for the gateway."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Come back when it takes connections."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=60"
        self._run("pg_ctl", "start", "-w", "-t", "60", "-D", self._data, "-l", str(self.folder / "log"), "-o", options)

    def kill(self) -> None:
        """Stop at once, as in a crash: what is under way breaks off, and the next start recovers what was committed."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self._data)

    def make(self) -> None:
        """A new data folder."""
        self._run("initdb", "-A", "trust", "-U", "postgres", "-D", self._data)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            user=self.user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, (program, self.folder)


@contextmanager
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """One that runs; skips the test where there are no binaries, or nobody that they would run as."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (str(found[-1]) if found else None)
    if initdb is None:
        pytest.skip("no initdb on this machine")
    user = _OURS if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="gateway-postgresql-"))
    try:
        if user is not None:
            try:
                owner = pwd.getpwnam(user)
            except KeyError:
                pytest.skip("PostgreSQL does not run as root, and there is no user for it")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        server = PostgreSQLServer(Path(initdb).parent, folder, free_port(), user)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder)
