"""
Kiểm tra chứng cứ của cổng tích hợp mà không cần đến cổng / verify evidence of the gateway without the gateway.

    python verify_evidence.py EVIDENCE --keys jwks.json [--record RECORD --proof PROOF]

EVIDENCE: tệp chứng cứ (JWS) / the evidence. jwks.json: khóa công khai của cổng / the gateway's public keys.
RECORD: bản ghi sổ / the ledger's record, byte by byte. PROOF: vị trí trong sổ / its place, a c2sp.org/tlog-proof@v1.
Cần / needs: Python 3.11, cryptography. Mã thoát / exit code: 0 đúng / right, 1 không / not, 2 không đọc được / unread.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

Key = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256
MEMBERS = {
    "": "consumer dataset fields format inquiry ledger lookup_id outcome policy provenance query record rules salt "
    "withheld",
    "provenance": "age_s answered_at asked_at basis contract operation registry reply_mac request_id route via",
    "inquiry": "agency case_id officer procedure purpose",
    "ledger": "index log",
}
WORDS = {
    "not_evidence": "không phải chứng cứ của cổng / this is no evidence of the gateway",
    "odd_header": "phần đầu có thành phần lạ hoặc thiếu / the header has a strange member, or lacks one",
    "unknown_key": "không có khóa công khai được nêu / the named key is not in the key set",
    "wrong_algorithm": "thuật toán không phải của khóa / the algorithm is not that of the key",
    "wrong_signature": "chữ ký sai: đã bị sửa hoặc khóa khác ký / wrong signature: changed, or by another key",
    "not_canonical": "nội dung không ở dạng chuẩn duy nhất / the content is not in its one form",
    "wrong_members": "thiếu, thừa hoặc sai thành phần / a member is missing, wrong, or one too many",
    "not_in_ledger": "bản ghi hoặc bằng chứng không khớp / the record or the proof does not belong to it",
    "bad_keys": "bộ khóa công khai không dùng được / the key set cannot be used",
}


class Refused(Exception):
    """Why it does not hold: a word of `WORDS`, and what it means."""


def refuse(word: str) -> NoReturn:
    raise Refused(f"{word}: {WORDS[word]}")


def packed(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unpacked(text: str, word: str = "not_evidence") -> bytes:
    """Base64url without padding, in its one form."""
    try:
        value = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        refuse(word)
    return value if packed(value) == text else refuse(word)


def canonical(value: Any) -> bytes:
    """JSON with sorted members, no spaces, UTF-8: RFC 8785 for values without fractions."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def parsed(content: bytes, word: str = "not_evidence") -> dict[str, Any]:
    """A JSON object without doubled members, fractions, or numbers that a double does not hold."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        return value if len(value) == len(pairs) and all(map(str.isascii, value)) else refuse("not_canonical")

    def number(text: str) -> int:
        return int(text) if text.lstrip("-").isdigit() and abs(int(text)) < 2**53 else refuse("not_canonical")

    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=once, parse_int=number, parse_float=number)
        canonical(value)  # fails at NaN and at a text that is no Unicode
    except (ValueError, RecursionError):
        refuse(word)
    return value if isinstance(value, dict) else refuse(word)


def public_keys(content: bytes) -> dict[str, Key]:
    """The keys of a JWK set, each by its thumbprint (RFC 7638)."""
    found: dict[str, Key] = {}
    try:
        for jwk in parsed(content)["keys"]:
            members = ("crv", "kty", "x", "y") if jwk["kty"] == "EC" else ("e", "kty", "n")
            kid = packed(hashlib.sha256(canonical({name: jwk[name] for name in members})).digest())
            one, two = (int.from_bytes(unpacked(jwk[name]), "big") for name in members if len(name) == 1)
            if jwk["kty"] == "RSA":
                found[kid] = rsa.RSAPublicNumbers(one, two).public_key()
            elif jwk["crv"] == "P-256":
                found[kid] = ec.EllipticCurvePublicNumbers(one, two, ec.SECP256R1()).public_key()
            if "d" in jwk or jwk.get("kid", kid) != kid or found[kid].key_size < (256 if jwk["kty"] == "EC" else 2048):
                refuse("bad_keys")
    except (Refused, ValueError, TypeError, AttributeError, KeyError):
        refuse("bad_keys")
    return found or refuse("bad_keys")


def is_signed(key: Key, signature: bytes, message: bytes) -> bool:
    """ES256 (64 bytes r and s, the lower s) or RS256."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            return True
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return len(signature) == 64 and 0 < r < ORDER and 0 < s <= ORDER // 2


def document_of(evidence: str, keys: dict[str, Key]) -> tuple[dict[str, Any], str]:
    """What the evidence says, and which key says so; Refused where anything is wrong with it."""
    parts = evidence.split(".")
    first, second, signature = map(unpacked, parts if len(parts) == 3 else refuse("not_evidence"))
    header = parsed(first)
    is_plain = sorted(header) == ["alg", "kid", "typ"] and {*map(type, header.values())} == {str}
    if not is_plain or header["typ"] != "onestop-evidence+json":
        refuse("odd_header")
    if canonical(header) != first:
        refuse("not_canonical")
    key = keys.get(header["kid"]) or refuse("unknown_key")
    if header["alg"] != ("RS256" if isinstance(key, rsa.RSAPublicKey) else "ES256"):
        refuse("wrong_algorithm")
    if not is_signed(key, signature, f"{parts[0]}.{parts[1]}".encode()):
        refuse("wrong_signature")
    document = parsed(second)
    if canonical(document) != second:
        refuse("not_canonical")
    return (document, header["kid"]) if is_whole(document) else refuse("wrong_members")


