"""What the console knows and tells to do, from metrics alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from gateway.telemetry import Metrics, samples
from gateway.web.console.figures import Figures
from gateway.web.console.moment import Known, Moment
from gateway.web.console.repairs import Item, repairs
from gateway.web.console.slowest import quantile, slowest
from gateway.web.console.state import state
from tests.console import DANCU, KNOWN, Watched
from tests.metric_labels import everything_happened
from tests.test_docs import ROOT, anchors


@pytest.fixture
async def gateway() -> Watched:
    return await Watched().started()


def seen(moment: Moment) -> dict[str, Any]:
    (dancu,) = [one for one in state(moment)["registries"] if one["name"] == "dancu"]
    return dancu  # type: ignore[no-any-return]


def ids(moment: Moment) -> list[str]:
    return [one.id for one in repairs(moment)]


async def test_a_registry_that_nobody_asked_is_neither_well_nor_ill(gateway: Watched) -> None:
    """Without a question it is `unasked`; one without an endpoint is `not_connected`; neither is an item."""
    moment = await gateway.after(1)

    assert [one["state"] for one in state(moment)["registries"]] == ["unasked", "not_connected"]
    assert (ids(moment), state(moment)["overall"]) == ([], "ok")


async def test_a_registry_that_stops_answering_is_an_item_with_its_next_reading(gateway: Watched) -> None:
    """After good minutes the first reading that brings failures alone says so, since when, and why."""
    for _ in range(90):
        gateway.asked(10)
        await gateway.after(1)
    gateway.asked(3, reason="unreachable")
    moment = await gateway.after(1)

    (item,) = repairs(moment)
    assert (item.id, item.urgency, item.since) == ("registry-failing:dancu", "now", moment.now)
    assert (item.page, item.command) == ("runbook/registry-down.md", "gateway check")
    assert (seen(moment)["state"], seen(moment)["reason"]) == ("failing", "unreachable")
    assert seen(moment)["last_answer_at"] == moment.now - timedelta(seconds=1)
    assert state(moment)["overall"] == "bad"


async def test_an_item_closes_by_itself(gateway: Watched) -> None:
    """Once questions are answered again it is no longer failing, and a minute later nothing is left to do."""
    gateway.asked(3, reason="timeout")
    begun = await gateway.after(1)
    gateway.asked(5)
    better = await gateway.after(1)
    gateway.asked(5)
    over = await gateway.after(65)

    assert [ids(one) for one in (begun, better, over)] == [
        ["registry-failing:dancu"],
        ["registry-degraded:dancu"],
        [],
    ]
    assert seen(over)["state"] == "ok"


async def test_what_went_before_the_console_is_no_news(gateway: Watched) -> None:
    """Failures that were counted before the first reading are nobody's item."""
    late = Watched()
    late.asked(50, reason="timeout")
    await late.started()

    assert ids(await late.after(1)) == []


async def test_a_part_that_fails_shows_within_seconds(gateway: Watched) -> None:
    """Half of the questions failing shows within four seconds after long good times; one of a hundred does not."""
    for _ in range(60):
        gateway.asked(10)
        await gateway.after(1)
    gateway.asked(99)
    gateway.asked(1, reason="timeout")
    one_of_many = await gateway.after(1)
    for _ in range(3):
        gateway.asked(5)
        gateway.asked(5, reason="timeout")
        half = await gateway.after(1)

    assert ids(one_of_many) == []
    assert ids(half) == ["registry-degraded:dancu"]


async def test_silence_shows_before_any_deadline(gateway: Watched) -> None:
    """Questions that are under way while none ends are `waiting`, three seconds after the last one ended."""
    gateway.asked(5)
    await gateway.after(1)
    gateway.metrics.in_flight.labels("dancu").set(4)
    words = [seen(await gateway.after(1))["state"] for _ in range(4)]
    gateway.metrics.in_flight.labels("dancu").set(0)
    gateway.asked(4)

    assert words == ["ok", "ok", "waiting", "waiting"]
    assert seen(await gateway.after(1))["state"] == "ok"


