"""The benchmark: what it counts, what it refuses to report, and its arithmetic."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from lxml import etree
from rich.console import Console

from bench import figures, gateway_settings, stub
from bench.asking import FIRM_HANDED_ON, GET_FIRM
from bench.cases import FIRM, firm_codes, question, target
from bench.check import answer, check
from bench.errors import BenchError
from bench.finding import Finding, Target
from bench.load.open import Stream
from bench.load.open import ask as ask_in_open_loop
from bench.load.own import Own, measure
from bench.load.wrk import Wrk
from bench.peers import proxies
from bench.peers.rows import PEERS
from bench.pieces.without import PIECES, Nothing
from bench.plot import plot
from bench.processes import Cores
from bench.progress import told_to
from bench.report import as_json, show, show_findings
from bench.rounds import Plan, Spare, Turn
from bench.rounds import measure as measure_rows
from bench.row import Ask, Right, Row
from bench.row_targets import row_findings
from bench.rows import ROWS, chosen
from bench.scenarios.catalogue import SCENARIOS, named, played
from bench.scenarios.memory import MEMORY
from bench.scenarios.outage import before_the_pause
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.workers import findings as of_workers
from bench.stage import Server, Stage, free_port
from gateway import app
from gateway.domain.identifiers import EnterpriseCode
from gateway.lookup.request import parse
from gateway.settings import load

RIGHT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
LATER = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
NO_LENGTH = b"HTTP/1.1 200 OK\r\n\r\nok"
REQUEST = Ask(path="/", body=b"{}").http(1)
SHORT = Plan(rounds=1, many_s=0.3, single_s=0.2, warm_up_s=0.1, spare_s=0)

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="CPU time is read from /proc")
needs_wrk = pytest.mark.skipif(Wrk.find() is None, reason="wrk is not installed")


class Counting:
    """A server that answers its n-th request with what `answer(n)` gives; None is silence, empty is the end."""

    def __init__(self, answer: Callable[[int], bytes | None]) -> None:
        self.served = 0
        self.port = 0
        self._answer = answer

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readexactly(len(REQUEST)):
                self.served += 1
                answer = self._answer(self.served)
                if answer == b"":
                    break
                writer.write(answer or b"")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def turn(*, cpu_us: float = 100, others: float = 0) -> Turn:
    return Turn(
        requests_per_s=1000,
        cpu_us=cpu_us,
        p50_ms=1,
        p99_ms=2,
        single_p50_ms=1,
        single_p99_ms=2,
        busy=1,
        others=others,
        stolen=0,
    )


@asynccontextmanager
async def counting(answer: Callable[[int], bytes | None]) -> AsyncIterator[Counting]:
    one = Counting(answer)
    server = await asyncio.start_server(one.talk, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    async with server:
        yield one


async def test_our_generator_counts_every_answer() -> None:
    """As many answers are counted as were given, over all connections, and none of them is a failure."""
    async with counting(lambda _: RIGHT) as server:
        tally = await measure(server.port, REQUEST, connections=8, seconds=0.2)

    assert tally.requests == server.served > 8
    assert tally.failures == {}
    assert 0 < tally.p50_ms <= tally.p99_ms
    assert tally.requests_per_s == pytest.approx(server.served / tally.seconds)


async def test_an_answer_in_pieces_is_one_answer() -> None:
    """An answer that arrives byte by byte counts once."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(REQUEST))
        for place in range(len(RIGHT)):
            writer.write(RIGHT[place : place + 1])
            await asyncio.sleep(0)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        tally = await measure(port, REQUEST, connections=1, seconds=0)

    assert (tally.requests, tally.failures) == (1, {})


@pytest.mark.parametrize(
    ("answer", "failures"),
    [
        pytest.param(lambda number: BUSY if number == 3 else RIGHT, {"status": 1}, id="wrong status"),
        pytest.param(lambda number: b"" if number == 3 else RIGHT, {"closed": 1}, id="closed"),
        pytest.param(lambda number: NO_LENGTH if number == 3 else RIGHT, {"unreadable": 1}, id="unreadable"),
        pytest.param(lambda number: None if number == 3 else RIGHT, {"timeout": 1}, id="silence"),
    ],
)
async def test_our_generator_reports_failures(answer: Callable[[int], bytes | None], failures: dict[str, int]) -> None:
    """A wrong status, a closed connection, an answer without a length and silence are each counted by kind."""
    async with counting(answer) as server:
        tally = await measure(server.port, REQUEST, connections=2, seconds=0.1, patience_s=0.1)

    assert tally.failures == failures


