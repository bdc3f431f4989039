"""Settings of registries against stand-ins, beside the demo's two: only tests that name one of them get it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["section"]

SECRETS = Path(__file__).parent.parent / "demo" / "secrets"


def section(name: str, mocks_url: str) -> dict[str, Any]:
    """The section of a registry, by its name; empty for one that is not known here."""
    return {"lltp": lltp}.get(name, _nothing)(mocks_url)


def lltp(mocks_url: str) -> dict[str, Any]:
    """The token is for the older generation, the key for the newer one."""
    return {
        "adapter": "lltp",
        "endpoint": f"{mocks_url}/lltp",
        "route": "lgsp",
        "deadline_s": 5,
        "options": {"province_code": "99"},
        "credentials": {
            "scheme": "oauth2_client_credentials",
            "token_url": f"{mocks_url}/lltp/token",
            "key": "demo-lltp-consumer-key",
            "secret_file": SECRETS / "lltp-consumer-secret",
            "secrets": {"auth_key": SECRETS / "lltp-auth-key"},
        },
    }


def _nothing(_: str) -> dict[str, Any]:
    return {}
