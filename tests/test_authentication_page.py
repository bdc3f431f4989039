"""docs/authentication.md: its examples are run as they stand, against a gateway."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.settings import Settings
from mocks.server import Running
from tests.certificates import Authority
from tests.conftest import KEY, open_desk, settings_for
from tests.issuer import Issuer
from tests.test_mutual_tls import good, tls_settings
from tests.test_signed_requests import Signer, signing_settings
from tests.test_tokens import with_tokens

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "authentication.md").read_text(encoding="utf-8")


def example(heading: str, language: str) -> str:
    """The one example in that language under a heading."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert section
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    return str(found)


async def outcome_of(settings: Settings, folder: Path, *command: str, **environment: str) -> Any:
    """What the command prints of an answer, run in the folder while the gateway is there."""
    shutil.copy(ROOT / "demo" / "question.json", folder / "question.json")
    async with open_desk(settings) as desk:
        running = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=os.environ | {"GATEWAY": desk.url, "KEY": KEY} | environment,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await running.communicate()
    return json.loads(said)


@pytest.fixture
def shell() -> list[str]:
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    return ["sh", "-c"]


async def test_the_example_with_a_key_works(shell: list[str], stand_ins: Running, tmp_path: Path) -> None:
    """What the page shows for API keys gets an answer."""
    answer = await outcome_of(settings_for(stand_ins.base_url), tmp_path, *shell, example("API keys", "sh"))
    assert answer["outcome"] == "found"


async def test_the_example_with_a_token_works(shell: list[str], stand_ins: Running, tmp_path: Path) -> None:
    """What the page shows for access tokens gets an answer."""
    issuer = Issuer(SystemClock().now())
    settings = with_tokens(settings_for(stand_ins.base_url), tmp_path, issuer)
    command = example("Access tokens", "sh")
    answer = await outcome_of(settings, tmp_path, *shell, command, TOKEN=issuer.token())
    assert answer["outcome"] == "found"


async def test_the_example_with_a_certificate_works(shell: list[str], stand_ins: Running, tmp_path: Path) -> None:
    """What the page shows for client certificates gets an answer."""
    authority = Authority(tmp_path)
    pair = good(authority)
    for source, name in (
        (pair.certificate, "client.pem"),
        (pair.key, "client.key"),
        (authority.file, "gateway-ca.pem"),
    ):
        shutil.copy(source, tmp_path / name)
    settings = tls_settings(authority, stand_ins.base_url)
    answer = await outcome_of(settings, tmp_path, *shell, example("Client certificates", "sh"))
    assert answer["outcome"] == "found"


async def test_the_example_that_signs_works(stand_ins: Running, tmp_path: Path) -> None:
    """The program that the page shows for signing gets an answer where a signature is required."""
    signer = Signer(tmp_path)
    signer.save(tmp_path / "igate-2026.key")
    settings = signing_settings(stand_ins, signer, tmp_path, keyid="igate-2026")
    answer = await outcome_of(settings, tmp_path, sys.executable, "-c", example("Signed requests", "python"))
    assert answer["outcome"] == "found"


@pytest.mark.parametrize("heading", ["Which way to take", "Access tokens", "Client certificates"])
def test_the_settings_shown_are_settings(heading: str) -> None:
    """Every section that the page shows has only keys that there are, with values that fit."""
    values = tomllib.loads(example(heading, "toml"))

    assert Settings(**values).consumers["one-stop"]
