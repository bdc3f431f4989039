"""
Two operations of which nothing but the names is known. Pure.

ASSUMED, all of it but `XacMinhTinhTrangChetMatTich` and `GetRequestResult`: no message of either was found. They are a
contract version of their own, so that no instance offers them unless somebody has chosen to try a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Annotated

from pydantic import Field

from gateway.adapters.dancu import wire
from gateway.adapters.dancu.mapping import birth_date, whole_name
from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.domain.dataset import Exchanges, Query, Question, Subject
from gateway.domain.exchange import Request
from gateway.domain.identifiers import CitizenId
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.dossier import Stage
from gateway.domain.records.life import LifeStatus, ListedPerson, RequestedList
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire.model import Wire
from gateway.wire.soap import Answer, Service

__all__ = ["CONTRACT", "LIFE", "REQUESTED", "RequestQuery", "life_status", "requested_list"]

CONTRACT = "unseen"
LIFE, REQUESTED = "XacMinhTinhTrangChetMatTich", "GetRequestResult"

_SCHEMA = files("contracts.dancu") / "schema"
_LIFE = Service(
    _SCHEMA, "unseen.wsdl", (Answer("unseen-life-answer.xsd", "{http://www.mic.gov.vn/dancu/1.0}CongdanCollection"),)
)
_REQUESTED = Service(
    _SCHEMA,
    "unseen.wsdl",
    (Answer("unseen-request-answer.xsd", "{http://dancuquocgia.bca}GetRequestResultResponse"),),
)
# ASSUMED: who asks is told as in 2025; a birth date is always whole figures, whatever other questions are set to.
_AS_NOW = replace(wire.GENERATIONS["2025"], date_form="yyyyMMdd")
_PAGE = 100
# ASSUMED, like the states themselves.
_STAGES: Mapping[str, Stage] = {
    "0": Stage.SUBMITTED,
    "1": Stage.IN_PROGRESS,
    "2": Stage.READY,
    "3": Stage.STOPPED,
}


class RequestQuery(Query):
    """One request for a list, by the number that the registry gave it, and which page of a hundred people is wanted."""

    request_number: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$", examples=["YC99-000001"])]
    page: Annotated[int, Field(ge=1, le=100_000, examples=[1])] = 1

    def subject(self) -> Subject:
        return Subject("request", self.request_number)

    def is_about(self, requested: RequestedList) -> bool:
        """Whether the number is the one that was asked about."""
        return requested.request_number == self.request_number


class _Named(Wire):
    citizen_id: str = Field(alias="SoDinhDanh")
    name: wire.Name = Field(alias="HoVaTen")
    born: wire.BirthDate = Field(alias="NgayThangNamSinh")


class _Told(_Named):
    status: str | None = Field(alias="TinhTrangChetMatTich", default=None)
    since: wire.BirthDate | None = Field(alias="NgayChetMatTich", default=None)


class _People(Wire):
    people: list[_Told] = Field(alias="CongDan", default=[])


class _Requested(Wire):
    number: str = Field(alias="SoYeuCau")
    state: str = Field(alias="TrangThai")
    total: str | None = Field(alias="TongSoBanGhi", default=None)
    people: list[_Named] = Field(alias="CongDan", default=[])


class _Reply(Wire):
    requested: _Requested | None = Field(alias="YeuCau", default=None)


def life_status(ask: Question[CitizenQuery, DancuOptions]) -> Exchanges[LifeStatus]:
    """
    Ask whether one person has died or is missing (`XacMinhTinhTrangChetMatTich`). ASSUMED: that it is asked as one
    person is, and answered by a collection that names the person.

    Returns:
        The registry's code, if it tells one. `Absent` when the collection is empty: there is no such person.
    """
    response = yield Request(
        operation=LIFE,
        media_type="application/xml",
        body=_LIFE.envelope(LIFE, wire.citizen_question(_AS_NOW, ask)),
    )
    match _LIFE.read(response, LIFE, _People).people:
        case []:
            return Absent()
        case [one]:
            return Found(
                LifeStatus(
                    citizen_id=CitizenId(one.citizen_id),
                    full_name=whole_name(one.name),
                    birth_date=birth_date(one.born),
                    life_status=Code(code=one.status, list="dancu.life_status") if one.status else None,
                    status_since=birth_date(one.since) if one.since is not None else None,
                )
            )
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="dancu: several people under one number")


def requested_list(ask: Question[RequestQuery, DancuOptions]) -> Exchanges[RequestedList]:
    """
    Ask what became of a request for a list (`GetRequestResult`). ASSUMED: that state and one page come together.

    Returns:
        The state, and the page once the list is ready. `Absent` when the registry knows no such request.
    """
    head = wire.request_head(_AS_NOW, ask)
    paging = {"Trang": str(ask.query.page), "SoBanGhi": str(_PAGE)}
    response = yield Request(
        operation=REQUESTED,
        media_type="application/xml",
        body=_REQUESTED.envelope(REQUESTED, {**head, "SoYeuCau": ask.query.request_number, "paging": paging}),
    )
    told = _REQUESTED.read(response, REQUESTED, _Reply).requested
    if told is None:
        return Absent()
    if not told.state:
        raise MalformedAnswer("dancu: a request without TrangThai")
    stage = _STAGES.get(told.state)
    if told.people and stage is not Stage.READY:
        raise MalformedAnswer("dancu: people of a list that is not ready")
    if len(told.people) > _PAGE:
        raise MalformedAnswer("dancu: more people than the page that was asked for")
    return Found(
        RequestedList(
            request_number=told.number,
            stage=stage,
            state=Code(code=told.state, list="dancu.request_state"),
            page=ask.query.page,
            total=int(told.total) if told.total and stage is Stage.READY else None,
            people=tuple(
                ListedPerson(
                    citizen_id=CitizenId(one.citizen_id),
                    full_name=whole_name(one.name),
                    birth_date=birth_date(one.born),
                )
                for one in told.people
            ),
        )
    )
