"""Kept answers in a real Redis, shared by two gateways: sealed, and whatever is wrong is a miss, never an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from gateway import app
from gateway.app_cache import forget
from gateway.cli import cli
from gateway.clock import SystemClock
from gateway.commands.keys import Algorithm, make
from gateway.errors import SettingsError, StoreUnavailable
from gateway.kit.check import check_shared_cache
from gateway.lookup.pipeline import LookupResult
from gateway.settings import CacheSettings, KeysSettings, Settings, load
from gateway.settings_cache import CacheRedisSettings
from mocks.faults import Fault
from mocks.server import Running, running
from tests.conftest import FIRM, MAU, MovableClock, settings_for
from tests.office import Office, at_work
from tests.policies import policy, rule, with_policy
from tests.redis_server import SHARED_URL, new_prefix, own_redis, until

DAY_S = 24 * 3600
HEAD = 96
"""Bytes of a row before what is sealed: place, instant, end, subject."""


@pytest.fixture
async def stand_ins(clock: MovableClock) -> AsyncIterator[Running]:
    """Registries whose time is the test's."""
    async with running(now=lambda: clock.now().timestamp()) as served:
        yield served


@pytest.fixture
def prefix() -> str:
    return new_prefix()


def sharing(stand_ins: Running, folder: Path, url: str, prefix: str, **changes: Any) -> Settings:
    """The usual two registries, and kept answers in a Redis."""
    if not (folder / "keys").exists():
        make(folder / "keys", Algorithm.ES256)
    redis = CacheRedisSettings(**{"url": url, "prefix": prefix, "timeout_s": 2.0, "places": 64} | changes)
    return settings_for(stand_ins.base_url).model_copy(
        update={"cache": CacheSettings(store="redis", redis=redis), "keys": keys_in(folder / "keys")}
    )


def keys_in(*folders: Path) -> KeysSettings:
    return KeysSettings(
        signing_key_file=folders[0] / "signing-key.pem", secret_files=tuple(folder / "secret" for folder in folders)
    )


@pytest.fixture
def settings(stand_ins: Running, tmp_path: Path, prefix: str) -> Settings:
    return sharing(stand_ins, tmp_path, SHARED_URL, prefix)


@pytest.fixture
async def gateway(settings: Settings, clock: MovableClock) -> AsyncIterator[Callable[..., Any]]:
    """Makes one more gateway on the same Redis."""
    async with AsyncExitStack() as working:

        async def one(changed: Settings | None = None) -> Office:
            return await working.enter_async_context(at_work(changed or settings, clock))

        yield one


@pytest.fixture
async def hands(prefix: str) -> AsyncIterator[Redis]:
    """Somebody who may do with Redis whatever he likes. What is left in the corner goes at the end."""
    redis = Redis.from_url(SHARED_URL)
    yield redis
    left = await redis.keys(f"{prefix}*")
    if left:
        await redis.delete(*left)
    await redis.aclose()


async def citizen(office: Office, max_age_s: int = 600, **more: Any) -> LookupResult:
    """A person's answer, and whatever is to be written of it is written."""
    result = await office.ask(max_age_s=max_age_s, **more)
    await written(office)
    return result


async def firm(office: Office, max_age_s: int = DAY_S, **more: Any) -> LookupResult:
    result = await office.ask("dkdn.enterprise", FIRM, max_age_s=max_age_s, **more)
    await written(office)
    return result


async def written(office: Office) -> None:
    await office.core.cache._further.flush()  # type: ignore[union-attr]


async def heard(office: Office) -> None:
    """It asks for news now, as it does every five seconds."""
    await office.core.cache._follow(office.core.cache._further)  # type: ignore[union-attr, arg-type]


def via(result: LookupResult) -> str:
    return result.answer.provenance.via


def alarms(office: Office, what: str) -> float:
    return office.count("gateway_cache_alarms_total", what=what)


def questions(stand_ins: Running, registry: str = "dkdn") -> int:
    return sum(one.registry == registry and "token" not in one.operation for one in stand_ins.journal)


