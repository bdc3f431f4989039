"""The gateway's settings for a benchmark: the demo's two registries with everything on, asked by one consumer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.commands.keys import Algorithm, make

__all__ = ["API_KEY", "IN_FLIGHT", "environment", "write"]

API_KEY = "bench-key"
IN_FLIGHT = 64  # as many as the load generator's connections, so that nobody waits for a place

_SECRETS = {"dancu-secret": "bench-secret", "dancu-api-key": "bench-api-key", "dkdn-secret": "bench-secret"}
_TEXT = """
[web]
port = {port}

[metrics]
port = 0

[log]
level = "info"

[consumers.bench]
api_key_sha256 = "{digest}"
questions_per_minute = 1000000000

[policy]
file = "policy.toml"

[registries.dancu]
adapter = "dancu"
endpoint = "{registries}/dancu"
in_flight = {in_flight}

[registries.dancu.credentials]
scheme = "c06_basic"
username = "bench"
secret_file = "dancu-secret"
sv_url = "http://stub.invalid/dancu"
headers = {{ X-Road-Client = "BENCH/GOV/0000/GATEWAY", SOAPAction = '""' }}
secret_headers = {{ ApiKey = "dancu-api-key" }}
"""
_FIRMS = """
[registries.{name}]
adapter = "dkdn"
contract = "ngsp"
endpoint = "{endpoint}"
in_flight = {in_flight}

[registries.{name}.credentials]
scheme = "oauth2_client_credentials"
token_url = "{endpoint}/token"
key = "bench"
secret_file = "dkdn-secret"
"""
_POLICY = """
[purposes.verify_identity]
title = "Đo hiệu năng"
title_en = "Measure"
basis = "bench"

[[rules]]
name = "bench"
basis = "bench"
consumers = ["bench"]
agencies = ["H08.*"]
procedures = ["*"]
purposes = ["verify_identity"]

[rules.datasets]
{granted}

[rights]
batches = ["bench"]

[limits.many_questions]
most = 1000000000
then = "refuse"

[limits.many_subjects]
most = 1000000000
then = "refuse"

[limits.sequential]
most = 1000000000
then = "note"

[limits.oneself]
then = "refuse"
"""


_RECORDED = """
[keys]
signing_key_file = "keys/signing-key.pem"
secret_files = ["keys/secret"]

[ledger]
folder = "ledger"
origin = "bench.invalid/ledger"
"""


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings by their path as the environment overrides them."""
    return {"GATEWAY_" + path.upper().replace(".", "__"): value for path, value in settings.items()}


def write(
    folder: Path,
    *,
    port: int,
    registries: str,
    recorded: bool = True,
    indexed: bool = True,
    firms: Mapping[str, str] | None = None,
    grants: Sequence[str] = (),
) -> Path:
    """
    A settings file and its secrets in a new folder. `registries` is the address above `/dancu` and `/dkdn`;
    `recorded` is whether answers are recorded and signed, as they must be wherever they count, `indexed` whether the
    same process reads its log into the index. `firms` has further business registries: name to endpoint;
    `grants` further datasets that may be asked.
    """
    every = {"dkdn": f"{registries}/dkdn", **(firms or {})}
    folder.mkdir()
    for name, secret in _SECRETS.items():
        (folder / name).write_text(secret)
    digest = hashlib.sha256(API_KEY.encode()).hexdigest()
    datasets = dict.fromkeys(("dancu.citizen", *(f"{name}.enterprise" for name in every), *grants))
    granted = "\n".join(f'"{one}" = ["*"]' for one in datasets)
    (folder / "policy.toml").write_text(_POLICY.replace("{granted}", granted))
    file = folder / "gateway.toml"
    text = _TEXT.format(port=port, digest=digest, registries=registries, in_flight=IN_FLIGHT)
    for name, endpoint in every.items():
        text += _FIRMS.format(name=name, endpoint=endpoint, in_flight=IN_FLIGHT)
    if recorded:
        make(folder / "keys", Algorithm.ES256)
        text += _RECORDED + ("" if indexed else "\n[store]\nfeed = false\n")
    file.write_text(text)
    return file
