"""Commands of the gateway, each in a process of its own that has the program loaded already."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

__all__ = ["run"]

ROOT = Path(__file__).parents[1]
_WITHIN_S = 60
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.preloaded"])


def run(*arguments: str, stdin: str = "", **environment: str) -> CompletedProcess[str]:
    """`gateway ARGUMENTS` in the project's folder, with variables beside those of this process."""
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / name for name in ("stdin", "stdout", "stderr")]
        places[0].write_text(stdin)
        variables = os.environ | {"COLUMNS": "200"} | environment
        child = _SERVER.Process(target=_command, args=(arguments, [str(one) for one in places], variables))
        child.start()
        child.join(_WITHIN_S)
        if child.exitcode is None:
            child.kill()
        out, err = (one.read_text() if one.exists() else "" for one in places[1:])
        assert child.exitcode is not None, err
        return CompletedProcess(arguments, child.exitcode, out, err)


def _command(arguments: tuple[str, ...], places: list[str], variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(ROOT)
    for number, place in enumerate(places):
        os.dup2(os.open(place, os.O_RDWR | os.O_CREAT, 0o600), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)  # multiprocessing gave a child none
    sys.argv = ["gateway", *arguments]
    runpy.run_module("gateway", run_name="__main__")
