"""Keys of an installation: made by a command, named by settings, published, never made in passing."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from typer.testing import CliRunner

from gateway import app
from gateway.cli import cli
from gateway.commands.keys import Algorithm, make
from gateway.crypto import FileSigner, Secrets, thumbprint, verifies
from gateway.errors import SettingsError
from gateway.keyring import KeyRing, read_key_set
from gateway.settings import Settings, load
from gateway.settings_keys import KeysSettings
from tests.conftest import open_desk
from tests.evidence import EC_KEY, RETIRED, RSA_KEY


def settings_of(folder: Path, **more: Any) -> Settings:
    keys = {"signing_key_file": folder / "signing-key.pem", "secret_files": (folder / "secret",)} | more
    return Settings(keys=KeysSettings(**keys))


# --- gateway keys new ----------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_new_keys_can_be_used_at_once(algorithm: Algorithm, tmp_path: Path) -> None:
    """The key signs, the secret is 32 bytes, the public half verifies; the printed settings load."""
    done = CliRunner().invoke(cli, ["keys", "new", "--folder", str(tmp_path / "keys"), "--algorithm", algorithm])
    (tmp_path / "gateway.toml").write_text(done.stdout.partition("\n\n")[2])

    ring = app.build(load(tmp_path / "gateway.toml")).keys

    assert done.exit_code == 0
    assert ring is not None
    assert ring.signer.alg == algorithm
    (kid, public), *others = read_key_set((tmp_path / "keys" / "public.json").read_bytes()).items()
    assert (kid, others) == (ring.signer.kid, [])
    assert kid in done.stdout
    assert verifies(public, ring.signer.sign(b"message"), b"message")
    assert len(base64.b64decode((tmp_path / "keys" / "secret").read_text())) == 32


def test_what_is_secret_is_readable_for_us_alone(tmp_path: Path) -> None:
    """Whatever the umask: key and secret 0600 in a folder of 0700; the public half is for everybody."""
    before = os.umask(0)
    try:
        make(tmp_path / "a" / "keys", Algorithm.ES256)
    finally:
        os.umask(before)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "a" / "keys").iterdir()}
    assert modes == {"signing-key.pem": 0o600, "secret": 0o600, "public.json": 0o644}
    assert stat.S_IMODE((tmp_path / "a" / "keys").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["signing-key.pem", "secret", "public.json"])
def test_nothing_is_ever_overwritten(name: str, tmp_path: Path) -> None:
    """If one of the three files is there, even as a link to nowhere, nothing is written at all."""
    (tmp_path / name).symlink_to(tmp_path / "nowhere")

    done = CliRunner().invoke(cli, ["keys", "new", "--folder", str(tmp_path)])

    assert isinstance(done.exception, SettingsError)
    assert name in str(done.exception)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A file where the folder should be: one sentence that names it."""
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match="file"):
        make(tmp_path / "file" / "keys", Algorithm.ES256)


def test_two_installations_share_nothing(tmp_path: Path) -> None:
    """Each call makes another key and another secret."""
    kids = {make(tmp_path / str(place), Algorithm.ES256) for place in range(3)}
    secrets = {(tmp_path / str(place) / "secret").read_text() for place in range(3)}

    assert (len(kids), len(secrets)) == (3, 3)


# --- at start ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["signing-key.pem", "secret"])
def test_f47_a_missing_key_or_secret_stops_the_start(name: str, tmp_path: Path) -> None:
    """The gateway names the file and the command that makes one; it makes none itself."""
    make(tmp_path, Algorithm.ES256)
    (tmp_path / name).unlink()

    with pytest.raises(SettingsError, match=rf"{name}.*gateway keys new"):
        app.build(settings_of(tmp_path))

    assert not (tmp_path / name).exists()


def test_f47_a_section_without_secrets_stops_the_start(tmp_path: Path) -> None:
    """No default: both files must be named, and at least one secret."""
    make(tmp_path, Algorithm.ES256)
    for text in ('signing_key_file = "signing-key.pem"', 'signing_key_file = "signing-key.pem"\nsecret_files = []'):
        (tmp_path / "gateway.toml").write_text(f"[keys]\n{text}\n")
        with pytest.raises(SettingsError, match=r"keys\.secret_files"):
            load(tmp_path / "gateway.toml")


