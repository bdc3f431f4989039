"""
Stand-in for population statistics, behind a WSO2-style platform: token first, then a bare JSON list.

ASSUMED as a whole: nothing was found. Source: others.md, C.1 and 7. The figures are counted: as many people live in a
commune as the population stand-in knows there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Any

import orjson

from contracts.reader import RecordedRequest, load
from mocks.platform import JSON, Platform
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = ["CONSUMER_KEY", "CONSUMER_SECRET", "STAND_IN", "TkdsStandIn"]

# Credentials of the stand-in alone: they open nothing else.
CONSUMER_KEY = "demo-statistics-key"
CONSUMER_SECRET = "demo-statistics-secret-not-real"  # noqa: S105

_OPERATION = "traCuuChiTieu"
_PATH = f"/ThongKeDanSo/1.0/{_OPERATION}"
_KEYS = ("maChiTieu", "maDonViHanhChinh", "kyBaoCao")
_PROVINCE = "99"
_INVENTED = re.compile(r"99(?:[0-9]{3})?")
_INDICATORS = {"9901": ("Dân số trung bình", "Người"), "9902": ("Số hộ", "Hộ")}
_HOUSEHOLD = 4


class TkdsStandIn:
    """Answers `POST /token`, and with its token `GET /ThongKeDanSo/1.0/traCuuChiTieu`."""

    registry = "tkds"

    def __init__(self, world: World) -> None:
        self.contract = load("contracts.tkds")
        self._province = world.province
        self._platform = Platform(CONSUMER_KEY, CONSUMER_SECRET, world.now)
        self._cases = CaseAnswers(self.contract, "1", _recorded)

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's figure, an empty list, a platform's fault, or 501."""
        if call.path == "/token":
            return self._platform.give_token(call)
        refusal = self._platform.refusal(call)
        if refusal is not None:
            return refusal
        if call.method != "GET" or call.path != _PATH:
            return self._platform.no_such_resource(call)
        case = self._cases.find(_asked(call.query))
        if case is not None:
            return case
        if not _INVENTED.fullmatch(call.query.get("maDonViHanhChinh", "")):
            return uncovered(self.registry, _OPERATION)
        return self._told(*(call.query.get(key, "") for key in _KEYS))

    def another(self, call: Call) -> Answer:
        """The same indicator for another area than the one asked about."""
        area = next(area for area in (_PROVINCE, *sorted(self._people)) if area != call.query.get("maDonViHanhChinh"))
        return self._told("9901", area, str(self._province.today.year))

    def admin(self, command: str) -> None:
        """`expire-token` ends the token now; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._platform.end_token()

    def _told(self, indicator: str, area: str, period: str) -> Answer:
        rows: list[dict[str, Any]] = []
        counted = self._counted(indicator).get(area)
        if counted is not None and indicator in _INDICATORS and period == str(self._province.today.year):
            name, unit = _INDICATORS[indicator]
            rows = [
                {
                    "maChiTieu": indicator,
                    "tenChiTieu": name,
                    "donViTinh": unit,
                    "giaTri": counted,
                    "ky": period,
                    "maDonViHanhChinh": area,
                }
            ]
        return Answer(200, orjson.dumps(rows), JSON, _OPERATION, "province" if rows else "nothing")

    def _counted(self, indicator: str) -> Counter[str]:
        """What is counted in each commune and in the whole province: at first, with what has changed since."""
        counted = Counter(self._people if indicator == "9901" else self._households)
        if self._province.life.count:
            counted.update(self._people_since() if indicator == "9901" else self._households_since())
        return counted

    @cached_property
    def _households(self) -> Counter[str]:
        """How many households live in each commune, and in the whole province. Counted once, when first asked for."""
        homes = -(-self._province.citizens // _HOUSEHOLD)
        counted = Counter(self._province.residence_at_first(home).commune_code for home in range(homes))
        counted[_PROVINCE] = homes
        return counted

    @cached_property
    def _people(self) -> Counter[str]:
        """How many people live there: four in each household but the last."""
        counted = Counter({area: count * _HOUSEHOLD for area, count in self._households.items()})
        missing = -self._province.citizens % _HOUSEHOLD
        last = self._province.at_first(self._province.citizens - 1).residence.commune_code
        counted.subtract({last: missing, _PROVINCE: missing})
        return counted

    def _people_since(self) -> Counter[str]:
        province, life = self._province, self._province.life
        changed: Counter[str] = Counter()
        for index in {*life.residences, *life.deaths, *range(province.citizens, province.population)}:
            if index < province.citizens:
                changed.subtract((province.at_first(index).residence.commune_code, _PROVINCE))
            if index not in life.deaths:
                changed.update((province.citizen(index).residence.commune_code, _PROVINCE))
        return changed

    def _households_since(self) -> Counter[str]:
        """A household lives where its oldest member does, and is none when nobody is left in it."""
        province, life = self._province, self._province.life
        touched = {*life.residences, *life.deaths, *life.homes}
        left = {index // _HOUSEHOLD for index in touched if index < province.citizens}
        changed: Counter[str] = Counter()
        for home in left | set(life.newcomers):
            if home * _HOUSEHOLD < province.citizens:
                changed.subtract((province.residence_at_first(home).commune_code, _PROVINCE))
            together = province.living_in(home)
            if together:
                changed.update((together[0].residence.commune_code, _PROVINCE))
        return changed


STAND_IN: Open = TkdsStandIn


def _recorded(request: RecordedRequest) -> Hashable:
    return _asked(request.query)


def _asked(query: Mapping[str, str]) -> Hashable:
    return tuple(query.get(key) for key in _KEYS)