async def rows(hands: Redis, prefix: str) -> dict[str, bytes]:
    """What lies in the places, by key."""
    return {key.decode(): await hands.get(key) for key in await hands.keys(f"{prefix}answer:*")}


# --- shared ----------------------------------------------------------------------------------------


async def test_instances_share_what_is_kept(gateway: Any, clock: MovableClock, stand_ins: Running) -> None:
    """What one has fetched the other gives, with the same record and provenance, and its true age; then from memory."""
    one, other = await gateway(), await gateway()
    live = await citizen(one)
    clock.advance(30)
    kept = [await citizen(other) for _ in range(2)]

    assert [(via(each), each.answer.provenance.age_s) for each in kept] == [("cache", 30)] * 2
    assert {each.record.content for each in kept if each.record} == {live.record.content if live.record else b""}
    assert kept[0].answer.fetched_by == live.lookup_id
    assert kept[0].answer.provenance.answered_at == live.answer.provenance.answered_at
    assert questions(stand_ins, "dancu") == 1


async def test_nothing_in_redis_can_be_read(gateway: Any, hands: Redis, prefix: str) -> None:
    """Neither keys nor values hold a name, a number, a code or an account; each key has an end."""
    one = await gateway()
    await citizen(one)
    await firm(one)
    await one.core.cache.forget("person", "000099000002")
    await heard(one)
    keys = await hands.keys(f"{prefix}*")
    content = b"".join([*keys, *(await rows(hands, prefix)).values()])
    lives = [await hands.pttl(key) for key in keys]

    assert len(keys) >= 5
    assert min(lives) > 0
    for canary in ("NGUY", MAU["citizen_id"], "000099000002", FIRM["enterprise_code"], "full_name", "canbo.mau", "H08"):
        assert canary.encode() not in content


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "verify_residence"},
        {"fields": ["full_name"]},
        {"case_id": "H08.12-260301-0002"},
        {"officer": {"id": "000080000010", "account": "canbo.hai"}},
        {"agency": "H08.13"},
        {"query": MAU | {"citizen_id": "000099000002"}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_c01_a_row_serves_its_own_question_alone(
    change: dict[str, Any], stand_ins: Running, settings: Settings, gateway: Any, hands: Redis, prefix: str
) -> None:
    """
    A row that somebody puts where another purpose, set of fields, case, officer, agency or subject looks is refused,
    with an alarm where it shows that it was moved.
    """
    both = rule({"dancu.citizen": ["*"]}, purposes=("verify_identity", "verify_residence"))
    settings = with_policy(settings, policy(both))
    one, other = await gateway(settings), await gateway(settings)
    await citizen(one)
    ((key, row),) = (await rows(hands, prefix)).items()
    asking = len(stand_ins.journal)
    for number in range(64):
        await hands.set(f"{key.rpartition(':')[0]}:{number}", row, px=60_000)
    result = await citizen(other, **change)

    assert via(result) == "live"
    assert len(stand_ins.journal) > asking
    assert alarms(other, "altered") <= 1


async def test_c01_rows_that_are_exchanged_are_refused(gateway: Any, hands: Redis, prefix: str) -> None:
    """Each of two rows in the other's place is a miss and an alarm."""
    one, other = await gateway(), await gateway()
    await citizen(one, fields=["full_name"])
    await citizen(one, fields=["birth_date"])
    found = await rows(hands, prefix)
    if len(found) < 2:
        pytest.skip("both lie in one place, under these keys")
    for key, value in zip(found, reversed(found.values()), strict=True):
        await hands.set(key, value, px=60_000)

    assert [via(await citizen(other, fields=[name])) for name in ("full_name", "birth_date")] == ["live"] * 2
    assert alarms(other, "altered") == 2


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a byte of the ciphertext": lambda row: row[:-20] + bytes([row[-20] ^ 1]) + row[-19:],
    "a byte of the nonce": lambda row: row[: HEAD + 30] + bytes([row[HEAD + 30] ^ 1]) + row[HEAD + 31 :],
    "a later instant": lambda row: row[:32] + b"%016d" % (int(row[32:48]) + 1) + row[48:],
    "a later end": lambda row: row[:48] + b"%016d" % (int(row[48:64]) + 10**9) + row[64:],
    "another subject": lambda row: row[:64] + b"0" * 32 + row[96:],
    "cut short": lambda row: row[: HEAD + 20],
    "no row": lambda _: b"\xff" * 10,
    "numbers that are none": lambda row: row[:32] + b"x" * 32 + row[64:],
    "nothing sealed": lambda row: row[:HEAD],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_a_row_with_anything_changed_is_refused(
    change: Callable[[bytes], bytes], gateway: Any, hands: Redis, prefix: str
) -> None:
    """It is a miss and an alarm; it is deleted, asked anew, and kept again."""
    one, other = await gateway(), await gateway()
    await citizen(one)
    ((key, row),) = (await rows(hands, prefix)).items()
    await hands.set(key, change(row), px=60_000)

    assert via(await citizen(other)) == "live"
    assert alarms(other, "altered") == 1
    assert via(await citizen(await gateway())) == "cache"


async def test_c02_an_old_row_that_is_put_back_is_refused(
    gateway: Any, hands: Redis, prefix: str, clock: MovableClock
) -> None:
    """By each instance that has seen a newer one in its place; for the others it is as old as it is."""
    one, other = await gateway(), await gateway()
    await citizen(one)
    ((key, old),) = (await rows(hands, prefix)).items()
    clock.advance(100)
    await citizen(one, 10)
    assert (await citizen(other)).answer.provenance.age_s == 0
    await hands.set(key, old, px=600_000)
    stranger = await gateway()
    assert (await citizen(stranger)).answer.provenance.age_s == 100
    other.core.cache._kept._answers.clear()

    assert via(await citizen(other)) == "live"
    assert alarms(other, "rolled_back") == 1


async def test_a_row_that_outlives_its_end_is_a_miss(
    gateway: Any, hands: Redis, prefix: str, clock: MovableClock
) -> None:
    """Whoever takes the end from a key keeps no answer alive."""
    one, other = await gateway(), await gateway()
    await citizen(one)
    ((key, _),) = (await rows(hands, prefix)).items()
    await hands.persist(key)
    clock.advance(601)

    assert via(await citizen(other)) == "live"


async def test_an_answer_asked_anew_replaces_the_shared_one(gateway: Any, clock: MovableClock) -> None:
    """`max_age_s` 0 keeps nothing, but leaves no older answer to anybody who comes later."""
    one, other, third = await gateway(), await gateway(), await gateway()
    await citizen(other, 0)
    await citizen(one)
    clock.advance(100)
    await citizen(other, 0)
    clock.advance(5)

    assert (await citizen(third)).answer.provenance.age_s == 5


async def test_what_is_kept_takes_no_more_places_than_settings_say(
    stand_ins: Running, tmp_path: Path, prefix: str, gateway: Any, hands: Redis
) -> None:
    """With two places there are two rows, whatever is asked; what is too large for one is in none."""
    one = await gateway(sharing(stand_ins, tmp_path, SHARED_URL, prefix, places=2, answer_bytes=1024))
    for number in range(12):
        await citizen(one, fields=["full_name"], case_id=f"H08.12-260301-{number:04}")
    kept = await rows(hands, prefix)
    await firm(one)

    assert 1 <= len(kept) <= 2
    assert await rows(hands, prefix) == kept
    assert [alarms(one, what) for what in ("altered", "rolled_back", "unavailable")] == [0, 0, 0]


async def test_a_secret_is_changed_without_a_gap(
    settings: Settings, gateway: Any, tmp_path: Path, hands: Redis, prefix: str
) -> None:
    """
    With the new secret first and the old one second an instance still finds what lies under the old one; once that is
    gone, nothing under it is given, and nothing is an alarm unless it stands in the very place.
    """
    old = await gateway()
    await citizen(old)
    make(tmp_path / "new", Algorithm.ES256)
    both = await gateway(settings.model_copy(update={"keys": keys_in(tmp_path / "new", tmp_path / "keys")}))
    assert via(await citizen(both)) == "cache"
    assert await both.core.cache.forget("person", MAU["citizen_id"]) == 1
    assert via(await citizen(both)) == "live"
    await heard(old)
    new = await gateway(settings.model_copy(update={"keys": keys_in(tmp_path / "new")}))

    assert via(await citizen(old)) == "live"
    assert len(await rows(hands, prefix)) in {1, 2}
    assert alarms(new, "key_gone") == alarms(old, "altered") == 0


# --- one fetch -------------------------------------------------------------------------------------


async def test_equal_questions_at_two_instances_are_one_request(settings: Settings, stand_ins: Running) -> None:
    """Of what is public: the second waits for what the first one gets."""
    real: Any = SystemClock()
    async with at_work(settings, real) as one, at_work(settings, real) as other:
        stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.4, path="chiTiet"))
        told = await asyncio.gather(*(firm(office) for office in (one, other) * 3))

    fetched = [result.lookup_id for result in told if result.answer.attempts]
    assert {result.answer.outcome.word for result in told} == {"found"}
    assert questions(stand_ins) == len(fetched) == 1
    assert {result.answer.fetched_by for result in told if not result.answer.attempts} == set(fetched)


