"""
Start the stand-ins and the gateway, ask, show the answers, and leave both running until Ctrl-C.

The gateway is asked the way a one-stop system asks it: over HTTP, with an API key. Every answer is compared
with what it must be; with `--once` the exit code is 0 only if all were right.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from rich.console import Console

from demo.papers import SCENES, played

HERE = Path(__file__).parent
KEYS, LEDGER, PUBLIC = Path("var/demo/keys"), Path("var/demo/ledger"), Path("var/demo/jwks.json")
KEY = (HERE / "secrets" / "one-stop-key").read_text().strip()
PORTAL_KEY = (HERE / "secrets" / "portal-key").read_text().strip()
CLOSED = "H08.12-260301-0002"
INQUIRY = {
    "case_id": "H08.12-260301-0001",
    "procedure": "1.001193",
    "agency": "H08.12",
    "officer": {"id": "000080000009", "account": "canbo.mau"},
    "purpose": "verify_identity",
}
MAU = {"citizen_id": "000099000001", "full_name": "Nguyễn Văn Mẫu", "birth_date": "1999-01-31"}
console = Console()


@dataclass(frozen=True)
class Step:
    """One question, what the stand-in is told to do meanwhile, and what must come back."""

    title: str
    dataset: str
    query: Mapping[str, Any]
    expect: str
    fields: tuple[str, ...] | None = None
    fault: str | None = None
    purpose: str = "verify_identity"
    case_id: str = "H08.12-260301-0001"


STEPS = (
    Step(
        "Công dân có trong cơ sở dữ liệu (SOAP) / a citizen, found",
        "dancu.citizen",
        MAU,
        "found",
        fields=("full_name", "birth_date", "permanent_residence"),
    ),
    Step(
        "Không có người này / nobody of that number, name and birth date",
        "dancu.citizen",
        {"citizen_id": "000099000003", "full_name": "Trần Thị Mẫu", "birth_date": "1999"},
        "absent",
    ),
    Step(
        "Doanh nghiệp, qua nền tảng có token (REST) / a firm, through the token flow",
        "dkdn.enterprise",
        {"enterprise_code": "9900000023"},
        "found",
        fields=("enterprise_code", "name", "status", "legal_representative_names", "charter_capital_vnd"),
    ),
    Step(
        "Cơ sở dữ liệu im lặng: không bao giờ thành “không có” / a silent registry is never “absent”",
        "dancu.citizen",
        MAU,
        "unknown: timeout",
        fault="silence",
    ),
    Step(
        "Trả lời về người khác: bị loại bỏ / an answer about somebody else is discarded",
        "dancu.citizen",
        MAU,
        "unknown: mismatched",
        fault="swap",
    ),
    Step(
        "Giới hạn số lượt hỏi / the registry asks us to slow down",
        "dkdn.enterprise",
        {"enterprise_code": "9900000023"},
        "unknown: throttled",
        fault="throttle",
    ),
    Step(
        "Câu hỏi sai không rời khỏi cổng / a wrong question never leaves",
        "dkdn.enterprise",
        {"enterprise_code": "9900000024"},
        "invalid",
    ),
    Step(
        "Trường không ai được cấp / a field that no rule gives",
        "dancu.citizen",
        MAU,
        "forbidden",
        fields=("full_name", "religion"),
    ),
    Step(
        "Mục đích không có trong danh mục / a purpose that nobody knows",
        "dancu.citizen",
        MAU,
        "purpose_unknown",
        purpose="curiosity",
    ),
    Step(
        "Hồ sơ đã đóng / a case that is closed",
        "dancu.citizen",
        MAU,
        "case_closed",
        case_id=CLOSED,
    ),
)


def main() -> int:
    """The demo. Gives the exit code."""
    options = _options()
    ports = {"web": options.port, "mocks": options.port + 10, "metrics": options.port + 1010}
    gateway, mocks = f"http://127.0.0.1:{ports['web']}", f"http://127.0.0.1:{ports['mocks']}"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    checks = len(STEPS) + len(SCENES) + len(AFTERWARDS)
    wrong = checks
    if not KEYS.exists():
        shutil.rmtree(LEDGER, ignore_errors=True)  # signed with keys that nobody has any more
        if _gateway("keys", "new", "--folder", str(KEYS)).returncode:
            return 1
    with ExitStack() as running, suppress(KeyboardInterrupt):
        one = running.enter_context(_process("mocks", "-m", "mocks", "--port", str(ports["mocks"])))
        other = running.enter_context(
            _process("gateway", "-m", "gateway", "serve", "-s", str(HERE / "gateway.toml"), **_environment(ports))
        )
        if not all(_ready(url, child) for url, child in ((f"{mocks}/_mocks/", one), (f"{gateway}/readyz", other))):
            return 1
        PUBLIC.write_text(json.dumps(_call("GET", f"{gateway}/.well-known/jwks.json")[1]))
        _call("PUT", f"{mocks}/_mocks/cases", {"case_id": CLOSED, "state": "closed", "agencies": ["H08.12"]})
        wrong = sum(not _shown(step, gateway, mocks) for step in STEPS)
        wrong += sum(not played(scene, gateway, mocks, INQUIRY, _call, console) for scene in SCENES)
        wrong += sum(not check(gateway) for check in AFTERWARDS)
        verdict = "[red]sai / wrong[/]" if wrong else "[green]đúng / right[/]"
        console.print(f"\n{checks - wrong}/{checks} {verdict}")
        if not options.once:
            _leave_running(gateway, ports)
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo")
    parser.add_argument("--once", action="store_true", help="stop after the answers")
    parser.add_argument("--port", type=int, default=8080, help="the gateway's port; the others follow from it")
    return parser.parse_args()


def _environment(ports: Mapping[str, int]) -> dict[str, str]:
    base = f"http://127.0.0.1:{ports['mocks']}"
    return {
        "GATEWAY_WEB__PORT": str(ports["web"]),
        "GATEWAY_METRICS__PORT": str(ports["metrics"]),
        "GATEWAY_CASES__URL": f"{base}/_mocks/cases",
        "GATEWAY_REGISTRIES__DANCU__ENDPOINT": f"{base}/dancu",
        "GATEWAY_REGISTRIES__DKDN__ENDPOINT": f"{base}/dkdn",
        "GATEWAY_REGISTRIES__DKDN__CREDENTIALS__TOKEN_URL": f"{base}/dkdn/token",
    }


@contextmanager
def _process(name: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A child of ours whose log goes to `var/demo/<name>.log`."""
    log = Path("var/demo") / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            env=os.environ | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield child
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(timeout=30)


