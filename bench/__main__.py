"""`python -m bench`: start everything, measure in turns, print one table, end everything."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console

from bench.conditions import conditions
from bench.errors import BenchError
from bench.load.choice import CHOICES, generator
from bench.processes import Cores
from bench.report import as_json, show
from bench.rounds import Plan, measure
from bench.rows import ROWS, chosen
from bench.stage import Stage

_NAMES = ", ".join(row.name for row in ROWS)


def main() -> int:
    """The benchmark. Gives the exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, _told_to_stop)
    try:
        _run(options)
    except BenchError as exc:
        Console(stderr=True).print(f"bench: {exc}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    if not Path("/proc/self/stat").exists():
        raise BenchError("CPU time is read from /proc, so this needs Linux")
    rows, load, cores = chosen(options.rows), generator(options.load), Cores.available()
    plan = Plan.quick(len(rows)) if options.quick else Plan()
    known = conditions(plan, load, cores)
    progress = Console(stderr=True)
    with Stage.open(cores) as stage, progress.status("starting") as status:
        turns = measure(rows, plan, stage, load, told=status.update)
    show(Console(), rows, turns, known)
    if options.json:
        options.json.write_text(json.dumps(as_json(rows, turns, known), ensure_ascii=False, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within two minutes, with more noise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to FILE")
    parser.add_argument("--load", choices=CHOICES, default="auto", help="load generator; auto: wrk where it is there")
    parser.add_argument(
        "--rows", type=lambda text: text.split(","), default=[], help=f"only these, and their baselines; of {_NAMES}"
    )
    return parser.parse_args()


def _told_to_stop(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