async def test_what_the_first_does_not_get_the_second_asks(gateway: Any, stand_ins: Running) -> None:
    """A request that fails leaves the turn to the next one, at once; no instance is told another's failure."""
    one, other = await gateway(), await gateway()
    stand_ins.faults.set("dkdn", Fault("down", path="chiTiet"))
    first = await firm(one)
    stand_ins.faults.clear()
    second = await firm(other)

    assert (first.answer.outcome.word, second.answer.outcome.word) == ("unknown", "found")


async def test_a_turn_that_its_holder_lost_is_waited_for_half_of_the_time(
    gateway: Any, hands: Redis, clock: MovableClock
) -> None:
    """An instance that died while it asked leaves its turn behind: others ask all the same, in time."""
    one = await gateway()
    cache = one.core.cache
    began = clock.monotonic()
    cache._further.turn = never
    result = await firm(one)

    assert via(result) == "live"
    assert 1.5 < clock.monotonic() - began < 2.6  # of five seconds


async def never(key: bytes, *, for_s: float) -> bool:
    return False


# --- Redis away ------------------------------------------------------------------------------------


async def test_without_redis_answers_are_kept_in_memory(
    stand_ins: Running, tmp_path: Path, clock: MovableClock
) -> None:
    """It is killed: nothing fails, each instance goes on with its own memory; it is back: they share again."""
    async with own_redis(tmp_path) as redis, AsyncExitStack() as working:
        settings = sharing(stand_ins, tmp_path, redis.url, "p:")
        one, other = [await working.enter_async_context(at_work(settings, clock)) for _ in range(2)]
        told = [via(await citizen(one))]
        await redis.kill()
        told += [via(await citizen(office)) for office in (one, other, other)]
        assert one.core.unready is None
        with pytest.raises(StoreUnavailable):
            await one.core.cache.forget("person", MAU["citizen_id"])  # type: ignore[union-attr]
        await redis.start()
        await until(lambda: not _link(one).is_away and not _link(other).is_away)
        told += [via(await firm(one)), via(await firm(other))]

    assert told == ["live", "cache", "live", "cache", "live", "cache"]


