"""docs/tickets.md, walked beside the code."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode

from gateway.stores.tickets import State
from gateway.tickets.message import MEDIA_TYPE, TYPE, message
from gateway.web.paper_plans import AskedView, PaperVerdictView
from gateway.web.tickets import TicketView
from tests.ledgers import SIGNER
from tests.test_docs import page, table
from tests.test_ticket_schedule import NOW

PAGE = "docs/tickets.md"


def test_every_member_of_a_ticket_is_documented() -> None:
    """The example on the page has every member of a ticket, and no other."""
    (shown,) = [json.loads(one) for one in re.findall(r"```json\n(.*?)```", page(PAGE), re.DOTALL)]

    assert shown.keys() == set(TicketView.model_fields)
    assert shown["verdicts"][0].keys() == set(PaperVerdictView.model_fields)
    assert shown["lookups"][0].keys() == set(AskedView.model_fields)


def test_every_state_is_documented() -> None:
    """The page has one row for each state of a ticket."""
    listed = re.findall(r"^\| `(\w+)` \| (?:`pending`|`waived`|`required`|`officer`|none)", page(PAGE), re.MULTILINE)

    assert listed == [state.value for state in State]


def test_every_member_of_a_callback_is_documented() -> None:
    """Payload, type and media type of the message are those on the page."""
    request = message({"ticket_id": "01a2137e-64c0-7d31-9b7c-2d7f6a1f0c55"}, "one-stop", SIGNER, NOW)
    (body,) = request.body
    assert isinstance(body, bytes)
    payload = json.loads(_decoded(body.split(b".")[1]))

    assert {row["member"] for row in table(PAGE, "Gọi lại / the callback")} == payload.keys()
    assert f"`{TYPE}`" in page(PAGE)
    assert f"Content-Type: {MEDIA_TYPE}" in page(PAGE)


def _decoded(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
