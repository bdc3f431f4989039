"""The one-stop system's signed word about a case comes along with the question, as a JWT in `case_token`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import ValidationError

from gateway.clock import Clock
from gateway.errors import CaseClosed, FieldProblem, SettingsError
from gateway.lookup.cases import Case, CaseChecks
from gateway.lookup.request import LookupRequest
from gateway.transport.base import Probe

__all__ = ["TokenCases"]

_ALGORITHMS = ["ES256", "RS256"]
_LONGEST = timedelta(hours=1)
_SKEW = timedelta(seconds=30)
_ADVICE = {
    "case_token_missing": "thiếu case_token; hệ thống một cửa phải gửi kèm / the one-stop system must send case_token",
    "case_token_invalid": "case_token không đúng chữ ký hoặc sai dạng / case_token: wrong signature or form",
    "case_token_expired": "case_token hết hạn hoặc hạn quá một giờ; lấy lại / "
    "case_token has expired, or lives longer than an hour; fetch another",
    "case_token_other": "case_token không dành cho cổng hoặc cho hồ sơ này / "
    "case_token is for another service or another case",
}


class TokenCases:
    """
    Checks signature (ES256 or RS256), audience, times and case id; then the claims are the case.

    A token must end within an hour: longer, and it would no longer say how the case stands.
    """

    checks: CaseChecks = "token"

    def __init__(self, key: ECKey | RSAKey, audience: str, clock: Clock) -> None:
        self._key = key
        self._audience = audience
        self._clock = clock

    @classmethod
    def load(cls, key_file: Path, audience: str, clock: Clock) -> TokenCases:
        """With the public key of a PEM file. Raises SettingsError naming the file."""
        try:
            pem = key_file.read_bytes()
        except OSError as exc:
            raise SettingsError(f"cases.token_key_file {key_file}: {exc.strerror}") from None
        if b"PRIVATE" in pem:
            raise SettingsError(f"cases.token_key_file {key_file}: a private key; only the one-stop may have that one")
        for kind in (ECKey, RSAKey):
            try:
                return cls(kind.import_key(pem), audience, clock)
            except (JoseError, ValueError, TypeError):
                continue
        raise SettingsError(f"cases.token_key_file {key_file}: neither an EC nor an RSA public key in PEM")

    async def find(self, request: LookupRequest) -> Case:
        if request.case_token is None:
            raise _refusal("case_token_missing")
        try:
            claims: dict[str, Any] = dict(jwt.decode(request.case_token, self._key, algorithms=_ALGORITHMS).claims)
        except (JoseError, ValueError, TypeError, RecursionError):
            raise _refusal("case_token_invalid") from None
        self._check_times(claims)
        audience = claims.get("aud")
        meant = audience if isinstance(audience, list) else [audience]
        if self._audience not in meant or claims.get("case_id") != request.inquiry.case_id:
            raise _refusal("case_token_other")
        try:
            return Case.model_validate(claims)
        except ValidationError:
            raise _refusal("case_token_invalid") from None

    async def probe(self) -> list[Probe]:
        """There is no way to try."""
        return []

    async def close(self) -> None:
        """Nothing is open."""

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock.now().timestamp()
        times = [claims.get("exp"), claims.get("iat", now)]
        if not all(isinstance(time, int | float) and not isinstance(time, bool) for time in times):
            raise _refusal("case_token_invalid")
        ends, issued = (float(time) for time in times if time is not None)
        skew = _SKEW.total_seconds()
        if not now - skew < ends <= now + _LONGEST.total_seconds() + skew or issued > now + skew:
            raise _refusal("case_token_expired")


def _refusal(code: str) -> CaseClosed:
    return CaseClosed(f"case: {code}", problems=(FieldProblem("case_token", code, _ADVICE[code]),))
