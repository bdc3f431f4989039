"""Pieces of evidence for tests, and every way to spoil one."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gateway.crypto import FileSigner, PublicKey, b64url, from_b64url
from gateway.keyring import key_set
from gateway.ledger.evidence import TYPE, draft

__all__ = ["ABSENT", "FOUND", "MUTATIONS", "SIGNERS", "Mutation", "Spoiler", "evidence", "key_set_file"]

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SIGNERS = {"ES256": FileSigner(EC_KEY), "RS256": FileSigner(RSA_KEY)}
RETIRED = FileSigner(ec.generate_private_key(ec.SECP256R1()))
STRANGER = FileSigner(ec.generate_private_key(ec.SECP256R1()))
PUBLISHED: dict[str, PublicKey] = {one.kid: one.public_key for one in (*SIGNERS.values(), RETIRED)}

FOUND: dict[str, Any] = {
    "lookup_id": "0197f3c0-0000-7000-8000-000000000001",
    "dataset": "dancu.citizen",
    "outcome": "found",
    "query": {"citizen_id": "000099000001", "full_name": "Nguyễn Văn Mẫu", "birth_date": "1999-01-31"},
    "fields": ["birth_date", "full_name", "permanent_residence"],
    "record": {
        "full_name": "NGUYỄN VĂN MẪU",
        "birth_date": "1999-01-31",
        "permanent_residence": {"province_code": "52", "detail": 'Số 1 "phố" Mẫu\\ngõ 2\t🏠'},
    },
    "withheld": ["ethnic_group", "religion"],
    "inquiry": {
        "case_id": "H08.12-260301-0001",
        "procedure": "1.001193",
        "agency": "H08.12",
        "officer": {"id": "000080000009", "account": "canbo.mau"},
        "purpose": "verify_identity",
    },
    "consumer": "one-stop",
    "provenance": {
        "registry": "dancu",
        "operation": "TraCuuThongTinCongDan",
        "route": "xroad",
        "via": "live",
        "request_id": "0197f3c0-0000-7000-8000-000000000002",
        "asked_at": "2026-03-01T01:30:00.123456Z",
        "answered_at": "2026-03-01T01:30:00.223456Z",
        "age_s": 0,
        "reply_mac": "ab" * 32,
        "contract": "dancu@2025",
        "basis": "observed",
    },
    "policy": "2026-03-01",
    "rules": ["birth-registration"],
}
ABSENT: dict[str, Any] = FOUND | {"outcome": "absent", "record": None}
LOG, INDEX = "onestop.example/52/0", 4711


def evidence(document: Mapping[str, Any] = FOUND, alg: str = "ES256") -> str:
    """Evidence as the gateway makes it."""
    return draft(document).sealed(SIGNERS[alg], log=LOG, index=INDEX)


def key_set_file() -> bytes:
    """Every published key, as the gateway publishes them."""
    return json.dumps(key_set(PUBLISHED.values())).encode()


class Spoiler:
    """A piece of evidence in its parts; what is changed can be signed again with the real key."""

    def __init__(self, alg: str) -> None:
        self.signer = SIGNERS[alg]
        self.header_part, self.payload_part, self.signature_part = evidence(alg=alg).split(".")
        self.header: dict[str, Any] = json.loads(from_b64url(self.header_part))
        self.document: dict[str, Any] = json.loads(from_b64url(self.payload_part))
        self.signature = from_b64url(self.signature_part)

    def joined(self, *, header: str | None = None, payload: str | None = None, signature: str | None = None) -> str:
        """The parts with these put in."""
        parts = header or self.header_part, payload or self.payload_part
        return ".".join((*parts, self.signature_part if signature is None else signature))

    def changed(self, path: str, value: Any) -> str:
        """With one value of the document changed, and the old signature."""
        return self.joined(payload=written(with_value(self.document, path, value)))

    def signed_anew(self, content: bytes) -> str:
        """With another payload under the real key: what a gateway that had gone astray could sign."""
        return self.with_header(self.header, b64url(content))

    def with_header(
        self, header: Mapping[str, Any] | bytes, payload: str | None = None, signer: FileSigner | None = None
    ) -> str:
        """With another header, signed."""
        content = header if isinstance(header, bytes) else dumped(header)
        signed = f"{b64url(content)}.{payload or self.payload_part}"
        return f"{signed}.{b64url((signer or self.signer).sign(signed.encode()))}"

    @property
    def halves(self) -> tuple[int, int]:
        return int.from_bytes(self.signature[:32], "big"), int.from_bytes(self.signature[32:], "big")

    def raw(self, r: int, s: int) -> str:
        return self.joined(signature=b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big")))


@dataclass(frozen=True)
class Mutation:
    """One way to spoil evidence, the word that both verifiers say to it, and the algorithms that it makes sense for."""

    name: str
    word: str
    spoil: Callable[[Spoiler], str]
    algs: tuple[str, ...] = ("ES256", "RS256")


def dumped(value: Any, **more: Any) -> bytes:
    options: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False} | more
    return json.dumps(value, **options).encode()


def written(value: Any) -> str:
    return b64url(dumped(value))


def with_value(document: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    return {**document, name: with_value(document[name], rest, value) if rest else value}


def without(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


def with_bit(part: str, place: int) -> str:
    """The part with the lowest bit of one byte turned."""
    content = bytearray(from_b64url(part))
    content[place] ^= 1
    return b64url(bytes(content))


def public_pem(one: Spoiler) -> bytes:
    return one.signer.public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def hs256(one: Spoiler) -> str:
    signed = f"{b64url(dumped(one.header | {'alg': 'HS256'}))}.{one.payload_part}"
    return f"{signed}.{b64url(hmac.digest(public_pem(one), signed.encode(), hashlib.sha256))}"


def doubled(one: Spoiler) -> str:
    return one.signed_anew(dumped(one.document).replace(b'"outcome":"found"', b'"outcome":"absent","outcome":"found"'))


def deep(one: Spoiler) -> str:
    return one.signed_anew(dumped(one.document).replace(b'"2026-03-01"', b"[" * 2000 + b"]" * 2000))


def pss(one: Spoiler) -> str:
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    message = f"{one.header_part}.{one.payload_part}".encode()
    return one.joined(signature=b64url(RSA_KEY.sign(message, scheme, hashes.SHA256())))


def jwk_of_the_attacker(one: Spoiler) -> str:
    jwk = key_set([STRANGER.public_key])["keys"][0]
    return one.with_header({"alg": "ES256", "kid": STRANGER.kid, "typ": TYPE, "jwk": jwk}, signer=STRANGER)


EC, RSA = ("ES256",), ("RS256",)
MUTATIONS = [
    # changed by somebody without the key
    Mutation("a bit of the header", "unknown_key", lambda one: one.joined(header=with_bit(one.header_part, 30))),
    Mutation(
        "a bit of the payload", "wrong_signature", lambda one: one.joined(payload=with_bit(one.payload_part, 500))
    ),
    Mutation(
        "a bit of the signature", "wrong_signature", lambda one: one.joined(signature=with_bit(one.signature_part, 30))
    ),
    Mutation("the outcome", "wrong_signature", lambda one: one.changed("outcome", "absent")),
    Mutation("a field", "wrong_signature", lambda one: one.changed("record.birth_date", "1998-01-31")),
    Mutation("the subject", "wrong_signature", lambda one: one.changed("query.citizen_id", "000099000002")),
    Mutation("the officer", "wrong_signature", lambda one: one.changed("inquiry.officer.account", "canbo.khac")),
    Mutation(
        "the date", "wrong_signature", lambda one: one.changed("provenance.answered_at", "2027-03-01T01:30:00.223456Z")
    ),
    Mutation("the index", "wrong_signature", lambda one: one.changed("ledger.index", INDEX + 1)),
    Mutation("the log", "wrong_signature", lambda one: one.changed("ledger.log", "onestop.example/52/1")),
    Mutation("the salt", "wrong_signature", lambda one: one.changed("salt", "00" * 16)),
    # keys and algorithms
    Mutation("no algorithm", "wrong_algorithm", lambda one: one.with_header(one.header | {"alg": "none"})),
    Mutation(
        "no algorithm and no signature",
        "wrong_algorithm",
        lambda one: one.joined(header=written(one.header | {"alg": "none"}), signature=""),
    ),
    Mutation("HMAC with the public key", "wrong_algorithm", hs256),
    Mutation(
        "the other algorithm",
        "wrong_algorithm",
        lambda one: one.with_header(one.header | {"alg": "RS256" if one.signer.alg == "ES256" else "ES256"}),
    ),
    Mutation(
        "another algorithm of the curve", "wrong_algorithm", lambda one: one.with_header(one.header | {"alg": "ES384"})
    ),
    Mutation(
        "the kid of another key of ours",
        "wrong_signature",
        lambda one: one.with_header(one.header | {"kid": RETIRED.kid}),
        EC,
    ),
    Mutation(
        "another key under our kid", "wrong_signature", lambda one: one.with_header(one.header, signer=STRANGER), EC
    ),
    Mutation(
        "another key",
        "unknown_key",
        lambda one: one.with_header(one.header | {"kid": STRANGER.kid}, signer=STRANGER),
        EC,
    ),
    Mutation("a path for a kid", "unknown_key", lambda one: one.with_header(one.header | {"kid": "../../dev/null"})),
    Mutation("the key in the header", "odd_header", jwk_of_the_attacker),
    Mutation(
        "the address of a key", "odd_header", lambda one: one.with_header(one.header | {"jku": "https://invalid/jwks"})
    ),
    Mutation(
        "critical members", "odd_header", lambda one: one.with_header(one.header | {"crit": ["b64"], "b64": False})
    ),
    Mutation("another type", "odd_header", lambda one: one.with_header(one.header | {"typ": "JWT"})),
    Mutation("no type", "odd_header", lambda one: one.with_header(without(one.header, "typ"))),
    Mutation("no kid", "odd_header", lambda one: one.with_header(without(one.header, "kid"))),
    Mutation("a number for a kid", "odd_header", lambda one: one.with_header(one.header | {"kid": 7})),
    # signatures in another form
    Mutation("DER", "wrong_signature", lambda one: one.joined(signature=b64url(encode_dss_signature(*one.halves))), EC),
    Mutation("r is 0", "wrong_signature", lambda one: one.raw(0, one.halves[1]), EC),
    Mutation("s is 0", "wrong_signature", lambda one: one.raw(one.halves[0], 0), EC),
    Mutation("the higher s", "wrong_signature", lambda one: one.raw(one.halves[0], ORDER - one.halves[1]), EC),
    Mutation("PSS", "wrong_signature", pss, RSA),
    Mutation("no signature", "wrong_signature", lambda one: one.joined(signature="")),
    # the form of the text
    Mutation("cut off", "wrong_signature", lambda one: one.joined()[:-2]),
    Mutation("cut in the middle", "not_evidence", lambda one: one.joined()[:900]),
    Mutation("a part more", "not_evidence", lambda one: one.joined() + ".AAAA"),
    Mutation("padded", "not_evidence", lambda one: one.joined(payload=one.payload_part + "==")),
    Mutation("a line end inside", "not_evidence", lambda one: one.joined(payload=one.payload_part + "\n")),
    Mutation("the other alphabet", "not_evidence", lambda one: one.joined(signature="+" + one.signature_part[1:])),
    Mutation("spare bits", "not_evidence", lambda one: one.joined(signature=one.signature_part[:-1] + "_"), EC),
    Mutation("letters beyond ASCII", "not_evidence", lambda one: one.joined(signature="ế" + one.signature_part[1:])),
    Mutation("as a JSON object", "not_evidence", lambda one: json.dumps({"payload": one.payload_part})),
    Mutation("nothing", "not_evidence", lambda _: ""),
    # signed with the real key, and still not what the gateway writes
    Mutation("a doubled member", "not_canonical", doubled),
    Mutation("spaces", "not_canonical", lambda one: one.signed_anew(dumped(one.document, separators=(", ", ": ")))),
    Mutation("a line end after it", "not_canonical", lambda one: one.signed_anew(dumped(one.document) + b"\n")),
    Mutation(
        "another order",
        "not_canonical",
        lambda one: one.signed_anew(dumped(dict(reversed(one.document.items())), sort_keys=False)),
    ),
    Mutation("escapes", "not_canonical", lambda one: one.signed_anew(dumped(one.document, ensure_ascii=True))),
    Mutation(
        "a fraction", "not_canonical", lambda one: one.signed_anew(dumped(with_value(one.document, "policy", 1.5)))
    ),
    Mutation(
        "1.0 for 1", "not_canonical", lambda one: one.signed_anew(dumped(with_value(one.document, "format", 1.0)))
    ),
    Mutation(
        "a number too large",
        "not_canonical",
        lambda one: one.signed_anew(dumped(with_value(one.document, "ledger.index", 2**53))),
    ),
    Mutation(
        "a name beyond ASCII",
        "not_canonical",
        lambda one: one.signed_anew(dumped(with_value(one.document, "record.tuổi", 7))),
    ),
    Mutation(
        "spaces in the header",
        "not_canonical",
        lambda one: one.with_header(dumped(one.header, separators=(", ", ": "))),
    ),
    Mutation("a member more", "wrong_members", lambda one: one.signed_anew(dumped(one.document | {"note": "x"}))),
    Mutation("a member less", "wrong_members", lambda one: one.signed_anew(dumped(without(one.document, "withheld")))),
    Mutation("no salt", "wrong_members", lambda one: one.signed_anew(dumped(without(one.document, "salt")))),
    Mutation("a short salt", "wrong_members", lambda one: one.signed_anew(dumped(one.document | {"salt": "00"}))),
    Mutation("no provenance", "wrong_members", lambda one: one.signed_anew(dumped(one.document | {"provenance": {}}))),
    Mutation("another format", "wrong_members", lambda one: one.signed_anew(dumped(one.document | {"format": 2}))),
    Mutation(
        "a format that is true", "wrong_members", lambda one: one.signed_anew(dumped(one.document | {"format": True}))
    ),
    Mutation(
        "no outcome of ours",
        "wrong_members",
        lambda one: one.signed_anew(dumped(one.document | {"outcome": "unknown"})),
    ),
    Mutation(
        "an outcome that is a list",
        "wrong_members",
        lambda one: one.signed_anew(dumped(one.document | {"outcome": ["found"]})),
    ),
    Mutation(
        "absent with a record",
        "wrong_members",
        lambda one: one.signed_anew(dumped(one.document | {"outcome": "absent"})),
    ),
    Mutation(
        "found without a record", "wrong_members", lambda one: one.signed_anew(dumped(one.document | {"record": None}))
    ),
    Mutation(
        "a place before the first",
        "wrong_members",
        lambda one: one.signed_anew(dumped(with_value(one.document, "ledger.index", -1))),
    ),
    Mutation(
        "a place that is true",
        "wrong_members",
        lambda one: one.signed_anew(dumped(with_value(one.document, "ledger.index", True))),
    ),
    Mutation("a list", "not_evidence", lambda one: one.signed_anew(b"[]")),
    Mutation("no JSON", "not_evidence", lambda one: one.signed_anew(dumped(one.document)[:-1])),
    Mutation(
        "NaN", "not_evidence", lambda one: one.signed_anew(dumped(with_value(one.document, "policy", float("nan"))))
    ),
    Mutation("UTF-16", "not_evidence", lambda one: one.signed_anew(dumped(one.document).decode().encode("utf-16"))),
    Mutation(
        "half a letter",
        "not_evidence",
        lambda one: one.signed_anew(dumped(one.document).replace(b'"2026-03-01"', b'"\xe1"')),
    ),
    Mutation(
        "half a surrogate",
        "not_evidence",
        lambda one: one.signed_anew(dumped(one.document).replace(b'"2026-03-01"', b'"\\ud800"')),
    ),
    Mutation("nested too deep", "not_evidence", deep),
]
