"""Which load generator a run uses."""

from __future__ import annotations

from bench.errors import BenchError
from bench.load.generator import Generator
from bench.load.own import Own
from bench.load.wrk import Wrk

__all__ = ["CHOICES", "generator"]

CHOICES = ("auto", "wrk", "own")


def generator(choice: str) -> Generator:
    """wrk where it is there, unless told otherwise. Raises BenchError where wrk is asked for and missing."""
    if choice == "own":
        return Own()
    wrk = Wrk.find()
    if wrk is None and choice == "wrk":
        raise BenchError("wrk is not installed (Debian: apt-get install wrk); or use --load own")
    return wrk or Own()
