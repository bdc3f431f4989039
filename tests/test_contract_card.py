"""Quality cards are counted, never typed; nothing assumed is shown as known, wherever it is shown."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from contracts.reader import ContractError, card, installed
from gateway.app import installed_adapters
from gateway.errors import SettingsError
from gateway.kit.card import card_of
from gateway.kit.card_table import BEGIN, END, card_text, table_into, table_of
from gateway.kit.contract_test import run_cards
from gateway.kit.redaction import is_shown
from gateway.kit.survival import FAULTS, survived
from tests.conftest import open_desk, settings_for
from tests.policies import granting
from tests.registries import OURS
from tests.test_cli import run

ROOT = Path(__file__).parents[1]
ADAPTERS, CONTRACTS = installed_adapters(), installed()


@pytest.mark.parametrize("name", OURS)
async def test_the_card_beside_a_contract_is_as_counted(name: str) -> None:
    """What `/v1/registries` shows is what a count gives now: run `gateway contract card --save` where this fails."""
    fresh = await card_of(ADAPTERS[name], CONTRACTS[name])

    assert card(CONTRACTS[name]) == fresh.view()
    assert (CONTRACTS[name].root / "card.json").read_text(encoding="utf-8") == card_text(fresh)


@pytest.mark.parametrize("name", OURS)
async def test_every_question_survives_every_fault_and_prints_nothing(name: str) -> None:
    """No spoilt answer becomes a record or an absence, no value is printed, and each field has a name for people."""
    for one in (await card_of(ADAPTERS[name], CONTRACTS[name])).datasets:
        assert one.survived == one.tried > 0, one.name
        assert one.showing == 0, one.name
        assert one.titled == one.at_top, one.name


@pytest.mark.parametrize("printed", [date(1999, 1, 3), datetime(1999, 1, 3, 8, 30, tzinfo=UTC), {"on": "1999-01-03"}])
def test_a_day_is_seen_however_it_is_printed(printed: object) -> None:
    """`repr` writes a day in parentheses; that shows it as much as the text in the record does."""
    assert is_shown(repr(printed), {}, {"births": [{"born": "1999-01-03"}]})
    assert is_shown(repr(printed), {"at": "1999-01-03T08:30:00+00:00"}) == isinstance(printed, date)
    assert not is_shown(repr(printed), {"born": "1999-01-30"}, {"year": 1999})


async def test_what_a_fault_makes_of_an_answer_can_be_seen() -> None:
    """A fault that leaves a good answer as it is counts as not survived, so the count can fail."""
    contract = CONTRACTS["dkdn"]
    case = contract.datasets["enterprise"].case("found")
    harmless = {**FAULTS, "none": lambda answer: answer}

    found = await survived(ADAPTERS["dkdn"], contract, "enterprise", case, harmless)

    assert harmless.keys() - found == {"none"}


def test_a_contract_without_a_card_has_none_and_a_spoilt_one_is_named(tmp_path: Path) -> None:
    """Nobody need count before a registry can be asked; a file that is no card stops the start by its name."""
    contract = dataclasses.replace(CONTRACTS["dkdn"], root=tmp_path)
    assert card(contract) is None

    for text in ("{", "[]"):
        (tmp_path / "card.json").write_text(text, encoding="utf-8")
        with pytest.raises(ContractError, match=r"card\.json"):
            card(contract)


async def test_a_registry_shows_its_card_and_one_without_shows_none() -> None:
    """`quality` has the datasets that the instance can be asked, by its own name; null where none was counted."""
    counted = CONTRACTS["dkdn"]
    settings = settings_for("http://127.0.0.1:9", dkdn={"contract": "dkkd"})
    async with open_desk(granting(settings, "dkdn.cooperative")) as desk:
        _, shown = await desk.get("/v1/registries")
        desk.core.catalogue.instances["dancu"] = dataclasses.replace(desk.core.catalogue.instances["dancu"], card=None)
        _, without = await desk.get("/v1/registries")

    (dkdn,) = (one for one in shown["registries"] if one["name"] == "dkdn")
    (dancu,) = (one for one in without["registries"] if one["name"] == "dancu")
    assert [one["dataset"] for one in dkdn["quality"]["datasets"]] == dkdn["datasets"]
    assert dkdn["quality"]["traps"]["of"] == len(counted.traps)
    assert dkdn["quality"]["datasets"][0]["cases"] == {"proven": 64, "of": 64}
    assert dancu["quality"] is None


async def test_the_readme_has_the_table_as_it_is_written() -> None:
    """README.md has what `gateway contract card --into README.md` writes: run it where this test fails."""
    written = table_of(await run_cards(None, own=True))

    assert f"{BEGIN}\n\n{written}\n{END}" in (ROOT / "README.md").read_text(encoding="utf-8")


async def test_a_guess_is_never_counted_as_known() -> None:
    """A dataset that is assumed in its default version is assumed in the table, whatever the other versions are."""
    dancu = await card_of(ADAPTERS["dancu"], CONTRACTS["dancu"])
    (verification,) = (one for one in dancu.datasets if one.name == "dancu.verification")

    assert verification.basis == {"2025": "assumed", "2021": "observed", "gtel": "observed"}
    assert "| `assumed`; `dancu@2021` `observed`, `dancu@gtel` `observed` |" in table_of([dancu])


async def test_only_what_is_proven_counts() -> None:
    """A case file that the adapter does not fulfil counts for no case, field, end or trap, and the table says so."""
    contract = CONTRACTS["dkdn"]
    spoilt = {
        name: dataclasses.replace(
            dataset,
            cases=tuple(
                dataclasses.replace(case, record={"name": "X"}) if case.record else case for case in dataset.cases
            ),
        )
        for name, dataset in contract.datasets.items()
    }
    whole = await card_of(ADAPTERS["dkdn"], contract)
    less = await card_of(ADAPTERS["dkdn"], dataclasses.replace(contract, datasets=spoilt))

    for one, before in zip(less.datasets, whole.datasets, strict=True):
        assert 0 < one.proven < one.cases == before.cases == before.proven
        assert one.shown == frozenset()
        assert "found" in before.ends
        assert "found" not in one.ends
    assert less.traps_proven < whole.traps_proven
    assert f"| {less.datasets[0].proven} of {less.datasets[0].cases} |" in table_of([less])


async def test_the_fields_of_a_card_are_those_of_the_record() -> None:
    """What a case file shows of a record, and what none does, is counted down to the last field."""
    enterprise = (await card_of(ADAPTERS["dkdn"], CONTRACTS["dkdn"])).datasets[0]

    assert {"enterprise_code", "head_office.detail", "legal_representatives.document.number"} <= enterprise.shown
    assert enterprise.shown <= enterprise.fields


def test_the_command_shows_a_card() -> None:
    """For one registry, as JSON and for the eye; one that is not installed is named."""
    done, shown, wrong = (run("contract", "card", *more) for more in (("dkdn", "--json"), ("dkdn",), ("nobody",)))

    (printed,) = json.loads(done.stdout)
    assert printed["registry"] == "dkdn"
    assert {one["dataset"] for one in printed["datasets"]} >= {"dkdn.enterprise"}
    assert "dkdn.enterprise" in shown.stdout
    assert (done.returncode, shown.returncode, wrong.returncode) == (0, 0, 2)
    assert "nobody: not installed" in wrong.stderr


async def test_a_table_is_written_between_its_comments_only(tmp_path: Path) -> None:
    """What stands around it stays; a file without the two comments is refused and left as it is."""
    cards = await run_cards("dkdn")
    (tmp_path / "a.md").write_text(f"before\n{BEGIN}\n\nold\n\n{END}\nafter\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("no comments\n", encoding="utf-8")

    table_into(tmp_path / "a.md", cards)
    with pytest.raises(SettingsError, match="must have once"):
        table_into(tmp_path / "b.md", cards)

    assert (tmp_path / "a.md").read_text(encoding="utf-8") == f"before\n{BEGIN}\n\n{table_of(cards)}\n{END}\nafter\n"
    assert (tmp_path / "b.md").read_text(encoding="utf-8") == "no comments\n"
