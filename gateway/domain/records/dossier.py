"""How far the work on a dossier is, in words that are the same for every registry."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Stage"]


class Stage(StrEnum):
    """
    What a registry's own state of a dossier means to whoever waits for it. Each registry numbers its states otherwise,
    so the state itself stays beside it, with its list; a state of which nobody told the meaning has no stage.
    """

    SUBMITTED = "submitted"
    """Sent, and not yet taken up."""

    ACCEPTED = "accepted"
    """Taken up, and waiting for its turn."""

    IN_PROGRESS = "in_progress"
    SUPPLEMENT_NEEDED = "supplement_needed"
    """Waiting for papers or corrections from the applicant."""

    PAYMENT_NEEDED = "payment_needed"
    READY = "ready"
    """Done: there is a result."""

    DECLINED = "declined"
    """Not taken up, or turned down."""

    WITHDRAWN = "withdrawn"
    """Taken back by the applicant."""

    STOPPED = "stopped"
