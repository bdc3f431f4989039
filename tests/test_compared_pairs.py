"""The table of pairs: what people say is right, beside what the gateway says."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.domain.compare.sentences import SENTENCES, Spellings, sentence
from gateway.domain.compare.verdict import Verdict, Why
from tests.pairs import COMPARE, Pair, pairs

LABEL = ("Họ, chữ đệm và tên", "Full name")


@pytest.mark.parametrize("pair", list(pairs()), ids=lambda pair: f"{pair.form}-{pair.line}")
def test_every_pair_gets_exactly_its_verdict(pair: Pair) -> None:
    """What a person wrote down as right is what the gateway says, for each pair."""
    assert pair.compared().verdict.value == pair.truth


def test_the_table_is_worth_its_name() -> None:
    """There are more than 300 pairs, none stands twice, and each form that is compared and each verdict is in it."""
    table = list(pairs())

    assert len(table) >= 300
    assert not [pair for pair, count in Counter(pair[1:4] for pair in table).items() if count > 1]
    assert {pair.form for pair in table} == set(COMPARE)
    assert {pair.truth for pair in table} == set(Verdict)


def test_no_two_names_of_the_table_are_confused() -> None:
    """No pair of different names is a match, and no two spellings of one name are a mismatch."""
    names = list(pairs("name"))

    assert not [pair for pair in names if pair.truth != "match" and pair.compared().verdict is Verdict.MATCH]
    assert not [pair for pair in names if pair.truth == "match" and pair.compared().verdict is Verdict.MISMATCH]


@pytest.mark.parametrize("form", ["name", "text", "number"])
def test_a_verdict_is_the_same_from_both_sides(form: str) -> None:
    """Which side is declared and which recorded changes no verdict on names, texts and numbers."""
    for pair in pairs(form):
        assert COMPARE[form](pair.recorded, pair.declared) == pair.compared(), pair


def test_a_verdict_that_reads_otherwise_is_never_a_mere_match() -> None:
    """Each reason belongs to one verdict, so a sentence can never say something else than its word."""
    verdicts: dict[Why, set[Verdict]] = {}
    for pair in pairs():
        compared = pair.compared()
        verdicts.setdefault(compared.why, set()).add(compared.verdict)

    assert all(len(found) == 1 for found in verdicts.values())


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    """An officer reads a whole sentence, Vietnamese and English, for whatever a verdict is given for."""
    assert set(SENTENCES) == set(Why)
    for why, (vietnamese, english) in SENTENCES.items():
        said = sentence(LABEL, why)
        assert said.vietnamese == f"Họ, chữ đệm và tên: {vietnamese}."
        assert said.english == f"Full name: {english}."
        assert vietnamese != english
        assert english.isascii()
        assert not vietnamese.isascii()
        assert 10 < len(said.vietnamese) < 220


def test_a_sentence_has_both_spellings_only_where_they_are_handed_in() -> None:
    """What is declared and what is recorded stand in a sentence for somebody who may see them, and in no other."""
    spellings = Spellings("Nguyễn Văn Mậu", "NGUYỄN VĂN MẪU")
    shown, hidden = sentence(LABEL, Why.ONLY_DIACRITICS, spellings), sentence(LABEL, Why.ONLY_DIACRITICS)

    for text in (shown.vietnamese, shown.english):
        assert "“Nguyễn Văn Mậu”" in text
        assert "“NGUYỄN VĂN MẪU”" in text
    assert not any(value in text for value in ("Mậu", "MẪU") for text in (hidden.vietnamese, hidden.english))
    assert "MẪU" not in f"{spellings!r}{shown!r}"
