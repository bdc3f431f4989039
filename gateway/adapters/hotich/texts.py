"""
What the ministry says in words rather than codes, in one place, compared without regard to case or composition.

Source: dancu-justice-transport.md, 3.1, 3.2 and 7.
"""

from __future__ import annotations

import unicodedata
from typing import Any

__all__ = ["say_no_such_dossier", "say_received"]

# A submission that fails with these words has arrived before: a client takes them for success.
_RECEIVED = ("đã được tiếp nhận",)

# ASSUMED: code 201 is "không tồn tại, xem lại số phiếu"; the words stand close to the dossier's, since "không tồn tại"
# is how the service complains of a code that its catalogues do not have, too.
_NO_SUCH_DOSSIER = (
    "hồ sơ không tồn tại",
    "không tồn tại hồ sơ",
    "không tìm thấy hồ sơ",
    "không tồn tại, xem lại số phiếu",
)
_CATALOGUE = "danh mục"


def say_received(*texts: Any) -> bool:
    """True where one of the sentences says that the dossier has been taken in."""
    return any(words in text for text in _folded(texts) for words in _RECEIVED if f"chưa {words}" not in text)


def say_no_such_dossier(*texts: Any) -> bool:
    """True where one of the sentences says that the registry knows no such dossier."""
    return any(_CATALOGUE not in text and any(words in text for words in _NO_SUCH_DOSSIER) for text in _folded(texts))


def _folded(texts: tuple[Any, ...]) -> list[str]:
    return [unicodedata.normalize("NFC", text).casefold() for text in texts if isinstance(text, str)]
