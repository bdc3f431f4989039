"""Dashboards that are provisioned from files, and ask for what is there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules import named, needs, readable
from tests.test_docs import ROOT

GRAFANA = ROOT / "deploy" / "grafana"
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (GRAFANA / "dashboards").glob("*.json")}


def targets() -> Iterator[tuple[str, str, str]]:
    """Every expression: its dashboard, its panel's title, and itself."""
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield name, panel["title"], target["expr"]


def filled(expression: str) -> str:
    """As Grafana sends it for one registry."""
    return expression.replace("$registry", "dkdn").replace("$__rate_interval", "1m")


def test_there_are_three() -> None:
    """One for everything, one for each registry by a variable, one for what citizens need not bring."""
    assert set(BOARDS) == {"overview", "registry", "impact"}
    assert [one["name"] for one in BOARDS["registry"]["templating"]["list"]] == ["registry"]


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_every_expression_names_what_is_there(name: str) -> None:
    """A panel asks for nothing but metrics of the gateway, what is recorded of them, and Prometheus' own alerts."""
    for board, title, expression in targets():
        if board == name:
            assert named(expression) <= readable(), title
            assert named(expression) or re.match(r"vector|count\(ALERTS", expression), title
            assert set(re.findall(r"\$(\w+)", expression)) <= {"registry", "__rate_interval"}, title


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_no_panel_lies_upon_another(name: str) -> None:
    """Panels have numbers of their own, titles in two languages, and places that do not overlap."""
    panels: list[dict[str, Any]] = BOARDS[name]["panels"]
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert " / " in panel["title"] or "; " in panel["title"]

    assert len({panel["id"] for panel in panels}) == len(panels)


def test_provisioning_names_the_source_that_the_panels_ask() -> None:
    """The source of the data that is provisioned is the one that every panel and variable names."""
    file = GRAFANA / "provisioning" / "datasources" / "gateway.yml"
    (source,) = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    asked = {panel["datasource"]["uid"] for board in BOARDS.values() for panel in board["panels"]}
    asked |= {one["datasource"]["uid"] for board in BOARDS.values() for one in board["templating"]["list"]}

    assert asked == {source["uid"]}


@needs("promtool")
def test_prometheus_can_read_every_expression(tmp_path: Path) -> None:
    """Each expression, with its variables filled in, is one that Prometheus parses."""
    rules = [{"record": f"seen:{nth}", "expr": filled(expression)} for nth, (*_, expression) in enumerate(targets())]
    file = tmp_path / "seen.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "seen", "rules": rules}]}))
    checked = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