def _ready(url: str, child: subprocess.Popen[bytes]) -> bool:
    """True once our own child answers; false when it has ended, since then somebody else answers there."""
    for _ in range(150):
        if child.poll() is not None:
            break
        try:
            with urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return True
        except (URLError, OSError):
            time.sleep(0.1)
    console.print(f"[red]{url} không trả lời; xem var/demo/*.log / does not answer; see var/demo/*.log[/]")
    return False


def _shown(step: Step, gateway: str, mocks: str) -> bool:
    """Ask one question, print the answer, and say whether it was right."""
    registry = step.dataset.partition(".")[0]
    if step.fault:
        _call("PUT", f"{mocks}/_mocks/faults/{registry}", {"fault": step.fault})
    started = time.monotonic()
    question = {"dataset": step.dataset, "query": step.query, "inquiry": _inquiry(step)}
    status, answer = _call("POST", f"{gateway}/v1/lookups", question | ({"fields": step.fields} if step.fields else {}))
    elapsed_ms = (time.monotonic() - started) * 1000
    if step.fault:
        _call("DELETE", f"{mocks}/_mocks/faults/{registry}")
    got = _word(answer)
    right = got == step.expect
    colour = "green" if right else "red"
    console.print(f"\n[bold]{step.title}[/]")
    console.print(
        f"  POST /v1/lookups {step.dataset} → {status} [{colour}]{got}[/] ({elapsed_ms:.0f} ms)", highlight=False
    )
    if "record" in answer:
        console.print_json(json.dumps(answer["record"], ensure_ascii=False), indent=2)
    elif "detail" in answer:
        console.print(f"  {answer['detail']}", highlight=False)
    return right and (_evidence_is_right(answer) if got in {"found", "absent"} else True)


def _inquiry(step: Step) -> dict[str, Any]:
    return INQUIRY | {"purpose": step.purpose, "case_id": step.case_id}


def _evidence_is_right(answer: Mapping[str, Any]) -> bool:
    """Whether somebody who has only the public keys, and nothing of ours, can verify the evidence."""
    file = Path("var/demo/evidence.jws")
    file.write_text(answer["evidence"])
    place = answer["ledger"]
    return _verified(file, note=f"; sổ / ledger {place['log']} {place['index']}")


