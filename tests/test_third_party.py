"""An adapter from somebody else's package: the worked example of docs/adapters.md, taken out of the page and run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "adapters.md"
FILE = re.compile(r"^`(?P<name>[\w./-]+)`\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
CASES = {"found", "absent", "rejected", "somebody-else"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The example as it would lie in site-packages: its files, and the metadata that an installer writes."""
    for block in FILE.finditer(PAGE.read_text(encoding="utf-8")):
        file = tmp_path / block["name"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block["text"], encoding="utf-8")
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / "gateway_vidu-0.1.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    points = "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    return tmp_path


def environment(package: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    path = os.pathsep.join(
        [str(package), *(str(Path(one).resolve()) for one in inherited.get("PYTHONPATH", "").split(os.pathsep) if one)]
    )
    return inherited | {"PYTHONPATH": path, "PYTHONUTF8": "1"} | dict(more or {})


def gateway(package: Path, *arguments: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`python -m gateway …` in the package's folder, with nothing of ours but what is installed."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=package,
        env=environment(package, more),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@contextmanager
def stand_ins(package: Path) -> Iterator[str]:
    """`python -m mocks` on a free port; the address of `vidu` on it."""
    with subprocess.Popen(
        [sys.executable, "-m", "mocks", "--port", "0"],
        cwd=package,
        env=environment(package),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as served:
        try:
            assert served.stdout is not None
            lines = []
            for line in served.stdout:  # the three addresses, in order of name; vidu's is the last
                lines.append(line)
                if line.startswith("vidu "):
                    yield line.split()[1]
                    return
            pytest.fail("no stand-in for vidu: " + "".join(lines))
        finally:
            served.terminate()


def passed(result: subprocess.CompletedProcess[str]) -> set[str]:
    """The case files of `contract test --json` that were proven."""
    assert result.returncode == 0, result.stdout + result.stderr
    return {one["case"] for one in json.loads(result.stdout)["cases"] if one["dataset"] == "permit" and one["passed"]}


def test_the_page_holds_the_whole_package(package: Path) -> None:
    """The files named in the page are all that the example's entry points and contract need."""
    names = {str(file.relative_to(package)) for file in package.rglob("*") if file.suffix != ".txt" and file.is_file()}

    assert names == {
        "gateway.toml",
        "policy.toml",
        "gateway_vidu-0.1.dist-info/METADATA",
        "gateway_vidu/__init__.py",
        "gateway_vidu/adapter.py",
        "gateway_vidu/contract/__init__.py",
        "gateway_vidu/contract/contract.toml",
        *(f"gateway_vidu/contract/permit/{case}.toml" for case in CASES),
        "gateway_vidu/mapping.py",
        "gateway_vidu/permit.py",
        "gateway_vidu/stand_in.py",
        "gateway_vidu/wire.py",
        "pyproject.toml",
        "question.json",
    }


def test_the_example_writes_and_reads_its_case_files(package: Path) -> None:
    """Without a network the example's adapter writes every recorded request and comes to every recorded outcome."""
    assert passed(gateway(package, "contract", "test", "vidu", "--json")) == CASES


def test_the_example_works_over_a_socket(package: Path) -> None:
    """The example's stand-in is served with ours, answers every case file, and one question is asked like any other."""
    with stand_ins(package) as endpoint:
        more = {"GATEWAY_REGISTRIES__VIDU__ENDPOINT": endpoint}
        tested = gateway(package, "contract", "test", "--instance", "vidu", "-s", "gateway.toml", "--json", more=more)
        asked = gateway(package, "lookup", "question.json", "-s", "gateway.toml", "--unrecorded", "--json", more=more)

    assert passed(tested) == CASES
    assert asked.returncode == 0, asked.stdout + asked.stderr
    answer = json.loads(asked.stdout)
    assert answer["outcome"] == "found"
    assert answer["record"]["holder_name"] == "CÔNG TY TNHH VÍ DỤ"
    assert answer["provenance"]["contract"] == "vidu@1"
    assert answer["provenance"]["basis"] == "assumed"


def keyed(package: Path, *, declared: bool = True) -> None:
    """The example changed into one whose registry wants a key in the query string."""
    files = {
        "mapping.py": [
            (
                '("soGiayPhep", ask.query.permit_number),',
                '("soGiayPhep", ask.query.permit_number), ("key", Secret("api_key"))',
            ),
            ("import Request\n", "import Request, Secret\n"),
        ],
        "adapter.py": [('default_contract="1",', 'default_contract="1", secrets={"1": frozenset({"api_key"})},')],
    } | {
        f"contract/permit/{case}.toml": [('" }\n\n[response]', '", key = "{api_key}" }\n\n[response]')]
        for case in CASES
    }
    if not declared:
        del files["adapter.py"]
    for name, changes in files.items():
        file = package / "gateway_vidu" / name
        text = file.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")


def test_a_secret_that_an_adapter_declares_must_be_in_the_settings(package: Path) -> None:
    """An adapter that needs a key stops the start without it, and the error names the setting to write."""
    keyed(package)

    proven = gateway(package, "contract", "test", "vidu", "--json")
    started = gateway(
        package, "check", "-s", "gateway.toml", more={"GATEWAY_REGISTRIES__VIDU__ENDPOINT": "http://vidu.invalid"}
    )

    assert passed(proven) == CASES
    assert started.returncode == 2
    assert "registries.vidu.credentials.secrets.api_key: missing" in started.stderr


def test_a_secret_that_an_adapter_does_not_declare_is_found_by_its_case_files(package: Path) -> None:
    """The contract test names it, before an operator could meet it in the first question."""
    keyed(package, declared=False)

    result = gateway(package, "contract", "test", "vidu", "--json")

    assert result.returncode == 1
    assert "request: the adapter does not declare the secret api_key" in result.stdout


def test_the_stand_in_never_loads_the_gateway(package: Path) -> None:
    """The example's stand-in and contract load without a single module of the gateway."""
    code = "import sys, gateway_vidu.stand_in; sys.exit(any(name.split('.')[0] == 'gateway' for name in sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=package, env=environment(package), capture_output=True, check=False
    )

    assert result.returncode == 0, result.stderr.decode()