async def test_a_redis_that_hangs_is_waited_for_once(stand_ins: Running, tmp_path: Path, clock: MovableClock) -> None:
    """The first question waits the short time that a command has; the next ones are asked as if there were none."""
    async with own_redis(tmp_path) as redis:
        settings = sharing(stand_ins, tmp_path, redis.url, "p:", timeout_s=0.4)
        async with at_work(settings, clock) as office:
            await citizen(office)
            redis.hold()
            told = [via(await citizen(office, fields=[name])) for name in ("full_name", "birth_date", "sex")]
            away = _link(office).is_away
            redis.resume()
            await until(lambda: not _link(office).is_away)
            told.append(via(await citizen(office, fields=["full_name", "sex"])))

    assert told == ["live"] * 4
    assert away


def _link(office: Office) -> Any:
    return office.core.cache._further.answers._link  # type: ignore[union-attr]


# --- forgetting ------------------------------------------------------------------------------------


async def test_c08_who_is_forgotten_is_forgotten_by_all(
    gateway: Any, hands: Redis, prefix: str, clock: MovableClock
) -> None:
    """
    His rows are deleted, the other instance forgets him when it hears, and a row that is put back from a copy is
    refused. Others' rows stay.
    """
    one, other = await gateway(), await gateway()
    await citizen(one)
    await citizen(other)
    ((key, row),) = (await rows(hands, prefix)).items()
    await firm(one)

    assert await one.core.cache.forget("person", MAU["citizen_id"]) == 1
    assert key not in await rows(hands, prefix) or (await rows(hands, prefix))[key] != row
    await hands.set(key, row, px=60_000)
    await heard(other)
    asked = [via(await citizen(office)) for office in (one, other)]
    assert asked == ["live", "live"]
    assert via(await firm(other)) == "cache"


