"""
One form for all spellings of a name: whatever differs in it differs on paper too.

The ladder, in this order: look-alikes and invisible marks, NFC, spaces, case, the place of the tone mark. Nothing else
is repaired: `i` and `y` stay apart, and so does every letter that one might take for another. Source: domain.md, 4.3.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from gateway.domain.names import folded

__all__ = ["canonical", "cleaned", "fold", "is_garbled", "loses_letters"]

_LOOK_ALIKES = str.maketrans(
    {
        "Ð": "Đ",  # eth, in older keyboards' tables
        "ð": "đ",
        "Ɖ": "Đ",  # the African D
        "ɖ": "đ",
        **dict.fromkeys("’‘ʼʻ`´′＇", "'"),
        **dict.fromkeys("‐‑‒–—", "-"),
        **dict.fromkeys("\u034f\ufe0e\ufe0f", None),
    }
)
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_ONSETS = "ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnpqrstvx]"
# Every nucleus that Vietnamese writes, without its tone; those that begin with the i of `gi` or the u of `qu` are
# covered by the onsets.
_NUCLEI = (
    "iêu|yêu|oai|oay|oao|oeo|uây|uôi|ươi|ươu|uya|uyê|uyu|uêu|"
    "ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|oa|oă|oe|oi|oo|ôi|ơi|ua|uâ|uê|ui|uô|uơ|ưa|ưi|ươ|ưu|uy|yê|"
    "[aăâeêioôơuưy]"
)
_SYLLABLE = re.compile(f"(?:{_ONSETS})?(?:{_NUCLEI})(?:ch|ng|nh|[cmnpt])?")
_LETTERS = re.compile(r"[^\W\d_]+")
_VOWELS = "aăâeêioôơuưy"
_VIETNAMESE = frozenset(unicodedata.normalize("NFC", vowel + tone) for vowel in _VOWELS for tone in _TONES) | {"đ"}
# What a Vietnamese name, a firm's name or an address is written with. Everything else comes from another
# alphabet, or from a text that was read in the wrong encoding (TCVN3, VNI, VIQR, UTF-8 as Latin-1).
_ORDINARY = frozenset(" '-.,&()/+:;\"0123456789abcdefghijklmnopqrstuvwxyzăâđêôơư“”") | _TONES
_HIGHLAND = frozenset("ŭĕĭŏč\u0306")
"""Letters of Ê-đê and Gia-rai names that Vietnamese does not have."""


def cleaned(text: str) -> str:
    """Without look-alikes and invisible marks, composed (NFC), with single spaces, in lower case."""
    composed = unicodedata.normalize("NFC", text.translate(_LOOK_ALIKES))
    # An unbreakable space is what a word processor writes between words: it is a space, and no mark to take out.
    visible = "".join(char for char in composed if char.isascii() or unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFC", " ".join(visible.split()).lower())


def canonical(text: str) -> str:
    """The form in which two spellings of one name are equal. Not for people to read: tones stand after syllables."""
    return _LETTERS.sub(lambda found: _with_tone_last(found[0]), cleaned(text))


def fold(text: str) -> str:
    """Letters and digits alone, without diacritics: equal for names that differ in nothing else."""
    return folded(cleaned(text))


def loses_letters(text: str) -> bool:
    """Whether the fold leaves a letter or digit out, such as a Cyrillic one: equal folds say nothing then."""
    strange = set(cleaned(text)) - _VIETNAMESE
    return any(not char.isascii() and char.isalnum() and not folded(char) for char in strange)


def is_garbled(text: str) -> bool:
    """
    Whether the text is hardly what somebody wrote: signs that no Vietnamese name has, or an accented vowel where no
    syllable has one (`Nguyeãn`, which is Nguyễn in VNI).
    """
    plain = cleaned(text)
    return not set(_toneless(plain)[0]) <= _ORDINARY | _HIGHLAND or any(
        _has_stray_accent(word) for word in _LETTERS.findall(plain)
    )


def _with_tone_last(word: str) -> str:
    """
    `hòa` and `hoà` are one syllable: its letters, then its tone. A word that is no syllable of Vietnamese, such as
    two that were written together, keeps its marks where they stand.
    """
    if word.isascii():
        return word
    letters, tones = _toneless(word)
    return letters + tones if len(tones) == 1 and _SYLLABLE.fullmatch(letters) else word


def _toneless(word: str) -> tuple[str, str]:
    decomposed = unicodedata.normalize("NFD", word)
    letters = "".join(char for char in decomposed if char not in _TONES)
    return unicodedata.normalize("NFC", letters), "".join(char for char in decomposed if char in _TONES)


def _has_stray_accent(word: str) -> bool:
    # VNI writes a, e or o and then a vowel with an accent, which carries what belongs on the letter before it.
    if word.isascii() or _SYLLABLE.fullmatch(_toneless(word)[0]):
        return False
    return any(
        first in "aeo" and not second.isascii() and _toneless(second)[0] in _VOWELS for first, second in pairwise(word)
    )
