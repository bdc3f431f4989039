"""Signed requests (RFC 9421): what a signature must cover, how old it may be, and that it counts once (A24, A26)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from http_message_signatures import ContentDigest, HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519, RSA_PSS_SHA512

from gateway import app
from gateway.clock import SystemClock
from gateway.errors import SettingsError, Unauthenticated
from gateway.settings import Settings
from gateway.stores.state_file import FileState
from gateway.web.authentication.signatures import Message, Signatures, key_in
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, KEY, Desk, MovableClock, open_desk, settings_for

QUESTION = json.dumps({"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}).encode()
COVERED = ("@method", "@target-uri", "content-digest", "content-type")
KEYS: dict[str, tuple[Callable[[], Any], Any]] = {
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), ECDSA_P256_SHA256),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), ECDSA_P384_SHA384),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, ED25519),
    "RSA": (lambda: rsa.generate_private_key(65537, 2048), RSA_PSS_SHA512),
}


@dataclass
class Sent:
    """A request as the library signs it, and as it is then sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""


class Signer:
    """A consumer's private key `key-1`, its public half in a file, and how the consumer signs."""

    def __init__(self, folder: Path, kind: str = "P-256") -> None:
        make, self.algorithm = KEYS[kind]
        self.key = make()
        self.file = folder / f"{kind}-{secrets.token_hex(4)}.pem"
        pem = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.file.write_bytes(pem)

    def save(self, file: Path) -> None:
        """Write the private key, as a consumer has it."""
        form = serialization.PrivateFormat.PKCS8
        file.write_bytes(self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))

    def signed(
        self,
        url: str,
        *,
        method: str = "POST",
        body: bytes = QUESTION,
        covered: tuple[str, ...] = COVERED,
        digest: bool = True,
        at: datetime | None = None,
        nonce: str | None = "fresh",
        **more: Any,
    ) -> Sent:
        """A request with a signature; what is not said is as it should be."""
        headers = {"Content-Type": "application/json"} if body else {}
        sent = Sent(method, url, headers, body)
        if digest and body:
            headers["Content-Digest"] = ContentDigest.create(body)
        signer = HTTPMessageSigner(
            signature_algorithm=self.algorithm,
            key_resolver=MappingKeyResolver(public_keys={}, private_keys={"key-1": self.key, "key-2": self.key}),
        )
        signer.sign(
            sent,
            key_id=more.pop("key_id", "key-1"),
            created=at or datetime.now(UTC),
            nonce=secrets.token_hex(8) if nonce == "fresh" else nonce,
            covered_component_ids=covered,
            use_existing_digest="Content-Digest" in headers,
            **more,
        )
        return sent


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path)


def signing_settings(
    stand_ins: Running, signer: Signer, folder: Path, keyid: str = "key-1", **changes: Any
) -> Settings:
    """The consumer `one-stop` must show its key and sign."""
    base = settings_for(stand_ins.base_url)
    values = {name: getattr(base, name) for name in type(base).model_fields}
    one_stop = base.consumers["one-stop"].model_dump() | {
        "signature_keys": {keyid: signer.file},
        "require": ("api_key", "signature"),
    }
    state = {"store": "file", "file": folder / "state.sqlite"}
    return Settings(**values | {"consumers": {"one-stop": one_stop}, "state": state} | changes)


def desk_of(stand_ins: Running, signer: Signer, folder: Path, **changes: Any) -> AbstractAsyncContextManager[Desk]:
    return open_desk(signing_settings(stand_ins, signer, folder, **changes))


async def send(desk: Desk, sent: Sent, **headers: str) -> tuple[int, dict[str, Any]]:
    shown = {"X-API-Key": KEY} | sent.headers | headers
    async with desk.session.request(sent.method, sent.url, data=sent.body or None, headers=shown) as reply:
        return reply.status, await reply.json(content_type=None)