def test_paths_of_keys_start_at_the_settings_file(tmp_path: Path) -> None:
    """Relative ones, those of a list too."""
    make(tmp_path / "keys", Algorithm.ES256)
    (tmp_path / "gateway.toml").write_text(
        '[keys]\nsigning_key_file = "keys/signing-key.pem"\nsecret_files = ["keys/secret"]\n'
        'also_published = ["keys/public.json"]\n'
    )

    keys = load(tmp_path / "gateway.toml").keys

    assert keys is not None
    assert keys.secret_files == (tmp_path / "keys" / "secret",)
    assert keys.also_published == (tmp_path / "keys" / "public.json",)


# --- rotation ------------------------------------------------------------------------------------


def public_pem(key: Any) -> bytes:
    pem: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem


def test_during_a_rotation_old_and_next_keys_are_published(tmp_path: Path) -> None:
    """The key in use first, then what the settings name, as JWK set or PEM, each key once."""
    first, second = (make(tmp_path / name, Algorithm.ES256) for name in ("2026", "2027"))
    (tmp_path / "rsa.pem").write_bytes(public_pem(RSA_KEY))
    also = (tmp_path / "2026" / "public.json", tmp_path / "rsa.pem", tmp_path / "2027" / "public.json")

    ring = app.key_ring(settings_of(tmp_path / "2027", also_published=also))

    assert ring is not None
    assert ring.signer.kid == second
    assert [key["kid"] for key in ring.key_set["keys"]] == [second, first, thumbprint(RSA_KEY.public_key())]


BAD_PUBLIC = {
    "a private key": EC_KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ),
    "a private JWK": json.dumps({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}).encode(),
    "nothing": b"",
    "no JSON": b"{",
    "a certificate": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
}


@pytest.mark.parametrize("content", BAD_PUBLIC.values(), ids=BAD_PUBLIC)
def test_what_is_no_public_key_is_never_published(content: bytes, tmp_path: Path) -> None:
    """A private key in the wrong place stops the start, and nothing of it is quoted."""
    make(tmp_path, Algorithm.ES256)
    (tmp_path / "old").write_bytes(content)

    with pytest.raises(SettingsError, match=r"public key .*old: no public") as caught:
        app.build(settings_of(tmp_path, also_published=(tmp_path / "old",)))

    assert not any(line in str(caught.value) for line in content.decode().splitlines()[1:] if line)
    with pytest.raises(SettingsError, match="missing"):
        app.build(settings_of(tmp_path, also_published=(tmp_path / "missing",)))


def test_a_ring_takes_a_signer_that_is_no_file() -> None:
    """A module's public half is published like a file's."""
    ring = KeyRing.of(FileSigner(EC_KEY), [{RETIRED.kid: RETIRED.public_key}], Secrets((bytes(32),)))

    assert [key["kid"] for key in ring.key_set["keys"]] == [FileSigner(EC_KEY).kid, RETIRED.kid]


# --- published -----------------------------------------------------------------------------------


async def test_the_key_set_is_published_to_everybody(tmp_path: Path) -> None:
    """Without an API key, cacheable for minutes, as the media type of RFC 7517, and with no private member."""
    kid = make(tmp_path, Algorithm.ES256)
    async with (
        open_desk(settings_of(tmp_path)) as desk,
        desk.session.get(f"{desk.url}/.well-known/jwks.json") as reply,
    ):
        body = await reply.read()

    assert (reply.status, reply.content_type) == (200, "application/jwk-set+json")
    assert reply.headers["Cache-Control"] == "public, max-age=300"
    assert list(read_key_set(body)) == [kid]


async def test_without_keys_the_set_is_empty() -> None:
    """A gateway that signs nothing says so, instead of denying that there is such a thing."""
    async with open_desk(Settings()) as desk:
        status, body = await desk.get("/.well-known/jwks.json")

    assert (status, body) == (200, {"keys": []})


def test_show_prints_what_is_published(tmp_path: Path) -> None:
    """The same set as over HTTP, for a file or for paper; without a section it says what to do."""
    kid = make(tmp_path, Algorithm.ES256)
    settings = tmp_path / "gateway.toml"
    settings.write_text('[keys]\nsigning_key_file = "signing-key.pem"\nsecret_files = ["secret"]\n')
    shown = CliRunner().invoke(cli, ["keys", "show", "--settings", str(settings)])
    settings.write_text("")
    none = CliRunner().invoke(cli, ["keys", "show", "--settings", str(settings)])

    assert list(read_key_set(shown.stdout.encode())) == [kid]
    assert "gateway keys new" in str(none.exception)
