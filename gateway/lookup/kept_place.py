"""Where a kept answer lies: a spelling of everything that it depends on, of which a keyed digest is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.domain.dataset import Sensitivity
from gateway.lookup.catalogue import Entry
from gateway.lookup.fields import in_order
from gateway.lookup.freshness import Freshness
from gateway.lookup.seams import Asking
from gateway.telemetry import Metrics

__all__ = ["RESULTS", "KeptDataset", "kept_dataset", "question"]

RESULTS = ("hit", "miss", "stale", "collapsed")


@dataclass(frozen=True, slots=True)
class KeptDataset:
    """One dataset's rule, what every key of it begins with, and its counters."""

    freshness: Freshness
    is_public: bool
    begins: bytes
    count: Callable[[str], None]


def kept_dataset(entry: Entry, source: str, metrics: Metrics) -> KeptDataset:
    """What is the same for every question about a dataset; `source` is how its instance is configured."""
    instance, dataset = entry.instance, entry.dataset
    begins = (instance.name, dataset.noun, instance.adapter.registry, instance.channel.contract, source)
    counters = {result: metrics.cache_questions.labels(instance.name, result) for result in RESULTS}
    return KeptDataset(
        entry.freshness,
        dataset.sensitivity is Sensitivity.PUBLIC,
        "\0".join(begins).encode(),
        lambda result: counters[result].inc(),
    )


def question(asking: Asking, dataset: KeptDataset) -> bytes:
    """
    Everything that an answer depends on, in one spelling. No part holds a NUL: JSON writes it as an escape, and every
    other part has a form of its own without it.
    """
    inquiry, grant = asking.inquiry, asking.grant
    parts = [
        dataset.begins,
        _json(asking.query),
        inquiry.purpose.encode(),
        ",".join(in_order(grant.fields)).encode(),
        grant.policy.encode(),
    ]
    if not dataset.is_public:
        parts += (asking.consumer.name.encode(), _json(inquiry))
    return b"\0".join(parts)


def _json(model: Any) -> bytes:
    """The model as it was read; two equal ones are written alike. Half the time of `model_dump_json`."""
    written: bytes = type(model).__pydantic_serializer__.to_json(model)
    return written
