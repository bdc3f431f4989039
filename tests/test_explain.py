"""`gateway check --explain`: every effective setting, where it comes from, and no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import app
from gateway.errors import SettingsError
from gateway.settings import load
from gateway.settings_explained import MASK, Effective, explained
from tests.test_docs import ROOT

TEXT = """
[web]
port = 8081

[consumers.one-stop]
api_key_sha256 = "%s"

[registries.dkdn]
adapter = "dkdn"
endpoint = "http://127.0.0.1:1/dkdn"

[registries.dkdn.credentials]
scheme = "oauth2_client_credentials"
token_url = "http://127.0.0.1:1/dkdn/token"
key = "canary-key-canary"
secret_file = "secret"
headers = { X-Env = "canary-header-canary" }

[[registries.dkdn.endpoints]]
route = "lgsp"
endpoint = "http://127.0.0.1:2/dkdn"
"""
DIGEST = "ab" * 32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "gateway.toml"
    found.write_text(TEXT % DIGEST)
    return found


def by_setting(file: Path) -> dict[str, Effective]:
    return {one.setting: one for one in explained(load(file), file)}


def test_each_setting_says_where_it_comes_from(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment goes before the file, the file before the default; sections by name and in a row are walked."""
    monkeypatch.setenv("GATEWAY_WEB__BODY_LIMIT_BYTES", "2048")
    monkeypatch.setenv("GATEWAY_REGISTRIES__DKDN__DEADLINE_S", "7")
    found = by_setting(file)

    assert found["web.port"] == Effective("web.port", "8081", "file")
    assert found["web.body_limit_bytes"].source == "GATEWAY_WEB__BODY_LIMIT_BYTES"
    assert found["web.body_limit_bytes"].value == "2048"
    assert found["registries.dkdn.deadline_s"].source == "GATEWAY_REGISTRIES__DKDN__DEADLINE_S"
    assert found["web.host"] == Effective("web.host", "127.0.0.1", "default")
    assert found["registries.dkdn.endpoints.0.route"] == Effective("registries.dkdn.endpoints.0.route", "lgsp", "file")
    assert found["registries.dkdn.endpoints.0.wrapper"].source == "default"


def test_secrets_are_masked_and_their_files_are_not(file: Path) -> None:
    """Neither digest, account key nor header is shown; where a secret lies is."""
    found = by_setting(file)

    masked = {"consumers.one-stop.api_key_sha256", "registries.dkdn.credentials.key"}
    masked |= {"registries.dkdn.credentials.headers.X-Env"}
    assert {found[name].value for name in masked} == {MASK}
    assert found["registries.dkdn.credentials.secret_file"].value == str(file.parent / "secret")
    assert "canary" not in str(found)
    assert DIGEST not in str(found)


def test_every_setting_of_the_demo_is_explained() -> None:
    """The command prints each setting of the demo once, as JSON too, and tries nothing."""
    command = [sys.executable, "-m", "gateway", "check", "--explain", "-s", "demo/gateway.toml"]
    environment = os.environ | {"COLUMNS": "200"}
    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    listed = json.loads(subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, check=True).stdout)

    names = [one["setting"] for one in listed]
    assert len(names) == len(set(names)) > 150
    assert {"web.port", "registries.dancu.credentials.scheme", "ledger.checkpoint_s"} <= set(names)
    assert "registries.dancu.credentials.scheme" in shown.stdout
    assert {one["source"] for one in listed} == {"file", "default"}


def test_an_unknown_key_names_the_nearest(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the file, in the environment and among an adapter's options: what nobody reads is an error."""
    monkeypatch.setenv("GATEWAY_WEBB__PORT", "1")
    with pytest.raises(SettingsError, match=r"GATEWAY_WEBB__PORT: unknown setting; did you mean GATEWAY_WEB__"):
        load(file)
    monkeypatch.delenv("GATEWAY_WEBB__PORT")
    adapter = app.installed_adapters()["dancu"]
    known = next(iter(adapter.options.model_fields))
    with pytest.raises(SettingsError, match=rf"options.{known}x: unknown option; did you mean '{known}'"):
        app.options_for(adapter, adapter.default_contract, {f"{known}x": 1}, place="registries.dancu.options")
    file.write_text(file.read_text().replace("port = 8081", "prot = 8081"))
    with pytest.raises(SettingsError, match=r"web.prot: unknown setting; did you mean 'port'"):
        load(file)