async def test_nobody_listening_is_a_failure() -> None:
    """A connection that is refused is counted, and no answer is."""
    async with counting(lambda _: RIGHT) as server:
        port = server.port

    tally = await measure(port, REQUEST, connections=2, seconds=0.1)

    assert (tally.requests, tally.failures) == (0, {"connect": 2})


def test_a_ratio_is_taken_inside_each_round() -> None:
    """A machine that is twice as slow in one round changes no ratio."""
    assert figures.ratio([30, 60, 33], [10, 20, 10]) == figures.Ratio(median=3, low=3, high=3.3)
    assert math.isnan(figures.ratio([1], [0]).median)


def test_a_report_compares_each_row_with_its_baseline() -> None:
    """Table and JSON take ratios to the baseline; JSON holds figures only, and the table names what was disturbed."""
    rows = chosen(["rest"])
    turns = {"pass": [turn(cpu_us=100)] * 2, "rest": [turn(cpu_us=300), turn(cpu_us=500, others=0.5)]}
    console = Console(record=True, width=80, file=StringIO())

    show(console, rows, turns, {"CPU": "one"})
    told = json.loads(json.dumps(as_json(rows, turns, {"CPU": "one"}), allow_nan=False))

    assert "4.00 × pass (3.00–5.00)" in console.export_text()
    assert "1 of 4 turns disturbed" in told["conditions"]["the machine meanwhile"]
    assert told["rows"][1]["ratios"]["cpu_us"] == {"median": 4.0, "low": 3.0, "high": 5.0}


def test_a_disturbed_turn_is_measured_again_while_time_is_left() -> None:
    """The first calm turn counts, with the number of those that were dropped; without spare time none is."""
    disturbed, calm = turn(others=0.5), turn(others=0.01)

    assert Spare(60, pause_s=0).calm(iter([disturbed, disturbed, calm]).__next__) == replace(calm, again=2)
    assert Spare(0).calm(iter([disturbed]).__next__) == disturbed


def test_percentiles_are_values_that_were_measured() -> None:
    """The 99th percentile of a hundred values is the 99th of them, of one value that value, of none zero."""
    assert figures.percentile(range(1, 101), 99) == 99
    assert figures.percentile(range(1, 101), 50) == 50
    assert figures.percentile([7], 99) == 7
    assert figures.percentile([], 99) == 0


def test_a_quick_run_stays_within_two_minutes() -> None:
    """However many rows there are, measuring and warming up leave time to start everything."""
    for rows in range(1, 20):
        plan = Plan.quick(rows)
        assert plan.rounds >= 1
        assert rows * (plan.warm_up_s + plan.rounds * (plan.many_s + plan.single_s)) < 105


def test_rows_are_compared_with_rows() -> None:
    """Every row has a name of its own, and its baseline is chosen with it, in the table's order."""
    names = [row.name for row in ROWS]

    assert len(set(names)) == len(names)
    assert all(row.against in {None, *names} for row in ROWS)
    assert [row.name for row in chosen(["rest"])] == ["pass", "rest"]
    assert chosen([]) == ROWS
    with pytest.raises(BenchError, match="no such row: rset; there are stub"):
        chosen(["rset"])


def test_the_stub_answers_what_the_contracts_recorded() -> None:
    """The stub's bytes end with the case file's body, under the path that the case file asks."""
    contract, case = FIRM

    assert contract.registry == "dkdn"
    assert stub.answers()[f"GET {target(FIRM)}".encode()].endswith(b"\r\n\r\n" + case.response.content)
    assert len(stub.answers()) == 3