def _verified(evidence: Path, *more: str, note: str = "") -> bool:
    """What the stand-alone verifier says."""
    verifier = [sys.executable, "-I", "verifier/verify_evidence.py", str(evidence), "--keys", str(PUBLIC), *more]
    right = subprocess.run(verifier, check=False, capture_output=True).returncode == 0
    told = "[green]đúng / right[/]" if right else "[red]sai / wrong[/]"
    console.print(f"  chứng cứ / evidence {told}{note}", highlight=False)
    return right


def _proof_is_right(gateway: str) -> bool:
    """Whether a stranger can prove that the record of an answer stands in the ledger."""
    console.print("\n[bold]Câu trả lời nằm trong sổ nhật ký / an answer stands in the ledger[/]")
    question = {"dataset": "dkdn.enterprise", "query": {"enterprise_code": "9900000023"}, "inquiry": INQUIRY}
    _, answer = _call("POST", f"{gateway}/v1/lookups", question)
    place = answer["ledger"]
    url = f"{gateway}/v1/ledger/proofs/{place['index']}?log={place['log']}"
    found = _soon(lambda: _call("GET", url)[1], lambda got: "proof" in got)  # a checkpoint comes each second
    if found is None:
        return False
    files = {name: Path(f"var/demo/proved.{name}") for name in ("evidence", "record", "proof")}
    for name, content in ({"evidence": answer["evidence"]} | found).items():
        if name in files:
            files[name].write_text(content)
    return _verified(files["evidence"], "--record", str(files["record"]), "--proof", str(files["proof"]))


def _view_is_right(gateway: str) -> bool:
    """Whether the person sees that he was looked up, and by whom, through the portal."""
    console.print("\n[bold]Ai đã tra cứu về tôi / who looked me up[/]")
    number = MAU["citizen_id"]
    question = {"subject": {"citizen_id": number}, "asserted": {"as": "self", "requester": number}, "limit": 3}
    found = _soon(
        lambda: _call("POST", f"{gateway}/v1/subject-views", question, key=PORTAL_KEY)[1],
        lambda got: bool(got.get("entries")),
    )
    if found is None:
        return False
    for entry in found["entries"]:
        names = [(entry[name] or {}).get("name") or "–" for name in ("agency", "procedure")]
        console.print(f"  {entry['at']}  {'; '.join(names)}; {entry['purpose']['title']}", highlight=False)
    return True


def _ledger_is_right(_: str) -> bool:
    """Whether all that was recorded until now is still as it was written."""
    console.print("\n[bold]Sổ nhật ký không bị sửa / the ledger is as it was written[/]")
    return _gateway("ledger", "verify", str(LEDGER), "--keys", str(PUBLIC)).returncode == 0


AFTERWARDS = (_proof_is_right, _view_is_right, _ledger_is_right)


def _soon(ask: Callable[[], dict[str, Any]], is_there: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
    """What is there within some seconds; None, and said, where it is not."""
    for _ in range(100):
        got = ask()
        if is_there(got):
            return got
        time.sleep(0.1)
    console.print(f"  [red]không có sau 10 giây / not there after 10 s[/]: {got.get('detail', '')}")
    return None


def _gateway(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "gateway", *arguments], check=False)


def _word(answer: Mapping[str, Any]) -> str:
    outcome, reason = answer.get("outcome"), answer.get("reason")
    return ": ".join(word for word in (outcome, reason) if word)


def _call(method: str, url: str, value: object = None, *, key: str = KEY) -> tuple[int, dict[str, Any]]:
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    request = Request(url, json.dumps(value).encode() if value is not None else None, headers, method=method)
    try:
        with urlopen(request, timeout=30) as reply:
            status, body = reply.status, reply.read()
    except HTTPError as exc:
        status, body = exc.code, exc.read()
    return status, json.loads(body) if body else {}


def _leave_running(gateway: str, ports: Mapping[str, int]) -> None:
    console.print(
        f"""
Đang chạy / running until Ctrl-C:
  {gateway}/docs        tài liệu tương tác / interactive documentation, key: {KEY}
  http://127.0.0.1:{ports["metrics"]}/metrics     số đo / metrics
  http://127.0.0.1:{ports["mocks"]}/_mocks/      các hệ thống giả lập / the stand-ins""",
        highlight=False,
        soft_wrap=True,
    )
    command = f"curl -H 'X-API-Key: {KEY}' --data @demo/question.json {gateway}/v1/lookups"
    console.print(f"  {command}", highlight=False, soft_wrap=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("\nĐang dừng / stopping")


if __name__ == "__main__":
    sys.exit(main())
