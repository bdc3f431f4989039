"""Who may ask what, and which fields leave. Deny by default."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from gateway.clock import Clock
from gateway.errors import FieldProblem, Forbidden, InvalidQuestion, TooMany
from gateway.lookup.catalogue import Entry
from gateway.stores.state import State

__all__ = ["Access", "Consumer", "Grant"]

_WINDOW_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """
    A system that may ask, and what it may ask. `by` says how it proved this time who it is; `weight` and `batch`
    what share it gets where others wait too.
    """

    name: str
    datasets: frozenset[str]
    questions_per_minute: int
    by: str = "api_key"
    weight: float = 1.0
    batch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """
    What a question may bring back, and by which rules.

    `fields` are names of the record, or `outer.inner` for one of a list's members; `withheld` what the record
    has besides. `rules` and `policy` name the rules and the version of the policy that decided; `findings`
    are words for what was odd about the question (`off_hours`, `sequential`), though it was allowed.
    `officer_code` is what the registry knows the officer by, where it has its own codes.
    """

    fields: frozenset[str]
    withheld: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    policy: str = ""
    findings: tuple[str, ...] = ()
    officer_code: str | None = None


class Access:
    """Decides before anything leaves."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def grant(self, consumer: Consumer, entry: Entry, fields: list[str] | None) -> Grant:
        """
        The fields that may leave: those asked for, or all but what is withheld by default.

        Raises Forbidden for a dataset or field that is not granted, TooMany beyond the consumer's limit,
        InvalidQuestion for a field that the record does not have.
        """
        if entry.id not in consumer.datasets:
            raise Forbidden(f"{consumer.name} may not ask {entry.id}")
        granted = self._fields(entry, fields)
        count = await self._state.incr(f"questions:{consumer.name}", ttl_s=_WINDOW_S)
        if count > consumer.questions_per_minute:
            raise TooMany(retry_at=self._clock.now() + timedelta(seconds=_WINDOW_S))
        known = frozenset(entry.dataset.record.model_fields)
        return Grant(fields=granted, withheld=tuple(sorted(known - granted)))

    @staticmethod
    def _fields(entry: Entry, fields: list[str] | None) -> frozenset[str]:
        known = frozenset(entry.dataset.record.model_fields)
        allowed = known - entry.dataset.withheld_by_default
        if fields is None:
            return allowed
        asked = frozenset(fields)
        if not asked <= known:
            advice = f"không có trường này; xem GET /v1/datasets/{entry.id} / no such field"
            places = [place for place, name in enumerate(fields) if name not in known]
            raise InvalidQuestion(
                problems=tuple(FieldProblem(f"fields.{place}", "unknown_field", advice) for place in places), status=422
            )
        if not asked <= allowed:
            raise Forbidden(f"{entry.id}: not granted: {', '.join(sorted(asked - allowed))}")
        return asked
