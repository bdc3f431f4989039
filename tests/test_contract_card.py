"""Quality cards are counted, never typed; nothing assumed is shown as known, wherever it is shown."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from contracts.reader import installed
from gateway import app
from gateway.app import installed_adapters
from gateway.errors import SettingsError
from gateway.kit.card import card_of
from gateway.kit.card_table import BEGIN, END, table_into, table_of
from gateway.kit.contract_test import run_cards
from gateway.settings import Settings
from tests.test_cli import run

ROOT = Path(__file__).parents[1]
ADAPTERS, CONTRACTS = installed_adapters(), installed()


async def test_the_readme_has_the_table_as_it_is_written() -> None:
    """README.md has what `gateway contract card --into README.md` writes: run it where this test fails."""
    written = table_of(await run_cards(None, own=True))

    assert f"{BEGIN}\n\n{written}\n{END}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(ADAPTERS))
async def test_the_basis_is_the_same_wherever_it_is_shown(name: str) -> None:
    """Of each dataset in each contract version: contract, quality card, README and the gateway's catalogue agree."""
    adapter, contract = ADAPTERS[name], CONTRACTS[name]
    card = await card_of(adapter, contract)
    shown = {one.name: one.basis for one in card.datasets}
    rows = {line.split(" | ")[0].strip("|` "): line for line in table_of([card]).splitlines()}

    for version in adapter.contracts:
        options = dict(contract.versions[version].options)
        section = {name: {"adapter": name, "contract": version, "options": options}}
        core = app.build(Settings.model_validate({"registries": section}))
        try:
            (instance,) = core.catalogue.instances.values()
            for dataset in adapter.offered(version):
                basis = contract.datasets[dataset.noun].basis_in(version)
                assert instance.basis[dataset.noun] == basis
                assert shown[f"{name}.{dataset.noun}"][version] == basis
                row = rows[f"{name}.{dataset.noun}"]
                assert f"`{name}@{version}`" in row
                assert f"`{basis}`" in row
        finally:
            await core.close()


async def test_a_guess_is_never_counted_as_known() -> None:
    """A dataset that is assumed in its default version is assumed in the table, whatever the other versions are."""
    card = await card_of(ADAPTERS["dancu"], CONTRACTS["dancu"])
    (verification,) = (one for one in card.datasets if one.name == "dancu.verification")

    assert verification.basis == {"2025": "assumed", "2021": "observed", "gtel": "observed"}
    assert "| `assumed`; `dancu@2021` `observed`, `dancu@gtel` `observed` |" in table_of([card])


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
    card = await card_of(ADAPTERS["dkdn"], dataclasses.replace(contract, datasets=spoilt))

    for one, before in zip(card.datasets, whole.datasets, strict=True):
        assert 0 < one.proven < one.cases == before.cases == before.proven
        assert one.shown == frozenset()
        assert "found" in before.ends
        assert "found" not in one.ends
    assert card.traps_proven < whole.traps_proven
    assert f"| {card.datasets[0].proven} of {card.datasets[0].cases} |" in table_of([card])


async def test_the_fields_of_a_card_are_those_of_the_record() -> None:
    """What a case file shows of a record, and what none does, is counted down to the last field."""
    card = await card_of(ADAPTERS["dkdn"], CONTRACTS["dkdn"])
    enterprise = card.datasets[0]

    assert {"enterprise_code", "head_office.detail", "legal_representatives.document.number"} <= enterprise.shown
    assert enterprise.shown <= enterprise.fields


def test_the_command_shows_a_card() -> None:
    """For one registry, as JSON and for the eye; one that is not installed is named."""
    done, shown, wrong = (run("contract", "card", *more) for more in (("dkdn", "--json"), ("dkdn",), ("nobody",)))

    (card,) = json.loads(done.stdout)
    assert card["registry"] == "dkdn"
    assert {one["dataset"] for one in card["datasets"]} >= {"dkdn.enterprise"}
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
