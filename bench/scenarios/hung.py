"""One registry hangs, or the name of one does: what the questions to another one notice of it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.asking import FIRM_FOUND, LOOKUP_CITIZEN, LOOKUP_FIRM
from bench.check import check
from bench.finding import Finding, Target
from bench.load import open as open_loop
from bench.load.open import Stream
from bench.scenarios.scenario import Effort, Scenario
from bench.stage import Server, Stage

__all__ = ["HUNG"]

_PER_S, _SECONDS, _HUNG = 100.0, 20.0, 500
_ADDED_MS = 10.0
_RESOLVER = "127.0.0.77"
_ROOM = {
    "web.connections": "2000",
    "web.questions": "1500",
    "registries.dancu.waiting": "500",
    "registries.dancu.deadline_s": "60",
}
"""Room for all that hang: which of them goes where there is none is another matter."""


def _streams(seconds: float, hung_s: float | None = None) -> Sequence[Stream]:
    """The others, asked steadily; with `hung_s` also those that will hang, which come within that time."""
    others = Stream(name="others", ask=LOOKUP_FIRM, per_s=_PER_S, seconds=seconds, after_s=0.5 if hung_s else 0.0)
    if hung_s is None:
        return [others]
    # Whoever still waits when the others have ended is given up.
    patience_s = max(seconds + 0.5 - hung_s, 0.5)
    hung = Stream(name="hung", ask=LOOKUP_CITIZEN, per_s=_HUNG / hung_s, seconds=hung_s, patience_s=patience_s)
    return [others, hung]


def _measured(stage: Stage, effort: Effort, what: str, gateway: Server, hung_s: float) -> Sequence[Finding]:
    """Quiet, quiet again, beside the hung one."""
    seconds, core = effort.seconds(_SECONDS), stage.cores.load
    check("the other registry", gateway, LOOKUP_FIRM, FIRM_FOUND)
    open_loop.run(gateway.port, _streams(effort.seconds(3.0)), core=core)
    first, again = (open_loop.run(gateway.port, _streams(seconds), core=core)["others"] for _ in range(2))
    heard = open_loop.run(gateway.port, _streams(seconds, hung_s), core=core)
    check("the other registry", gateway, LOOKUP_FIRM, FIRM_FOUND)
    gateway.pause()
    beside, hung = heard["others"], heard["hung"]
    quiet_ms = (first.right.p99_ms + again.right.p99_ms) / 2
    noise_ms, silent = abs(again.right.p99_ms - first.right.p99_ms), hung.failures.get("silence", 0)
    told = ", ".join(f"{answers.count} were told {status}" for status, answers in sorted(hung.by_status.items()))
    return (
        Finding(
            name=f"{what}: p99 of the others, beyond that of quiet times",
            measured=beside.right.p99_ms - quiet_ms,
            unit="ms",
            target=Target(number=6, must=_ADDED_MS),
            note=f"quiet {first.right.p99_ms:.1f}, again {again.right.p99_ms:.1f} (noise {noise_ms:.1f}), beside it"
            f" {beside.right.p99_ms:.1f} ms; of {hung.meant} {silent} hung until the end{told and ', '}{told}",
        ),
        Finding(
            name=f"{what}: questions to the others without an answer",
            measured=beside.wrong,
            unit="",
            target=Target(number=6, must=0),
            note=f"of {beside.meant} at {_PER_S:g}/s; in quiet times {first.wrong} and {again.wrong}",
        ),
    )


def _run(stage: Stage, effort: Effort) -> Sequence[Finding]:
    registry = stage.python("bench.registry", load_side=True)
    silent = {"registries.dancu.endpoint": f"http://127.0.0.1:{registry.port}/silent/dancu"}
    gateway = stage.gateway(settings=_ROOM | silent)
    what = f"a registry hangs with {_HUNG} questions"
    return [*_measured(stage, effort, what, gateway, 0.2), *_beside_a_resolver(stage, effort)]


def _beside_a_resolver(stage: Stage, effort: Effort) -> Sequence[Finding]:
    """The machine's resolver says nothing to the gateway: it sees another `resolv.conf` than everybody else."""
    what = f"the resolver hangs, {_HUNG} questions need it"
    named = {"registries.dancu.endpoint": "http://a-registry-by-name.invalid/dancu"}
    with _silent_resolver(stage) as under:
        if isinstance(under, str):
            return [Finding(name=what, measured=None, target=Target(number=6, must=_ADDED_MS), note=under)]
        gateway = stage.gateway(settings=_ROOM | named, under=under)
        return _measured(stage, effort, what, gateway, effort.seconds(_SECONDS))


@contextmanager
def _silent_resolver(stage: Stage) -> Iterator[Sequence[str] | str]:
    """What a program is started with to have a resolver that hears and says nothing; or why that is not possible."""
    file = stage.folder / "resolv.conf"
    file.write_text(f"nameserver {_RESOLVER}\noptions timeout:30 attempts:5\n")
    under = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(file))
    reason = "a resolver that hangs wants the right to mount (root), and port 53 of a loopback address"
    if shutil.which("unshare") is None or subprocess.run([*under, "true"], capture_output=True, check=False).returncode:
        yield reason
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        try:
            silent.bind((_RESOLVER, 53))
        except OSError:
            yield reason
            return
        yield under


HUNG = Scenario(name="hung", title="one registry, or its name, hangs", run=_run)