@needs_proc
def test_a_lookup_is_measured() -> None:
    """The real gateway answers our generator, and its row gets figures."""
    rest = [row for row in ROWS if row.name == "rest"]
    with Stage.open(Cores.available()) as stage:
        turns = measure_rows(rest, SHORT, stage, Own())

    (lookup,) = turns["rest"]
    assert isinstance(lookup, Turn)
    assert lookup.requests_per_s > 0
    assert 0 < lookup.single_p50_ms <= lookup.single_p99_ms


@needs_proc
@pytest.mark.parametrize(
    ("ask", "right", "said"),
    [
        (Ask(method="GET", path="/nowhere"), Right(), "status 404 instead of 200"),
        (Ask(method="GET", path=target(FIRM)), Right(markers=("nobody",)), "the answer does not hold nobody"),
    ],
)
def test_a_wrong_answer_is_not_measured(ask: Ask, right: Right, said: str) -> None:
    """A row whose answer has the wrong status or body stops the run before anything is counted."""
    wrong = Row(name="wrong", title="wrong", start=lambda stage: stage.stub, ask=ask, right=right, against=None)
    with Stage.open(Cores.available()) as stage, pytest.raises(BenchError, match=said):
        measure_rows([wrong], SHORT, stage, Own())


@needs_proc
@needs_wrk
def test_wrk_reports_failures_too() -> None:
    """Answers of a wrong status are failures of a run with wrk as well."""
    wrk = Wrk.find()
    assert wrk is not None
    with Stage.open(Cores.available()) as stage:
        right = wrk.run(stage.stub.port, Ask(method="GET", path=target(FIRM)), connections=1, seconds=1, core=None)
        wrong = wrk.run(
            stage.stub.port, Ask(path="/nowhere", body=b'{"a\n": "\xe1"}'), connections=1, seconds=1, core=None
        )

    assert not any(right.failures.values())
    assert wrong.failures["status"] == wrong.requests > 0


@needs_proc
def test_a_server_that_cannot_start_says_why() -> None:
    """A program that ends at once is an error with its last words."""

    def broken(stage: Stage) -> Server:
        return stage.python("bench.bare", "nonsense")

    row = Row(name="broken", title="broken", start=broken, ask=Ask(), right=Right(), against=None)
    with Stage.open(Cores.available()) as stage, pytest.raises(BenchError, match="invalid choice: 'nonsense'"):
        measure_rows([row], SHORT, stage, Own())


def stream(*, per_s: float, connections: int = 100, patience_s: float = 0.2) -> Stream:
    return Stream(name="all", ask=Ask(), per_s=per_s, seconds=0.1, connections=connections, patience_s=patience_s)


async def test_in_open_loop_nobody_waits_for_an_answer() -> None:
    """A server that says nothing is asked every question all the same, and each of them is accounted for."""
    async with counting(lambda _: None) as server:
        heard = await ask_in_open_loop(server.port, stream(per_s=200), REQUEST)

    assert (heard.meant, heard.sent, heard.unsent) == (20, 20, 0)
    assert heard.failures == {"silence": 20}
    assert (heard.right.count, heard.wrong) == (0, 20)


async def test_in_open_loop_answers_are_told_by_status() -> None:
    """Right answers and refusals are counted apart, and refusals that say when to come again are known."""
    async with counting(lambda number: (RIGHT, BUSY, LATER)[number % 3]) as server:
        heard = await ask_in_open_loop(server.port, stream(per_s=300, patience_s=10), REQUEST)

    assert (heard.by_status[200].count, heard.by_status[503].count) == (10, 20)
    assert heard.by_status[503].with_retry_after == 10
    assert heard.failures == {}


async def test_in_open_loop_what_finds_no_connection_is_not_hidden() -> None:
    """Beyond the connections that there may be a question is not asked, and counts as one without an answer."""
    async with counting(lambda _: None) as server:
        heard = await ask_in_open_loop(server.port, stream(per_s=200, connections=5), REQUEST)

    assert (heard.sent, heard.unsent, heard.wrong) == (5, 15, 20)


