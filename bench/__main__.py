"""`python -m bench`: start everything, measure in turns, print what was found, end everything."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console

from bench.conditions import conditions
from bench.errors import BenchError
from bench.load.choice import CHOICES, generator
from bench.plot import plot
from bench.processes import Cores
from bench.progress import told_to
from bench.report import Turns, as_json, show, show_findings
from bench.rounds import Plan, measure
from bench.row import Row
from bench.row_targets import row_findings
from bench.rows import ROWS, chosen
from bench.scenarios.catalogue import SCENARIOS, named, played
from bench.scenarios.scenario import Effort, Scenario
from bench.stage import Stage

_ROWS = ", ".join(row.name for row in ROWS)
_SCENARIOS = ", ".join(one.name for one in SCENARIOS)


def main() -> int:
    """The benchmark. Gives the exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, _told_to_stop)
    try:
        wrong = _run(options)
    except BenchError as exc:
        wrong = [str(exc)]
    except KeyboardInterrupt:
        return 130
    for what in wrong:
        Console(stderr=True).print(f"bench: {what}", style="red", markup=False, highlight=False, soft_wrap=True)
    return 1 if wrong else 0


def _run(options: argparse.Namespace) -> list[str]:
    """Measure, print, write. Gives what was wrong with scenarios; raises BenchError for rows."""
    if not Path("/proc/self/stat").exists():
        raise BenchError("CPU time is read from /proc, so this needs Linux")
    wanted, scenarios = _rows(options), _scenarios(options)
    lacking = {row.name: why for row in wanted if (why := row.missing()) is not None}
    rows = [row for row in wanted if row.name not in lacking]
    load, cores = generator(options.load), Cores.available()
    plan = Plan.quick(max(1, len(rows))) if options.quick else Plan()
    known = conditions(plan if rows else None, load, cores)
    turns: Turns = {}
    with told_to(Console(stderr=True)) as told:
        if rows:
            with Stage.open(cores) as stage:
                turns = measure(rows, plan, stage, load, told=told)
        found, wrong = played(scenarios, cores, _effort(options, told))
    findings = row_findings(turns) + found
    show(Console(), rows, turns, known, lacking)
    show_findings(Console(), findings)
    if options.json:
        _write(options.json, json.dumps(as_json(rows, turns, known, lacking, findings), ensure_ascii=False, indent=2))
    if options.svg and rows:
        _write(options.svg, plot(rows, turns, known))
    return wrong


def _rows(options: argparse.Namespace) -> tuple[Row, ...]:
    """Those that were named; else none where only scenarios were."""
    if options.rows is None and (options.scenarios is not None or options.memory):
        return ()
    return chosen(options.rows or [], quick=options.quick)


def _scenarios(options: argparse.Namespace) -> tuple[Scenario, ...]:
    """Those that were named; else all, but none in a quick run or where only rows were named."""
    if options.scenarios is not None:
        return named(options.scenarios)
    if options.memory:
        return named(["memory"])
    return () if options.quick or options.rows is not None else named([])


def _effort(options: argparse.Namespace, told: Callable[[str], None]) -> Effort:
    """A quick run takes half the time of scenarios, three times; a number of questions is what it says."""
    effort = Effort.quick(told) if options.quick else Effort(told=told)
    return replace(effort, memory_questions=options.memory) if options.memory else effort


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.rstrip("\n") + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the main rows within two minutes, with more noise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to FILE")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the rows' ratios into FILE")
    parser.add_argument("--load", choices=CHOICES, default="auto", help="load generator of rows; auto: wrk where it is")
    parser.add_argument("--rows", type=_names, help=f"only these, and their baselines; of {_ROWS}")
    parser.add_argument("--scenarios", type=_names, help=f"only these; of {_SCENARIOS}")
    parser.add_argument("--memory", type=int, metavar="N", help="only the scenario of memory, over N questions")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    return text.split(",")


def _told_to_stop(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
