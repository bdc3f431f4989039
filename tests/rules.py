"""The rules of deploy/prometheus and what they may speak of."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.telemetry import Metrics

__all__ = ["ALERTS", "RECORDED", "RULES", "named", "needs", "readable"]

RULES = Path(__file__).parents[1] / "deploy" / "prometheus"


def _rules(name: str) -> list[dict[str, Any]]:
    read = yaml.safe_load((RULES / name).read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in _rules("gateway-alerts.yml")}
RECORDED = {rule["record"]: rule for rule in _rules("gateway-recording.yml")}


def readable() -> set[str]:
    """Every name that an expression may have: what the gateway shows, and what is recorded of it."""
    names = set(RECORDED)
    for family in Metrics().registry.collect():
        suffixes = {"counter": ("_total",), "histogram": ("", "_bucket", "_sum", "_count")}.get(family.type, ("",))
        names |= {family.name + suffix for suffix in suffixes}
    return names


def named(text: str) -> set[str]:
    """The names of ours in an expression or a text."""
    return set(re.findall(r"\b(?:(?:registry|dataset):)?gateway_\w+(?::\w+)?", text))


def needs(program: str) -> pytest.MarkDecorator:
    """Skips where a program is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed (Debian: prometheus)")