def is_whole(document: dict[str, Any]) -> bool:
    for name, members in MEMBERS.items():
        inner = document[name] if name else document
        if not isinstance(inner, dict) or " ".join(sorted(inner)) != members:
            return False
    log, index, salt = document["ledger"]["log"], document["ledger"]["index"], document["salt"]
    types = [type(one) for one in (document["format"], log, index, document["query"], document["record"])]
    of_record = {"found": dict, "absent": type(None)}.get(str(document["outcome"]))
    is_salt = isinstance(salt, str) and len(salt) == 32 and not set(salt) - set("0123456789abcdef")
    return document["format"] == 1 and is_salt and types == [int, str, int, dict, of_record] and index >= 0


def check_record(document: dict[str, Any], content: bytes) -> None:
    """That the ledger's record commits to this document."""
    record = parsed(content, "not_in_ledger")
    salted = canonical({name: value for name, value in document.items() if name != "ledger"})
    expected = {name: document[name] for name in ("lookup_id", "dataset", "outcome")}
    expected |= {"type": "answered", "index": document["ledger"]["index"], "digest": hashlib.sha256(salted).hexdigest()}
    if any(record.get(name) != value for name, value in expected.items()):
        refuse("not_in_ledger")


def check_proof(document: dict[str, Any], content: bytes, proof: str, keys: dict[str, Key]) -> str:
    """That the record is in the log whose checkpoint one of the keys signed; gives the checkpoint's text."""
    try:
        head, _, note = proof.partition("\n\n")
        title, *lines = [line for line in head.split("\n") if not line.startswith("extra ")]
        index, path = int(lines[0].removeprefix("index ")), [base64.b64decode(one, validate=True) for one in lines[1:]]
        text, _, signatures = note.rpartition("\n\n")
        origin, size, root = text.split("\n")[:3]
        own = f"— {origin} "  # the line of the log itself; witnesses' lines are passed over
        signed = [base64.b64decode(one[len(own) :]) for one in signatures.split("\n") if one.startswith(own)]
        is_noted = any(noted(key, origin, one, f"{text}\n".encode()) for key in keys.values() for one in signed)
        is_in = root_of(content, index, int(size), path) == base64.b64decode(root, validate=True)
    except (ValueError, IndexError, OverflowError):
        refuse("not_in_ledger")
    is_ours = title == "c2sp.org/tlog-proof@v1" and document["ledger"] == {"log": origin, "index": index}
    return text if is_ours and is_noted and is_in else refuse("not_in_ledger")


def noted(key: Key, name: str, signature: bytes, text: bytes) -> bool:
    """Whether a line of a signed note (c2sp.org/signed-note) is this key's: 4 bytes of key id, then the signature."""
    public = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    named = name.encode() + b"\n\xffonestop-gateway RS256" + public if isinstance(key, rsa.RSAPublicKey) else public
    if hashlib.sha256(named).digest()[:4] != signature[:4]:
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return is_signed(key, signature[4:], text)
    r, s = decode_dss_signature(signature[4:])
    return is_signed(key, r.to_bytes(32, "big") + s.to_bytes(32, "big"), text)


def root_of(content: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a record and its path lead to (RFC 9162, 2.1.3.2). ValueError where they do not fit the tree."""
    place, last, node = index, size - 1, hashlib.sha256(b"\0" + content).digest()
    for one in path:
        if not place <= last or last == 0 or len(one) != 32:
            raise ValueError("no such path")
        is_right = place % 2 == 1 or place == last
        node = hashlib.sha256(b"\1" + (one + node if is_right else node + one)).digest()
        while is_right and place % 2 == 0 and place:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    return node if last == 0 and 0 <= index < size else b""


def told(document: dict[str, Any], kid: str, record: bytes, checkpoint: str | None) -> list[str]:
    asked, origin, officer = document["inquiry"], document["provenance"], document["inquiry"]["officer"]
    place = "  chỗ trong sổ / place in the ledger: {log} {index}".format(**document["ledger"])
    return [
        f"ĐÃ KIỂM TRA / VERIFIED (khóa / key {kid})",
        f"  ai hỏi / who asked: {asked['agency']}, {officer['account']} ({officer['id']}), {document['consumer']}",
        f"  để làm gì / what for: {asked['case_id']}, {asked['procedure']}, {asked['purpose']}",
        f"  khi nào / when: {origin['asked_at']} - {origin['answered_at']}",
        f"  cơ sở dữ liệu / registry: {origin['registry']}, {origin['operation']}, {origin['contract']}",
        f"  KẾT QUẢ / OUTCOME: {document['outcome']} ({document['dataset']})",
        *(["  bản ghi sổ cam kết nội dung này / the ledger's record commits to it"] if record else []),
        *([place, "CHƯA KIỂM TRA / NOT VERIFIED"] if checkpoint else ["CHƯA KIỂM TRA / NOT VERIFIED", place]),
        "  khóa có phải của tỉnh, dữ liệu gốc có đúng / whose key it is, whether the registry itself was right",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=Path, required=True)
    for name in ("evidence", "--record", "--proof"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    try:
        keys = public_keys(given.keys.read_bytes())
        document, kid = document_of(given.evidence.read_text("utf-8").strip("\r\n"), keys)
        record = given.record.read_bytes() if given.record else b""
        if given.record or given.proof:
            check_record(document, record)
        checkpoint = check_proof(document, record, given.proof.read_text("utf-8"), keys) if given.proof else None
    except OSError as exc:
        parser.error(f"{exc.filename}: không đọc được tệp / the file cannot be read")
    except (UnicodeDecodeError, Refused) as exc:
        sys.stderr.write(f"KHÔNG ĐÚNG / NOT VERIFIED: {exc}\n")
        return 1
    sys.stdout.write("\n".join(told(document, kid, record, checkpoint)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