async def test_a_breaker_that_is_open_is_a_fault_until_it_closes(gateway: Watched) -> None:
    """An open breaker is an item that names what it shuts, whatever the last answers were."""
    gateway.asked(5)
    gateway.metrics.circuit_open.labels("dancu", "citizen", "direct").set(1)
    shut = await gateway.after(1)
    (item,) = repairs(shut)
    gateway.metrics.circuit_open.labels("dancu", "citizen", "direct").set(0)

    assert (item.id, "citizen" in item.todo) == ("registry-failing:dancu", True)
    assert seen(shut)["open_circuits"] == ["citizen"]
    assert ids(await gateway.after(1)) == []


@pytest.mark.parametrize(
    ("reason", "page"),
    [("refused", "runbook/token.md"), ("malformed", "runbook/drift.md"), ("timeout", "runbook/registry-down.md")],
)
async def test_the_page_of_an_item_is_that_of_its_reason(gateway: Watched, reason: str, page: str) -> None:
    """Whoever follows the link reads about the fault that there is."""
    gateway.asked(1, reason=reason)

    (item,) = repairs(await gateway.after(1))
    assert item.page == page


async def test_answers_about_the_question_are_no_fault_of_the_registry(gateway: Watched) -> None:
    """`absent`, and `unknown` for what lies in the question or in us, leave the registry well."""
    gateway.metrics.questions.labels("dancu", "citizen", "absent", "").inc(3)
    gateway.asked(3, reason="ambiguous")
    gateway.asked(3, reason="rejected")
    gateway.asked(9, reason="ledger_unavailable")
    moment = await gateway.after(1)

    assert (seen(moment)["answered_60s"], seen(moment)["failed_60s"], seen(moment)["state"]) == (9, 0, "ok")


def _at(moment_in_s: float) -> Callable[[Any, Watched], None]:
    return lambda gauge, gateway: gauge.set(gateway.clock.now().timestamp() + moment_in_s)