async def test_c08_the_command_says_whom_it_did_not_reach(
    gateway: Any, settings: Settings, prefix: str, hands: Redis, tmp_path: Path
) -> None:
    """It waits until every worker has heard; one that is silent is told, with how long it has been."""
    one = await gateway()
    await citizen(one)
    await heard(one)
    silent = await asyncio.to_thread(forget, settings, "person", MAU["citizen_id"], within_s=0)
    await heard(one)
    waiting = asyncio.create_task(asyncio.to_thread(forget, settings, "person", MAU["citizen_id"], within_s=30))
    while not waiting.done():
        await heard(one)
        await asyncio.sleep(0.1)
    told = await waiting

    assert (silent.answers, len(silent.silent)) == (1, 1)
    assert (told.answers, told.silent) == (0, ())


def test_c08_the_command_fails_where_redis_is_away(tmp_path: Path) -> None:
    """It says that not all is deleted, and what to do; with an exit code that a script sees."""
    make(tmp_path / "keys", Algorithm.ES256)
    file = tmp_path / "gateway.toml"
    keys = '[keys]\nsigning_key_file = "keys/signing-key.pem"\nsecret_files = ["keys/secret"]\n'
    file.write_text(f'{keys}[cache]\nstore = "redis"\nredis = {{ url = "redis://127.0.0.1:9" }}\n')
    done = CliRunner().invoke(cli, ["cache", "forget", "-s", str(file)], input=f"{MAU['citizen_id']}\n")

    assert done.exit_code != 0
    assert isinstance(done.exception, StoreUnavailable)
    with pytest.raises(StoreUnavailable, match="run it again"):
        forget(load(file), "person", MAU["citizen_id"])


async def test_check_says_whether_it_can_be_reached(settings: Settings, gateway: Any) -> None:
    """With the settings that would lose or keep values; one that is away is a failed step with what to look at."""
    one = await gateway()
    (well,) = await check_shared_cache(one.core)
    assert settings.cache.redis is not None
    gone = settings.cache.redis.model_copy(update={"url": "redis://127.0.0.1:9"})
    changed = settings.model_copy(update={"cache": settings.cache.model_copy(update={"redis": gone})})
    (away,) = await check_shared_cache(replace(one.core, settings=changed))

    assert (well.probe.ok, away.probe.ok) == (True, False)
    assert "cache.redis" in away.probe.advice


def test_what_is_shared_wants_keys() -> None:
    """What lies in Redis is sealed; without a secret the gateway does not start."""
    cache = CacheSettings(store="redis", redis=CacheRedisSettings(url="redis://127.0.0.1:9"))
    with pytest.raises(SettingsError, match="keys"):
        app.build(settings_for("http://registry.invalid").model_copy(update={"cache": cache}))
