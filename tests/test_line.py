"""Who waits for a registry takes turns: consumers by weight, the agencies of one alike, batches last."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gateway.channel.line import Line, Share

GREEDY = Share("one-stop", "H08.01")
MODEST = Share("one-stop", "H08.12")


def _filled(*shares: tuple[Share, int]) -> Line[tuple[Share, int]]:
    line: Line[tuple[Share, int]] = Line()
    for share, times in shares:
        for number in range(times):
            line.push((share, number), share)
    return line


def _popped(line: Line[tuple[Share, int]], times: int) -> list[tuple[Share, int]]:
    return [one for one in (line.pop() for _ in range(times)) if one is not None]


def test_one_account_is_served_in_order() -> None:
    """Who came first is asked first."""
    assert [number for _, number in _popped(_filled((GREEDY, 5)), 9)] == [0, 1, 2, 3, 4]


def test_f36_a_department_with_a_hundred_questions_does_not_delay_another() -> None:
    """Two agencies take turns, however many questions one of them has waiting."""
    line = _filled((GREEDY, 100), (MODEST, 3))

    assert [share.agency for share, _ in _popped(line, 6)] == ["H08.01", "H08.12"] * 3


def test_inventing_agencies_gains_nothing_against_another_consumer() -> None:
    """Consumers share first; how many agencies one of them names is its own affair."""
    many = [(Share("greedy", f"A{number}"), 1) for number in range(50)]
    line = _filled(*many, (Share("other", "B"), 10))

    assert Counter(share.consumer for share, _ in _popped(line, 20)) == {"greedy": 10, "other": 10}


def test_weights_share_in_their_measure() -> None:
    """A consumer of weight three is served three times for each time of weight one."""
    heavy, light = Share("heavy", weight=3), Share("light")
    line = _filled((heavy, 100), (light, 100))

    assert Counter(share.consumer for share, _ in _popped(line, 40))["heavy"] == 30


def test_a_batch_waits_for_those_with_people_waiting() -> None:
    """A batch of the same weight gets one place in eleven while others wait, and all of them once nobody does."""
    batch, counter = Share("night", batch=True), Share("desk")
    line = _filled((batch, 100), (counter, 100))

    assert Counter(share.consumer for share, _ in _popped(line, 110)) == {"desk": 100, "night": 10}
    assert len(_popped(line, 200)) == 90


def test_who_comes_anew_begins_at_the_present_turn() -> None:
    """Having asked nothing for an hour gives no right to a hundred turns at once."""
    line = _filled((Share("old"), 100))
    _popped(line, 50)
    for number in range(50):
        line.push((Share("new"), number), Share("new"))

    assert Counter(share.consumer for share, _ in _popped(line, 20))["new"] == 10


def test_whoever_has_most_waiting_makes_room() -> None:
    """The last question of the greediest is the one to go; the greediest itself finds nobody greedier."""
    line = _filled((GREEDY, 9), (MODEST, 1))

    found = line.greediest(MODEST)
    assert found is not None
    assert found[0] == (GREEDY, 8)
    assert line.greediest(GREEDY) is None


def test_a_line_full_of_agencies_has_room_for_another_consumer() -> None:
    """One consumer with a question from each of a hundred agencies does not keep another's first question out."""
    line = _filled(*((Share("greedy", f"A{number}"), 1) for number in range(100)))

    assert line.greediest(Share("greedy", "A100")) is None
    found = line.greediest(Share("other", "B"))
    assert found is not None
    assert found[1].consumer == "greedy"
    assert line.greediest(Share("night", "B", batch=True)) is not None
    assert _filled((GREEDY, 9)).greediest(Share("night", "B", batch=True)) is None


shares = st.builds(Share, st.sampled_from("abc"), st.sampled_from("xyz"), st.just(1.0), st.booleans())


@given(st.lists(st.tuples(shares, st.sampled_from(["push", "pop", "discard"])), max_size=60))
def test_nothing_is_lost_and_nothing_is_served_twice(steps: list[tuple[Share, str]]) -> None:
    """Whatever comes, goes or gives up: each is served once, and the line knows how many wait."""
    line: Line[object] = Line()
    waiting: dict[object, Share] = {}
    for share, step in steps:
        if step == "push":
            item = object()
            line.push(item, share)
            waiting[item] = share
        elif step == "pop":
            popped = line.pop()
            assert (popped is None) == (not waiting)
            waiting.pop(popped, None)
        elif waiting:
            item, of = next(iter(waiting.items()))
            line.discard(item, of)
            line.discard(item, of)
            del waiting[item]
        assert len(line) == len(waiting)
        assert 0 <= line.ahead(share) <= len(line)
    assert {line.pop() for _ in range(len(line))} == set(waiting)