@pytest.mark.parametrize(
    ("target", "measured", "verdict"),
    [
        (Target(number=1, must=3.8, aim=3.0), 3.0, "aim reached"),
        (Target(number=1, must=3.8, aim=3.0), 3.8, "reached"),
        (Target(number=1, must=3.8, aim=3.0), 3.81, "missed"),
        (Target(number=3, must=4.5, aim=6, at_least=True), 6, "aim reached"),
        (Target(number=3, must=4.5, aim=6, at_least=True), 4.4, "missed"),
        (Target(number=4, must=8), math.nan, "missed"),
        (Target(number=4, must=8), None, "not measured"),
    ],
)
def test_whether_a_target_is_reached_is_computed(target: Target, measured: float | None, verdict: str) -> None:
    """The verdict follows from the figure; what is no number reaches nothing."""
    finding = Finding(name="figure", measured=measured, target=target)
    console = Console(record=True, width=80, file=StringIO())
    show_findings(console, [finding])

    assert finding.verdict == verdict
    assert verdict in console.export_text()


def test_targets_of_rows_are_ratios_of_the_same_round() -> None:
    """Rows that were measured give their ratio; one whose other row is not there says so; others are not asked for."""
    found = {
        one.target.number: one
        for one in row_findings({"rest": [turn(cpu_us=300)], "pass": [turn(cpu_us=100)]})
        if one.target is not None and "pass" in one.name
    }
    alone = row_findings({"echo": [turn()]})
    (stand_ins,) = row_findings({"stand-in": [turn(cpu_us=100), turn(cpu_us=500), turn(cpu_us=200)]})

    assert (found[2].measured, found[2].verdict) == (3.0, "missed")
    assert [(one.verdict, one.note) for one in alone] == [("not measured", "no row cached")]
    assert (stand_ins.measured, stand_ins.verdict) == (5000, "reached")


def test_what_the_machine_lacks_is_said() -> None:
    """A program that is not there is named with what to do; a quick run has the rows that its targets speak of."""
    quick = {row.name for row in chosen([], quick=True)}

    assert proxies.missing("no-such-proxy")() == (
        "no-such-proxy is not installed (Debian: apt-get install no-such-proxy)"
    )
    assert {"echo", "pass", "rest", "soap", "fastapi", "zeep"} <= quick < {row.name for row in ROWS}
    assert [one.name for one in named(["memory"])] == ["memory"]
    assert named([]) == SCENARIOS
    with pytest.raises(BenchError, match="no such scenario: memroy; there are latency"):
        named(["memroy"])


def test_the_picture_shows_every_row() -> None:
    """The SVG is XML, and has each row's title and ratio."""
    rows = chosen(["rest", "without-log"])
    turns = {"pass": [turn(cpu_us=100)], "rest": [turn(cpu_us=300)], "without-log": [turn(cpu_us=150)]}
    texts = [text for element in etree.fromstring(plot(rows, turns, {})).iter() if (text := element.text)]

    assert {row.title for row in rows} <= set(texts)
    assert {"1.00 ×", "3.00 ×", "0.50 ×"} <= set(texts)


def test_firms_of_a_benchmark_are_nobodys() -> None:
    """Codes are all different, begin with what no province has, and the gateway takes them."""
    codes = firm_codes(100)

    assert len(set(codes)) == 100
    assert all(code.startswith("99") and EnterpriseCode(code) for code in codes)


def test_requests_before_a_pause_are_counted() -> None:
    """An outage's requests count until the first second without any."""
    assert before_the_pause([0.0, 0.5, 1.4, 6.4, 6.5]) == 3
    assert before_the_pause([0.0, 0.5]) == 2
    assert before_the_pause([]) == 0


@needs_proc
def test_a_moody_registry_has_its_capacity_and_its_outages() -> None:
    """It answers no more at once than it can, 503 while it is told to be out of order, and tells when it was asked."""
    with Stage.open(Cores.available()) as stage:
        registry = stage.python("bench.registry", "--after-ms", "50", "--at-once", "2")
        tally = Own().run(registry.port, GET_FIRM, connections=8, seconds=0.3, core=None)
        answer("registry", registry, Ask(path="/-/out"))
        out, _ = answer("registry", registry, GET_FIRM)
        answer("registry", registry, Ask(path="/-/in"))
        check("registry", registry, GET_FIRM, FIRM_HANDED_ON)
        _, seen = answer("registry", registry, Ask(method="GET", path="/-/seen"))

    assert 0 < tally.requests <= 2 * (tally.seconds / 0.05 + 1)
    assert out == 503
    assert [was_out for _, was_out in json.loads(seen)][-2:] == [True, False]


