"""What rows and scenarios ask, and how a right answer is known."""

from __future__ import annotations

from bench.cases import CITIZEN, FIRM, question, target
from bench.gateway_settings import API_KEY
from bench.row import Ask, Right

__all__ = [
    "CITIZEN_FOUND",
    "CITIZEN_NAME",
    "FIRM_FOUND",
    "FIRM_HANDED_ON",
    "FIRM_KEPT",
    "FIRM_NAME",
    "GET_FIRM",
    "JSON",
    "KEY",
    "LOOKUP_CITIZEN",
    "LOOKUP_FIRM",
    "LOOKUP_KEPT_FIRM",
    "POST_CITIZEN",
    "POST_FIRM",
]

JSON = {"Content-Type": "application/json"}
KEY = {"X-API-Key": API_KEY}
FIRM_NAME = FIRM[1].response.body.partition('"NAME":"')[2].partition('"')[0]
CITIZEN_NAME = str((CITIZEN[1].record or {})["full_name"])

GET_FIRM = Ask(method="GET", path=target(FIRM))
"""The registry itself is asked."""
POST_FIRM = Ask(headers=JSON, body=question(FIRM))
"""A program is asked that knows of one question only."""
POST_CITIZEN = Ask(headers=JSON, body=question(CITIZEN))
LOOKUP_FIRM = Ask(path="/v1/lookups", headers=JSON | KEY, body=question(FIRM))
"""The gateway is asked."""
LOOKUP_KEPT_FIRM = Ask(path="/v1/lookups", headers=JSON | KEY, body=question(FIRM, max_age_s=3600))
"""The gateway is asked, and may answer from its cache."""
LOOKUP_CITIZEN = Ask(path="/v1/lookups", headers=JSON | KEY, body=question(CITIZEN))

FIRM_HANDED_ON = Right(markers=(FIRM_NAME,))
FIRM_FOUND = Right(markers=('"outcome":"found"', FIRM_NAME))
FIRM_KEPT = Right(markers=('"outcome":"found"', '"via":"cache"', FIRM_NAME))
CITIZEN_FOUND = Right(markers=('"outcome":"found"', CITIZEN_NAME))
