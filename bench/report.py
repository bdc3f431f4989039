"""Turns into one table, findings into another, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.figures import Ratio, median, ratio
from bench.finding import Finding
from bench.rounds import CONNECTIONS, DISTURBED, Turn
from bench.row import Row

__all__ = ["Turns", "as_json", "ratio_of", "show", "show_findings"]

_COMPARED = ("cpu_us", "requests_per_s", "p50_ms", "p99_ms", "single_p50_ms", "single_p99_ms")
_MEASURED = (*_COMPARED, "busy", "load_busy", "others", "stolen")
Turns = Mapping[str, Sequence[Turn]]
_LOADED = 0.9  # below this share of its core a server waited, for the load side or for others to leave its core


def show(
    console: Console,
    rows: Sequence[Row],
    turns: Turns,
    conditions: Mapping[str, str],
    skipped: Mapping[str, str] | None = None,
) -> None:
    """Print the conditions and the table, which is Markdown too, and why which row is not in it."""
    for name, text in _known(conditions, turns).items():
        _say(console, f"- {name}: {text}")
    for name, why in (skipped or {}).items():
        _say(console, f"- not measured: {name}: {why}")
    console.print()
    if rows:
        _table(console, rows, turns)


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print what was found, what it must be and is to become, and whether it is."""
    table = Table(box=box.MARKDOWN)
    for title in ("target", "figure", "measured", "must", "aim", "", "how"):
        table.add_column(title, justify="left" if title in {"figure", "", "how"} else "right", no_wrap=True)
    for one in findings:
        target = one.target
        table.add_row(
            str(target.number) if target else "",
            one.name,
            "–" if one.measured is None else f"{_number(one.measured)} {one.unit}".strip(),
            f"{'≥' if target.at_least else '≤'} {target.must:g}" if target else "",
            f"{target.aim:g}" if target and target.aim is not None else "",
            one.verdict,
            one.note,
        )
    console.print()
    _print(console, table)


def _table(console: Console, rows: Sequence[Row], turns: Turns) -> None:
    table = Table(box=box.MARKDOWN)
    table.add_column("row", no_wrap=True)
    many = f"c={CONNECTIONS}"
    for title in (
        "CPU µs / question",
        "ratio of CPU (lowest–highest round)",
        "requests/s",
        "ratio",
        f"p50 / p99 ms, {many}",
        "p50 / p99 ms, c=1",
        "ratio of p50, c=1",
        "core / load side busy",
    ):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.title, *_cells(row, turns))
    _print(console, table)


def _print(console: Console, table: Table) -> None:
    wide = Console(width=500, color_system=None)  # a table that is cut is no table
    with wide.capture() as printed:
        wide.print(table)
    lines = [line for line in printed.get().splitlines() if line.strip()]
    _say(console, "\n".join(lines))


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def as_json(
    rows: Sequence[Row],
    turns: Turns,
    conditions: Mapping[str, str],
    skipped: Mapping[str, str] | None = None,
    findings: Sequence[Finding] = (),
) -> dict[str, Any]:
    """Everything measured: each turn, the medians, the ratios to each row's baseline, and the findings."""
    return {
        "conditions": _known(conditions, turns),
        "skipped": dict(skipped or {}),
        "findings": [{**asdict(one), "verdict": one.verdict} for one in findings],
        "rows": [
            {
                "name": row.name,
                "title": row.title,
                "against": row.against,
                "medians": {name: _median(turns[row.name], name) for name in _MEASURED},
                "ratios": {name: asdict(ratio_of(row, turns, name)) for name in _COMPARED} if row.against else {},
                "turns": [asdict(turn) for turn in turns[row.name]],
            }
            for row in rows
        ],
    }


def _cells(row: Row, turns: Turns) -> list[str]:
    own = turns[row.name]
    cpu, speed, alone = (ratio_of(row, turns, name) for name in ("cpu_us", "requests_per_s", "single_p50_ms"))
    limited = "" if _median(own, "busy") >= _LOADED else " (server not full)"
    limited = " (load side full)" if limited and _median(own, "load_busy") >= _LOADED else limited
    return [
        f"{_median(own, 'cpu_us'):.0f}",
        f"{cpu.median:.2f} × {row.against} ({cpu.low:.2f}–{cpu.high:.2f})" if row.against else "1",
        f"{_median(own, 'requests_per_s'):,.0f}{limited}",
        f"{speed.median:.2f}" if row.against else "1",
        f"{_median(own, 'p50_ms'):.1f} / {_median(own, 'p99_ms'):.1f}",
        f"{_median(own, 'single_p50_ms'):.2f} / {_median(own, 'single_p99_ms'):.2f}",
        f"{alone.median:.2f}" if row.against else "1",
        f"{_median(own, 'busy'):.0%} / {_median(own, 'load_busy'):.0%}",
    ]


def ratio_of(row: Row, turns: Turns, name: str, over: str | None = None) -> Ratio:
    """A row's figure over that of the row that it is compared with, or `over` another."""
    return ratio(_figures(turns[row.name], name), _figures(turns[over or row.against or row.name], name))


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.2f}"


def _known(conditions: Mapping[str, str], turns: Turns) -> dict[str, str]:
    return {**conditions, "the machine meanwhile": _disturbance(turns)} if turns else dict(conditions)


def _median(turns: Sequence[Turn], name: str) -> float:
    return median(_figures(turns, name))


def _figures(turns: Sequence[Turn], name: str) -> list[float]:
    return [getattr(turn, name) for turn in turns]


def _disturbance(turns: Turns) -> str:
    every = [turn for row in turns.values() for turn in row]
    others, stolen = (_figures(every, name) for name in ("others", "stolen"))
    disturbed, again = sum(turn.is_disturbed for turn in every), sum(turn.again for turn in every)
    return (
        f"{disturbed} of {len(every)} turns disturbed (more than {DISTURBED:.0%} of a core used by other processes),"
        f" {again} measured again; in the median turn others used {median(others):.0%} of a core"
        f" (worst {max(others):.0%}), and the hypervisor reported {median(stolen):.0%} as stolen"
        f" (worst {max(stolen):.0%})"
    )
