"""`gateway keys`: make keys, show the public ones."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from gateway.crypto import LEAST_SECRET_BYTES, new_signing_key
from gateway.errors import SettingsError
from gateway.keyring import key_set

__all__ = ["commands", "make", "new_file"]

commands = typer.Typer(help="Khóa ký và bí mật / signing keys and secrets", no_args_is_help=True)

SIGNING_KEY, SECRET, PUBLIC = "signing-key.pem", "secret", "public.json"
_FOR_US_ALONE = 0o600
_FOR_EVERYBODY = 0o644


class Algorithm(StrEnum):
    """What a key can be for."""

    ES256 = "ES256"
    RS256 = "RS256"


@commands.command("new")
def new(
    folder: Annotated[Path, typer.Option(help="Thư mục để ghi; tạo nếu chưa có / where to write them")] = Path("keys"),
    algorithm: Annotated[Algorithm, typer.Option(help="Thuật toán ký / what the key signs with")] = Algorithm.ES256,
) -> None:
    """Tạo khóa ký và bí mật mới; không bao giờ ghi đè / make a signing key and a secret; never overwrites."""
    kid = make(folder, algorithm)
    sys.stdout.write(
        f"kid {kid}\n\n[keys]\n"
        f'signing_key_file = "{folder / SIGNING_KEY}"\n'
        f'secret_files = ["{folder / SECRET}"]\n'
        f"# {folder / PUBLIC}: khóa công khai / the public half, for also_published\n"
    )


@commands.command("show")
def show(
    settings: Annotated[
        Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
    ] = Path("gateway.toml"),
) -> None:
    """In bộ khóa công khai (JWKS) theo cấu hình / print the public keys of the settings as a JWK set."""
    from gateway.app import key_ring
    from gateway.settings import load

    keys = key_ring(load(settings))
    if keys is None:
        raise SettingsError(f"{settings}: there is no section [keys]; `gateway keys new` makes what belongs in it")
    sys.stdout.write(orjson.dumps(keys.key_set, option=orjson.OPT_INDENT_2).decode() + "\n")


def make(folder: Path, algorithm: Algorithm) -> str:
    """
    Write a new signing key, a new secret and the public half into a folder; gives the key's `kid`.

    Raises SettingsError, before anything is written, where one of the files is there already.
    """
    pem, signer = new_signing_key("ES256" if algorithm is Algorithm.ES256 else "RS256")
    public = orjson.dumps(key_set([signer.public_key]), option=orjson.OPT_INDENT_2)
    content = {
        SIGNING_KEY: (pem, _FOR_US_ALONE),
        SECRET: (base64.b64encode(secrets.token_bytes(LEAST_SECRET_BYTES)) + b"\n", _FOR_US_ALONE),
        PUBLIC: (public + b"\n", _FOR_EVERYBODY),
    }
    taken = [name for name in content if os.path.lexists(folder / name)]
    if taken:
        raise SettingsError(f"{folder}: {', '.join(taken)} is there already; name another folder, nothing was written")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, (value, mode) in content.items():
            new_file(folder / name, value, mode)
    except OSError as exc:
        raise SettingsError(f"{exc.filename or folder}: {exc.strerror}") from None
    return signer.kid


def new_file(file: Path, content: bytes, mode: int) -> None:
    """A new file that is on the disk when this returns. OSError where the name is taken, by a link too."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
