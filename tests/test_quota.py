"""What a registry takes from us in a minute and a day is never exceeded, and people at a counter come first."""

from __future__ import annotations

import pytest

from gateway.channel.quota import Quota, QuotaPolicy
from gateway.domain.exchange import Response
from gateway.wire.headers import quota_resets_in_s
from mocks.server import Running
from tests.conftest import MovableClock, open_desk
from tests.load import busy_settings, firm

HOUR_S = 3600.0


def limited(policy: QuotaPolicy) -> Quota:
    return Quota(policy, lambda: 8 * HOUR_S)


def taken(quota: Quota, times: int, *, now: float = 0.0, batch: bool = False) -> int:
    """How many of so many requests may be made."""
    return sum(quota.take(now, batch=batch) is None for _ in range(times))


def test_a_minutes_requests_are_bounded() -> None:
    """The hundred and first waits for the next minute, and is told so."""
    quota = limited(QuotaPolicy(per_minute=100))

    assert taken(quota, 150) == 100
    assert quota.take(30.0, batch=False) == 60.0
    assert taken(quota, 150, now=60.0) == 100


def test_a_day_ends_at_the_registrys_midnight() -> None:
    """What the day allows is used up until it is over, however many minutes there are."""
    quota = limited(QuotaPolicy(per_minute=100, per_day=150))

    assert taken(quota, 200) == 100
    assert taken(quota, 200, now=60.0) == 50
    assert quota.take(120.0, batch=False) == 8 * HOUR_S


def test_the_last_fifth_is_kept_for_the_counter() -> None:
    """A batch stops at eighty of a hundred; who waits at a counter gets the rest."""
    quota = limited(QuotaPolicy(per_minute=100))

    assert taken(quota, 200, batch=True) == 80
    assert taken(quota, 200) == 20


def test_what_the_registry_says_is_left_is_believed() -> None:
    """Three left for ten seconds: three requests, then nothing until they are over."""
    quota = limited(QuotaPolicy())
    quota.learn(3, 10.0, 0.0)

    assert taken(quota, 9) == 3
    assert quota.left() == 0
    assert taken(quota, 9, now=10.0) == 9


def test_a_new_period_is_learned_from_more_that_is_left() -> None:
    """Where the next answer says that more is left than we thought, its word counts."""
    quota = limited(QuotaPolicy())
    quota.learn(1, 100.0, 0.0)
    quota.learn(500, 100.0, 5.0)

    assert taken(quota, 9, now=5.0) == 9


def test_a_number_without_an_end_refuses_nobody() -> None:
    """Nothing left, for nobody knows how long: the registry itself will say so."""
    quota = limited(QuotaPolicy())
    quota.learn(0, None, 0.0)

    assert taken(quota, 9) == 9


def test_the_hour_at_which_it_runs_out_is_foretold() -> None:
    """A thousand a day at one a second end after a thousand seconds; at one in two minutes they last."""
    fast, slow = limited(QuotaPolicy(per_day=1000)), limited(QuotaPolicy(per_day=1000))
    for number in range(101):
        taken(fast, 1, now=float(number))
        taken(slow, 1, now=number * 120.0)

    assert fast.runs_out_at(100.0) == pytest.approx(1000, rel=0.02)
    assert slow.runs_out_at(100 * 120.0) is None


async def test_a_question_beyond_the_quota_is_not_asked(stand_ins: Running) -> None:
    """It ends as `throttled`, with the time at which there is room again; the metrics say how much is left."""
    async with open_desk(busy_settings(stand_ins.base_url, quota={"per_minute": 3})) as desk:
        asked = [await firm(desk) for _ in range(5)]
        metrics = await desk.metrics()

    assert [(one.status, one.reason) for one in asked] == [(200, "found")] * 3 + [(503, "throttled")] * 2
    assert all(50 <= int(one.retry_after or 0) <= 60 for one in asked[3:])
    assert sum(entry.operation == "chiTietDoanhNghiep" for entry in stand_ins.journal) == 3
    assert 'gateway_quota_left{registry="dkdn"}' in metrics


async def test_a_batch_leaves_the_rest_to_the_counter(stand_ins: Running) -> None:
    """A consumer that asks in bulk is stopped while there is still room for people who wait."""
    quota = {"per_minute": 4, "counter_share": 0.5}
    async with open_desk(busy_settings(stand_ins.base_url, consumer={"batch": True}, quota=quota)) as desk:
        asked = [await firm(desk) for _ in range(4)]

    assert [one.reason for one in asked] == ["found", "found", "throttled", "throttled"]


RESETS = {
    "seconds": ({"x-ratelimit-reset": "30"}, 30),
    "an instant": ({"x-ratelimit-reset": "1772328630"}, 30),
    "fields of one header": ({"ratelimit": "limit=100, remaining=50, reset=30"}, 30),
    "a policy": ({"ratelimit": '"default";r=50;t=30'}, 30),
    "garbage": ({"x-ratelimit-reset": "soon"}, None),
    "the past": ({"x-ratelimit-reset": "1500000000"}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), RESETS.values(), ids=RESETS.keys())
def test_when_a_period_begins_anew_is_read(headers: dict[str, str], seconds: int | None, clock: MovableClock) -> None:
    """In each of the forms that are about; what makes no sense is not believed."""
    answer = Response(status=200, headers=headers, received_at=clock.now())

    assert quota_resets_in_s(answer) == seconds
