"""What the canaries are, every form in which one could show, and the search for them."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from gateway.domain.names import folded

__all__ = ["Canary", "Flock", "forms", "shown"]

_VOWELS = "ắằẳẵặấầẩẫậếềểễệốồổỗộớờởỡợứừửữự"
_CONSONANTS = "bcdghklmnpqrstvx"


@dataclass(frozen=True)
class Canary:
    """
    A value to look for. `allowed` names the places (first folders) where it may stand: the officer's account and
    the case stand in the ledger, since both answer for the question.
    """

    name: str
    value: str
    allowed: frozenset[str] = frozenset()


class Flock:
    """All canaries of one run; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)

        def digits(count: int) -> str:
            return "".join(dice.choices("0123456789", k=count))

        def word() -> str:
            letters = [dice.choice(_CONSONANTS if place % 2 == 0 else _VOWELS) for place in range(8)]
            return "".join(letters).capitalize()

        def born() -> date:
            return date(dice.randrange(1940, 1990), dice.randrange(1, 13), dice.randrange(13, 29))

        def number(birth: date) -> str:
            return f"0000{birth.year % 100:02}{digits(6)}"

        self.birth, self.other_birth, self.third_birth = born(), born(), born()
        self.citizen_id, self.old_number = number(self.birth), "000" + digits(6)
        self.name = f"{word()} {word()}"
        self.father, self.mother, self.street, self.birth_street = word(), word(), word(), word()
        self.other_id, self.other_name, self.other_street = number(self.other_birth), word(), word()
        self.representative_id, self.representative = number(self.third_birth), word()
        self.firm, self.office = word(), word()
        self.officer_id, self.account = digits(12), f"cb.{folded(word()).lower()}"
        self.agency_case = f"H08.12-260301-{digits(8)}"
        self.strange_name, self.wrong_key = f"x{digits(12)}", digits(32)

    def __iter__(self) -> Iterator[Canary]:
        """Each canary with its name; a name of two words counts word by word."""
        in_ledger = frozenset({"ledger", "index"})
        for name, value in vars(self).items():
            if isinstance(value, date):
                # Eight digits alone stand in many a memory address: counted is only what a message has around them.
                for form in ("%Y-%m-%d", "%d/%m/%Y", ">%Y%m%d", '"%Y%m%d', "'%Y%m%d"):
                    yield Canary(f"{name} {form}", value.strftime(form))
            elif name in {"account", "agency_case"}:
                yield Canary(name, value, in_ledger)
            else:
                yield from (Canary(f"{name} {place}", part) for place, part in enumerate(value.split()))

    @property
    def dossier(self) -> str:
        """All of a person in one text, as a careless registry would put it into an error."""
        return f"{self.citizen_id} {self.old_number} {self.name} {self.birth.isoformat()} {self.street} {self.father}"


def forms(value: str) -> dict[str, bytes]:
    """Every form of a value that is looked for."""
    raw = value.encode()
    texts = {
        "as it is": value,
        "decomposed": unicodedata.normalize("NFD", value),
        "upper": value.upper(),
        "lower": value.lower(),
        "folded": folded(value) if value.isalpha() else value,
        "JSON escapes": json.dumps(value)[1:-1],
        "upper JSON escapes": json.dumps(value.upper())[1:-1],
        "Python escapes": ascii(value)[1:-1],
        "bytes": repr(raw)[2:-1],
        "URL": quote(value, safe=""),
        "form": quote_plus(value),
        "XML": escape(value),
        "XML numbers": value.encode("ascii", "xmlcharrefreplace").decode(),
        "hex": raw.hex(),
        "SHA-256": hashlib.sha256(raw).hexdigest(),
        "SHA-256 of upper": hashlib.sha256(value.upper().encode()).hexdigest(),
        "MD5": hashlib.md5(raw, usedforsecurity=False).hexdigest(),
        "SHA-256 in base64": base64.b64encode(hashlib.sha256(raw).digest()).decode(),
    }
    # In base64 a value looks different by where it begins; what is sure of each of the three is looked for.
    texts |= {f"base64 {shift}": _inside(raw, shift) for shift in range(3)}
    texts |= {f"base64url {shift}": _inside(raw, shift).translate(_TO_URL) for shift in range(3)}
    if value.isdigit() and len(value) >= 12:
        texts["the first nine digits"] = value[:9]
    return {name: text.encode() for name, text in texts.items() if len(text) >= 8} | {
        "UTF-16": value.encode("utf-16-le"),
    }


_TO_URL = str.maketrans("+/", "-_")


def _inside(raw: bytes, shift: int) -> str:
    whole = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
    return whole[(0, 2, 3)[shift] : len(whole) - (1 if (shift + len(raw)) % 3 else 0)]


def shown(folder: Path, flock: Flock) -> list[str]:
    """Where a canary stands in any file below the folder, or in the name of one: file, canary and form."""
    found = []
    needles = {form: (canary, name) for canary in flock for name, form in [*forms(canary.value).items()][::-1]}
    for file in sorted(folder.rglob("*")):
        place = file.relative_to(folder)
        content = str(place).encode() + b"\n" + (file.read_bytes() if file.is_file() else b"")
        found += [
            f"{place}: {canary.name}, {form_name}"
            for form, (canary, form_name) in needles.items()
            if _stands_in(form, content) and place.parts[0] not in canary.allowed
        ]
    return found


def _stands_in(form: bytes, content: bytes) -> bool:
    """Nine digits stand in many a fraction of a second, so they count only where a number begins with them."""
    if form.isdigit() and len(form) <= 9:
        return re.search(rb"(?<![0-9.])" + form, content) is not None
    return form in content
