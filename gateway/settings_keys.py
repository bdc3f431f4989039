"""
The keys of the installation, as settings. No key and no secret stands in them: each is named by its file.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gateway.settings_credentials import Section

__all__ = ["KeysSettings"]


class KeysSettings(Section):
    """Keys and secrets, by file; `gateway keys new` makes them. The gateway itself never does."""

    signing_key_file: Path = Field(
        description="PEM of the private key that signs evidence and checkpoints: P-256, or RSA of at least 2,048 bits."
    )
    secret_files: tuple[Path, ...] = Field(
        min_length=1,
        description="Files of base64 text, 32 bytes or more each: what pseudonyms are made with, the one in use first.",
    )
    also_published: tuple[Path, ...] = Field(
        (),
        description="Public keys (PEM or JWK set) published beside that of the signing key: retired ones, and the "
        "next one ahead of its time.",
    )
