"""What else a package needs: its metadata, its stand-in, its tests, a word to its author."""

from __future__ import annotations

from gateway.kit.scaffold.example import Example
from gateway.kit.scaffold.names import class_name

__all__ = ["pyproject_toml", "readme_md", "stand_in_py", "test_py"]


def pyproject_toml(example: Example) -> str:
    """Entry points, so that the gateway, the kit and `gateway mocks` find the package."""
    package, name = f"gateway_{example.name}", example.name
    return f"""[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "gateway-{name.replace("_", "-")}"
version = "0.1"
requires-python = ">=3.11"
dependencies = ["onestop-gateway"]

[project.entry-points."gateway.adapters"]
{name} = "{package}.adapter:ADAPTER"

[project.entry-points."gateway.contracts"]
{name} = "{package}.contract"

[project.entry-points."gateway.mocks"]
{name} = "{package}.stand_in:{class_name(name)}StandIn"

[tool.hatch.build.targets.wheel]
packages = ["{package}"]
"""


def stand_in_py(example: Example) -> str:
    """The stand-in shares no code with the gateway: it would share its mistakes."""
    stand_in = f"{class_name(example.name)}StandIn"
    return f'''"""Stand-in for {example.name}: its case files, and 501 to anything else."""

from __future__ import annotations

{"import json" + chr(10) if example.soap is None else ""}from collections.abc import Mapping
{"from xml.etree import ElementTree" + chr(10) if example.soap is not None else ""}
from contracts.reader import load
from mocks.stand_in import Answer, Call, CaseAnswers, UnknownCommand, World, uncovered

__all__ = ["{stand_in}"]


class {stand_in}:
    """Answers whoever asks as a case file does."""

    registry = "{example.name}"

    def __init__(self, world: World | None = None) -> None:
        self.contract = load("gateway_{example.name}.contract")
        self._cases = CaseAnswers(
            self.contract, "1", lambda one: _question(one.method, one.path, one.query, (one.body or "").encode())
        )

    def answer(self, call: Call) -> Answer:
        """The case file's answer, or 501."""
        return self._cases.find(_question(call.method, call.path, call.query, call.body)) or uncovered(self.registry)

    def another(self, call: Call) -> Answer:
        """The answer of `somebody-else`, where there is one."""
        for case in self.contract.cases():
            if case.name == "somebody-else":
                asked = case.request
                return self.answer(Call(asked.method, asked.path, asked.query, {{}}, (asked.body or "").encode()))
        return uncovered(self.registry)

    def admin(self, command: str) -> None:
        """Knows `reset` alone, which has nothing to do here."""
        if command != "reset":
            raise UnknownCommand(command)


{_question_of(example)}'''


def _question_of(example: Example) -> str:
    if example.soap is not None:
        return '''def _question(method: str, path: str, query: Mapping[str, str], body: bytes) -> tuple[object, ...]:
    """What is asked, whatever the prefixes and the white space."""
    try:
        asked = [(one.tag, (one.text or "").strip()) for one in ElementTree.fromstring(body).iter()]
    except ElementTree.ParseError:
        asked = []
    return method, path, tuple(sorted(query.items())), tuple(asked)
'''
    return '''def _question(method: str, path: str, query: Mapping[str, str], body: bytes) -> tuple[object, ...]:
    """What is asked, however its members are ordered."""
    try:
        written = json.dumps(json.loads(body), sort_keys=True) if body.strip() else ""
    except ValueError:
        written = "no JSON"
    return method, path, tuple(sorted(query.items())), written
'''


def test_py(example: Example) -> str:
    """The package's own tests."""
    stand_in = f"{class_name(example.name)}StandIn"
    return f'''"""Every case file, by the adapter and by the stand-in."""

from __future__ import annotations

import asyncio

import pytest

from contracts.reader import CaseFile, load
from gateway.kit.cases import run_in_memory
from gateway_{example.name}.adapter import ADAPTER
from gateway_{example.name}.stand_in import {stand_in}
from mocks.stand_in import Call

CONTRACT = load("gateway_{example.name}.contract")
CASES = [pytest.param(case, id=f"{{case.dataset}}-{{case.name}}") for case in CONTRACT.cases()]


@pytest.mark.parametrize("case", CASES)
def test_the_adapter_writes_and_reads_it(case: CaseFile) -> None:
    """Without a network: the recorded request, and the recorded end of the recorded answer."""
    result = asyncio.run(run_in_memory(ADAPTER, CONTRACT, case.dataset, case))

    assert result.problems == ()


@pytest.mark.parametrize("case", CASES)
def test_the_stand_in_answers_it(case: CaseFile) -> None:
    """The recorded request is answered to the letter."""
    asked = case.request
    stand_in = {stand_in}()

    answer = stand_in.answer(Call(asked.method, asked.path, asked.query, {{}}, (asked.body or "").encode()))

    assert (answer.status, answer.body) == (case.response.status, case.response.content)


def test_the_stand_in_invents_nothing() -> None:
    """What no case file asks is 501."""
    stand_in = {stand_in}()

    assert stand_in.answer(Call("GET", "/nowhere", {{}}, {{}}, b"")).status == 501
'''


def readme_md(example: Example) -> str:
    """What is a guess, and what its author does next."""
    return f"""# {example.title}

Made from one example, which says little. Everything here is `assumed` until somebody who knows has confirmed it.

1. Give the fields of `records.py` English names, units and types (dates are texts as yet), the case files' records too.
2. Decide in `adapter.py` how sensitive the answer is, how old it may be, and which fields nobody gets by default.
3. Say in `mapping.py` what the registry's own words mean: what is success, "no such record", a refusal.
4. Record more exchanges (`gateway contract record`), and write down in `contract.toml` who confirmed what, and when.

```sh
pip install pytest -e .
gateway contract test {example.name}
python -m pytest
```
"""
