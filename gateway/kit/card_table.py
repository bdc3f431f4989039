"""What is written from quality cards, never by hand: the README's table, and a file beside each contract."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from contracts.reader import installed
from gateway.errors import SettingsError
from gateway.kit.card import Card, DatasetCard

__all__ = ["BEGIN", "END", "card_text", "save_cards", "table_into", "table_of"]

BEGIN = "<!-- written by: gateway contract card --into README.md -->"
END = "<!-- end of what is written by it -->"


def table_of(cards: Iterable[Card]) -> str:
    """Markdown: a row for each dataset."""
    return "\n".join(_rows(cards)) + "\n"


def table_into(file: Path, cards: Iterable[Card]) -> None:
    """Replace what stands between the two comments. Raises SettingsError where they do not stand in the file."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{file}: cannot be read") from exc
    between = re.compile(f"({re.escape(BEGIN)}\n\n).*?(\n{re.escape(END)})", re.DOTALL)
    if len(between.findall(text)) != 1:
        raise SettingsError(f"{file}: must have once, each on a line of its own: {BEGIN}, an empty line, {END}")
    written = table_of(cards)
    file.write_text(between.sub(lambda found: found[1] + written + found[2], text), encoding="utf-8")


def card_text(card: Card) -> str:
    """`card.json`."""
    return json.dumps(card.view(), ensure_ascii=False, indent=1) + "\n"


def save_cards(cards: Iterable[Card]) -> None:
    """Write `card.json` beside each contract. Raises SettingsError where a contract lies in no folder of its own."""
    for card in cards:
        folder = installed()[card.registry].root
        if not isinstance(folder, Path):
            raise SettingsError(f"{card.registry}: its contract is no folder that can be written")
        try:
            (folder / "card.json").write_text(card_text(card), encoding="utf-8")
        except OSError as exc:
            raise SettingsError(f"{folder}: card.json cannot be written: {exc.strerror}") from exc


def _rows(cards: Iterable[Card]) -> Iterator[str]:
    yield "| dataset | question | registry | contract | basis | case files proven |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for card in cards:
        for one in card.datasets:
            contracts = ", ".join(f"`{card.registry}@{version}`" for version in one.basis)
            proven = str(one.proven) if one.proven == one.cases else f"{one.proven} of {one.cases}"
            cells = (f"`{one.name}`", one.question, card.title, contracts, _basis(card, one), proven)
            yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _basis(card: Card, dataset: DatasetCard) -> str:
    """The basis of every version; where they differ, that of the default and those of the others by name."""
    (_, first), *others = dataset.basis.items()
    differing = [f"`{card.registry}@{version}` `{basis}`" for version, basis in others if basis != first]
    return f"`{first}`" + (f"; {', '.join(differing)}" if differing else "")
