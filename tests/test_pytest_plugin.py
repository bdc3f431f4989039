"""pytest for integrators: the fixtures and options, as another package has them that is installed beside this one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.reader import load
from gateway.kit.registries import Registries, UsageError, cases, targets
from gateway.kit.sections import section
from tests.registries import EXAMPLES, OURS
from tests.test_third_party import environment

PAGE = Path(__file__).parents[1] / "docs" / "pytest.md"
HEAVY = ("aiohttp", "pydantic", "zeep", "lxml", "gateway.app", "gateway.kit.registries", "contracts.reader")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest in another package's folder, as a process that finds us only as an installed distribution."""
    inherited = {name: value for name, value in environment(folder).items() if name != "PYTHONPATH"}
    return subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            "--rootdir",
            ".",
            *arguments,
        ],
        cwd=folder,
        env=inherited,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Somebody else's package, with the page's tests in it."""
    (tmp_path / "their_package").mkdir()
    (tmp_path / "their_package" / "__init__.py").write_text("", encoding="utf-8")
    name, text = re.findall(r"^`([\w.]+)`\n\n```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)[0]
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_another_package_has_the_fixtures(package: Path) -> None:
    """Questions, faults and case files work there with nothing but `--registry dancu=mock`, or a marker."""
    named = run(package, "--registry", "dancu=mock", "--registry", "tkds=mock", "-k", "not case_file or tkds")
    marked = run(package, "-k", "every_case_file")

    count = len(list(load("contracts.tkds").cases()))
    assert named.returncode == 0, named.stdout + named.stderr
    assert f"{4 + count} passed" in named.stdout
    assert marked.returncode == 0, marked.stdout + marked.stderr
    assert f"{count} passed" in marked.stdout


def test_whoever_asks_for_no_registry_loads_nothing(tmp_path: Path) -> None:
    """The plug-in is found by every pytest beside us; by itself it imports nothing that weighs."""
    text = f"import sys\n\ndef test_light():\n    assert not [one for one in {HEAVY!r} if one in sys.modules]\n"
    (tmp_path / "test_light.py").write_text(text, encoding="utf-8")

    done = run(tmp_path, "-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:anyio")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


WRONG = [
    ("nobody=mock", "nobody is not installed"),
    ("dancu@2099=mock", "dancu knows 2025, 2021, gtel"),
    ("dancu", "say dancu=mock or dancu=http://"),
    ("dancu=ftp://x", "say dancu=mock or dancu=http://"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_what_cannot_be_asked_is_said_before_the_first_test(given: str, said: str) -> None:
    """A registry, version or address that is none ends the run with what to write instead."""
    with pytest.raises(UsageError, match=said):
        targets([given])


def test_a_wrong_option_is_a_usage_error(tmp_path: Path) -> None:
    """pytest itself says so, with exit code 4."""
    done = run(tmp_path, "--registry", "nobody=mock")

    assert done.returncode == 4
    assert "nobody is not installed" in done.stderr


def test_somebody_elses_address_is_asked_with_the_defaults_case_files() -> None:
    """Of an address only the case files of one version are asked, and none that needs options of its own."""
    found = cases(["dancu=http://somebody.invalid"])
    older = cases(["dancu@2021=http://somebody.invalid"])

    assert {one.case.contract for one in found} == {"2025"}
    assert {one.case.contract for one in older} == {"2021"}
    assert not any(one.case.options for one in older)
    assert any(one.case.options for one in cases(["dancu@2021=mock"]))


def test_a_settings_file_gives_credentials_and_the_option_the_address() -> None:
    """Towards a real test endpoint the gateway's own settings are used, but for the endpoint."""
    with Registries(["lltp@gen2=http://two.invalid/lltp/"], EXAMPLES / "lltp.toml") as opened:
        found = opened.section("lltp")
        with pytest.raises(UsageError, match="only a stand-in"):
            opened.fault("lltp", "silence")

    assert (found["endpoint"], found["options"]) == ("http://two.invalid/lltp", {"province_code": "99"})
    assert not opened.is_mock("lltp")


REAL = """
[registries.lltp]
adapter = "lltp"
contract = "gen1"
endpoint = "https://real.invalid/lltp"
options = { province_code = "98" }

[registries.lltp.tls]
ca_file = "real-ca.pem"

[registries.lltp.credentials]
scheme = "oauth2_client_credentials"
token_url = "https://real.invalid/token"
key = "real-key"
secret_file = "real-secret"

[[registries.lltp.endpoints]]
route = "ndop"
endpoint = "https://second.invalid/lltp"
"""


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """Settings of a gateway whose instance has a log-in of its own and two ways to the real registry."""
    (tmp_path / "gateway.toml").write_text(REAL, encoding="utf-8")
    for name in ("real-ca.pem", "real-secret"):
        (tmp_path / name).write_text("real", encoding="utf-8")
    return tmp_path / "gateway.toml"


@pytest.mark.parametrize("given", [["lltp=mock"], []])
def test_a_stand_in_is_given_nothing_of_the_real_registry(given: list[str], real: Path) -> None:
    """Beside `=mock`, a settings file decides version and options; no key, address or certificate in it is used."""
    with Registries(given, real) as opened:
        found = opened.section("lltp")
        here = opened.url("lltp")

    assert "real" not in str(found)
    assert "second" not in str(found)
    assert (found["endpoint"], found["credentials"]["token_url"]) == (here, f"{here}/token")
    assert (found["contract"], found["options"]) == ("gen1", {"province_code": "98"})


def test_an_address_is_the_only_way(real: Path) -> None:
    """Towards an address the settings' other ways are left out: nobody but who was named is asked."""
    with Registries(["lltp@gen1=http://named.invalid/lltp"], real) as opened:
        found = opened.section("lltp")

    assert found["endpoint"] == "http://named.invalid/lltp"
    assert found["credentials"]["key"] == "real-key"
    assert "second" not in str(found)


def test_what_a_test_asks_wrongly_is_said() -> None:
    """A registry, a fault or a dataset that is none is named; one dataset alone can fail."""
    with Registries() as opened:
        with pytest.raises(UsageError, match=r"nope\.x: nope is not installed; there are bhxh"):
            opened.ask("nope.x", {})
        with pytest.raises(UsageError, match=r"dancu: .*fault must be one of silence"):
            opened.fault("dancu", "silnce")
        with pytest.raises(UsageError, match=r"dancu\.nothing: "):
            opened.fault("dancu.nothing", "html")
        opened.fault("dkdn.enterprise", "html")
        query = load("contracts.dkdn").datasets["enterprise"].case("found").query
        hit = opened.ask("dkdn.enterprise", query)
        opened.heal("dkdn.enterprise")

        assert (hit.word, opened.ask("dkdn.enterprise", query).word) == ("unknown", "found")


def test_stand_ins_that_do_not_start_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks again is told again, and given no address that leads nowhere."""
    (tmp_path / "mocks.py").write_text("", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    with Registries() as opened:
        for _ in range(2):
            with pytest.raises(UsageError, match="do not start"):
                opened.url("dancu")


@pytest.mark.parametrize("name", OURS)
def test_every_stand_in_has_an_example_to_reach_it(name: str) -> None:
    """Whoever writes `NAME=mock` needs no settings: the examples of the demo are found, whichever version is asked."""
    for contract in load(f"contracts.{name}").versions:
        found = section(name, contract, "http://here.invalid")

        assert found["endpoint"].startswith(f"http://here.invalid/{name}")
        assert found["contract"] == contract
        assert "8090" not in str(found)
