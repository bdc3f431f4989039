"""The closed lists of words about papers."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["LEGAL", "Cause", "Clause", "Decision", "Publication", "Situation"]


class Clause(StrEnum):
    """How the procedure's own text lets data replace a paper (domain.md, 2.1)."""

    A = "A"
    """The paper is not asked for where the office can obtain the information."""
    B = "B"
    """The paper is handed in only where the information is not obtained, incomplete or inaccurate."""
    C = "C"
    """A personal number is declared in place of the paper."""
    D = "D"
    """The paper is replaced once the registry runs, or is connected."""
    N = "N"
    """No clause: the paper is listed as before."""


class Decision(StrEnum):
    """What becomes of one paper."""

    WAIVED = "waived"
    """Data replaces it: it must not be asked for."""
    REQUIRED = "required"
    """It is asked for."""
    OFFICER = "officer"
    """A person must look before it is the one or the other."""
    PENDING = "pending"
    """The registry could not be asked now; asking again may still replace the paper."""


class Cause(StrEnum):
    """Why a paper is not waived, in law. The first three are those of Nghị quyết 66.7/2025/NQ-CP, Điều 2."""

    NOT_OBTAINED = "not_obtained"
    INCOMPLETE = "incomplete"
    INACCURATE = "inaccurate"
    NOT_PUBLISHED = "not_published"
    """The resolution does not reach this data: its owner has not published it as ready."""
    NO_CLAUSE = "no_clause"
    """The procedure's own text does not let data replace the paper."""
    NOT_IN_FORCE = "not_in_force"
    """The data is there and exact, and says that what the paper would prove does not hold."""


LEGAL = (Cause.NOT_OBTAINED, Cause.INCOMPLETE, Cause.INACCURATE)


class Publication(StrEnum):
    """Whether the registry's owner has published what would replace a paper."""

    PUBLISHED = "published"
    NOT_PUBLISHED = "not_published"
    OUTSIDE = "outside"
    """Published for a part of the subjects, and this is none of them."""
    UNSAID = "unsaid"
    """Published for a part, and nobody has said whether this is one of them."""


class Situation(StrEnum):
    """
    Everything that the gateway can find of one paper: from the law, from an answer, or from there being none. `booked`:
    it is asked about before an appointment; `expired`: a ticket ended before there was an answer; `key_missing`: a
    record lacks what the next registry is asked by.
    """

    NO_CLAUSE = "no_clause"
    NO_REGISTRY = "no_registry"
    NOT_PUBLISHED = "not_published"
    OUTSIDE = "outside"
    UNSAID = "unsaid"
    NOT_ASKED = "not_asked"
    BOOKED = "booked"
    EXPIRED = "expired"
    MATCHING = "matching"
    DIACRITICS = "diacritics_differ"
    COARSER_DATE = "coarser_date"
    NOT_COMPARABLE = "not_comparable"
    INCOMPLETE = "incomplete"
    KEY_MISSING = "key_missing"
    MISMATCH = "mismatch"
    CONTRADICTED = "contradicted"
    NOT_IN_FORCE = "not_in_force"
    FORCE_UNCLEAR = "force_unclear"
    ABSENT = "absent"
    ABSENT_UNSURE = "absent_unsure"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CIRCUIT_OPEN = "circuit_open"
    THROTTLED = "throttled"
    OVERLOADED = "overloaded"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    REFUSED = "refused"
    REJECTED = "rejected"
    MALFORMED = "malformed"
    MISMATCHED = "mismatched"
    AMBIGUOUS = "ambiguous"
    NOT_COVERED = "not_covered"
    NOT_CONNECTED = "not_connected"
