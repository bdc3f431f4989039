"""What a person types, run as he would run it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from rich.console import Console

from demo.__main__ import AFTERWARDS, STEPS
from demo.papers import SCENES, Scene, played
from tests.commands import run
from tests.conftest import FIRM, INQUIRY, MAU
from tests.ports import demo_port, free_port
from tests.trusted import trusted

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "demo"
QUESTION = json.dumps({"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY, "fields": ["full_name"]})


def towards(mocks: str, *, cases: str | None = None) -> dict[str, str]:
    """The demo's settings, pointed at these stand-ins; the one-stop's cases at others where `cases` says so."""
    return {
        "GATEWAY_SETTINGS": str(DEMO / "gateway.toml"),
        "GATEWAY_CASES__URL": f"{cases or mocks}/_mocks/cases",
        "GATEWAY_REGISTRIES__DANCU__ENDPOINT": f"{mocks}/dancu",
        "GATEWAY_REGISTRIES__DKDN__ENDPOINT": f"{mocks}/dkdn",
        "GATEWAY_REGISTRIES__DKDN__CREDENTIALS__TOKEN_URL": f"{mocks}/dkdn/token",
        **trusted(),
    }


@contextmanager
def mocks_process() -> Iterator[str]:
    port = free_port()
    with process("-m", "mocks", "--port", str(port), "--citizens", "100") as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield f"http://127.0.0.1:{port}"


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
    )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)


def test_policy_check_says_what_is_wrong_and_where(tmp_path: Path) -> None:
    """A file that could be used is ok with its version; any other is refused with the place, and exit code 2."""
    good = run("policy", "check", "demo/policy.toml", "-s", "demo/gateway.toml", "--json")
    text = (DEMO / "policy.toml").read_text().replace('"dkdn.enterprise"', '"dkdn.enterprize"')
    (tmp_path / "policy.toml").write_text(text)
    bad = run("policy", "check", str(tmp_path / "policy.toml"), "-s", "demo/gateway.toml")

    version = hashlib.sha256((DEMO / "policy.toml").read_bytes()).hexdigest()[:12]
    assert (good.returncode, json.loads(good.stdout)["version"]) == (0, version)
    assert bad.returncode == 2
    assert "rules[1] doanh-nghiep.datasets: 'dkdn.enterprize' is no dataset" in bad.stderr
    assert "did you mean 'dkdn.enterprise'?" in bad.stderr


def test_policy_explain_says_which_rule_gives_which_field_by_which_law() -> None:
    """Field by field, with rule and basis, and what nobody gives; exit code 1 where nothing is given."""
    asked = ("policy", "explain", "--consumer", "one-stop", "-s", "demo/gateway.toml", "--dataset")
    done = run(*asked, "dancu.citizen", "--procedure", "1.004222", "--json")
    shown = run(*asked, "dancu.citizen", "--purpose", "verify_residence")
    nothing = run(*asked, "dancu.citizen", "--purpose", "curiosity")
    stranger = run(*asked, "dancu.nobody")

    explained = json.loads(done.stdout)
    laws = {(row["field"], row["rule"]): row["basis"] for row in explained["given"]}
    assert laws["permanent_residence", "cu-tru"] == "Nghị định 104/2022/NĐ-CP, Điều 14"
    assert ("permanent_residence", "nhan-than") in laws
    assert explained["withheld"] == ["blood_group", "ethnic_group", "relatives", "religion"]
    assert "cu-tru" in shown.stdout
    assert "nhan-than" not in shown.stdout
    assert (done.returncode, nothing.returncode, stranger.returncode) == (0, 1, 2)


@pytest.fixture(scope="module")
def mocks() -> Iterator[str]:
    with mocks_process() as url:
        yield url


def test_lookup_reads_a_question_from_standard_input(mocks: str) -> None:
    """Nothing personal stands in arguments; the answer is JSON on standard output and the exit code is 0."""
    done = run("lookup", "--json", stdin=QUESTION, **towards(mocks))

    answer = json.loads(done.stdout)
    assert (done.returncode, answer["outcome"]) == (0, "found")
    assert answer["record"] == {"full_name": "NGUYỄN VĂN MẪU"}


def test_lookup_shows_a_person_what_was_found(mocks: str, tmp_path: Path) -> None:
    """From a file, for the eye: outcome, record and provenance."""
    (tmp_path / "question.json").write_text(QUESTION)

    done = run("lookup", str(tmp_path / "question.json"), **towards(mocks))

    assert done.returncode == 0
    assert "found" in done.stdout
    assert "NGUYỄN VĂN MẪU" in done.stdout


def test_lookup_without_an_answer_exits_with_3(mocks: str) -> None:
    """A script can tell unknown from found and absent."""
    done = run("lookup", "--json", stdin=QUESTION, **towards("http://127.0.0.1:9", cases=mocks))

    assert (done.returncode, json.loads(done.stdout)["reason"]) == (3, "unreachable")


def test_a_wrong_question_is_one_sentence_and_exit_code_2(mocks: str) -> None:
    """The field at fault is named on standard error, without a traceback or a value."""
    done = run("lookup", stdin=QUESTION.replace("000099000001", "CANARY"), **towards(mocks))

    assert done.returncode == 2
    assert "query.citizen_id" in done.stderr
    assert "CANARY" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_check_says_that_all_is_well(mocks: str) -> None:
    """Settings, connection and token are tried instance by instance; exit code 0."""
    done = run("check", "--json", **towards(mocks))

    assert done.returncode == 0
    assert [(one["registry"], one["step"], one["ok"]) for one in json.loads(done.stdout)] == [
        ("gateway", "authentication", True),
        ("gateway", "state", True),
        ("gateway", "policy", True),
        ("gateway", "case_checks", True),
        ("one-stop", "connection", True),
        ("one-stop", "credentials", True),
        ("gateway", "policy_approvals", True),
        ("gateway", "cache", True),
        ("dancu", "settings", True),
        ("dancu", "connection", True),
        ("dancu", "credentials", True),
        ("dkdn", "settings", True),
        ("dkdn", "connection", True),
        ("dkdn", "credentials", True),
    ]


def test_check_says_what_to_do_where_something_fails(mocks: str, tmp_path: Path) -> None:
    """A dead address and a wrong secret are told apart, each with its advice; exit code 1."""
    (tmp_path / "wrong").write_text("wrong")
    environment = towards(mocks) | {
        "GATEWAY_REGISTRIES__DANCU__ENDPOINT": "http://127.0.0.1:9/dancu",
        "GATEWAY_REGISTRIES__DKDN__CREDENTIALS__SECRET_FILE": str(tmp_path / "wrong"),
    }

    done = run("check", "--json", **environment)

    failed = {(one["registry"], one["step"]): one["advice"] for one in json.loads(done.stdout) if not one["ok"]}
    assert done.returncode == 1
    assert set(failed) == {("dancu", "connection"), ("dkdn", "credentials")}
    assert all(failed.values())


def test_check_asks_about_nobody() -> None:
    """The stand-ins saw a log-in and nothing else."""
    with mocks_process() as url:
        done = run("check", **towards(url))
        journal = json.loads(_read(f"{url}/_mocks/journal"))

    assert done.returncode == 0
    assert [entry["operation"] for entry in journal["entries"]] == ["token"]


def test_check_waits_for_nobody_for_ever() -> None:
    """A token endpoint that says nothing is reported, with what to look at."""
    with mocks_process() as url:
        request = Request(f"{url}/_mocks/faults/dkdn", b'{"fault": "silence"}', method="PUT")  # noqa: S310
        with urlopen(request, timeout=5):  # noqa: S310
            pass
        done = run("check", "--json", **towards(url))

    failed = [(one["registry"], one["step"]) for one in json.loads(done.stdout) if not one["ok"]]
    assert failed == [("dkdn", "credentials")]


def test_contract_test_passes_in_memory_and_over_a_socket(mocks: str) -> None:
    """The same case files, without a network and against the stand-in of an instance."""
    in_memory = run("contract", "test", "--json")
    over_a_socket = run("contract", "test", "--instance", "dkdn", "--json", **towards(mocks))

    assert in_memory.returncode == over_a_socket.returncode == 0
    assert {one["registry"] for one in json.loads(in_memory.stdout)["cases"]} >= {"dancu", "dkdn"}
    report = json.loads(over_a_socket.stdout)
    assert all(one["passed"] for one in report["cases"])
    assert report["no_claims_because"] == "registries.dkdn.real is not set: what stands there is no registry"


def test_contract_test_fails_where_nobody_answers(mocks: str) -> None:
    """An endpoint that is away proves no case file of an answer."""
    done = run("contract", "test", "--instance", "dancu", "--json", **towards("http://127.0.0.1:9"))

    assert done.returncode == 1
    assert not next(one for one in json.loads(done.stdout)["cases"] if one["case"] == "found")["passed"]


def test_new_key_makes_a_key_and_its_hash() -> None:
    """The hash for settings is the SHA-256 of the key for the consumer."""
    made = json.loads(run("new-key", "--json").stdout)

    assert made["api_key_sha256"] == hashlib.sha256(made["api_key"].encode()).hexdigest()


def test_help_names_every_command() -> None:
    """Commands of other packages stand beside our own."""
    text = run("--help").stdout

    for command in ("serve", "lookup", "check", "contract", "new-key", "mocks"):
        assert re.search(rf"\b{command}\b", text)


def _post(url: str, body: dict[str, Any], *, path: str = "/v1/lookups", key: str = "one-stop-key") -> dict[str, Any]:
    key = (DEMO / "secrets" / key).read_text().strip()
    request = Request(f"{url}{path}", json.dumps(body).encode(), {"X-API-Key": key})  # noqa: S310
    with urlopen(request, timeout=10) as reply:  # noqa: S310
        answer: dict[str, Any] = json.loads(reply.read())
        return answer


def _read(url: str) -> str:
    with urlopen(url, timeout=10) as reply:  # noqa: S310
        return str(reply.read().decode())


def _events(child: subprocess.Popen[str], *, until: int, event: str) -> list[dict[str, Any]]:
    assert child.stderr is not None
    events: list[dict[str, Any]] = []
    while sum(one["event"] == event for one in events) < until:
        line = child.stderr.readline()
        assert line, "the gateway ended"
        events.append(json.loads(line))
    return events


def test_what_several_workers_answered_is_in_one_index(mocks: str) -> None:
    """A citizen sees his lookups, whichever worker answered: one process reads all logs into the index."""
    port = free_port()
    environment = towards(mocks) | {"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": "0"}
    environment["GATEWAY_LEDGER__CHECKPOINT_S"] = "0.5"
    url, question = f"http://127.0.0.1:{port}", {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY}
    number = MAU["citizen_id"]
    view = {"subject": {"citizen_id": number}, "asserted": {"as": "self", "requester": number}, "limit": 50}
    with process("-m", "gateway", "serve", "--workers", "2", **environment) as child:
        _events(child, until=2, event="gateway.started")
        logs = {_post(url, question)["ledger"]["log"] for _ in range(12)}
        seen: list[Any] = []
        until = time.monotonic() + 20
        while len(seen) < 12 and time.monotonic() < until:
            with suppress(HTTPError):  # the tables are made by the process that feeds them
                seen = _post(url, view, path="/v1/subject-views", key="portal-key")["entries"]

    assert len(logs) == 2
    assert len(seen) == 12


def test_several_workers_share_a_port_and_their_metrics_are_one(mocks: str) -> None:
    """Two workers answer on one port; their counts are summed, and a worker that dies is replaced."""
    port, metrics_port = free_port(), free_port()
    environment = towards(mocks) | {"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": str(metrics_port)}
    url, question = f"http://127.0.0.1:{port}", {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}
    with process("-m", "gateway", "serve", "--workers", "2", **environment) as child:
        started = _events(child, until=2, event="gateway.started")
        workers = {one["pid"] for one in started if one["event"] == "gateway.started"}
        for _ in range(20):
            assert _post(url, question)["outcome"] == "found"
        text = _scraped(metrics_port, 20)
        os.kill(workers.pop(), signal.SIGKILL)
        events = _events(child, until=1, event="gateway.started")
        for _ in range(10):
            assert _post(url, question)["outcome"] == "found"
        after = _scraped(metrics_port, 30)

    assert "worker.died" in {one["event"] for one in events}
    assert 'gateway_questions_total{dataset="enterprise",outcome="found",reason="",registry="dkdn"} 20.0' in text
    assert 'gateway_questions_total{dataset="enterprise",outcome="found",reason="",registry="dkdn"} 30.0' in after


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_workers_end_with_a_parent_that_was_killed(mocks: str, tmp_path: Path) -> None:
    """After SIGKILL to the parent no worker and no metrics process stays behind with the ports."""
    environment = towards(mocks) | {
        "GATEWAY_WEB__PORT": str(free_port()),
        "GATEWAY_METRICS__PORT": str(free_port()),
        "TMPDIR": str(tmp_path),  # a killed parent cannot tidy up
    }
    with process("-m", "gateway", "serve", "--workers", "2", **environment) as child:
        started = _events(child, until=2, event="gateway.started")
        started += (
            []
            if any(one["event"] == "metrics.started" for one in started)
            else _events(child, until=1, event="metrics.started")
        )
        child.kill()
        try:
            child.communicate(timeout=20)  # ends when the last of them has closed its standard error
        except subprocess.TimeoutExpired:
            for one in started:
                os.kill(one["pid"], signal.SIGKILL)
            pytest.fail("a worker outlived its parent")


def _scraped(port: int, questions: int) -> str:
    """The metrics, once they count this many questions or two seconds have passed."""
    text = ""
    for _ in range(20):
        text = _read(f"http://127.0.0.1:{port}/metrics")
        if f"}} {questions}.0" in text:
            break
        time.sleep(0.1)
    return text


def test_settings_that_cannot_work_end_all_workers(tmp_path: Path) -> None:
    """A parent does not start again what settings make impossible: exit, with the reason said."""
    (tmp_path / "gateway.toml").write_text('[registries.a]\nadapter = "nothing"\n')

    done = run(
        "serve",
        "--unrecorded",
        "--workers",
        "2",
        "-s",
        str(tmp_path / "gateway.toml"),
        GATEWAY_WEB__PORT=str(free_port()),
        GATEWAY_METRICS__PORT="0",
    )

    assert done.returncode != 0
    assert "'nothing' is not installed" in done.stderr


def test_the_log_of_a_question_names_no_person(mocks: str) -> None:
    """One line a question, with ids and outcome, and nothing of who was asked about or by whom."""
    port = free_port()
    environment = towards(mocks) | {"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": "0"}
    with process("-m", "gateway", "serve", **environment) as child:
        _events(child, until=1, event="gateway.started")
        _post(f"http://127.0.0.1:{port}", {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY})
        (line,) = _events(child, until=1, event="lookup.answered")

    assert (line["dataset"], line["outcome"], line["attempts"]) == ("dancu.citizen", "found", 1)
    for personal in ("000099000001", "Mẫu", "MAU", "1999", "000080000009", "canbo", "H08.12-260301"):
        assert personal not in json.dumps(line, ensure_ascii=False)


def test_the_demo_ends_well() -> None:
    """`make demo ONCE=1` asks real questions, shows the answers and exits 0 because all were right."""
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--once", "--port", str(demo_port())],
        capture_output=True, text=True, timeout=60, cwd=ROOT, check=False, env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    for shown in ("200 found", "200 absent", "504 unknown: timeout", "NGUYỄN VĂN MẪU", "CÔNG TY TNHH VÍ DỤ"):
        assert shown in done.stdout
    for shown in ("KHÔNG PHẢI NỘP", "PHẢI NỘP", "CÁN BỘ XEM", "CHỜ HỎI LẠI", "khai “Nguyễn Văn Mậu”", "phiếu / ticket"):
        assert shown in done.stdout
    assert f"{len(STEPS) + len(SCENES) + len(AFTERWARDS)}/18 đúng" in done.stdout


def test_the_demo_says_no_where_a_paper_became_something_else() -> None:
    """A scene counts as wrong where one paper was decided otherwise, is missing, or cannot be read as it must."""
    paper = {"id": "identity", "title": "Giấy", "decision": "waived", "situation": "matching", "officer_vi": "Được."}
    plan = {"papers": [paper | {"verdicts": [], "standings": []}], "lookups": []}
    scene = Scene("Cảnh", "1.001193", [], {"identity": "waived: matching"})
    screen = Console(file=io.StringIO())

    def right(scene: Scene) -> bool:
        return played(scene, "", "", {}, lambda *_: (200, plan), screen)

    assert right(scene)
    assert not right(replace(scene, expect={"identity": "required: mismatch"}))
    assert not right(replace(scene, expect={**scene.expect, "residence": "waived: matching"}))
    assert not right(replace(scene, says=("Nguyễn Văn Mậu",)))
