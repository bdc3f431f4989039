"""Where answers lie that are given again under an idempotency key, from settings."""

from __future__ import annotations

from gateway.clock import Clock
from gateway.crypto import Secrets
from gateway.lookup.repeats import Repeats
from gateway.settings import Settings
from gateway.stores.state import MemoryState, State
from gateway.telemetry import Metrics

__all__ = ["repeats"]


def repeats(settings: Settings, state: State, secrets: Secrets, clock: Clock, metrics: Metrics) -> Repeats:
    """
    With the rest of the state where that is shared; else in a memory of their own, so that no answer takes the place
    of a used token.
    """
    section = settings.idempotency
    if not state.is_shared:
        # Of each consumer an answer and its place on the ring, and a count; and whatever is being asked just now.
        most = max(len(settings.consumers), 1) * (2 * section.answers + 1)
        state = MemoryState(clock, entries=most + settings.web.questions)
    return Repeats(
        state,
        secrets,
        keep_s=section.keep_s,
        most=section.answers,
        answer_bytes=section.answer_bytes,
        metrics=metrics,
    )
