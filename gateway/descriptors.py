"""File descriptors: callers may hold half of them, so that registries, files and threads find one at any time."""

from __future__ import annotations

import resource

__all__ = ["for_callers"]


def for_callers(wanted: int) -> int:
    """
    How many connections of callers this process can afford, at most `wanted`.

    The soft limit is raised towards the hard one where that helps.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < 2 * wanted:
        soft = 2 * wanted if hard == resource.RLIM_INFINITY else min(2 * wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(wanted, soft // 2))
