"""How declared and recorded values are compared, for whatever anybody may write."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.domain.canonical import canonical, fold
from gateway.domain.compare.dates import compare_dates
from gateway.domain.compare.identifiers import compare_numbers
from gateway.domain.compare.names import compare_names, compare_texts
from gateway.domain.compare.verdict import Verdict, Why
from gateway.domain.dates import PartialDate
from gateway.domain.legacy_fonts import TCVN3, may_mean

ONSETS = " b c ch d đ g gh gi h kh l m n ng ngh nh ph qu r s t th tr v x"
NUCLEI = "a ă â e ê i o ô ơ u ư y ai ao âu ây ia iê oa oai oe ôi ua uâ uê uô uy uyê ưa ươ ươi yê"
CODAS = ("", "", "c", "ch", "m", "n", "ng", "nh", "p", "t")
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
INVISIBLE = ("\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff", "\u00ad")
SPACES = (" ", "  ", "\u00a0", " \u00a0", "\u2003", "\t")


@st.composite
def syllables(draw: st.DrawFn) -> tuple[str, str, str, str]:
    """Onset, nucleus, coda and tone."""
    return tuple(draw(st.sampled_from(parts)) for parts in (ONSETS.split(" "), NUCLEI.split(), CODAS, TONES))  # type: ignore[return-value]


names = st.lists(syllables(), min_size=1, max_size=5)


@st.composite
def spellings(draw: st.DrawFn, name: list[tuple[str, str, str, str]]) -> str:
    """One of the ways in which a name is written: tone marks on any vowel, cases, spaces, invisible marks, NFD."""
    words = []
    for onset, nucleus, coda, tone in name:
        place = draw(st.integers(0, len(nucleus) - 1))
        word = f"{onset}{nucleus[: place + 1]}{tone}{nucleus[place + 1 :]}{coda}"
        word = unicodedata.normalize(draw(st.sampled_from(("NFC", "NFD"))), word)
        if draw(st.booleans()):
            cut = draw(st.integers(0, len(word)))
            word = f"{word[:cut]}{draw(st.sampled_from(INVISIBLE))}{word[cut:]}"
        words.append(draw(st.sampled_from((str.lower, str.upper, str.title)))(word))
    text = draw(st.sampled_from(SPACES)).join(words)
    return text.replace("Đ", draw(st.sampled_from("ĐÐƉ"))).replace("đ", draw(st.sampled_from("đð")))


@given(st.data(), names)
def test_every_spelling_of_a_name_matches_every_other(
    data: st.DataObject, name: list[tuple[str, str, str, str]]
) -> None:
    """Case, spaces, the place of a tone mark, composition, look-alikes of Đ and invisible marks change no name."""
    one, other = data.draw(spellings(name)), data.draw(spellings(name))

    assert compare_names(one, other).verdict is Verdict.MATCH


@given(st.data(), names, st.integers(0, 4), st.sampled_from(TONES))
def test_another_tone_is_never_a_match(
    data: st.DataObject, name: list[tuple[str, str, str, str]], place: int, tone: str
) -> None:
    """A name of which one tone differs is another name, and goes to an officer with both."""
    onset, nucleus, coda, own = name[place % len(name)]
    other = [*name]
    other[place % len(name)] = (onset, nucleus, coda, tone)

    verdict = compare_names(data.draw(spellings(name)), data.draw(spellings(other))).verdict

    assert verdict is (Verdict.MATCH if tone == own else Verdict.DIACRITICS_DIFFER)


@given(st.data(), names, st.integers(0, 4))
def test_i_is_never_y(data: st.DataObject, name: list[tuple[str, str, str, str]], place: int) -> None:
    """Exchanging i and y makes another name, and the reason says that it is this."""
    swap = str.maketrans("iy", "yi")
    onset, nucleus, coda, tone = name[place % len(name)]
    other = [*name]
    other[place % len(name)] = (onset, nucleus.translate(swap), coda, tone)

    compared = compare_names(data.draw(spellings(name)), data.draw(spellings(other)))

    assert (compared.verdict is Verdict.MATCH) is (other == name)
    assert compared.verdict is not Verdict.DIACRITICS_DIFFER


@given(names, names)
def test_names_match_only_where_nothing_differs(
    one: list[tuple[str, str, str, str]], other: list[tuple[str, str, str, str]]
) -> None:
    """Two names drawn at random match when they are written with the same letters and tones, and else never."""
    written = [" ".join("".join(part) for part in name) for name in (one, other)]
    same = [[(f"{on}{nucleus}{coda}", tone) for on, nucleus, coda, tone in name] for name in (one, other)]

    assert (compare_names(*written).verdict is Verdict.MATCH) is (same[0] == same[1])


@given(names, st.integers(0, 4))
def test_a_part_of_a_name_is_not_the_name(name: list[tuple[str, str, str, str]], place: int) -> None:
    """A name of which a word is missing is never the same, and never differs in diacritics alone."""
    written = ["".join(part) for part in name]
    part = [word for nth, word in enumerate(written) if nth != place % len(name)] or ["Ví Dụ"]

    assert compare_names(" ".join(part), " ".join(written)).verdict is Verdict.MISMATCH


@given(names, st.sampled_from((str, str.upper, str.lower)))
def test_no_name_in_an_old_font_is_a_mismatch(
    name: list[tuple[str, str, str, str]], changed: Callable[[str], str]
) -> None:
    """A name typed in TCVN3, and perhaps upper- or lower-cased since, is called neither another name nor the same."""
    meant = unicodedata.normalize("NFC", " ".join(f"{on}{nucleus}{tone}{coda}" for on, nucleus, coda, tone in name))
    old = {letter: code for code, letter in TCVN3.items()}
    assume(all(char.isascii() or char in old for char in meant))
    written = changed("".join(old.get(char, char) for char in meant))
    assume(canonical(written) != canonical(meant))

    for pair in ((written, meant), (meant, written)):
        assert compare_names(*pair).verdict in {Verdict.NOT_COMPARABLE, Verdict.DIACRITICS_DIFFER}


@given(st.text(alphabet=st.characters(max_codepoint=0xFF), max_size=30), st.text(max_size=30))
def test_what_a_text_may_mean_changes_no_match(written: str, other: str) -> None:
    """Whatever is written: only equal canonical forms match, however it may be read in an old font."""
    may_mean(written, other)

    assert (compare_names(written, other).verdict is Verdict.MATCH) is (canonical(written) == canonical(other))


@given(st.text(), st.text())
def test_whatever_is_written_has_a_verdict(one: str, other: str) -> None:
    """Any two texts are compared, alike from both sides; nothing but equal canonical forms matches."""
    for compare in (compare_names, compare_texts):
        compared = compare(one, other)
        assert compared == compare(other, one)
        assert (compared.verdict is Verdict.MATCH) is (canonical(one) == canonical(other))
        assert compare(one, one).verdict is Verdict.MATCH


@given(st.text(alphabet=st.characters(categories=("Lu", "Ll", "Lo"))), st.text(alphabet="АБВГабвгαβ阮文"))
def test_letters_that_the_fold_loses_make_no_name_alike(one: str, other: str) -> None:
    """Names in other alphabets fold to nothing, and nothing is no name that they share."""
    if canonical(one) != canonical(other) and other:
        assert compare_names(one, other).why is Why.ANOTHER_ALPHABET
        assert fold(other) == ""


dates = st.dates(date(1800, 1, 1), date(2200, 12, 30))


@st.composite
def partial_dates(draw: st.DrawFn) -> PartialDate:
    day, precision = draw(dates), draw(st.integers(1, 3))
    return PartialDate(*(day.year, day.month, day.day)[:precision])


@given(partial_dates(), partial_dates(), st.booleans())
def test_dates_match_only_to_the_day(one: PartialDate, other: PartialDate, of_birth: bool) -> None:
    """`match` is said of one and the same day alone, from both sides alike; another year is a mismatch."""
    compared = compare_dates(one, other, of_birth=of_birth)

    assert compared == compare_dates(other, one, of_birth=of_birth)
    assert (compared.verdict is Verdict.MATCH) is (one == other and one.day is not None)
    assert one.year == other.year or compared.verdict is Verdict.MISMATCH


@given(dates, st.integers(1, 3), st.integers(1, 3))
def test_a_date_never_contradicts_itself(day: date, one: int, other: int) -> None:
    """However precisely a date is known on either side, it agrees at the coarser precision."""
    parts = (day.year, day.month, day.day)
    compared = compare_dates(PartialDate(*parts[:one]), PartialDate(*parts[:other]))

    expected = (Verdict.MATCH_AT_YEAR, Verdict.MATCH_AT_MONTH, Verdict.MATCH)[min(one, other) - 1]
    is_first = parts[1:] == (1, 1) and {one, other} == {2, 3}
    assert compared.verdict is (Verdict.MATCH_AT_YEAR if is_first else expected)


@given(dates)
def test_the_next_day_is_another_day(day: date) -> None:
    """Two days beside one another are a mismatch, though month and year agree; but for a first of January."""
    after = day + timedelta(days=1)
    one, other = (PartialDate(at.year, at.month, at.day) for at in (day, after))

    is_first = (day.month, day.day) == (1, 1)
    assert compare_dates(one, other).verdict is (Verdict.MATCH_AT_YEAR if is_first else Verdict.MISMATCH)


numbers = st.from_regex(r"[0-9]{9}|[0-9]{10}(?:-[0-9]{3})?|[0-9]{12}", fullmatch=True)


@given(numbers, numbers)
def test_numbers_of_two_forms_are_never_called_equal_or_different(one: str, other: str) -> None:
    """An old number beside a new one says nothing; of one form they are equal or not; a unit is not its firm."""
    compared = compare_numbers(one, other)

    assert compared == compare_numbers(other, one)
    assert (compared.verdict is Verdict.MATCH) is (one == other)
    comparable = len(one) == len(other) or {len(one), len(other)} == {10, 14}
    assert (compared.verdict is Verdict.NOT_COMPARABLE) is not comparable
