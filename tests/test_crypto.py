"""The one door to keys: the published vectors, what is refused, and signers that are no file."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from gateway.crypto import (
    Algorithm,
    FileSigner,
    PublicKey,
    Secrets,
    Signer,
    from_b64url,
    public_jwk,
    public_key_from,
    thumbprint,
    verifies,
)
from gateway.errors import SettingsError

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# RFC 7638, 3.1
RFC7638_N = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjh"
    "Mstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvR"
    "L5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqD"
    "Kgw"
)
RFC7638_THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

# RFC 7515, A.2 and A.3: one payload, signed with RSA and with P-256
PAYLOAD = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
A2_MESSAGE = f"eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}".encode()
A2_KEY = {
    "kty": "RSA",
    "n": (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ"
        "S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2"
        "R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD"
        "TW9gb54h4FRWyuXpoQ"
    ),
    "e": "AQAB",
}
A2_SIGNATURE = (
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1"
    "dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzD"
    "wusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe7"
    "7Rw"
)
A3_MESSAGE = f"eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}".encode()
A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
A3_SIGNATURE = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any, password: bytes | None = None) -> bytes:
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    text: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    return text


def halves(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def joined(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


# --- vectors -------------------------------------------------------------------------------------


def test_a_thumbprint_is_that_of_rfc_7638() -> None:
    """The published key has the published thumbprint."""
    assert thumbprint(public_key_from({"kty": "RSA", "n": RFC7638_N, "e": "AQAB"})) == RFC7638_THUMBPRINT


def test_the_rsa_signature_of_rfc_7515_verifies() -> None:
    """Example A.2, and with a byte of the message changed no longer."""
    key = public_key_from(A2_KEY)

    assert verifies(key, from_b64url(A2_SIGNATURE), A2_MESSAGE)
    assert not verifies(key, from_b64url(A2_SIGNATURE), A2_MESSAGE + b"x")


def test_of_the_two_ecdsa_signatures_of_rfc_7515_the_one_with_the_lower_s_verifies() -> None:
    """Example A.3 has the higher s: it is refused, and its twin, which is just as valid, is taken."""
    key, (r, s) = public_key_from(A3_KEY), halves(from_b64url(A3_SIGNATURE))

    assert s > ORDER // 2
    assert not verifies(key, joined(r, s), A3_MESSAGE)
    assert verifies(key, joined(r, ORDER - s), A3_MESSAGE)


# --- signatures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["ES256", "RS256"])
def test_a_signer_signs_what_verifies(key: Any) -> None:
    """What it signs verifies with its public half, and with no other message or key."""
    signer, other = FileSigner(key), FileSigner(ec.generate_private_key(ec.SECP256R1()))
    signature = signer.sign(b"message")

    assert verifies(signer.public_key, signature, b"message")
    assert not verifies(signer.public_key, signature, b"other")
    assert not verifies(other.public_key, signature, b"message")


def test_every_ecdsa_signature_of_ours_has_the_lower_s() -> None:
    """64 bytes, r and s, with s in the lower half: of a hundred signatures none is another."""
    signatures = [FileSigner(EC_KEY).sign(b"message") for _ in range(100)]

    assert {len(signature) for signature in signatures} == {64}
    assert all(0 < halves(signature)[1] <= ORDER // 2 for signature in signatures)


def test_a23_signatures_in_another_form_are_refused() -> None:
    """DER, r or s of zero or beyond the order, the higher s, and a wrong length all fail, and none of them raises."""
    signature = FileSigner(EC_KEY).sign(b"message")
    r, s = halves(signature)
    wrong = {
        "DER": encode_dss_signature(r, s),
        "r is 0": joined(0, s),
        "s is 0": joined(r, 0),
        "both are 0": bytes(64),
        "r is the order": joined(ORDER, s),
        "r beyond the order": joined((r + ORDER) % 2**256, s),
        "s is the order": joined(r, ORDER),
        "the higher s": joined(r, ORDER - s),
        "swapped": joined(s, r),
        "a byte less": signature[:-1],
        "a byte more": signature + b"\0",
        "nothing": b"",
    }

    assert [name for name, one in wrong.items() if verifies(EC_KEY.public_key(), one, b"message")] == []


def test_an_rsa_signature_of_another_scheme_is_refused() -> None:
    """PSS and SHA-1 are not what RS256 means; neither is a signature of another length."""
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    pss = RSA_KEY.sign(b"message", scheme, hashes.SHA256())
    sha384 = RSA_KEY.sign(b"message", padding.PKCS1v15(), hashes.SHA384())

    assert not any(verifies(RSA_KEY.public_key(), one, b"message") for one in (pss, sha384, b"", bytes(256), pss[:-1]))


class Module:
    """
    A signer whose key is in no file: as a hardware module it keeps the key and gives raw signatures, with either s.
    """

    alg: Algorithm = "ES256"

    def __init__(self) -> None:
        self._handle = ec.generate_private_key(ec.SECP256R1())
        self.public_key: PublicKey = self._handle.public_key()
        self.kid = thumbprint(self.public_key)

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self._handle.sign(message, ec.ECDSA(hashes.SHA256())))
        return joined(r, min(s, ORDER - s))


def test_a_signer_need_not_be_a_file() -> None:
    """Whatever signs and tells its public half is a signer, and what it signs verifies like any other."""
    signer: Signer = Module()

    assert verifies(public_key_from(public_jwk(signer.public_key)), signer.sign(b"message"), b"message")


# --- keys from files -----------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "alg"), [(EC_KEY, "ES256"), (RSA_KEY, "RS256")])
def test_a_signing_key_comes_from_a_pem_file(key: Any, alg: str, tmp_path: Path) -> None:
    """P-256 and RSA are read, each with its algorithm and its thumbprint as kid."""
    (tmp_path / "key.pem").write_bytes(pem(key))

    signer = FileSigner.load(tmp_path / "key.pem")

    assert (signer.alg, signer.kid) == (alg, thumbprint(key.public_key()))


WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 (to be refused)
BAD_KEYS = {
    "empty": b"",
    "text": b"not a key",
    "cut": pem(EC_KEY)[:100],
    "encrypted": pem(EC_KEY, b"canary-password"),
    "public": EC_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ),
    "another curve": pem(ec.generate_private_key(ec.SECP384R1())),
    "an odd curve": pem(ec.generate_private_key(ec.SECP256K1())),
    "Ed25519": pem(ed25519.Ed25519PrivateKey.generate()),
    "RSA of 1,024 bits": pem(WEAK),
}


@pytest.mark.parametrize("content", BAD_KEYS.values(), ids=BAD_KEYS)
def test_f47_a_bad_signing_key_is_named_by_its_file_and_nothing_else(content: bytes, tmp_path: Path) -> None:
    """The error names the file; no line of it, and no error of a library with it in it, is shown."""
    (tmp_path / "key.pem").write_bytes(content)

    with pytest.raises(SettingsError, match=r"key\.pem") as caught:
        FileSigner.load(tmp_path / "key.pem")

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert not any(line and line in str(caught.value) for line in content.decode().splitlines())


def test_f47_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    """Nothing is made in its place: for a signing key and a secret alike the command is named."""
    with pytest.raises(SettingsError, match="gateway keys new"):
        FileSigner.load(tmp_path / "key.pem")
    with pytest.raises(SettingsError, match="gateway keys new"):
        Secrets.load((tmp_path / "secret",))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=", b"canary!", b"\xff\xfe", base64.b64encode(bytes(31))])
def test_f47_a_bad_secret_is_named_by_its_file(content: bytes, tmp_path: Path) -> None:
    """Empty, short, or no base64: the file is named, and nothing of what stands in it."""
    (tmp_path / "secret").write_bytes(content)

    with pytest.raises(SettingsError, match=r"secret file .*secret") as caught:
        Secrets.load((tmp_path / "secret",))

    assert "canary" not in str(caught.value)


def test_l13_no_key_and_no_secret_prints_itself() -> None:
    """What holds a key or a secret says neither, however it is printed."""
    raw = os.urandom(32)
    shown = "".join(f"{one!r}{one!s}" for one in (FileSigner(EC_KEY), Secrets((raw,)), Module()))

    scalar = f"{EC_KEY.private_numbers().private_value:x}"
    assert not any(text in shown.lower() for text in (raw.hex(), base64.b64encode(raw).decode().lower(), scalar))


# --- JWK -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["EC", "RSA"])
def test_a_jwk_leads_back_to_its_key(key: Any) -> None:
    """Written and read again it is the same key, and holds nothing of the private half."""
    jwk = public_jwk(key.public_key())

    assert public_key_from(jwk) == key.public_key()
    assert jwk.keys() <= {"kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"}


GOOD = public_jwk(EC_KEY.public_key())
BAD_JWKS: dict[str, dict[str, Any]] = {
    "symmetric": {"kty": "oct", "k": "AAAA"},
    "private": GOOD | {"d": "AAAA"},
    "another curve": GOOD | {"crv": "P-384"},
    "not on the curve": GOOD | {"x": GOOD["y"]},
    "short x": GOOD | {"x": GOOD["x"][:40]},
    "padded": GOOD | {"x": GOOD["x"] + "="},
    "no text": GOOD | {"x": 7},
    "missing y": {name: value for name, value in GOOD.items() if name != "y"},
    "another algorithm": GOOD | {"alg": "RS256"},
    "another kid": GOOD | {"kid": thumbprint(RSA_KEY.public_key())},
    "weak RSA": public_jwk(WEAK.public_key()),
    "RSA with e of 1": {"kty": "RSA", "n": A2_KEY["n"], "e": "AQ"},
    "nothing": {},
}


@pytest.mark.parametrize("jwk", BAD_JWKS.values(), ids=BAD_JWKS)
def test_a_jwk_that_evidence_is_never_signed_with_is_refused(jwk: dict[str, Any]) -> None:
    """Other types, weak keys, private halves, and a kid or alg of another key: none is read, none is quoted."""
    with pytest.raises(ValueError, match="JWK") as caught:
        public_key_from(jwk)

    assert GOOD["x"] not in str(caught.value)


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "Q Q", "QQ\n", "+/+/", "é", None])
def test_base64url_has_one_form(text: Any) -> None:
    """Padding, spare bits, white space and the other alphabet are refused: no two texts are one value."""
    with pytest.raises(ValueError):  # noqa: PT011 (whichever way it says so)
        from_b64url(text)


# --- pseudonyms and keyed digests ----------------------------------------------------------------


def test_a_pseudonym_depends_on_secret_kind_and_number() -> None:
    """Equal for the same three, different where any of them is; and never a plain hash."""
    secrets, others = Secrets((bytes(32),)), Secrets((bytes(31) + b"\1",))
    pseudonym = secrets.pseudonym("citizen", "000099000001")

    assert pseudonym == Secrets((bytes(32),)).pseudonym("citizen", "000099000001")
    assert len({pseudonym, others.pseudonym("citizen", "000099000001"), secrets.pseudonym("tax", "000099000001")}) == 3
    assert len(pseudonym) == 32


def test_after_a_rotation_older_pseudonyms_are_still_found() -> None:
    """The secret in use makes new ones; what to look for has one for each secret."""
    old, new = bytes(32), bytes(31) + b"\1"
    before, after = Secrets((old,)), Secrets((new, old))

    assert after.pseudonym("citizen", "1") != before.pseudonym("citizen", "1")
    assert after.pseudonyms("citizen", "1") == (after.pseudonym("citizen", "1"), before.pseudonym("citizen", "1"))


def test_the_digest_of_a_reply_is_keyed_and_is_no_pseudonym() -> None:
    """Without the secret it cannot be made, and one purpose's digest is never another's."""
    secrets = Secrets((bytes(32),))

    assert secrets.mac(b"citizen\x001") != Secrets((bytes(31) + b"\1",)).mac(b"citizen\x001")
    assert not secrets.mac(b"citizen\x001").startswith(secrets.pseudonym("citizen", "1"))


def test_a_box_opens_only_what_is_whole_and_belongs_there() -> None:
    """A sealed value that was altered, cut, moved or sealed for another purpose or under another key is no value."""
    box = Secrets((b"1" * 32,)).box(b"purpose")
    sealed = box.seal(b"value", belongs_to=b"here")

    assert b"value" not in sealed
    assert box.seal(b"value", belongs_to=b"here") != sealed
    assert Secrets((b"1" * 32, b"2" * 32)).box(b"purpose").open(sealed, belongs_to=b"here") == b"value"
    assert box.open(sealed, belongs_to=b"there") is None
    assert box.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), belongs_to=b"here") is None
    assert {box.open(sealed[:length], belongs_to=b"here") for length in range(len(sealed))} == {None}
    assert Secrets((b"1" * 32,)).box(b"other").open(sealed, belongs_to=b"here") is None
    assert Secrets((b"2" * 32,)).box(b"purpose").open(sealed, belongs_to=b"here") is None


def test_a_box_tells_texts_apart_by_a_key() -> None:
    """The same text has the same digest under one key and purpose, and another one under any other."""
    digests = {
        secrets.box(purpose).digest(text)
        for secrets in (Secrets((b"1" * 32,)), Secrets((b"2" * 32,)))
        for purpose in (b"a", b"b")
        for text in (b"x", b"y")
    }

    assert len(digests) == 8
    assert Secrets((b"1" * 32,)).box(b"a").digest(b"x") in digests
