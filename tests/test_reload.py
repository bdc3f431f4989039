"""Rules change while the gateway runs: SIGHUP reads the files again, and what cannot be used changes nothing."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway import app, cli
from gateway.errors import Forbidden
from gateway.settings import OfficersSettings, PolicySettings, load
from gateway.telemetry import Metrics
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, KEY, MAU, MovableClock, settings_for
from tests.office import at_work
from tests.policies import policy, rule
from tests.test_cli import _events, free_port, process

CITIZENS = policy(rule({"dancu.citizen": ["full_name"]}))
NOBODY = policy(rule({"dancu.citizen": ["full_name"]}, agencies=["H99.*"]))
SETTINGS = f"""
[web]
port = {{port}}
[metrics]
port = 0
[consumers.one-stop]
api_key_sha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"
[policy]
file = "policy.toml"
[registries.dancu]
adapter = "dancu"
"""


async def test_a_policy_that_cannot_be_used_changes_nothing(
    stand_ins: Running, clock: MovableClock, tmp_path: Path
) -> None:
    """Broken, gone, whole again: the last good version decides meanwhile, and the metrics say that it is an old one."""
    file = tmp_path / "policy.toml"
    file.write_text(CITIZENS)
    settings = settings_for(stand_ins.base_url, dancu={"endpoint": None})
    settings = settings.model_copy(update={"policy": PolicySettings(file=file)})
    async with at_work(settings, clock) as office:
        first = (await office.ask()).grant.policy
        clock.advance(60)
        hostile = (f"a = {'9' * 5000}", f"a = {'[' * 3000}")
        for broken in ("rules = [", *hostile, CITIZENS.replace("full_name", "full_nam"), None):
            file.unlink() if broken is None else file.write_text(broken)
            assert [one.part for one in await office.core.reloader.reload() if one.error] == ["policy"]
            assert (await office.ask()).grant.policy == first
            assert office.count("gateway_reload_rejected_timestamp_seconds", part="policy") == clock.now().timestamp()
        loaded_at = office.count("gateway_reload_loaded_timestamp_seconds", part="policy")
        file.write_text(NOBODY)
        assert [one.part for one in await office.core.reloader.reload() if one.changed] == ["policy"]
        with pytest.raises(Forbidden):
            await office.ask()

    assert loaded_at == clock.now().timestamp() - 60
    assert office.count("gateway_reload_loaded_timestamp_seconds", part="policy") == clock.now().timestamp()
    assert office.count("gateway_reload_rejected_timestamp_seconds", part="policy") == 0
    assert office.count("gateway_reloads_total", part="policy", result="rejected") == 5
    assert office.count("gateway_reloads_total", part="policy", result="loaded") == 1


async def test_officers_are_read_again_too(stand_ins: Running, clock: MovableClock, tmp_path: Path) -> None:
    """A new code is in force at once; a file that is wrong leaves the old one there."""
    file = tmp_path / "officers.toml"
    entry = '[[officers]]\nagency = "H08.12"\naccount = "canbo.mau"\nunit = "Mẫu"\ncodes = {{ dancu = "{}" }}\n'
    file.write_text(entry.format("A-1"))
    settings = settings_for(stand_ins.base_url, dancu={"endpoint": None, "officers": "mapped", "contract": "2021"})
    settings = settings.model_copy(update={"officers": OfficersSettings(file=file)})
    async with at_work(settings, clock) as office:
        codes = [(await office.ask()).grant.officer_code]
        for text in (entry.format("A-2"), entry.format("A-3").replace("dancu", "x")):
            file.write_text(text)
            await office.core.reloader.reload()
            codes.append((await office.ask()).grant.officer_code)

    assert codes == ["A-1", "A-2", "A-2"]
    assert office.count("gateway_reloads_total", part="officers", result="rejected") == 1


def test_sighup_reads_the_policy_again(tmp_path: Path) -> None:
    """After SIGHUP the process decides by the new file, or by the old one where the new one is wrong."""
    port = free_port()
    (tmp_path / "gateway.toml").write_text(SETTINGS.format(port=port))
    (tmp_path / "policy.toml").write_text(CITIZENS)
    with process("-m", "gateway", "serve", "--unrecorded", "-s", str(tmp_path / "gateway.toml")) as child:
        _events(child, until=1, event="gateway.started")
        before = {_reason(port) for _ in range(8)}
        (tmp_path / "policy.toml").write_text("rules = [")
        child.send_signal(signal.SIGHUP)
        rejected = _events(child, until=1, event="reload.rejected")
        meanwhile = {_reason(port) for _ in range(8)}
        (tmp_path / "policy.toml").write_text(NOBODY)
        child.send_signal(signal.SIGHUP)
        reloaded = _events(child, until=1, event="reload.loaded")
        after = {_reason(port) for _ in range(8)}

    assert (before, meanwhile, after) == ({"not_connected"}, {"not_connected"}, {"forbidden"})
    assert "not TOML" in next(one["detail"] for one in rejected if one["event"] == "reload.rejected")
    versions = {one["version"] for one in reloaded if one["event"] == "reload.loaded"}
    assert versions == {hashlib.sha256(NOBODY.encode()).hexdigest()[:12]}
    assert "worker.died" not in {one["event"] for one in (*rejected, *reloaded)}


def test_gateway_reload_tells_who_asked_and_what_came_of_it(tmp_path: Path) -> None:
    """Two workers: a broken policy is told as refused, exit 1, by each; a good one as changed, and each takes it."""
    port = free_port()
    (tmp_path / "gateway.toml").write_text(f'[reload]\nfolder = "desk"\n{SETTINGS.format(port=port)}')
    (tmp_path / "policy.toml").write_text(CITIZENS)
    settings = str(tmp_path / "gateway.toml")
    with process("-m", "gateway", "serve", "--unrecorded", "-s", settings, "--workers", "2") as child:
        _events(child, until=2, event="gateway.started")
        (tmp_path / "policy.toml").write_text("rules = [")
        refused, why = _reload(settings)
        rejected = _events(child, until=2, event="reload.rejected")
        meanwhile = {_reason(port) for _ in range(8)}
        (tmp_path / "policy.toml").write_text(NOBODY)
        changed, taken = _reload(settings)
        seen = _events(child, until=2, event="reload.loaded")
        after = {_reason(port) for _ in range(8)}

    assert (refused, "not TOML" in why["error"], changed, taken["changed"]) == (1, True, 0, True)
    assert [(one["by"], one["shown"], one["version"]) for one in seen if one["event"] == "reload.loaded"] == [
        ("An", "command", taken["version"])
    ] * 2
    assert (meanwhile, after) == ({"not_connected"}, {"forbidden"})
    assert "worker.died" not in {one["event"] for one in (*rejected, *seen)}


def _reload(settings: str) -> tuple[int, dict[str, Any]]:
    """The exit code of `gateway reload`, and what it says of the policy."""
    ran = CliRunner().invoke(cli.cli, ["reload", "--by", "An", "--json", "-s", settings])
    assert ran.exit_code in {0, 1}, ran.output
    return ran.exit_code, next(one for one in json.loads(ran.stdout) if one["part"] == "policy")


def _reason(port: int) -> str:
    """How a question ends, on a connection of its own, so that any worker may take it."""
    body = json.dumps({"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/v1/lookups", body, {"X-API-Key": KEY})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return str(answer["reason"])
    finally:
        connection.close()


def test_a_gateway_without_a_policy_starts_and_refuses(tmp_path: Path) -> None:
    """No file, no rights: nobody may ask, and `gateway check` says so (deny by default)."""
    text = SETTINGS.format(port=0).replace('[policy]\nfile = "policy.toml"\n', "")
    (tmp_path / "gateway.toml").write_text(text)
    core = app.build(load(tmp_path / "gateway.toml"), metrics=Metrics())

    assert core.rules.policy.current.version == ""
    assert core.lookup.access.case_checks == "off"
    assert FIRM
