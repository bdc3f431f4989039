"""
Doors with a shared key and no log-in: the key in the JSON body, or as a segment of the path.

Source: dancu-justice-transport.md, 4.2 (`authKey`); others.md, 3.2 (`…/{securityCode}`) and 3.4 (`SecurityKey`).
"""

from __future__ import annotations

import json
from urllib.parse import quote

from mocks.credentials.door import OPEN, answered
from mocks.stand_in import Answer, Call

__all__ = ["AWKWARD_KEY", "BodyKeyDoor", "PathKeyDoor"]

AWKWARD_KEY = 'k"\\/<&>?#%2F ..;=+é\tnot-real'
"""A key that breaks out of JSON, XML, a path or a query string wherever it is written without care."""


class BodyKeyDoor:
    """`{"authKey": …, …}`, the key first."""

    def answer(self, call: Call) -> Answer:
        """What is guarded, or the ministry's code for a wrong key."""
        try:
            pairs = json.loads(call.body, object_pairs_hook=list)
        except ValueError:
            return answered({"status": 0, "errorCode": "500"}, 400)
        if pairs[0] != ("authKey", AWKWARD_KEY) or "Authorization" in call.headers:
            return answered({"status": 0, "errorCode": "100"}, 401)
        return OPEN


class PathKeyDoor:
    """`POST /VBDLIS/<operation>/{securityCode}`: exactly three segments, the last one percent-encoded."""

    def answer(self, call: Call) -> Answer:
        """What is guarded, or 401."""
        if call.path != f"/VBDLIS/KetThucHoSo/{quote(AWKWARD_KEY, safe='')}":
            return answered({"Result": 0, "Message": "Mã bảo mật không chính xác"}, 401)
        return OPEN
