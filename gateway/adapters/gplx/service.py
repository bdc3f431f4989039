"""One address for every question: `service` says which. Pure. Source: others.md, 5.1."""

from __future__ import annotations

from gateway.adapters.gplx.query import GplxOptions
from gateway.domain.exchange import Request, Secret
from gateway.wire.json_body import MEDIA_TYPE, json_body

__all__ = ["request"]


def request(options: GplxOptions, service: str, office: str, **members: str) -> Request:
    """A question with the session in its body; the log-in fills it in."""
    question: dict[str, str | int | Secret | None] = {"session": Secret("session")}
    question |= {"service": service, "donViXuLy": office, **members}
    return Request(
        operation=service,
        path=(options.context or "apiDVC-GPLX", "tcdbdvcdata", "mapi", "g"),
        headers={"Accept": MEDIA_TYPE},
        media_type=MEDIA_TYPE,
        body=json_body(question),
    )
