"""All metrics of one moment, to be looked up by name and labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Figures", "gained"]

Labels = Mapping[str, str]


def gained(now: float, before: float) -> float:
    """What a count has gained; one that went back, as after a restart, began again at 0."""
    return now - before if now >= before else now


class Figures:
    """Samples as `telemetry.samples` gives them. What was never counted is 0, or None where 0 would mean something."""

    def __init__(self, samples: Iterable[tuple[str, Labels, float]]) -> None:
        self._samples: dict[str, list[tuple[Labels, float]]] = {}
        for name, labels, value in samples:
            self._samples.setdefault(name, []).append((labels, value))

    def each(self, name: str, **labels: str) -> Iterator[tuple[Labels, float]]:
        """Every sample of that name with at least these labels."""
        for has, value in self._samples.get(name, ()):
            if all(has.get(label) == wanted for label, wanted in labels.items()):
                yield has, value

    def total(self, name: str, **labels: str) -> float:
        """The sum of them; 0 where there is none."""
        return sum(value for _, value in self.each(name, **labels))

    def one(self, name: str, **labels: str) -> float | None:
        """The only sample, or the first; None where there is none."""
        return next((value for _, value in self.each(name, **labels)), None)

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Sums by the values of one label."""
        found: dict[str, float] = {}
        for has, value in self.each(name, **labels):
            found[has[label]] = found.get(has[label], 0.0) + value
        return found

    def only(self, names: Iterable[str]) -> Figures:
        """The samples of these names alone, to be kept for a while."""
        kept = Figures(())
        kept._samples = {name: self._samples[name] for name in names if name in self._samples}
        return kept
