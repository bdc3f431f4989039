"""Alerts that are tested, each with its page of the runbook, and pages that speak of what is there."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.rules import ALERTS, RECORDED, RULES, named, needs, readable
from tests.test_docs import ROOT, page, table

RUNBOOK = ROOT / "docs" / "runbook"
PAGES = sorted(path.name for path in RUNBOOK.glob("*.md") if path.name != "README.md")
HEADINGS = [
    "Nghĩa là gì / What it means",
    "Ai bị ảnh hưởng / Who is hurt",
    "Làm gì / What to do",
    "Khi nào là xong / How to know that it is over",
]
VIETNAMESE = re.compile("[ăâđêôơưạảấầậắằẵặẹếềệịọốồộớờợụứừựỹáàãéèíìóòõúùý]")


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], cwd=RULES, capture_output=True, text=True, check=False)


@needs("promtool")
def test_prometheus_takes_the_rules() -> None:
    """The rules and the settings beside them are such as Prometheus reads."""
    checked = promtool("check", "config", "prometheus.yml")

    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs("promtool")
def test_every_alert_fires_and_goes_away() -> None:
    """Each alert fires on series that mean what it says, not before, and no more once they are well again."""
    tested = promtool("test", "rules", "gateway-tests.yml")

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_is_tried() -> None:
    """The tests for promtool want each alert to fire at some moment, and to be silent at another."""
    text = (RULES / "gateway-tests.yml").read_text(encoding="utf-8")
    silent = set(re.findall(r"alertname: (\w+), eval_time: \w+, exp_alerts: \[\]", text))
    fired = set(re.findall(r"- alertname: (\w+)\n +eval_time: \w+\n +exp_alerts:\n", text))

    assert fired == set(ALERTS)
    assert silent | {"ClockOff", "CertificateExpires"} == set(ALERTS)  # of these one is silent while another fires


@pytest.mark.parametrize("name", sorted({**ALERTS, **RECORDED}))
def test_every_rule_speaks_of_what_is_there(name: str) -> None:
    """An expression names only what the gateway shows or another rule records."""
    rule = ALERTS.get(name) or RECORDED[name]

    assert named(rule["expr"]) <= readable()


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_every_alert_says_how_urgent_it_is_and_where_to_read(name: str) -> None:
    """An alert is a `page` or a `ticket`, says in a sentence what is wrong, and names a page that speaks of it."""
    rule = ALERTS[name]

    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert " / " in rule["annotations"]["summary"]
    assert f"`{name}`" in page(rule["annotations"]["runbook"])


def test_the_runbook_lists_every_alert_with_its_page() -> None:
    """The runbook's table has each alert once, with the page that the alert itself names; every page is one's."""
    listed = {
        row["alert"]: re.search(r"\((.+)\)", row["page"])[1]  # type: ignore[index]
        for row in table("docs/runbook/README.md", "Sổ tay trực vận hành / Runbook")
    }

    assert listed == {name: rule["annotations"]["runbook"].rpartition("/")[2] for name, rule in ALERTS.items()}
    assert sorted(set(listed.values())) == PAGES


@pytest.mark.parametrize("name", PAGES)
def test_every_page_answers_four_questions_in_two_languages(name: str) -> None:
    """What it means, who is hurt, what to do, how to know that it is over: Vietnamese first, then English."""
    text = (RUNBOOK / name).read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)

    assert parts[1::2] == HEADINGS
    for body in parts[2::2]:
        first, *_, last = re.split(r"\n\n+", body.strip())
        assert VIETNAMESE.search(first)
        assert not VIETNAMESE.search(last)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_speaks_of_metrics_that_are_there(name: str) -> None:
    """What a page tells to look at can be looked at."""
    text = (RUNBOOK / name).read_text(encoding="utf-8")

    assert named(text) <= readable()
    assert named(text)