def code(answer: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    """Status, and the code of a refusal."""
    status, said = answer
    problems = said.get("problems") or [{"code": said.get("outcome", "")}]
    return status, problems[0]["code"]


@pytest.mark.parametrize("kind", KEYS)
async def test_a_signed_request_is_answered(kind: str, stand_ins: Running, tmp_path: Path) -> None:
    """Each kind of key that settings may name signs questions, with SHA-256 or SHA-512 over the body."""
    signer = Signer(tmp_path, kind)
    async with desk_of(stand_ins, signer, tmp_path) as desk:
        url = f"{desk.url}/v1/lookups"
        parts = ("@method", "@authority", "@path", "@query", "content-digest", "content-type")
        answers = [
            await send(desk, signer.signed(url)),
            await send(desk, signer.signed(url, covered=parts)),
            await send(desk, signer.signed(url, include_alg=False, expires=datetime.now(UTC) + timedelta(seconds=30))),
            await send(desk, signer.signed(f"{desk.url}/v1/datasets", method="GET", body=b"", covered=COVERED[:2])),
        ]
        text = await desk.metrics()

    assert [status for status, _ in answers] == [200] * 4
    assert 'gateway_authentications_total{by="signature",result="ok"} 4.0' in text
    assert 'gateway_authentications_total{by="api_key",result="ok"} 4.0' in text


async def test_an_unsigned_request_is_refused_where_signatures_are_required(
    signer: Signer, stand_ins: Running, tmp_path: Path
) -> None:
    """The key alone is not enough, nor is the signature alone."""
    async with desk_of(stand_ins, signer, tmp_path) as desk:
        plain = Sent("POST", f"{desk.url}/v1/lookups", {}, QUESTION)
        unsigned = await send(desk, plain)
        keyless = await send(desk, signer.signed(plain.url), **{"X-API-Key": ""})

    assert code(unsigned) == (401, "signature_missing")
    assert code(keyless) == (401, "credentials_missing")
    assert unsigned[1]["type"].endswith(":unauthenticated")


COVERAGE: dict[str, tuple[str, ...]] = {
    "only the method": ("@method",),
    "not the method": ("@target-uri", "content-digest", "content-type"),
    "not the address": ("@method", "content-digest", "content-type"),
    "only the path": ("@method", "@path", "content-digest", "content-type"),
    "not the query": ("@method", "@authority", "@path", "content-digest", "content-type"),
    "not the digest": ("@method", "@target-uri", "content-type"),
    "not the type": ("@method", "@target-uri", "content-digest"),
    "a piece of the digest": ("@method", "@target-uri", '"content-digest";key="sha-256"', "content-type"),
}


async def test_a24_a_signature_covers_method_address_and_body(
    signer: Signer, stand_ins: Running, tmp_path: Path
) -> None:
    """A signature over less is refused, however good it is."""
    async with desk_of(stand_ins, signer, tmp_path) as desk:
        url = f"{desk.url}/v1/lookups"
        answers = {name: code(await send(desk, signer.signed(url, covered=less))) for name, less in COVERAGE.items()}
        assert code(await send(desk, signer.signed(url))) == (200, "found")

    assert answers == dict.fromkeys(COVERAGE, (401, "signature_components"))


def changed(desk: Desk, sent: Sent) -> dict[str, tuple[Sent, str]]:
    """The same signature on another request, and what is said of it."""
    headers, other = sent.headers, QUESTION.replace(b"verify_identity", b"curiosity")
    digest = {"Content-Digest": ContentDigest.create(other)}
    return {
        "another body": (Sent("POST", sent.url, headers, other), "signature_digest"),
        "another body with its digest": (Sent("POST", sent.url, headers | digest, other), "signature_wrong"),
        "no body": (Sent("POST", sent.url, headers, b""), "signature_digest"),
        "another address": (Sent("GET", f"{desk.url}/v1/datasets", headers, b""), "signature_wrong"),
        "a query": (Sent("POST", f"{sent.url}?x=1", headers, sent.body), "signature_wrong"),
        "another host": (Sent("POST", sent.url, headers | {"Host": "other.invalid"}, sent.body), "signature_wrong"),
        "another type": (
            Sent("POST", sent.url, headers | {"Content-Type": "text/plain"}, sent.body),
            "signature_wrong",
        ),
        "no digest": (
            Sent("POST", sent.url, {k: v for k, v in headers.items() if k != "Content-Digest"}, sent.body),
            "signature_wrong",
        ),
        "a later time": (
            Sent("POST", sent.url, headers | {"Signature-Input": _later(headers["Signature-Input"])}, sent.body),
            "signature_wrong",
        ),
        "another nonce": (
            Sent("POST", sent.url, headers | {"Signature-Input": _other_nonce(headers["Signature-Input"])}, sent.body),
            "signature_wrong",
        ),
        "no signature": (Sent("POST", sent.url, headers | {"Signature": ""}, sent.body), "signature_malformed"),
        "rubbish": (Sent("POST", sent.url, headers | {"Signature": "pyhms=CANARY"}, sent.body), "signature_malformed"),
        "another label": (
            Sent("POST", sent.url, headers | {"Signature": headers["Signature"].replace("pyhms", "x")}, sent.body),
            "signature_malformed",
        ),
    }


def _later(said: str) -> str:
    at = said.partition("created=")[2].partition(";")[0]
    return said.replace(f"created={at}", f"created={int(at) + 1}")


def _other_nonce(said: str) -> str:
    nonce = said.partition('nonce="')[2].partition('"')[0]
    return said.replace(nonce, nonce[::-1] + "0")


async def test_a24_nothing_of_a_signed_request_can_be_changed(
    signer: Signer, stand_ins: Running, tmp_path: Path
) -> None:
    """Body, digest, address, query, host, type, time and nonce are what was signed, or the request is refused."""
    async with desk_of(stand_ins, signer, tmp_path) as desk:
        sent = signer.signed(f"{desk.url}/v1/lookups")
        cases = changed(desk, sent)
        answers = {name: await send(desk, other) for name, (other, _) in cases.items()}
        unchanged = await send(desk, sent)

    assert {name: code(answer) for name, answer in answers.items()} == {
        name: (401, expected) for name, (_, expected) in cases.items()
    }
    assert code(unchanged) == (200, "found")
    assert "CANARY" not in json.dumps(answers)
    assert [entry.operation for entry in stand_ins.journal if entry.operation != "token"] == ["chiTietDoanhNghiep"]


AGES = {
    "61 seconds old": timedelta(seconds=-62),
    "23 hours old": timedelta(hours=-23),
    "of the future": timedelta(seconds=20),
}


async def test_a26_an_old_signature_is_refused(signer: Signer, stand_ins: Running, tmp_path: Path) -> None:
    """A signature counts for a minute from `created`, however long `expires` would let it."""
    async with desk_of(stand_ins, signer, tmp_path) as desk:
        url, now = f"{desk.url}/v1/lookups", datetime.now(UTC)
        for age in AGES.values():
            old = signer.signed(url, at=now + age, expires=now + timedelta(days=1))
            assert code(await send(desk, old)) == (401, "signature_age")
        young = signer.signed(url, at=now - timedelta(seconds=30))
        assert code(await send(desk, young)) == (200, "found")


async def test_an_expired_signature_is_refused_however_young(
    signer: Signer, stand_ins: Running, tmp_path: Path
) -> None:
    """Where the signer says until when, that counts too."""
    async with desk_of(stand_ins, signer, tmp_path) as desk:
        now = datetime.now(UTC)
        sent = signer.signed(
            f"{desk.url}/v1/lookups", at=now - timedelta(seconds=9), expires=now - timedelta(seconds=2)
        )
        assert code(await send(desk, sent)) == (401, "signature_age")


async def test_a_signed_request_counts_once(signer: Signer, stand_ins: Running, tmp_path: Path) -> None:
    """The same request again is refused, by this process and by the next one; with a new nonce it is another."""
    async with desk_of(stand_ins, signer, tmp_path) as desk:
        sent = signer.signed(f"{desk.url}/v1/lookups")
        first, second = await send(desk, sent), await send(desk, sent)
    async with desk_of(stand_ins, signer, tmp_path) as restarted:
        sent = signer.signed(f"{restarted.url}/v1/lookups", nonce="one-nonce")
        again = signer.signed(f"{restarted.url}/v1/lookups", nonce="one-nonce")
        answers = [await send(restarted, one) for one in (sent, again)]

    assert (code(first), code(second)) == ((200, "found"), (401, "signature_replayed"))
    assert [code(one) for one in answers] == [(200, "found"), (401, "signature_replayed")]


PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "no nonce": ({"nonce": None}, "signature_malformed"),
    "empty nonce": ({"nonce": ""}, "signature_malformed"),
    "a nonce without end": ({"nonce": "n" * 200}, "signature_malformed"),
    "a key that is nobody's": ({"key_id": "key-2"}, "signature_key_unknown"),
}


