"""What goes on, for whoever waits: one line that changes on a terminal, a line each with its second elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console

__all__ = ["told_to"]


@contextmanager
def told_to(console: Console) -> Iterator[Callable[[str], None]]:
    """Takes what goes on and shows it. A file or a pipe gets plain lines at once, so that silence means trouble."""
    if console.is_terminal:
        with console.status("starting") as status:
            yield status.update
        return
    started = monotonic()

    def line(what: str) -> None:
        console.print(f"{monotonic() - started:6.0f} s  {what}", markup=False, highlight=False, soft_wrap=True)

    yield line
