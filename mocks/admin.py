"""
What tests, and people at the page, ask of the server of the stand-ins itself, below `/_mocks/`.

Every change is a PUT, POST or DELETE with JSON; what makes no sense is a problem document that says why.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from importlib.resources import files
from itertools import islice
from typing import Any

import orjson
from aiohttp import web

from mocks.disagreements import disagreements
from mocks.events import EVENTS, Impossible, Unreadable
from mocks.faults import KINDS, PROFILES, Fault
from mocks.incidents import INCIDENTS
from mocks.province import Province
from mocks.stand_in import UnknownCommand
from mocks.state import STATE, State

__all__ = ["add_routes"]

_MOST_LISTED = 1000
_PAGE = files("mocks").joinpath("page")
_FILES = {
    "page": ("page.html", "text/html"),
    "page.js": ("page.js", "text/javascript"),
    "page.css": ("page.css", "text/css"),
}
_ALONE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def add_routes(router: web.UrlDispatcher) -> None:
    """Everything below `/_mocks/`."""
    router.add_get("/_mocks/", _served)
    for name in _FILES:
        router.add_get(f"/_mocks/{name}", _page)
    router.add_get("/_mocks/journal", _journal)
    router.add_post("/_mocks/journal/verify", _verify)
    router.add_post("/_mocks/reset", _reset)
    router.add_put("/_mocks/province", _settle)
    router.add_put("/_mocks/clock", _set_clock)
    router.add_get("/_mocks/events", _events)
    router.add_post("/_mocks/events", _happen)
    router.add_get("/_mocks/disagreements", _disagreements)
    router.add_put("/_mocks/faults/{target}", _set_fault)
    router.add_delete("/_mocks/faults/{target}", _clear_fault)
    router.add_post("/_mocks/incidents/{name}", _begin)
    router.add_post("/_mocks/cases", _case)
    router.add_put("/_mocks/cases", _enter_case)
    router.add_post("/_mocks/{registry}/{command}", _command)


async def _served(request: web.Request) -> web.Response:
    state = request.app[STATE]
    province = state.province
    served = {
        registry: {
            "title": stand_in.contract.title,
            "cases": sum(1 for _ in stand_in.contract.cases()),
            "operations": [dataset.operation for dataset in stand_in.contract.datasets.values()],
            "datasets": list(stand_in.contract.datasets),
        }
        for registry, stand_in in state.stand_ins.items()
    }
    return _json(
        {
            "registries": served,
            "faults": {target: [asdict(one) for one in several] for target, several in state.faults.current().items()},
            "kinds": KINDS,
            "profiles": list(PROFILES),
            "incidents": {name: {"title": one.title, "title_en": one.title_en} for name, one in INCIDENTS.items()},
            "events": list(EVENTS),
            "province": {
                "seed": province.seed,
                "citizens": province.citizens,
                "enterprises": province.enterprises,
                "disagreements": province.held.percent,
                "population": province.population - len(province.life.deaths),
                "began_on": province.began_on.isoformat(),
                "today": province.today.isoformat(),
            },
        }
    )


async def _page(request: web.Request) -> web.Response:
    name, kind = _FILES[request.path.rpartition("/")[2]]
    return web.Response(body=_PAGE.joinpath(name).read_bytes(), content_type=kind, charset="utf-8", headers=_ALONE)


async def _journal(request: web.Request) -> web.Response:
    return _json({"entries": [asdict(entry) for entry in request.app[STATE].journal]})


async def _verify(request: web.Request) -> web.Response:
    asked = await _object(request)
    times = asked.pop("times", 1)
    if type(times) is not int or not all(isinstance(value, str) for value in asked.values()):
        return _problem(400, "times phải là số nguyên, mọi thành phần khác là chuỗi / times is whole, all else a text")
    try:
        found = request.app[STATE].journal.asked(**asked)
    except (TypeError, ValueError) as exc:
        return _problem(400, f"Không đếm được / cannot be counted: {exc}")
    return _json({"asked": found, "times": times, "holds": found == times})


async def _reset(request: web.Request) -> web.Response:
    request.app[STATE].reset()
    return web.Response(status=204)


async def _settle(request: web.Request) -> web.Response:
    state, asked = request.app[STATE], await _object(request)
    now = state.province
    known = {
        "seed": now.seed,
        "citizens": now.citizens,
        "enterprises": now.enterprises,
        "disagreements": now.held.percent,
    }
    if asked.keys() - known.keys() or not all(type(value) is int for value in asked.values()):
        return _problem(400, f"Cần số nguyên / whole numbers, any of: {', '.join(known)}")
    try:
        province = Province(**(known | asked))
    except ValueError as exc:
        return _problem(400, str(exc))
    state.replace_province(province)
    return web.Response(status=204)


async def _set_clock(request: web.Request) -> web.Response:
    asked = await _object(request)
    try:
        request.app[STATE].set_today(date.fromisoformat(asked["today"]))
    except Impossible as exc:
        return _problem(409, str(exc))
    except (KeyError, TypeError, ValueError):
        return _problem(400, 'Cần một ngày / expected a day, such as {"today": "2026-05-01"}')
    return web.Response(status=204)


async def _events(request: web.Request) -> web.Response:
    return _json({"events": request.app[STATE].happened})


async def _happen(request: web.Request) -> web.Response:
    asked = await _object(request)
    event = asked.pop("event", None)
    try:
        return _json(request.app[STATE].happen(event if isinstance(event, str) else "", **asked), 201)
    except Unreadable as exc:
        return _problem(400, f"Không đọc được sự kiện / the event cannot be read: {exc}")
    except Impossible as exc:
        return _problem(409, f"Sự kiện không thể xảy ra / it cannot happen: {exc}")
    except TypeError:
        return _problem(400, "Thành phần không hợp lệ / a member has a name that no event knows")


async def _disagreements(request: web.Request) -> web.Response:
    listed = list(islice(disagreements(request.app[STATE].province), _MOST_LISTED + 1))
    return _json({"disagreements": [asdict(one) for one in listed[:_MOST_LISTED]], "more": len(listed) > _MOST_LISTED})


async def _set_fault(request: web.Request) -> web.Response:
    state, target = _target(request)
    try:
        told = orjson.loads(await request.read())
        faults = [
            Fault(**{"kind" if key == "fault" else key: value for key, value in one.items()})
            for one in (told if isinstance(told, list) else [told])
        ]
        if not faults:
            raise ValueError("the list is empty")
    except (AttributeError, TypeError, ValueError) as exc:
        return _problem(400, f'Cần một lỗi / expected a fault, such as {{"fault": "silence"}}: {exc}')
    state.faults.set(target, *faults)
    return web.Response(status=204)


async def _clear_fault(request: web.Request) -> web.Response:
    state, target = _target(request)
    state.faults.clear(target)
    return web.Response(status=204)


async def _begin(request: web.Request) -> web.Response:
    try:
        request.app[STATE].begin(request.match_info["name"])
    except KeyError:
        return _problem(404, f"Không có sự cố này / no such incident: there are {', '.join(INCIDENTS)}")
    return web.Response(status=204)


async def _case(request: web.Request) -> web.Response:
    status, body = request.app[STATE].cases.answer(await request.read())
    return _json(body, status)


async def _enter_case(request: web.Request) -> web.Response:
    wrong = request.app[STATE].cases.enter(await request.read())
    return _json({"error": wrong}, 400) if wrong else web.Response(status=204)


async def _command(request: web.Request) -> web.Response:
    stand_in = request.app[STATE].stand_ins.get(request.match_info["registry"])
    if stand_in is None:
        raise web.HTTPNotFound(text="No such registry is served.")
    try:
        stand_in.admin(request.match_info["command"])
    except UnknownCommand:
        return _problem(404, "The stand-in does not know this command.")
    return web.Response(status=204)


def _target(request: web.Request) -> tuple[State, str]:
    state, target = request.app[STATE], request.match_info["target"]
    if not state.faults.knows(target):
        raise web.HTTPNotFound(text="No such registry or dataset is served.")
    return state, target


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        value = orjson.loads(await request.read())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text="A JSON object is expected.")
    return value


def _json(value: Any, status: int = 200, content_type: str = "application/json") -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type=content_type)


def _problem(status: int, detail: str) -> web.Response:
    body = {"type": "about:blank", "status": status, "detail": detail}
    return _json(body, status, "application/problem+json")
