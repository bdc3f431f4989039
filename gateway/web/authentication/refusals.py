"""
Why a caller is not believed: a closed list of codes, each with what to do about it.

They stand in the problem document and in the log. None tells how near a secret was to being right: an API key is
known or not, and what is said of tokens, certificates and signatures anybody could find out with public keys.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import FieldProblem, Unauthenticated

__all__ = ["CODES", "refused"]

CODES: Mapping[str, tuple[str, str]] = {
    "credentials_missing": (
        "",
        "không có khóa API, token hay chứng thư nào / neither API key nor token nor certificate came with the request",
    ),
    "consumers_differ": (
        "",
        "khóa, token và chứng thư không cùng một hệ thống, hoặc có nhiều khóa / "
        "key, token and certificate belong to different systems, or there are several keys",
    ),
    "api_key_missing": ("X-API-Key", "hệ thống này phải gửi khóa API / this system must send its API key"),
    "api_key_unknown": ("X-API-Key", "khóa API không được biết / the API key is not known"),
    "token_missing": ("Authorization", "hệ thống này phải gửi token / this system must send an access token"),
    "token_malformed": ("Authorization", "không phải JWT hợp lệ / not a signed JWT"),
    "token_header": (
        "Authorization",
        "đầu JWT không được chấp nhận (alg, typ, crit, jku, jwk, x5u, x5c) / the JWT's header is not accepted",
    ),
    "token_key_unknown": ("Authorization", "kid không có trong bộ khóa / no key of that kid is in the key set"),
    "token_signature": ("Authorization", "chữ ký JWT sai / the JWT's signature is wrong"),
    "token_claims": (
        "Authorization",
        "thiếu hoặc sai dạng exp, iat, iss, aud, jti / exp, iat, iss, aud or jti is missing or of a wrong form",
    ),
    "token_issuer": ("Authorization", "token do nơi khác cấp / the token is of another issuer"),
    "token_audience": ("Authorization", "token cấp cho dịch vụ khác / the token is for another service"),
    "token_expired": ("Authorization", "token đã hết hạn; lấy token mới / the token is over; fetch a new one"),
    "token_not_yet": ("Authorization", "token chưa có hiệu lực; kiểm tra đồng hồ / the token is of the future"),
    "token_lifetime": ("Authorization", "token có thời hạn quá dài / the token lives too long"),
    "token_replayed": ("Authorization", "jti đã dùng; lấy token mới / the jti was used already; fetch a new token"),
    "token_client_unknown": ("Authorization", "token của hệ thống chưa khai báo / no consumer has that client"),
    "token_certificate": (
        "Authorization",
        "token gắn với chứng thư khác (cnf) / the token is bound to a certificate that was not shown",
    ),
    "certificate_missing": ("", "hệ thống này phải dùng chứng thư TLS / this system must show its client certificate"),
    "certificate_unknown": ("", "chứng thư không thuộc hệ thống nào / the certificate belongs to no consumer"),
    "certificate_usage": ("", "chứng thư không có clientAuth / the certificate is not one for clients (clientAuth)"),
    "certificate_expired": ("", "chứng thư hết hạn / the certificate is over"),
    "signature_missing": ("Signature", "hệ thống này phải ký yêu cầu (RFC 9421) / this system must sign its requests"),
    "signature_malformed": (
        "Signature-Input",
        "thiếu hoặc sai dạng keyid, created, nonce / keyid, created or nonce is missing or of a wrong form",
    ),
    "signature_key_unknown": ("Signature-Input", "keyid chưa khai báo / no key of that keyid is known"),
    "signature_components": (
        "Signature-Input",
        "phải ký @method, @target-uri, content-digest, content-type / the signature does not cover what it must",
    ),
    "signature_age": (
        "Signature-Input",
        "created quá cũ, ở tương lai, hoặc đã quá expires / created is too old or of the future, or expires is over",
    ),
    "signature_replayed": ("Signature-Input", "nonce đã dùng / the nonce was used already"),
    "signature_digest": ("Content-Digest", "không khớp thân yêu cầu / it does not fit the body"),
    "signature_wrong": ("Signature", "chữ ký không khớp yêu cầu / the signature does not fit the request"),
}
"""Each code with the header that is at fault (empty where none is) and what it means."""


def refused(*codes: str) -> Unauthenticated:
    """The error that names these codes."""
    return Unauthenticated(
        f"not authenticated: {', '.join(codes)}", problems=tuple(FieldProblem(*_where(code)) for code in codes)
    )


def _where(code: str) -> tuple[str, str, str]:
    header, advice = CODES[code]
    return header, code, advice
