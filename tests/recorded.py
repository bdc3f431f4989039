"""A gateway with everything that makes an answer count: keys, a ledger, signed evidence."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gateway.commands.keys import Algorithm, make
from tests.conftest import KEY, SECRETS
from tests.policies import policy, rule

__all__ = ["settings_file"]

_TEXT = """
[web]
port = 0
shutdown_s = 2

[metrics]
port = 0

[log]
level = "warning"

[keys]
signing_key_file = "keys/signing-key.pem"
secret_files = ["keys/secret"]

[ledger]
folder = "ledger"
origin = "gateway.test/ledger"
{ledger}

[consumers.one-stop]
api_key_sha256 = "{digest}"
questions_per_minute = 1000000000

[policy]
file = "policy.toml"

[registries.dancu]
adapter = "dancu"
endpoint = "{mocks}/dancu"
route = "xroad"
deadline_s = {deadline_s}

[registries.dancu.credentials]
scheme = "c06_basic"
username = "gateway-demo"
secret_file = "{secrets}/dancu-secret"
sv_url = "http://mock.invalid/dancu"
headers = {{ X-Road-Client = "DEMO/GOV/0000/GATEWAY", SOAPAction = '""' }}
secret_headers = {{ ApiKey = "{secrets}/dancu-api-key" }}

[registries.dkdn]
adapter = "dkdn"
contract = "ngsp"
endpoint = "{mocks}/dkdn"
route = "lgsp"
deadline_s = {deadline_s}

[registries.dkdn.credentials]
scheme = "oauth2_client_credentials"
token_url = "{mocks}/dkdn/token"
key = "demo-consumer-key"
secret_file = "{secrets}/dkdn-consumer-secret"
"""


def settings_file(folder: Path, mocks_url: str, *, ledger: str = "", deadline_s: float = 5, more: str = "") -> Path:
    """New keys and a settings file in the folder; `ledger` adds lines to that section, `more` to the policy."""
    make(folder / "keys", Algorithm.ES256)
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    text = _TEXT.format(digest=digest, mocks=mocks_url, secrets=SECRETS, ledger=ledger, deadline_s=deadline_s)
    file = folder / "gateway.toml"
    file.write_text(text)
    (folder / "policy.toml").write_text(policy(rule({"dancu.citizen": ["*"], "dkdn.enterprise": ["*"]}), more=more))
    return file