async def test_a_signature_names_its_key_and_a_nonce(signer: Signer, stand_ins: Running, tmp_path: Path) -> None:
    """Without a nonce a replay could not be told; a key must be one of this consumer's."""
    async with desk_of(stand_ins, signer, tmp_path) as desk:
        for more, expected in PARAMETERS.values():
            assert code(await send(desk, signer.signed(f"{desk.url}/v1/lookups", **more))) == (401, expected)


async def test_the_key_decides_the_algorithm(stand_ins: Running, tmp_path: Path) -> None:
    """A signature by another kind of key, or one that names another algorithm, is wrong."""
    signer, other = Signer(tmp_path), Signer(tmp_path, "Ed25519")
    async with desk_of(stand_ins, signer, tmp_path) as desk:
        url = f"{desk.url}/v1/lookups"
        of_another = [await send(desk, other.signed(url, include_alg=named)) for named in (True, False)]
        sent = signer.signed(url)
        said = sent.headers["Signature-Input"].replace("ecdsa-p256-sha256", "hmac-sha256")
        renamed = await send(desk, sent, **{"Signature-Input": said})

    assert [code(one) for one in (*of_another, renamed)] == [(401, "signature_wrong")] * 3


async def test_another_consumers_key_signs_nothing_for_us(stand_ins: Running, tmp_path: Path) -> None:
    """Keys belong to one consumer each: whoever has a key of its own cannot sign as somebody else."""
    mine, theirs = Signer(tmp_path), Signer(tmp_path)
    settings = signing_settings(stand_ins, mine, tmp_path)
    other = settings.consumers["one-stop"].model_copy(
        update={"api_key_sha256": "0" * 64, "signature_keys": {"key-2": theirs.file}}
    )
    both = settings.model_copy(update={"consumers": {**settings.consumers, "other": other}})
    async with open_desk(both) as desk:
        answer = await send(desk, theirs.signed(f"{desk.url}/v1/lookups", key_id="key-2"))

    assert code(answer) == (401, "signature_key_unknown")


