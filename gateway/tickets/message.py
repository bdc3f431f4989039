"""
What a consumer is sent when a ticket ends: a compact JWS (RFC 7515) under the key that signs evidence.

    header   {"alg", "kid", "typ": "onestop-ticket+jws"}
    payload  {"jti": the ticket's id, "aud": the consumer, "iat": seconds since 1970, "ticket": the ticket}

A message that is sent again has the same `jti` and tells the same ticket; `iat` says when it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from gateway.crypto import Signer
from gateway.domain.exchange import Request
from gateway.ledger.jws import compact

__all__ = ["MEDIA_TYPE", "TYPE", "message"]

TYPE = "onestop-ticket+jws"
MEDIA_TYPE = "application/jose"


def message(view: Mapping[str, Any], consumer: str, signer: Signer, now: datetime) -> Request:
    """The request that tells of a ticket, given as `ticket_view` has it."""
    payload = {"jti": view["ticket_id"], "aud": consumer, "iat": int(now.timestamp()), "ticket": view}
    body = compact(orjson.dumps(payload, option=orjson.OPT_UTC_Z), signer, TYPE)
    return Request(
        operation="callback",
        media_type=MEDIA_TYPE,
        headers={"Accept": "application/json", "Idempotency-Key": view["ticket_id"]},
        body=(body.encode(),),
    )
