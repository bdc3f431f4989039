"""`gateway impact report`: a month's measures as a page and as a table, for people."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.async_api import Route, async_playwright
from typer.testing import CliRunner

from gateway.cli import cli
from gateway.impact.dossiers import dossiers
from gateway.impact.measures import Share, impact
from gateway.impact.memory import Memory
from gateway.impact.plots import bars, line
from gateway.impact.report import HEAD, Names, html, table
from gateway.impact.rows import Remembered
from gateway.procedures.words import Situation
from gateway.stores.sql import Store
from tests.test_docs_page import CHROMIUM, QUIET
from tests.test_impact import ACCEPTED, ASKED, AT, MISSED, paper, plan


def some() -> list[Remembered]:
    return [
        plan("1", paper("a", Situation.MATCHING, ACCEPTED), paper("b", Situation.MATCHING, MISSED)),
        plan("2", paper("a", Situation.MATCHING, ACCEPTED)),
        plan("3", paper("a", Situation.MISMATCH, ASKED, fields=("full_name",)), procedure="=1+1"),
    ]


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314  # our own


def figures(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def written(folder: Path, *months: datetime) -> Path:
    """A settings file whose database has one good dossier in each of these months, and three of today's."""
    memory = Memory(Store.open(f"sqlite:{folder / 'impact.db'}"))
    for nth, at in enumerate(months):
        memory.remember(plan(f"old {nth}", paper("a", Situation.MATCHING)))
        memory.receive(f"old {nth}-0", "one-stop", at, {"a": ACCEPTED})
    for one in some():
        memory.remember(one)
        done = {row.paper: row.done for row in one.papers if row.done is not None}
        memory.receive(one.plan.plan_id, "one-stop", AT, done)
    memory.close()
    (folder / "gateway.toml").write_text('[impact]\nurl = "sqlite:impact.db"\n')
    return folder / "gateway.toml"


def test_the_command_writes_a_page_and_a_table(tmp_path: Path) -> None:
    """Both have the month's figures; the page has K1 by month, the targets, and no address of any other host."""
    settings = written(tmp_path, AT - timedelta(days=31), AT - timedelta(days=800))
    done = CliRunner().invoke(
        cli,
        ["impact", "report", "--month", "2026-03", "--folder", str(tmp_path / "out"), "--reported", "4.3=83.76",
         "-s", str(settings)],
    )  # fmt: skip
    page = (tmp_path / "out" / "impact-2026-03.html").read_text(encoding="utf-8")
    rows = figures((tmp_path / "out" / "impact-2026-03.csv").read_text(encoding="utf-8-sig"))

    assert done.exit_code == 0, done.output
    (k1,) = [row for row in rows if row["measure"] == "K1"]
    assert (k1["numerator"], k1["denominator"], k1["percent"]) == ("1", "3", "33.33")
    assert "33.33 %" in page
    assert re.findall(r">(20[0-9]{2}-[0-9]{2})</text>", page) == ["2026-01", "2026-03"]
    assert "2022: 30%" in page
    assert "2025: 80%" in page
    assert "số báo cáo / reported: 83.76 %" in page
    assert not re.search(r"(?:https?:)?//|url\(|@import|<script|<img|<link", page)


@pytest.mark.parametrize("wrong", [["--month", "March"], ["--month", "2026-03", "--reported", "9=1"],
                                   ["--month", "2026-03", "--reported", "4.3=x"]])  # fmt: skip
def test_what_is_mistyped_is_said(wrong: list[str], tmp_path: Path) -> None:
    """A month or an index that is none ends the command, and nothing is written."""
    (tmp_path / "gateway.toml").write_text("")
    done = CliRunner().invoke(cli, ["impact", "report", *wrong, "-s", str(tmp_path / "gateway.toml")])

    assert done.exit_code == 2
    assert list(tmp_path.glob("impact-*")) == []


def test_a_month_of_nothing_says_so() -> None:
    """Neither page nor table hides a denominator of zero behind a percentage."""
    empty = impact("2026-03", [])
    page = html(empty, [("2026-03", empty.once_only)], Names(), {})

    assert "không có mẫu số / nothing to count" in page
    assert "n/a" in page
    shares = [row for row in figures(table(empty, {})) if row["denominator"] == "0"]
    assert shares
    assert {row["percent"] for row in shares} == {"không có mẫu số / nothing to count"}


def test_no_cell_begins_like_a_formula() -> None:
    """A name that a spreadsheet would calculate is a text there; every row has every column."""
    rows = figures(table(impact("2026-03", dossiers(some())), {}))

    assert tuple(rows[0]) == HEAD
    assert "'=1+1" in {row["name"] for row in rows}
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())
    assert all(None not in row.values() for row in rows)


def test_a_name_is_text_on_the_page() -> None:
    """Whatever a procedure or an agency is called, nothing of it is markup."""
    one = impact("2026-03", dossiers([plan("1", paper("a", Situation.MATCHING, ACCEPTED))]))
    page = html(one, [], Names(procedures={"1.001193": '<b onload="x">'}), {})

    assert "<b onload" not in page
    assert "&lt;b onload" in page


def test_the_line_has_a_point_for_each_month_with_a_share() -> None:
    """Points lie where the shares say, between 0 and 100 %; a month with nothing to count has none."""
    svg = drawn(line([("2026-01", Share(0, 4)), ("2026-02", Share(0, 0)), ("2026-03", Share(4, 4))], {"x": 0.3}, "t"))
    dots = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in svg.iter("circle")]
    grid = [float(one.attrib["y1"]) for one in svg.iter("line") if one.attrib["class"] == "grid"]
    (target,) = [float(one.attrib["y1"]) for one in svg.iter("line") if one.attrib["class"] == "target"]

    assert [top for _, top in dots] == [max(grid), min(grid)]
    assert dots[0][0] < dots[1][0]
    assert target == pytest.approx(max(grid) - 0.3 * (max(grid) - min(grid)), abs=0.1)
    assert drawn(line([], {}, "t")).tag == "svg"


def test_bars_are_as_long_as_their_shares() -> None:
    """A row with nothing to count has its numbers and no bar."""
    svg = drawn(bars([("half", Share(1, 2)), ("all", Share(2, 2)), ("none", Share(0, 0))], "t"))
    widths = [float(one.attrib["width"]) for one in svg.iter("rect") if one.attrib["class"] == "bar"]

    assert widths[0] * 2 == widths[1]
    assert len(widths) == 2
    assert "0/0" in {one.text for one in svg.iter("text")}


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed on this machine")
async def test_a_browser_shows_the_report_and_asks_nobody(tmp_path: Path) -> None:
    """In a real browser the plots are seen, nothing is wrong with the page, and no other host is asked."""
    one = impact("2026-03", dossiers(some()))
    file = tmp_path / "report.html"
    file.write_text(html(one, [("2026-03", one.once_only)], Names(), {}), encoding="utf-8")
    elsewhere: list[str] = []

    async def guard(route: Route) -> None:
        if route.request.url == file.as_uri():
            await route.continue_()
        else:
            elsewhere.append(route.request.url)
            await route.abort()

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        await page.route("**/*", guard)
        await page.goto(file.as_uri())
        boxes = [await one.bounding_box() for one in await page.locator("svg.plot").all()]
        await browser.close()

    assert (elsewhere, errors) == ([], [])
    assert len(boxes) == 6
    assert all(box is not None and box["height"] > 30 for box in boxes)
