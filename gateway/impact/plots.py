"""Plots as SVG text: a line of shares by month with the plan's targets, and bars. Nothing is fetched for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from gateway.impact.measures import Share

__all__ = ["bars", "line"]

_WIDTH, _HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 96, 14, 30
_ROW = 26
_LABEL = 300
_SPAN = 300


def line(points: Sequence[tuple[str, Share]], targets: Mapping[str, float], title: str) -> str:
    """Shares by month, in order; a month with nothing to count has no point. `targets` are shares, drawn as lines."""
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(nth: int) -> float:
        return _LEFT + wide * (nth / (len(points) - 1) if len(points) > 1 else 0.5)

    def y(share: float) -> float:
        return _TOP + high * (1 - share)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="plot"><title>{escape(title)}</title>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y(share):.1f}" y2="{y(share):.1f}"/>')
        parts.append(f'<text class="axis end" x="{_LEFT - 6}" y="{y(share) + 4:.1f}">{share:.0%}</text>')
    for name, share in targets.items():
        parts.append(f'<line class="target" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y(share):.1f}" y2="{y(share):.1f}"/>')
        parts.append(f'<text class="axis" x="{_LEFT + wide + 6}" y="{y(share) + 4:.1f}">{escape(name)}</text>')
    known = [(x(nth), y(share.value)) for nth, (_, share) in enumerate(points) if share.value is not None]
    if len(known) > 1:
        path = " ".join(f"{left:.1f},{top:.1f}" for left, top in known)
        parts.append(f'<polyline class="line" points="{path}"/>')
    parts += [f'<circle class="dot" cx="{left:.1f}" cy="{top:.1f}" r="4"/>' for left, top in known]
    for nth, (month, _) in enumerate(points):
        parts.append(f'<text class="axis middle" x="{x(nth):.1f}" y="{_HEIGHT - 8}">{escape(month)}</text>')
    return "".join([*parts, "</svg>"])


def bars(rows: Sequence[tuple[str, Share]], title: str) -> str:
    """One bar a row: as long as its share, with both numbers beside it; a row with nothing to count has no bar."""
    high = _ROW * len(rows) + 8
    parts = [f'<svg viewBox="0 0 {_WIDTH} {high}" role="img" class="plot"><title>{escape(title)}</title>']
    for nth, (name, share) in enumerate(rows):
        top = 4 + nth * _ROW
        parts.append(f'<text class="axis end" x="{_LABEL - 8}" y="{top + 16}">{escape(_short(name))}</text>')
        parts.append(f'<rect class="empty" x="{_LABEL}" y="{top + 3}" width="{_SPAN}" height="{_ROW - 8}"/>')
        if share.value is not None:
            width = f"{_SPAN * share.value:.1f}"
            parts.append(f'<rect class="bar" x="{_LABEL}" y="{top + 3}" width="{width}" height="{_ROW - 8}"/>')
        said = f"{share.numerator}/{share.denominator}"
        parts.append(f'<text class="axis" x="{_LABEL + _SPAN + 8}" y="{top + 16}">{said}</text>')
    return "".join([*parts, "</svg>"])


def _short(name: str) -> str:
    return name if len(name) <= 42 else f"{name[:41]}…"