async def test_behind_a_proxy_callers_sign_the_address_that_they_know(
    signer: Signer, stand_ins: Running, tmp_path: Path
) -> None:
    """With `base_url` the signed address is the public one, whatever Host says; a request for another gateway fails."""
    section = {"base_url": "https://gateway.mau.example"}
    async with desk_of(stand_ins, signer, tmp_path, signatures=section) as desk:
        answers = []
        for signed_for in ("https://gateway.mau.example", "https://gateway.other.example", desk.url):
            sent = signer.signed(f"{signed_for}/v1/lookups")
            sent.url = f"{desk.url}/v1/lookups"
            answers.append(await send(desk, sent, Host=signed_for.partition("//")[2]))

    assert [code(one) for one in answers] == [(200, "found"), (401, "signature_wrong"), (401, "signature_wrong")]


async def test_a_nonce_is_kept_longer_than_its_signature_lives(
    signer: Signer, clock: MovableClock, tmp_path: Path
) -> None:
    """A request cannot come back when its nonce is forgotten: by then it is too old."""
    state = FileState(tmp_path / "state", clock)
    keys = {"one-stop": {"key-1": key_in(signer.file, "keys")}}
    signatures = Signatures(keys, state, clock)
    sent = signer.signed("http://gateway.invalid/v1/lookups", at=clock.now() + timedelta(seconds=5))
    message = Message(sent.method, sent.url, sent.headers, sent.body)
    await signatures.check("one-stop", message)
    codes = []
    for _ in range(3):
        with pytest.raises(Unauthenticated) as caught:
            await signatures.check("one-stop", message)
        codes.append(caught.value.problems[0].code)
        clock.advance(33)
    await state.close()

    assert codes == ["signature_replayed", "signature_replayed", "signature_age"]


def test_signatures_need_a_state_that_outlives_the_process(signer: Signer, stand_ins: Running, tmp_path: Path) -> None:
    """Memory forgets nonces at a restart, and other workers never see them: it stops the start."""
    settings = signing_settings(stand_ins, signer, tmp_path, state={"store": "memory"})
    with pytest.raises(SettingsError, match=r"consumers\.one-stop\.signature_keys: needs \[state\]"):
        app.build(settings, clock=SystemClock())


BAD_KEYS = {
    "no PEM": b"CANARY",
    "another curve": ec.generate_private_key(ec.SECP256K1())
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    "a short RSA key": rsa.generate_private_key(65537, 1024)  # noqa: S505
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
}


@pytest.mark.parametrize("pem", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_key_that_proves_nothing_stops_the_start(pem: bytes, tmp_path: Path) -> None:
    """Only keys that the gateway can check with are taken; the error names the setting and quotes nothing."""
    (tmp_path / "key.pem").write_bytes(pem)
    with pytest.raises(SettingsError, match="consumers") as caught:
        key_in(tmp_path / "key.pem", "consumers.a.signature_keys.k")
    assert "CANARY" not in str(caught.value)