FAULTS: dict[str, tuple[Callable[[Metrics], Any], Callable[[Any, Watched], None]]] = {
    "quota:dancu": (lambda one: one.quota_left.labels("dancu"), lambda gauge, _: gauge.set(0)),
    "certificate:web.tls": (lambda one: one.certificate_ends.labels("web.tls"), _at(86_400)),
    "ledger-not-durable": (lambda one: one.ledger_state.labels("dead"), lambda gauge, _: gauge.set(1)),
    "checkpoint:log/0": (lambda one: one.ledger_checkpoint_seconds.labels("log/0"), _at(-61)),
    "clock": (lambda one: one.clock_suspect, lambda gauge, _: gauge.set(1)),
    "contested:one": (lambda one: one.witness_answers.labels("one", "conflict"), lambda count, _: count.inc()),
    "witness-late:one": (lambda one: one.witnessed.labels("one"), _at(-301)),
    "drift:dancu": (lambda one: one.drift.labels("dancu", "citizen"), lambda count, _: count.inc()),
    "tickets:dancu": (lambda one: one.tickets.oldest.labels("dancu"), lambda gauge, _: gauge.set(90_000)),
    "callbacks": (lambda one: one.tickets.deliveries.labels("given_up"), lambda count, _: count.inc()),
    "batches": (lambda one: one.batch_oldest, lambda gauge, _: gauge.set(90_000)),
    "index": (lambda one: one.index_behind, lambda gauge, _: gauge.set(61)),
    "second-place": (lambda one: one.unshipped_seconds, lambda gauge, _: gauge.set(7_201)),
    "rules": (lambda one: one.reload_rejected_at.labels("policy"), _at(-5)),
    "kept-altered": (lambda one: one.cache_alarms.labels("altered"), lambda count, _: count.inc()),
    "bugs": (lambda one: one.bugs, lambda count, _: count.inc()),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_each_fault_is_one_item_with_a_page_that_is_there(gateway: Watched, name: str) -> None:
    """It comes with the next reading, alone, in two languages, and its page and heading exist."""
    before = ids(await gateway.after(1))
    of, fault = FAULTS[name]
    fault(of(gateway.metrics), gateway)
    (item,) = repairs(await gateway.after(1))

    assert (before, item.id) == ([], name)
    file, _, anchor = item.page.partition("#")
    assert (ROOT / "docs" / file).is_file()
    assert not anchor or anchor in anchors(ROOT / "docs" / file)
    assert re.search(r"[à-ỹđ]", item.title + item.todo)
    assert not re.search(r"[à-ỹđ]", item.title_en + item.todo_en)


async def test_a_log_in_that_ended_matters_only_while_somebody_asks(gateway: Watched) -> None:
    """Its end alone is nothing; with failing questions it is an item."""
    gateway.metrics.token_ends.labels("dancu", "registry").set(gateway.clock.now().timestamp() - 5)
    quiet = await gateway.after(1)
    gateway.asked(2, reason="refused")

    assert ids(quiet) == []
    assert "log-in:dancu:registry" in ids(await gateway.after(1))


async def test_what_a_counter_gained_is_forgotten_after_ten_minutes(gateway: Watched) -> None:
    """An item that was made by something that happened closes when that is more than ten minutes old."""
    gateway.metrics.bugs.inc()
    begun = await gateway.after(1)
    for _ in range(12):
        over = await gateway.after(60)

    assert (ids(begun), ids(over)) == (["bugs"], [])


async def test_urgent_items_come_first(gateway: Watched) -> None:
    """The list begins with what cannot wait."""
    gateway.metrics.batch_oldest.set(90_000)
    gateway.metrics.reload_rejected_at.labels("policy").set(1)
    gateway.asked(1, reason="timeout")
    gateway.metrics.quota_left.labels("dancu").set(0)

    assert [one.urgency for one in repairs(await gateway.after(1))] == ["now", "now", "today", "today"]


async def test_the_metrics_are_read_once_a_second_however_many_look() -> None:
    """Ten who look within one second cost one reading; the next second costs another."""
    gateway, read = Watched(), []

    def counting() -> Any:
        read.append(1)
        return samples(gateway.metrics)

    gateway.watch._samples = counting
    for _ in range(10):
        await gateway.watch.moment()
    await gateway.after(1)

    assert len(read) == 2


async def test_a_count_that_begins_anew_is_no_flood(gateway: Watched) -> None:
    """After a restart counts are lower than before: what they show is what came since."""
    gateway.asked(100)
    await gateway.after(1)
    gateway.metrics = Metrics()
    gateway.asked(2)
    moment = await gateway.after(1)

    assert seen(moment)["answered_60s"] == 2
    assert ids(moment) == []


def test_the_slowest_dataset_comes_first() -> None:
    """Times come from the questions since the earlier reading, not from all there ever were."""
    metrics = Metrics()
    for _ in range(100):
        metrics.question_seconds.labels("dancu", "citizen").observe(9)
    earlier = Figures(samples(metrics))
    for value in (0.004, 0.02, 0.2):
        metrics.question_seconds.labels("dancu", "citizen").observe(value)
        metrics.question_seconds.labels("dkdn", "enterprise").observe(value * 10)

    found = slowest(Figures(samples(metrics)), earlier)
    assert [(one.registry, one.count, one.p50_s, one.p95_s) for one in found] == [
        ("dkdn", 3, 0.25, 2.5),
        ("dancu", 3, 0.025, 0.25),
    ]
    assert quantile({}, 0.5) == float("inf")


async def test_the_state_is_json_whatever_has_happened() -> None:
    """With every metric of twelve registries it can be written, is small, and holds no other text than it should."""
    everything = everything_happened()
    gateway = Watched()
    names = {labels["registry"] for name, labels, _ in samples(everything) if name == "gateway_questions_total"}
    known = replace(KNOWN, registries=tuple(replace(DANCU, name=name) for name in sorted(names)))
    gateway.watch._samples, gateway.watch._known = lambda: samples(everything), known
    body = orjson.dumps(state(await gateway.after(1)))

    assert len(known.registries) == 12
    assert len(body) < 64 * 1024
    assert {one["dataset"].partition(".")[0] for one in orjson.loads(body)["slowest"]} <= names


def test_an_item_is_plain_values() -> None:
    """Items are written as they are."""
    one = Item(id="a", urgency="now", title="t", title_en="t", todo="d", todo_en="d", page="p")

    assert orjson.loads(orjson.dumps(one.view())) == one.view()
    assert Known(version="0", processes=2, registries=()).has_ledger is False
