"""docs/impact.md, walked beside the code."""

from __future__ import annotations

import json
import re

from gateway.impact.words import GROUPS, WHYS
from gateway.lookup.receipt import PaperReceipt, ReceiptRequest
from gateway.lookup.request import parse_as
from gateway.web.impact_schemas import ImpactView
from gateway.web.receipts import EXAMPLE, NationalSyncView, PaperDoneView, ReceiptView, SyncComponentView
from tests.test_docs import page, section, tables

PAGE = "docs/impact.md"
HEADING = "Biên nhận / a receipt"


def shown(word: str) -> dict[str, object]:
    return next(json.loads(one) for one in re.findall(r"```json\n(.*?)```", page(PAGE), re.DOTALL) if word in one)


def test_every_member_of_a_receipt_is_documented() -> None:
    """The page has one row for each member and says which are needed; its example is one."""
    members, _ = tables(section(PAGE, HEADING))
    needed = {
        **{name: one.is_required() for name, one in ReceiptRequest.model_fields.items()},
        **{f"papers.{name}": one.is_required() for name, one in PaperReceipt.model_fields.items()},
    }

    assert {row["member"]: row["needed"] == "yes" for row in members} == needed
    assert parse_as(ReceiptRequest, json.dumps(shown("law_asks")).encode()) == ReceiptRequest.model_validate(EXAMPLE)


def test_every_reason_of_an_override_is_documented() -> None:
    """The page has each word with its texts, in their order, and no other."""
    _, whys = tables(section(PAGE, HEADING))

    assert [(row["why"], row["Vietnamese"], row["English"]) for row in whys] == [
        (word.value, *texts) for word, texts in WHYS.items()
    ]


def test_every_member_of_its_answer_is_documented() -> None:
    """The example of an answer has every member, and no other."""
    answer = shown("national_sync")

    assert answer.keys() == set(ReceiptView.model_fields)
    assert answer["papers"][0].keys() == set(PaperDoneView.model_fields)  # type: ignore[index]
    sync = answer["national_sync"]
    assert sync.keys() == set(NationalSyncView.model_fields)  # type: ignore[attr-defined]
    assert sync["TaiLieuNop"][0].keys() == set(SyncComponentView.model_fields)  # type: ignore[index]


def test_every_measure_is_documented() -> None:
    """The page has K1 to K10 with the members that hold them, each once, and the groups with their texts."""
    measures, groups = tables(section(PAGE, "Chỉ số / the measures"))
    counted = set(ImpactView.model_fields) - {"month", "dossiers", "plans", "receipts"}

    assert [row["measure"] for row in measures] == [f"K{nth}" for nth in range(1, 11)]
    assert {row["member"] for row in measures} == counted
    assert [(row["group"], row["Vietnamese"], row["English"]) for row in groups] == [
        (group.value, *texts) for group, texts in GROUPS.items()
    ]
