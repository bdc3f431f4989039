"""Time stamps of an outside authority: asked for over a socket, verified, kept; never a condition for the ledger."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from gateway.clock import SystemClock
from gateway.errors import SettingsError, StampRefused
from gateway.ledger.timestamps import Stamps, stamp_files
from gateway.transport.credentials import Anonymous
from gateway.transport.http import HttpTransport
from gateway.web import server

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

CHECKPOINT = "gateway.example.vn/0\n7\nqqqq\n\n— gateway.example.vn/0 AAAA\n"
CONFIG = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
[tsa_config]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """A time-stamping authority of OpenSSL's, with certificates of its own."""

    folder: Path
    spoil: Callable[[bytes], bytes] = field(default=lambda answer: answer)
    queries: list[bytes] = field(default_factory=list)

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def run(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def make(self) -> Authority:
        self.folder.mkdir()
        (self.folder / "openssl.cnf").write_text(CONFIG.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")
        new = ("req", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self.run(*new, "-x509", "-extensions", "ca", "-subj", "/CN=CA", "-keyout", "ca.key", "-out", "ca.pem")
        self.run(*new, "-subj", "/CN=TSA", "-keyout", "tsa.key", "-out", "tsa.csr")
        signing = ("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        self.run(*signing, "-extfile", "openssl.cnf", "-extensions", "tsa", "-out", "tsa.pem")
        return self

    def reply(self, query: bytes) -> bytes:
        self.queries.append(query)
        (self.folder / "query").write_bytes(query)
        config = ("-config", "openssl.cnf", "-section", "tsa_config")
        self.run("ts", "-reply", *config, "-queryfile", "query", "-out", "reply")
        return self.spoil((self.folder / "reply").read_bytes())

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        async def answer(request: web.Request) -> web.Response:
            body = self.reply(await request.read())
            return web.Response(body=body, content_type="application/timestamp-reply")

        app = web.Application()
        app.router.add_post("/tsa", answer)
        listening = await server.listen(app, "127.0.0.1", 0, shutdown_s=0.1)
        try:
            yield f"http://127.0.0.1:{listening.port}/tsa"
        finally:
            await listening.stop()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Authority(tmp_path_factory.mktemp("tsa") / "own").make().folder


@pytest.fixture
def authority(made: Path) -> Authority:
    return Authority(made)


def stamps_at(url: str, ca_file: Path) -> Stamps:
    transport = HttpTransport(endpoint=url, credentials=Anonymous(), clock=SystemClock())
    return Stamps(transport, ca_file=ca_file)


async def test_a_stamp_is_kept_beside_its_checkpoint(authority: Authority, tmp_path: Path) -> None:
    """A checkpoint's stamp is kept with the bytes that it is about, and OpenSSL alone verifies it."""
    async with authority.served() as url:
        stamps = stamps_at(url, authority.ca_file)
        stamp = await stamps.keep(tmp_path, 7, CHECKPOINT)
        await stamps.close()

    ((checkpoint, answer),) = stamp_files(tmp_path)
    assert checkpoint.read_text(encoding="utf-8") == CHECKPOINT
    assert stamps.verified(answer.read_bytes(), CHECKPOINT.encode()).at == stamp.at
    authority.run("ts", "-verify", "-data", str(checkpoint), "-in", str(answer), "-CAfile", "ca.pem")


async def test_a_stamp_on_something_else_is_not_kept(authority: Authority, tmp_path: Path) -> None:
    """A sound answer to another question, such as one recorded earlier, is refused and nothing is kept."""
    async with authority.served() as url:
        stamps = stamps_at(url, authority.ca_file)
        old = await stamps.of(CHECKPOINT.encode())
        authority.spoil = lambda _: old.answer
        with pytest.raises(StampRefused):
            await stamps.keep(tmp_path, 7, CHECKPOINT)
        with pytest.raises(StampRefused):
            await stamps.keep(tmp_path, 8, CHECKPOINT.replace("7", "8"))
        await stamps.close()

    assert stamp_files(tmp_path) == []


async def test_a_stamp_of_a_stranger_is_not_kept(authority: Authority, tmp_path: Path) -> None:
    """A stamp of an authority that the settings do not name is refused."""
    stranger = Authority(tmp_path / "stranger").make()
    async with stranger.served() as url:
        stamps = stamps_at(url, authority.ca_file)
        with pytest.raises(StampRefused):
            await stamps.of(CHECKPOINT.encode())
        await stamps.close()


@pytest.mark.parametrize("place", [10, 60, -40, -1])
async def test_a_spoilt_stamp_is_not_kept(authority: Authority, tmp_path: Path, place: int) -> None:
    """One changed byte, anywhere, and the stamp is refused."""

    def spoilt(answer: bytes) -> bytes:
        changed = bytearray(answer)
        changed[place] ^= 0x41
        return bytes(changed)

    authority.spoil = spoilt
    async with authority.served() as url:
        stamps = stamps_at(url, authority.ca_file)
        with pytest.raises(StampRefused):
            await stamps.keep(tmp_path, 7, CHECKPOINT)
        await stamps.close()

    assert stamp_files(tmp_path) == []


async def test_what_is_no_stamp_is_refused(authority: Authority) -> None:
    """An answer that is no time stamp at all, or nobody who answers, is a refusal like any other."""
    authority.spoil = lambda _: b"<html>"
    async with authority.served() as url:
        stamps = stamps_at(url, authority.ca_file)
        with pytest.raises(StampRefused):
            await stamps.of(b"x")
        await stamps.close()
    stamps = stamps_at(url, authority.ca_file)
    with pytest.raises(StampRefused):
        await stamps.of(b"x")
    await stamps.close()


def test_the_authority_must_be_named(tmp_path: Path) -> None:
    """Without certificates to trust there are no stamps, and the message names the file."""
    with pytest.raises(SettingsError, match=r"none\.pem"):
        stamps_at("http://127.0.0.1:1/", tmp_path / "none.pem")
