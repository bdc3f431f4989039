"""Settings: checked at start, named when wrong, secrets only from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import app
from gateway.errors import SettingsError
from gateway.settings import load, secret

GOOD = """
[registries.dkdn]
adapter = "dkdn"
endpoint = "http://registry.invalid/base"
[registries.dkdn.credentials]
scheme = "oauth2_client_credentials"
token_url = "http://registry.invalid/token"
key = "key"
secret_file = "secret"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("s3cret\n")
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD)
    return path


def test_relative_paths_start_at_the_files_folder(file: Path) -> None:
    """A secret file named in the settings lies beside them, wherever the gateway is started."""
    settings = load(file)

    assert app.build(settings).catalogue.instances["dkdn"].connected
    assert secret(settings.registries["dkdn"].credentials.secret_file) == "s3cret"  # type: ignore[union-attr]


def test_the_environment_overrides_single_values(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One value deep inside a section can be set from outside; its neighbours stay."""
    monkeypatch.setenv("GATEWAY_WEB__PORT", "1234")
    monkeypatch.setenv("GATEWAY_REGISTRIES__DKDN__ENDPOINT", "http://other.invalid")

    settings = load(file)

    assert settings.web.port == 1234
    assert settings.registries["dkdn"].endpoint == "http://other.invalid"
    assert settings.registries["dkdn"].adapter == "dkdn"


WRONG = {
    "not TOML": ("[web", "not TOML"),
    "a number of 5,000 digits": ("[web]\nport = " + "9" * 5000, "not TOML"),
    "nested too deep": ("[web]\nport = " + "[" * 5000, "not TOML"),
    "unknown key": ("[web]\nprot = 1", "web.prot: unknown setting; did you mean 'port'?"),
    "unknown section": ("[metric]\nport = 1", "metric: unknown setting; did you mean 'metrics'?"),
    "wrong type": ('[web]\nport = "x"', "web.port"),
    "out of range": ("[web]\nport = 70000", "web.port"),
    "bad endpoint": ('[registries.a]\nadapter = "dkdn"\nendpoint = "ftp://x"', "registries.a.endpoint"),
    "user in the endpoint": ('[registries.a]\nadapter = "dkdn"\nendpoint = "http://u:p@x/"', "registries.a.endpoint"),
    "unknown scheme": (
        '[registries.a]\nadapter = "dkdn"\n[registries.a.credentials]\nscheme = "x"',
        "registries.a.credentials",
    ),
    "bad hash": ('[consumers.a]\napi_key_sha256 = "CANARY"', "consumers.a.api_key_sha256"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_setting_is_named(text: str, message: str, file: Path) -> None:
    """The error says which key is wrong and what was probably meant, and quotes no value."""
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file)

    assert message in str(caught.value)
    assert "CANARY" not in str(caught.value)


UNUSABLE = {
    "no such adapter": ('[registries.a]\nadapter = "nothing"', "'nothing' is not installed"),
    "no such contract": ('[registries.a]\nadapter = "dkdn"\ncontract = "1999"', "registries.a.contract"),
    "unknown option": ('[registries.a]\nadapter = "dkdn"\n[registries.a.options]\nx = 1', "registries.a.options.x"),
    "wrong option": (
        '[registries.a]\nadapter = "dancu"\n[registries.a.options]\ndate_form = "x"',
        "registries.a.options.date_form",
    ),
    "no such policy": ('[policy]\nfile = "missing.toml"', "missing.toml: No such file"),
    "no such file of officers": ('[officers]\nfile = "missing.toml"', "missing.toml: No such file"),
    "mapped officers without a file": (
        '[registries.a]\nadapter = "dkdn"\nofficers = "mapped"',
        "registries.a.officers: `mapped` needs officers.file",
    ),
    "missing secret": (GOOD.replace('"secret"', '"missing"'), "missing: No such file"),
    "missing authority": (
        '[registries.a]\nadapter = "dkdn"\nendpoint = "https://x"\n[registries.a.tls]\nca_file = "missing.pem"',
        "tls.ca_file",
    ),
}


@pytest.mark.parametrize(("text", "message"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_settings_that_cannot_work_stop_the_start(text: str, message: str, file: Path) -> None:
    """What would fail at the first question fails at the start, and is named."""
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        app.build(load(file))

    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff"])
def test_f47_an_empty_or_unreadable_secret_stops_the_start(content: bytes, file: Path) -> None:
    """No default stands in for a secret that is not there."""
    (file.parent / "secret").write_bytes(content)
    with pytest.raises(SettingsError, match="secret file"):
        app.build(load(file))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A wrong path is one sentence, not a traceback."""
    with pytest.raises(SettingsError, match=r"missing\.toml"):
        load(tmp_path / "missing.toml")
