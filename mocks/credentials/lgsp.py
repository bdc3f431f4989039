"""
The door of the `lgspaccesstoken` platforms, in its four ways.

Source: dancu-justice-transport.md, 1.6 and 2.2; others.md, C.2.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Literal

from mocks.credentials.door import OPEN, Issued, answered, fault
from mocks.stand_in import Answer, Call

__all__ = ["ACCESS", "OFFICER", "LgspDoor", "Way"]

ACCESS = {
    "AccessKey": "door-access",
    "SecretKey": "door-lgsp-secret-not-real",
    "AppName": "DOOR",
    "PartnerCode": "000.00.00.H99",
    "PartnerCodeCus": "000.00.00.H99",
}
OFFICER = ("door-officer", "door-officer-pass-not-real")

Way = Literal["header", "authorization", "token", "envelope"]


class LgspDoor:
    """
    `header`: the text in `lgspaccesstoken`. `authorization`: the text in `Authorization`, no scheme word.
    `token`: `POST /token` first, then both headers. `envelope`: then both inside a JSON body around the question,
    with the officer's hash.
    """

    def __init__(self, way: Way) -> None:
        self._way = way
        self.tokens = Issued("lgsp-token-not-real")
        self.data: list[str] = []

    def answer(self, call: Call) -> Answer:
        """A token, what is guarded, or a refusal."""
        if call.path == "/token" and self._way in {"token", "envelope"}:
            return self._token(call)
        match self._way:
            case "header":
                right = _is_access(call.headers.get("lgspaccesstoken", "")) and "Authorization" not in call.headers
            case "authorization":
                right = _is_access(call.headers.get("Authorization", ""))
            case "token":
                scheme, _, token = call.headers.get("Authorization", "").partition(" ")
                right = (
                    _is_access(call.headers.get("lgspaccesstoken", ""))
                    and scheme == "Bearer"
                    and self.tokens.opens(token)
                )
            case "envelope":
                right = self._is_enveloped(call)
        return OPEN if right else fault(401, 900901)

    def _token(self, call: Call) -> Answer:
        right = (
            call.method == "POST"
            and call.headers.get("Content-Type") == "application/x-www-form-urlencoded"
            and call.body == b"grant_type=client_credentials"
            and _is_access(call.headers.get("lgspaccesstoken", ""))
            and "Authorization" not in call.headers
        )
        return answered({"access_token": self.tokens.new()}) if right else answered({"error": "invalid_client"}, 401)

    def _is_enveloped(self, call: Call) -> bool:
        if call.headers.get("Content-Type") != "application/json" or "Authorization" in call.headers:
            return False
        try:
            pairs = json.loads(call.body, object_pairs_hook=list)
        except ValueError:
            return False
        if [name for name, _ in pairs] != ["accessToken", "lgspAccessToken", "AuthHash", "data"]:
            return False
        token, access, officer, data = (value for _, value in pairs)
        self.data.append(data)
        expected = base64.b64encode(":".join(OFFICER).encode()).decode()
        return self.tokens.opens(token) and _is_access(access) and officer == expected


def _is_access(text: str) -> bool:
    """Compact JSON with exactly these keys in exactly this order, in base64."""
    try:
        plain = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return plain == json.dumps(ACCESS, separators=(",", ":"))
