"""What the rows of the table are to be, beside one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.figures import median, ratio
from bench.finding import Finding, Target
from bench.rounds import Turn

__all__ = ["row_findings"]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One row's figure over another row's, or alone."""

    name: str
    row: str
    over: str | None
    figure: str
    target: Target


_WANTED = (
    _Wanted(
        "CPU of a cached lookup / bare handler (b)", "cached", "echo", "cpu_us", Target(number=1, must=3.8, aim=3.0)
    ),
    _Wanted("CPU of a REST lookup / pass-through (c)", "rest", "pass", "cpu_us", Target(number=2, must=2.8, aim=2.2)),
    _Wanted(
        "requests/s of a REST lookup / FastAPI + httpx (e)",
        "rest",
        "fastapi",
        "requests_per_s",
        Target(number=2, must=5, at_least=True),
    ),
    _Wanted(
        "requests/s of a SOAP lookup / zeep's AsyncClient (f)",
        "soap",
        "zeep",
        "requests_per_s",
        Target(number=3, must=4.5, aim=6, at_least=True),
    ),
    _Wanted("CPU of a SOAP lookup / REST lookup", "soap", "rest", "cpu_us", Target(number=3, must=1.6, aim=1.35)),
    _Wanted(
        "what one core of the stand-ins can answer (m)",
        "stand-in",
        None,
        "core_per_s",
        Target(number=10, must=3000, at_least=True),
    ),
)


def row_findings(turns: Mapping[str, Sequence[Turn]]) -> list[Finding]:
    """
    The wanted figures: medians of the rounds' ratios, or of the rounds. One of which no row was measured is not asked
    for.
    """
    return [
        _finding(wanted, turns)
        for wanted in _WANTED
        if turns.get(wanted.row) or (wanted.over is not None and turns.get(wanted.over))
    ]


def _finding(wanted: _Wanted, turns: Mapping[str, Sequence[Turn]]) -> Finding:
    if wanted.over is None:
        alone = [getattr(turn, wanted.figure) for turn in turns[wanted.row]]
        note = f"rounds {min(alone):,.0f}–{max(alone):,.0f}"
        return Finding(name=wanted.name, measured=median(alone), unit="/s", target=wanted.target, note=note)
    absent = [name for name in (wanted.row, wanted.over) if not turns.get(name)]
    if absent:
        return Finding(name=wanted.name, measured=None, target=wanted.target, note=f"no row {' and '.join(absent)}")
    mine, theirs = ([getattr(turn, wanted.figure) for turn in turns[name]] for name in (wanted.row, wanted.over))
    found = ratio(mine, theirs)
    note = f"rounds {found.low:.2f}–{found.high:.2f}"
    return Finding(name=wanted.name, measured=found.median, target=wanted.target, note=note)
