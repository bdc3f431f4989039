"""Keys and a ledger of their own for processes that run with the demo's settings."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from pathlib import Path

from gateway.commands.keys import Algorithm, make

__all__ = ["trusted"]


def trusted() -> dict[str, str]:
    """What to put into the environment: new keys, an empty ledger, and gone when the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-trusted-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    make(folder / "keys", Algorithm.ES256)
    return {
        "GATEWAY_KEYS__SIGNING_KEY_FILE": str(folder / "keys" / "signing-key.pem"),
        "GATEWAY_KEYS__SECRET_FILES": json.dumps([str(folder / "keys" / "secret")]),
        "GATEWAY_LEDGER__FOLDER": str(folder / "ledger"),
        "GATEWAY_TICKETS__FILE": str(folder / "tickets.db"),
    }
