"""What the metrics promise as a whole: few series, right over several workers, at an address of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import Gauge
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as parsed

from gateway.app_standing import own_certificates
from gateway.telemetry import STAGES, Metrics, Unheard, exposition
from mocks.server import Running
from tests.certificates import Authority
from tests.conftest import FIRM, MAU, Desk, open_desk, settings_for
from tests.gateway_process import Client, GatewayProcess
from tests.metric_labels import everything_happened
from tests.ports import free_port
from tests.recorded import settings_file

MOST_SERIES = 2000


def samples(text: str) -> dict[str, float]:
    """Every sample by its name with its labels, as it stands in the text."""
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_twelve_registries_have_at_most_two_thousand_series() -> None:
    """Where everything that can happen has happened at every registry, there are fewer series than were promised."""
    body, _ = exposition(everything_happened())

    assert len(samples(body.decode())) <= MOST_SERIES


def test_a_gauge_of_one_process_is_not_the_least_of_all() -> None:
    """
    A gauge without labels is 0 in every process from its start, also in those that never set it: the least of all
    would be theirs.
    """
    least = [one for one in vars(Metrics()).values() if isinstance(one, Gauge) and "min" in one._multiprocess_mode]

    assert [one._name for one in least if not one._labelnames] == []


def test_the_longest_and_the_shortest_wait_fall_into_a_bucket() -> None:
    """Times of questions and stages are told from 1 ms to 30 s."""
    for metric in (Metrics().question_seconds, Metrics().stage_seconds):
        bounds = metric._kwargs["buckets"]
        assert (bounds[0], bounds[-1]) == (0.001, 30)


async def test_every_stage_of_a_question_is_timed(desk: Desk) -> None:
    """An answered question stands once in each stage but those of the ledger, which this gateway does not have."""
    await desk.ask("dancu.citizen", MAU)

    text = samples(await desk.metrics())
    counted = {stage: text[f'gateway_stage_seconds_count{{stage="{stage}"}}'] for stage in STAGES}
    assert counted == {"read": 1, "access": 1, "asked": 0, "registry": 1, "answered": 0}
    assert text['gateway_class_questions_total{class="counter",outcome="found"}'] == 1


async def test_a_reader_of_open_metrics_gets_them(desk: Desk) -> None:
    """Prometheus asks for OpenMetrics and gets a text of that grammar; who asks for nothing gets the old one."""
    await desk.ask("dancu.citizen", MAU)
    headers = {"Accept": "application/openmetrics-text;version=1.0.0"}
    async with desk.session.get(desk.metrics_url, headers=headers) as reply:
        new, kind = await reply.text(), reply.headers["Content-Type"]

    assert kind.startswith("application/openmetrics-text")
    assert {one.name for one in open_metrics(new)} >= {"gateway_questions", "gateway_clock_timestamp_seconds"}
    assert {one.name for one in parsed(await desk.metrics())} >= {"gateway_questions"}


async def test_the_end_of_a_log_in_is_told(desk: Desk) -> None:
    """After a log-in its end stands in the metrics; before one, and for a registry without log-ins, nothing does."""
    before = await desk.metrics()
    await desk.ask("dkdn.enterprise", FIRM)

    (name,) = set(re.findall(r"^gateway_token_expires\w+{.*?}", await desk.metrics(), re.MULTILINE))
    assert name == 'gateway_token_expires_timestamp_seconds{log_in="registry",registry="dkdn"}'
    assert "gateway_token_expires_timestamp_seconds{" not in before
    left_s = samples(await desk.metrics())[name] - datetime.now(UTC).timestamp()
    assert 0 < left_s < 86_400


async def test_f44_the_end_of_each_certificate_is_told(tmp_path: Path, stand_ins: Running) -> None:
    """Every certificate by which others know us is found in the settings, by the section that names it."""
    pair = Authority(tmp_path).issue(until=timedelta(days=10))
    tls = {"certificate_file": pair.certificate, "key_file": pair.key}
    settings = settings_for(stand_ins.base_url, dkdn={"tls": tls})

    assert dict(own_certificates(settings)) == {"registries.dkdn.tls": pair.certificate}


def test_what_nobody_shall_hear_is_not_heard() -> None:
    """Metrics of a log that somebody else's process had left behind are written nowhere."""
    unheard = Unheard()
    unheard.ledger_size.set(7)
    unheard.child(unheard.ledger_records, "asked").inc(3)
    unheard.ledger_state.labels("dead").set(1)

    assert exposition(unheard)[0] == b""


@pytest.fixture
def two_workers(tmp_path: Path, stand_ins: Running) -> Iterator[tuple[GatewayProcess, str]]:
    """A gateway with two workers, where three had been before, and the address of its metrics."""
    settings = settings_file(tmp_path, stand_ins.base_url, ledger="checkpoint_s = 0.2")
    port, metrics_port = free_port(), free_port()
    environment = {"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": str(metrics_port)}
    many = GatewayProcess(settings, port, arguments=("--workers", "3"), environment=environment)
    with many.running():
        pass
    two = GatewayProcess(settings, port, arguments=("--workers", "2"), environment=environment)
    with two.running():
        yield two, f"http://127.0.0.1:{metrics_port}/metrics"


async def test_several_workers_are_counted_together(two_workers: tuple[GatewayProcess, str]) -> None:
    """Counts of both workers are added up; each log's checkpoint is its own; a log left behind is nobody's."""
    gateway, url = two_workers
    client = Client(gateway.url, connections=8)
    await client.ask_times(48)
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        text = samples(await reply.text())

    answered = sum(value for name, value in text.items() if name.startswith("gateway_questions_total{"))
    assert answered == len(client.received) + len(client.problems) == 48
    assert {one.log for one in client.received} <= {"gateway.test/ledger/0", "gateway.test/ledger/1"}
    signed = {name: value for name, value in text.items() if name.startswith("gateway_ledger_checkpoint")}
    assert len(signed) == 2
    assert all(value > 1.7e9 for value in signed.values())
    assert text['gateway_ledger_state{state="open"}'] == 2
    assert text['gateway_ledger_state{state="closed"}'] == 0
    assert abs(text["gateway_clock_timestamp_seconds"] - datetime.now(UTC).timestamp()) < 60


async def test_a_full_line_is_seen(stand_ins: Running) -> None:
    """Once a second it is told how many wait for a place, also where nobody does."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        desk.core.catalogue.instances["dkdn"].channel.tell()
        text = await desk.metrics()

    assert 'gateway_questions_waiting{registry="dkdn"} 0.0' in text
