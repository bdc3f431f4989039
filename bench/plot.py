"""The ratios as bars in an SVG, written by hand: a picture needs no library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench.figures import Ratio
from bench.report import Turns, ratio_of
from bench.row import Row

__all__ = ["plot"]

_WIDTH, _LABELS, _LINE, _BAR, _HEAD, _VALUE = 1000, 470, 24, 15, 54, 120


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    bars: Sequence[tuple[str, Ratio]]

    @property
    def height(self) -> int:
        return _HEAD + _LINE * len(self.bars)


def plot(rows: Sequence[Row], turns: Turns, conditions: Mapping[str, str]) -> str:
    """CPU time per question: every row over the pass-through, and each piece's absence over the whole lookup."""
    pieces = [row for row in rows if row.against == "rest" and "rest" in turns]
    others = [row for row in rows if row not in pieces and "pass" in turns]
    panels = [
        _Panel(
            "CPU per question over the bare pass-through (c); shorter is better",
            [(row.title, ratio_of(row, turns, "cpu_us", "pass")) for row in others],
        ),
        _Panel(
            "CPU per question of a REST lookup with one piece taken out, over the whole one",
            [(row.title, ratio_of(row, turns, "cpu_us")) for row in pieces],
        ),
    ]
    shown = [panel for panel in panels if panel.bars]
    caption = " · ".join(f"{name}: {conditions[name]}" for name in ("date", "CPU", "rounds") if name in conditions)
    height = sum(panel.height for panel in shown) + 40
    drawn, top = [], 0
    for panel in shown:
        drawn += _drawn(panel, top)
        top += panel.height
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif"'
            ' font-size="13" fill="#222">',
            f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
            *drawn,
            f'<text x="16" y="{height - 16}" font-size="11" fill="#666">{escape(caption)}</text>',
            "</svg>\n",
        ]
    )


def _drawn(panel: _Panel, top: int) -> list[str]:
    room = _WIDTH - _LABELS - _VALUE
    scale = room / max(found.high for _, found in panel.bars)
    lines = [f'<text x="16" y="{top + 32}" font-weight="bold">{escape(panel.title)}</text>']
    for number, (label, found) in enumerate(panel.bars):
        y = top + _HEAD - 4 + number * _LINE
        middle, low, high, width = y + _BAR / 2, found.low * scale, found.high * scale, found.median * scale
        lines += [
            f'<text x="{_LABELS - 10}" y="{y + 12}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="#4477aa"/>',
            f'<path d="M{_LABELS + low:.1f} {middle}H{_LABELS + high:.1f}" stroke="#bb5500" stroke-width="2"/>',
            f'<text x="{_LABELS + max(width, high) + 8:.1f}" y="{y + 12}">{found.median:.2f} ×</text>',
        ]
    return lines
