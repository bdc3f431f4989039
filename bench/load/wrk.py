"""Debian's wrk: one thread, a Lua script for the request and the tally."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.load import program
from bench.load.generator import Tally
from bench.row import Ask

__all__ = ["Wrk"]

_DONE = """
function done(summary, latency, requests)
  local failed = summary.errors
  io.stderr:write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "failures": '
    .. '{"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed.connect, failed.read, failed.write, failed.status, failed.timeout))
end
"""


class Wrk:
    """Runs wrk. It takes whole seconds only, and counts statuses of 400 and above as failures."""

    def __init__(self, path: str) -> None:
        self._path = path
        said = subprocess.run([path, "-v"], capture_output=True, text=True, timeout=10, check=False).stdout.split()
        self.name = f"wrk {said[1]}" if len(said) > 1 else "wrk"

    @classmethod
    def find(cls) -> Wrk | None:
        """None where the machine has none."""
        path = shutil.which("wrk")
        return cls(path) if path else None

    def run(self, port: int, ask: Ask, *, connections: int, seconds: float, core: int | None) -> Tally:
        whole = max(1, round(seconds))
        with tempfile.TemporaryDirectory(prefix="bench-wrk-") as folder:
            script = Path(folder) / "ask.lua"
            script.write_text(_script(ask))
            bounds = ("-t", "1", "-c", str(connections), "-d", f"{whole}s", "--timeout", "10s")
            command = (self._path, *bounds, "-s", str(script), f"http://127.0.0.1:{port}{ask.path}")
            return program.run(command, seconds=whole, core=core)


def _script(ask: Ask) -> str:
    lines = [f"wrk.method = {_lua(ask.method.encode())}"]
    lines += [
        f"wrk.headers[{_lua(name.encode())}] = {_lua(value.encode())}" for name, value in sorted(ask.headers.items())
    ]
    if ask.body:
        lines.append(f"wrk.body = {_lua(ask.body)}")
    return "\n".join(lines) + _DONE


def _lua(data: bytes) -> str:
    """Bytes as a Lua string: everything but letters, digits and blanks by its number."""
    return '"' + "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\{byte:03d}" for byte in data) + '"'