@needs_proc
@pytest.mark.parametrize("row", [row for row in PEERS if row.missing() is None], ids=lambda row: row.name)
def test_peers_give_the_right_answer(row: Row) -> None:
    """Whatever peer is installed answers what its row says is right."""
    with Stage.open(Cores.available()) as stage:
        check(row.name, row.start(stage), row.ask, row.right)


@needs_proc
async def test_without_a_piece_the_answer_is_the_same(tmp_path: Path) -> None:
    """The gateway answers the benchmark's question, the first time and after, whichever piece is taken out."""
    words = {}
    with Stage.open(Cores.available()) as stage:
        for piece, take_out in PIECES.items():
            file = gateway_settings.write(tmp_path / piece, port=free_port(), registries=stage.stub_url)
            metrics = Nothing() if piece == "metrics" else None
            core = take_out(await app.opened(load(file), metrics=metrics))  # type: ignore[arg-type]
            words[piece] = [
                (
                    await core.lookup.ask(core.lookup.new_id(), core.consumers["bench"], parse(question(FIRM)))
                ).answer.outcome.word
                for _ in range(2)
            ]
            await core.close()

    assert words == {piece: ["found", "found"] for piece in PIECES}


@needs_proc
def test_a_short_run_has_figures_of_memory_and_no_verdict() -> None:
    """A worker's memory is told after a hundred questions about a hundred firms; the target speaks of a million."""
    with Stage.open(Cores.available()) as stage:
        held, grown = MEMORY.run(stage, Effort(memory_questions=100))

    assert held.measured is not None
    assert grown.measured is not None
    assert 10 < held.measured < 1000
    assert 0.5 < grown.measured < 2
    assert (held.verdict, grown.verdict) == ("", "")
    assert "target 9 speaks of 1,000,000" in held.note


def test_two_workers_are_fast_enough_or_cheap_enough() -> None:
    """More answers are enough whatever they cost; where there are too few more, what a question costs is judged."""
    one = [(100.0, 2.0), (200.0, 2.0)]

    faster = of_workers(one, [(160.0, 3.0), (330.0, 3.0)])
    cheaper = of_workers(one, [(150.0, 2.1), (300.0, 2.1)])
    neither = of_workers(one, [(150.0, 2.3), (300.0, 2.3)])

    assert [each.verdict for each in faster] == ["reached", ""]
    assert [each.verdict for each in cheaper] == ["", "reached"]
    assert [each.verdict for each in neither] == ["", "missed"]


@needs_proc
def test_a_scenario_that_goes_wrong_costs_no_other_its_figures() -> None:
    """Its name and what was wrong are told; the others are played all the same."""
    figure = Finding(name="figure", measured=1)

    def broken(_: Stage, __: Effort) -> list[Finding]:
        raise BenchError("status 500 instead of 200")

    scenarios = [
        Scenario(name="broken", title="broken", run=broken),
        Scenario(name="whole", title="whole", run=lambda _, __: [figure]),
    ]

    assert played(scenarios, Cores.available(), Effort()) == (
        [figure],
        ["scenario broken: status 500 instead of 200"],
    )


def test_what_goes_on_is_told_line_by_line_where_nobody_watches_a_terminal() -> None:
    """A file gets each step at once with its second; a run that is silent is in trouble."""
    written = StringIO()

    with told_to(Console(file=written)) as told:
        effort = Effort.quick(told)
        told("starting")
        assert list(effort.numbers("the registry")) == [1, 2, 3]

    lines = [line.split("s  ", 1)[1] for line in written.getvalue().splitlines()]
    assert lines == ["starting", *(f"round {number} of 3: the registry" for number in (1, 2, 3))]
