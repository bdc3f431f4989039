"""
Make `gateway/data/places.tsv` out of a wheel of vietnamadminunits:

    pip download vietnamadminunits==1.0.4 --no-deps --dest var
    python -m tools.places var/vietnamadminunits-1.0.4-py3-none-any.whl

The package is no dependency: it drags geometry libraries along, and its converter guesses. Only its tables are taken:
units before and after 2025-07-01, and which old commune went into which new ones. Any other wheel is refused until
somebody has looked at what changed in it: another package's older list had 114 communes under wrong codes (domain.md,
3.6).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "gateway" / "data" / "places.tsv"
SHA256 = "737ee3662e877290386c1c45ed4d71f2e5fae34ab6fb9c64bfb4cb74b216ea35"
_DATA = "vietnamadminunits/data/"
_LICENCE = "vietnamadminunits-1.0.4.dist-info/licenses/LICENSE"
_HEAD = """\
Đơn vị hành chính trước và từ ngày 2025-07-01 / administrative units before and from 2025-07-01 on
source: vietnamadminunits 1.0.4 (PyPI), tables admin_units_legacy, admin_units and converter_2025.json
source SHA-256: {sha256}
extracted: {today} by tools/places.py; nothing was added or corrected
licence: MIT, as follows

{licence}
columns: kind, code, name, then
  P province before      code of the province that it is now
  D district before      its province
  C commune before       its district, and the communes that it is now, with commas; several: it was split.
                         Five island districts had no commune: their code stands for it
  p province now         -
  c commune now          its province
"""


def rows(database: sqlite3.Connection, converter: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The rows of the file, sorted by kind and code."""
    old = database.execute(
        "SELECT provinceKey, districtKey, wardKey, provinceCode, districtCode, wardCode, province, district, ward"
        " FROM admin_units_legacy"
    ).fetchall()
    new = database.execute(
        "SELECT provinceKey, wardKey, provinceCode, wardCode, province, ward FROM admin_units"
    ).fetchall()
    provinces_now = {province_key: code for province_key, _, code, *_ in new}
    communes_now = {(province_key, key): code for province_key, key, _, code, *_ in new}
    became: defaultdict[str, set[str]] = defaultdict(set)
    for province_key, wholes in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for key, old_keys in wholes.items():
            for old_key in old_keys:
                became[old_key].add(communes_now[province_key, key])
    for province_key, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old_key, pieces in divided.items():
            became[old_key] |= {communes_now[province_key, piece["newWardKey"]] for piece in pieces}
    merged = {old_key: now for now, olds in converter["DICT_PROVINCE"].items() for old_key in olds}
    yield from sorted({("P", one[3], one[6], provinces_now[merged[one[0]]]) for one in old})
    yield from sorted({("D", one[4], one[7], one[3]) for one in old})
    yield from sorted(
        ("C", one[5] or one[4], one[8] or one[7], one[4], ",".join(sorted(became[f"{one[0]}_{one[1]}_{one[2] or ''}"])))
        for one in old
    )
    yield from sorted({("p", one[2], one[4]) for one in new})
    yield from sorted(("c", one[3], one[5], one[2]) for one in new)


def main(wheel: Path) -> None:
    """Write the file."""
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if sha256 != SHA256:
        raise SystemExit(f"{wheel}: not the wheel that was looked at; compare its tables first, then change SHA256")
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(archive.extract(f"{_DATA}dataset.db", folder))
        found = list(rows(database, json.loads(archive.read(f"{_DATA}converter_2025.json"))))
        database.close()
        licence = archive.read(_LICENCE).decode()
    head = _HEAD.format(sha256=sha256, today=datetime.now(UTC).date(), licence=licence)
    lines = [f"# {line}".rstrip() for line in head.splitlines()] + ["\t".join(row) for row in found]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
