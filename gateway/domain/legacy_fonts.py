"""
What a text would say if it had been typed for a TCVN3 or VNI font and read as Latin-1, as old files are.

Nothing is repaired with it: a reading shows that two names may be one, and an officer looks. Sources: TCVN 5712:1993
(VN3) and the VNI for Windows tables, both also in Unicode's mapping of Vietnamese legacy encodings.
"""

from __future__ import annotations

import unicodedata

from gateway.domain.canonical import canonical, cleaned

__all__ = ["TCVN3", "may_mean"]

# TCVN3 puts a whole letter on one character, capitals of its own on seven only: other capitals are a font's business.
TCVN3 = dict(
    zip(
        "µ¶·¸¹¨»¼½¾Æ©ÇÈÉÊË®ÌÎÏÐÑªÒÓÔÕÖ×ØÜÝÞßáâãä«åæçèé¬êëìíîïñòóô\u00adõö÷øùúûüýþ¡¢£¤¥¦§",
        "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵĂÂÊÔƠƯĐ",
        strict=True,
    )
)
# VNI writes a letter, and its marks on the next character.
_VNI_ALONE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "í": "í", "ì": "ì"}
_VNI_TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_CIRCUMFLEX, _BREVE = "\u0302", "\u0306"
_VNI_MARKS = {
    **_VNI_TONES,
    "â": _CIRCUMFLEX,
    "á": f"{_CIRCUMFLEX}\u0301",
    "à": f"{_CIRCUMFLEX}\u0300",
    "å": f"{_CIRCUMFLEX}\u0309",
    "ã": f"{_CIRCUMFLEX}\u0303",
    "ä": f"{_CIRCUMFLEX}\u0323",
    "ê": _BREVE,
    "é": f"{_BREVE}\u0301",
    "è": f"{_BREVE}\u0300",
    "ú": f"{_BREVE}\u0309",
    "ü": f"{_BREVE}\u0303",
    "ë": f"{_BREVE}\u0323",
}
_TAKES = {"a": _VNI_MARKS.keys(), "e": _VNI_MARKS.keys(), "o": _VNI_MARKS.keys()} | dict.fromkeys(
    "uyôö", _VNI_TONES.keys()
)


def may_mean(text: str, other: str) -> bool:
    """
    Whether the text may be the other in one of the fonts, though its case may have been changed since. Never for a text
    that has a letter beyond Latin-1, or one that the font does not write.
    """
    composed = unicodedata.normalize("NFC", text)
    if composed.isascii() or any(ord(char) > 0xFF for char in composed):
        return False
    meant = cleaned(other)
    read = _vni(composed.lower())
    return _is_tcvn3(" ".join(composed.split()), meant) or (read is not None and canonical(read) == canonical(other))


def _is_tcvn3(text: str, meant: str) -> bool:
    if len(text) != len(meant):
        return False
    return all(other in _tcvn3(char) for char, other in zip(text, meant, strict=True))


def _tcvn3(char: str) -> set[str]:
    """What a character may stand for: software that changed its case took it for another letter."""
    if char.isascii():
        return {char.lower()}
    return {TCVN3[one].lower() for one in (char, char.lower(), char.upper()) if one in TCVN3}


def _vni(text: str) -> str | None:
    """The text as the font shows it; None where something stands in it that the font does not write."""
    read: list[str] = []
    before = ""
    for char in text:
        if char in _TAKES.get(before, ()):
            read.append(_VNI_MARKS[char])
            before = ""
        elif char.isascii() or char in _VNI_ALONE:
            read.append(_VNI_ALONE.get(char, char))
            before = char
        else:
            return None
    return unicodedata.normalize("NFC", "".join(read))
