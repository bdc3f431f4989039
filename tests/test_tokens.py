"""Access tokens: what is accepted, and everything that looks like a token and is none of ours (A17-A23)."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.errors import CheckUnavailable, SettingsError, Unauthenticated
from gateway.settings import Settings
from gateway.stores.state import MemoryState, State
from gateway.stores.state_file import FileState
from gateway.telemetry import configure_logs
from gateway.web.authentication.jwks import KeySource, keys_from, keys_in
from gateway.web.authentication.tokens import Rules, Tokens
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, Desk, MovableClock, open_desk, settings_for
from tests.issuer import AUDIENCE, CLIENT, ISSUER, Issuer, b64, in_der, parts, with_other_s
from tests.policies import policy, rule, with_policy
from tests.test_stores import redis_state

RULES = {"issuer": ISSUER, "audience": AUDIENCE}


@pytest.fixture
def issuer(clock: MovableClock) -> Issuer:
    return Issuer(clock.now())


def tokens_of(clock: MovableClock, *issuers: Issuer, state: State | None = None, **rules: Any) -> Tokens:
    source = KeySource(clock, fixed=keys_from(issuers[0].jwks(*issuers[1:])))
    return Tokens(Rules(**RULES | rules), source, {CLIENT: "one-stop"}, state or MemoryState(clock), clock)


async def fault_of(tokens: Tokens, token: str) -> str:
    """The code with which a token is refused."""
    with pytest.raises(Unauthenticated) as caught:
        await tokens.consumer(token, None)
    (problem,) = caught.value.problems
    for piece in token.split("."):
        assert len(piece) < 9 or (piece not in str(caught.value) and piece not in problem.advice)
    return problem.code


# --- through the front door ----------------------------------------------------------------------


def with_tokens(settings: Settings, folder: Path, issuer: Issuer, **rules: Any) -> Settings:
    """The consumer `one-stop` known by its tokens alone."""
    (folder / "jwks.json").write_bytes(issuer.jwks())
    section = {**RULES, "jwks_file": folder / "jwks.json", **rules}
    one_stop = settings.consumers["one-stop"].model_dump() | {"api_key_sha256": None, "token_client": CLIENT}
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    return Settings(**values | {"consumers": {"one-stop": one_stop}, "tokens": section})


async def ask(desk: Desk, token: str | None, **headers: str) -> tuple[int, dict[str, Any]]:
    body = {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}
    sent = headers if token is None else {"Authorization": f"Bearer {token}", **headers}
    async with desk.session.post(f"{desk.url}/v1/lookups", json=body, headers=sent) as reply:
        return reply.status, await reply.json(content_type=None)


@asynccontextmanager
async def desk_with(stand_ins: Running, folder: Path, **rules: Any) -> AsyncIterator[tuple[Desk, Issuer]]:
    issuer = Issuer(SystemClock().now())
    async with open_desk(with_tokens(settings_for(stand_ins.base_url), folder, issuer, **rules)) as desk:
        yield desk, issuer


async def test_a_good_token_asks_and_asks_again(stand_ins: Running, tmp_path: Path) -> None:
    """An access token is meant to be used until it is over: for many questions, and for the catalogue."""
    async with desk_with(stand_ins, tmp_path) as (desk, issuer):
        token = issuer.token()
        answers = [await ask(desk, token) for _ in range(3)]
        async with desk.session.get(f"{desk.url}/v1/datasets", headers={"Authorization": f"bearer {token}"}) as reply:
            listed = reply.status
        text = await desk.metrics()

    assert [(status, answer["outcome"]) for status, answer in answers] == [(200, "found")] * 3
    assert listed == 200
    assert 'gateway_authentications_total{by="token",result="ok"} 4.0' in text


async def test_a17_a20_a_wrong_token_is_a_typed_problem_that_repeats_nothing(
    stand_ins: Running, tmp_path: Path
) -> None:
    """What is wrong is said as a code, in both languages; no piece of a token is in an answer, a log or a metric."""
    stream = io.BytesIO()
    async with desk_with(stand_ins, tmp_path) as (desk, issuer):
        configure_logs("debug", stream)
        wrong = {
            "credentials_missing": None,
            "token_malformed": "CANARY-no-token",
            "token_header": issuer.token({"alg": "none"}),
            "token_signature": issuer.token()[:-8] + "AAAAAAAA",
            "token_expired": issuer.token(exp=issuer.now - 100, iat=issuer.now - 200),
            "token_audience": issuer.token(aud="CANARY-other"),
            "token_client_unknown": issuer.token(client_id="CANARY-unknown"),
        }
        answers = {code: await ask(desk, token) for code, token in wrong.items()}
        text = await desk.metrics()

    for code, (status, problem) in answers.items():
        assert (status, problem["reason"], problem["actor"]) == (401, "unauthenticated", "consumer")
        assert problem["type"].endswith(":unauthenticated")
        assert [one["code"] for one in problem["problems"]] == [code]
        assert all(" / " in one["advice"] for one in problem["problems"])
    written = json.dumps(answers) + stream.getvalue().decode() + text
    assert "CANARY" not in written
    assert not [
        piece for token in wrong.values() if token for piece in token.split(".") if len(piece) > 20 and piece in written
    ]
    assert 'gateway_refusals_total{refusal="unauthenticated"} 7.0' in text
    assert 'gateway_authentications_total{by="token",result="refused"} 6.0' in text
    assert 'gateway_authentications_total{by="none",result="refused"} 1.0' in text


async def test_two_tokens_at_once_are_one_too_many(stand_ins: Running, tmp_path: Path) -> None:
    """Where a request names two tokens, two readers could take different ones: neither is read."""
    async with desk_with(stand_ins, tmp_path) as (desk, issuer):
        headers = [("Authorization", f"Bearer {issuer.token()}") for _ in range(2)]
        async with desk.session.get(f"{desk.url}/v1/datasets", headers=headers) as reply:
            problem = await reply.json(content_type=None)

    assert (reply.status, problem["problems"][0]["code"]) == (401, "token_malformed")


async def test_a_key_and_a_token_must_be_the_same_consumers(stand_ins: Running, tmp_path: Path) -> None:
    """A request that shows two systems' credentials is nobody's."""
    issuer = Issuer(SystemClock().now())
    settings = with_tokens(settings_for(stand_ins.base_url), tmp_path, issuer)
    other = settings_for(stand_ins.base_url).consumers["one-stop"]
    both = settings.model_copy(update={"consumers": {**settings.consumers, "other": other}})
    both = with_policy(both, policy(rule({"dkdn.enterprise": ["*"]}, consumers=["one-stop", "other"])))
    async with open_desk(both) as desk:
        differ = await ask(desk, issuer.token(), **{"X-API-Key": "test-key-not-real"})
        good = await ask(desk, None, **{"X-API-Key": "test-key-not-real"})

    assert (differ[0], differ[1]["problems"][0]["code"]) == (401, "consumers_differ")
    assert good[0] == 200


# --- A17: the header -----------------------------------------------------------------------------


def forged(issuer: Issuer) -> dict[str, tuple[str, str]]:
    payload = json.dumps(issuer.claims()).encode()
    thief = Issuer(MovableClock().now(), kid=issuer.kid)
    unsigned = b64(json.dumps({"alg": "none"}).encode()) + "." + b64(payload) + "."
    return {
        "none": (unsigned, "token_header"),
        "None in other letters": (unsigned.replace(b64(b'{"alg": "none"}'), b64(b'{"alg": "nOnE"}')), "token_header"),
        "none with a kid": (issuer.sign(payload, {"alg": "none"}), "token_header"),
        "HS256 with the public key": (issuer.hmac_with_the_public_key(payload), "token_header"),
        "an algorithm that is not allowed": (issuer.sign(payload, {"alg": "ES384"}), "token_header"),
        "an algorithm of another kind of key": (issuer.sign(payload, {"alg": "RS256"}), "token_signature"),
        "no algorithm": (issuer.sign(payload, {"alg": None}), "token_malformed"),
        "unknown crit": (issuer.sign(payload, {"crit": ["exp"], "exp": 1}), "token_header"),
        "b64 false": (issuer.sign(payload, {"crit": ["b64"], "b64": False}), "token_header"),
        "jku": (issuer.sign(payload, {"jku": "http://canary.invalid/jwks"}), "token_header"),
        "x5u": (issuer.sign(payload, {"x5u": "http://canary.invalid/x"}), "token_header"),
        "its own key": (thief.sign(payload, {"jwk": thief.jwk(), "kid": None}), "token_header"),
        "its own certificate": (issuer.sign(payload, {"x5c": ["AAAA"]}), "token_header"),
        "somebody else's key under our kid": (thief.sign(payload), "token_signature"),
        "kid as a path": (issuer.sign(payload, {"kid": "../../../../dev/null"}), "token_key_unknown"),
        "kid as SQL": (issuer.sign(payload, {"kid": "' OR 1=1 --"}), "token_key_unknown"),
        "kid as a number": (issuer.sign(payload, {"kid": 1}), "token_header"),
        "kid as a list": (issuer.sign(payload, {"kid": ["key-1"]}), "token_header"),
        "a long kid": (issuer.sign(payload, {"kid": "k" * 300}), "token_header"),
        "another type": (issuer.sign(payload, {"typ": "logout+jwt"}), "token_header"),
        "two parts": ("a.b", "token_malformed"),
        "five parts": ("a.b.c.d.e", "token_malformed"),
        "nothing": ("", "token_malformed"),
        "no text": ("\udcff.\udcff.\udcff", "token_malformed"),
        "far too long": ("a" * 9000, "token_malformed"),
        "a space in it": (issuer.sign(payload).replace(".", " .", 1), "token_malformed"),
        "a header that is a list": (f"{b64(b'[]')}.e30.AAAA", "token_malformed"),
        "a header as deep as a well": (f"{b64(b'[' * 900)}.e30.AAAA", "token_malformed"),
    }


@pytest.mark.parametrize("name", forged(Issuer(MovableClock().now())))
async def test_a17_no_header_chooses_how_a_token_is_checked(name: str, issuer: Issuer, clock: MovableClock) -> None:
    """Algorithm and key come from the settings and the issuer's set; whatever a header asks for beyond is refused."""
    token, code = forged(issuer)[name]
    tokens = tokens_of(clock, issuer)

    assert await fault_of(tokens, token) == code
    assert await tokens.consumer(issuer.token(), None) == "one-stop"


@pytest.mark.parametrize("rsa", [False, True])
async def test_a_good_token_names_its_consumer(rsa: bool, clock: MovableClock) -> None:
    """ES256 and RS256, with or without a kid where the issuer has one key, a list of audiences, any usual type."""
    issuer = Issuer(clock.now(), rsa=rsa)
    tokens = tokens_of(clock, issuer)
    for header in ({}, {"kid": None}, {"typ": "JWT"}, {"typ": None}, {"typ": "application/at+jwt"}, {"x5t": "AAAA"}):
        assert await tokens.consumer(issuer.token(header), None) == "one-stop"
    assert await tokens.consumer(issuer.token(aud=["other", AUDIENCE]), None) == "one-stop"


async def test_a_token_without_a_kid_is_ambiguous_where_there_are_two_keys(clock: MovableClock) -> None:
    """No key is guessed, and none is tried after another."""
    first, second = Issuer(clock.now()), Issuer(clock.now(), kid="key-2")

    assert await fault_of(tokens_of(clock, first, second), first.token({"kid": None})) == "token_key_unknown"


# --- A18-A20: the claims -------------------------------------------------------------------------

MINUTES_AGO = -3600
CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "no exp": ({"exp": None}, "token_claims"),
    "no aud": ({"aud": None}, "token_claims"),
    "no iss": ({"iss": None}, "token_claims"),
    "no iat": ({"iat": None}, "token_claims"),
    "no jti": ({"jti": None}, "token_claims"),
    "empty jti": ({"jti": ""}, "token_claims"),
    "jti as a number": ({"jti": 7}, "token_claims"),
    "a jti without end": ({"jti": "j" * 300}, "token_claims"),
    "exp as text": ({"exp": "4102444800"}, "token_claims"),
    "exp as true": ({"exp": True}, "token_claims"),
    "exp beyond every date": ({"exp": 10**30}, "token_claims"),
    "aud of another service": ({"aud": "other-service"}, "token_audience"),
    "aud of other services": ({"aud": ["a", "b"]}, "token_audience"),
    "aud that begins like ours": ({"aud": f"{AUDIENCE}-test"}, "token_audience"),
    "aud in other letters": ({"aud": AUDIENCE.upper()}, "token_audience"),
    "iss of another issuer": ({"iss": "https://other.invalid"}, "token_issuer"),
    "iss with a slash more": ({"iss": f"{ISSUER}/"}, "token_issuer"),
    "no client": ({"client_id": None}, "token_client_unknown"),
    "a client that is nobody": ({"client_id": "nobody"}, "token_client_unknown"),
    "a client as a list": ({"client_id": [CLIENT]}, "token_client_unknown"),
}


@pytest.mark.parametrize(("changes", "code"), CLAIMS.values(), ids=CLAIMS.keys())
async def test_a18_a19_every_claim_must_be_there_and_ours(
    changes: dict[str, Any], code: str, issuer: Issuer, clock: MovableClock
) -> None:
    """exp, iat, iss, aud and jti are required, of their form, and issuer and audience to the letter."""
    assert await fault_of(tokens_of(clock, issuer), issuer.token(**changes)) == code


TIMES: dict[str, tuple[dict[str, int], str]] = {
    "over since 31 s": ({"exp": -31}, "token_expired"),
    "exp in the year 5138": ({"exp": 99_999_999_999 - 1_772_328_600}, "token_lifetime"),
    "a life of an hour and a second": ({"iat": 0, "exp": 3601}, "token_lifetime"),
    "issued in 31 s": ({"iat": 31, "exp": 60}, "token_not_yet"),
    "not before 31 s": ({"nbf": 31}, "token_not_yet"),
    "over before it began": ({"iat": 20, "exp": 10}, "token_lifetime"),
}


@pytest.mark.parametrize(("offsets", "code"), TIMES.values(), ids=TIMES.keys())
async def test_a20_times_are_bounded_on_every_side(
    offsets: dict[str, int], code: str, issuer: Issuer, clock: MovableClock
) -> None:
    """A token that is over, of the future, or good for more than an hour is refused; half a minute of clock is not."""
    times = {name: issuer.now + offset for name, offset in offsets.items()}

    assert await fault_of(tokens_of(clock, issuer), issuer.token(**times)) == code


@pytest.mark.parametrize("offsets", [{"exp": -29}, {"iat": 29, "exp": 60}, {"nbf": 29}, {"iat": 0, "exp": 3600}])
async def test_clocks_may_differ_a_little(offsets: dict[str, int], issuer: Issuer, clock: MovableClock) -> None:
    """Within the leeway a token passes, however the clocks differ."""
    times = {name: issuer.now + offset for name, offset in offsets.items()} | {}
    if offsets.get("exp") == -29:
        times["iat"] = issuer.now - 100

    assert await tokens_of(clock, issuer).consumer(issuer.token(**times), None) == "one-stop"


@pytest.mark.parametrize("payload", [b"[]", b"7", b"", b'{"iss": 1, "iss": 2}', b"\xff", b"{" * 50])
async def test_a_payload_that_is_no_object_is_refused(payload: bytes, issuer: Issuer, clock: MovableClock) -> None:
    """A signature over rubbish makes no token of it; nor may a claim stand twice."""
    assert await fault_of(tokens_of(clock, issuer), issuer.sign(payload)) == "token_claims"


@pytest.mark.parametrize("claim", ["azp", "sub"])
async def test_the_claim_that_names_the_client_is_a_setting(claim: str, issuer: Issuer, clock: MovableClock) -> None:
    """Issuers differ in where they say who the client is; only the configured claim counts."""
    tokens = tokens_of(clock, issuer, client_claim=claim)

    assert await tokens.consumer(issuer.token(**{claim: CLIENT, "client_id": "x"}), None) == "one-stop"
    assert await fault_of(tokens, issuer.token()) == "token_client_unknown"


# --- A21, A23: replay ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "redis"])
async def test_a21_a_single_use_token_is_used_once_on_all_instances_and_after_a_restart(
    kind: str, issuer: Issuer, clock: MovableClock, tmp_path: Path
) -> None:
    """With `single_use` the same jti is refused the second time, wherever and whenever it comes."""

    def opened() -> State:
        return FileState(tmp_path / "state", clock) if kind == "file" else shared

    shared: State = redis_state() if kind == "redis" else MemoryState(clock)
    here, there = opened(), opened()
    first, second = (tokens_of(clock, issuer, state=state, single_use=True) for state in (here, there))
    token = issuer.token()
    assert await first.consumer(token, None) == "one-stop"
    codes = [await fault_of(one, token) for one in (first, second)]
    if kind == "file":
        await here.close()
        await there.close()
    again = opened()
    restarted = tokens_of(clock, issuer, state=again, single_use=True)
    codes.append(await fault_of(restarted, token))
    assert await restarted.consumer(issuer.token(), None) == "one-stop"
    await again.close()

    assert codes == ["token_replayed"] * 3


async def test_a21_of_many_at_once_one_passes(issuer: Issuer, clock: MovableClock, tmp_path: Path) -> None:
    """Twenty requests with one single-use token at the same time: exactly one is let through."""
    state = FileState(tmp_path / "state", clock)
    tokens = tokens_of(clock, issuer, state=state, single_use=True)
    token = issuer.token()
    results = await asyncio.gather(*(tokens.consumer(token, None) for _ in range(20)), return_exceptions=True)
    await state.close()

    assert results.count("one-stop") == 1
    assert sum(isinstance(one, Unauthenticated) for one in results) == 19


async def test_a21_one_jti_is_one_token(issuer: Issuer, clock: MovableClock) -> None:
    """A second token under a jti that was seen is refused, while the first one goes on."""
    tokens = tokens_of(clock, issuer)
    first = issuer.token(jti="same")

    assert await tokens.consumer(first, None) == "one-stop"
    assert await fault_of(tokens, issuer.token(jti="same", exp=issuer.now + 200)) == "token_replayed"
    assert await tokens.consumer(first, None) == "one-stop"


MUTATIONS: dict[str, tuple[Callable[[str], str], str]] = {
    "DER instead of r and s": (in_der, "token_signature"),
    "r is 0": (lambda token: f"{parts(token)[0]}.{b64(bytes(32) + parts(token)[1][32:])}", "token_signature"),
    "s is 0": (lambda token: f"{parts(token)[0]}.{b64(parts(token)[1][:32] + bytes(32))}", "token_signature"),
    "r and s are 0": (lambda token: f"{parts(token)[0]}.{b64(bytes(64))}", "token_signature"),
    "no signature": (lambda token: f"{parts(token)[0]}.", "token_signature"),
    "a byte more": (lambda token: f"{parts(token)[0]}.{b64(parts(token)[1] + b'x')}", "token_signature"),
    "the other s": (with_other_s, "token_replayed"),
    "padded": (lambda token: f"{token}==", "token_signature"),
    "the claims of another": (lambda token: token.replace(token.split(".")[1], b64(b"{}")), "token_signature"),
}


@pytest.mark.parametrize(("mutate", "code"), MUTATIONS.values(), ids=MUTATIONS.keys())
async def test_a23_no_other_form_of_a_signature_passes(
    mutate: Callable[[str], str], code: str, issuer: Issuer, clock: MovableClock
) -> None:
    """A signature in another form, of zeros, or turned into its twin is refused beside the token that it came from."""
    tokens = tokens_of(clock, issuer)
    token = issuer.token()

    assert await tokens.consumer(token, None) == "one-stop"
    assert await fault_of(tokens, mutate(token)) == code


def rewritten(token: str, key_size: int) -> Iterator[str]:
    """A token with a part gone, added or altered, or one bit of its signature turned, as Wycheproof does."""
    header, payload, signature = token.split(".")
    yield from (header, payload, signature, f"{header}.{payload}", f"{payload}.{signature}", f"{header}.{signature}")
    yield from (f"{header}.{payload}.", f".{payload}.{signature}", f"{header}..{signature}", "..", ".", f".{payload}.")
    yield from (f"{token}.", f"{token}.foo", f".{token}", f"{token}.{signature}", f"{header}.{token}")
    yield json.dumps({"payload": payload, "protected": header, "signature": signature})
    yield json.dumps({"payload": payload, "signatures": [{"protected": header, "signature": signature}]})
    for odd in "=?~+/ \n\t\0":
        yield from (f"{header}{odd}.{payload}.{signature}", f"{header}.{odd}{payload}.{signature}", token + odd)
        yield f"{header}.{payload}.{signature[:9]}{odd}{signature[9:]}"
    yield f"{header}.{payload}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}"  # bits that no byte has
    raw = parts(token)[1]
    assert len(raw) == key_size
    for place in range(key_size * 8):
        turned = bytearray(raw)
        turned[place // 8] ^= 1 << place % 8
        yield f"{header}.{payload}.{b64(bytes(turned))}"
    for size in (0, 1, key_size - 1, key_size + 1, 2 * key_size):
        yield f"{header}.{payload}.{b64((raw * 2)[:size])}"


@pytest.mark.parametrize(("rsa", "size"), [(False, 64), (True, 256)])
async def test_a23_no_bit_of_a_token_may_differ(rsa: bool, size: int, clock: MovableClock) -> None:
    """Every one of some thousand alterations of a good token is refused, and the token itself then passes."""
    issuer = Issuer(clock.now(), rsa=rsa)
    tokens = tokens_of(clock, issuer)
    token = issuer.token()
    accepted = []
    for other in rewritten(token, size):
        try:
            accepted.append((other, await tokens.consumer(other, None)))
        except Unauthenticated:
            continue

    assert accepted == []
    assert await tokens.consumer(token, None) == "one-stop"


async def test_a_verified_token_is_kept_a_minute_and_never_beyond_its_end(issuer: Issuer, clock: MovableClock) -> None:
    """What was verified is not verified again for a minute; a token that ends sooner is refused when it has ended."""
    tokens = tokens_of(clock, issuer, leeway_s=0)
    token = issuer.token(exp=issuer.now + 40)
    assert await tokens.consumer(token, None) == "one-stop"
    clock.advance(39)
    assert await tokens.consumer(token, None) == "one-stop"
    clock.advance(1)
    assert await fault_of(tokens, token) == "token_expired"


async def test_a_state_that_is_away_lets_no_token_through(stand_ins: Running, tmp_path: Path) -> None:
    """Where replay cannot be ruled out it is 503 `check_unavailable`: not the caller's fault, and not let in."""
    issuer = Issuer(SystemClock().now())
    settings = with_tokens(settings_for(stand_ins.base_url), tmp_path, issuer)
    away = settings.state.model_copy(update={"store": "redis", "url": "redis://127.0.0.1:9/0"})
    async with open_desk(settings.model_copy(update={"state": away})) as desk:
        status, problem = await ask(desk, issuer.token())
        text = await desk.metrics()

    assert (status, problem["reason"], problem["actor"]) == (503, "check_unavailable", "operator")
    assert 'gateway_authentications_total{by="token",result="unavailable"} 1.0' in text
    assert not list(stand_ins.journal)


# --- the issuer's keys ---------------------------------------------------------------------------


class Fetching:
    """An issuer's address: counts, and answers what it is told to; an exception is raised."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.count = 0
        self.answered = asyncio.Event()

    async def __call__(self) -> bytes:
        self.count += 1
        await asyncio.sleep(0)
        self.answered.set()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_an_unknown_kid_is_looked_up_once_a_minute(issuer: Issuer, clock: MovableClock) -> None:
    """Fifty unknown kids at once cost one fetch, more of them none; a new key is found after a minute."""
    fetch = Fetching(issuer.jwks())
    keys = KeySource(clock, fetch=fetch)
    assert await keys.find("key-1") is not None
    found = await asyncio.gather(*(keys.find(f"unknown-{one}") for one in range(50)))
    assert found == [None] * 50
    assert fetch.count == 1

    fetch.answer = issuer.jwks(Issuer(clock.now(), kid="key-2"))
    clock.advance(59)
    assert await keys.find("key-2") is None
    clock.advance(1)
    both = await asyncio.gather(*(keys.find("key-2") for _ in range(50)))
    assert None not in both
    assert fetch.count == 2


async def test_the_last_good_keys_stay_when_the_issuer_is_away(
    issuer: Issuer, clock: MovableClock, tmp_path: Path
) -> None:
    """Neither a silent issuer nor a broken answer takes a key away, and a restart finds them on disk."""
    cache = tmp_path / "jwks-cache.json"
    fetch = Fetching(issuer.jwks())
    keys = KeySource(clock, fetch=fetch, cache=cache)
    assert await keys.find("key-1") is not None
    for answer in (
        TimeoutError(),
        b"<html>",
        b'{"keys": []}',
        b'{"keys": [{"kty": "oct", "k": "AAAA", "kid": "key-1"}]}',
    ):
        fetch.answer = answer
        clock.advance(61)
        assert await keys.find("other") is None
        assert await keys.find("key-1") is not None
    assert fetch.count == 5

    restarted = KeySource(clock, fetch=Fetching(TimeoutError()), cache=cache)
    assert await restarted.find("key-1") is not None
    await keys.close()
    await restarted.close()


async def test_a_key_that_the_issuer_withdraws_ends_within_the_hour(issuer: Issuer, clock: MovableClock) -> None:
    """Keys are fetched again by themselves, without a request waiting, and one that is gone is gone."""
    other = Issuer(clock.now(), kid="key-2")
    fetch = Fetching(issuer.jwks(other))
    keys = KeySource(clock, fetch=fetch, refresh_s=3600)
    assert await keys.find("key-1") is not None
    fetch.answer = other.jwks()
    fetch.answered.clear()
    clock.advance(3600)
    assert await keys.find("key-1") is not None
    await fetch.answered.wait()
    assert await keys.find("key-1") is None


async def test_without_any_key_nothing_is_decided(clock: MovableClock) -> None:
    """An issuer that was never reached is our trouble, not the caller's: 503, and asked again after five seconds."""
    fetch = Fetching(TimeoutError())
    keys = KeySource(clock, fetch=fetch)
    for _ in range(3):
        with pytest.raises(CheckUnavailable):
            await keys.find("key-1")
    assert fetch.count == 1
    clock.advance(5)
    with pytest.raises(CheckUnavailable):
        await keys.find("key-1")
    assert fetch.count == 2


async def test_a_crowd_that_waits_for_keys_is_not_let_grow(clock: MovableClock) -> None:
    """While the issuer is silent fifty may wait for its keys; all others are told at once that it cannot be said."""
    asked = asyncio.Event()

    async def silent() -> bytes:
        asked.set()
        await asyncio.Event().wait()
        return b""

    keys = KeySource(clock, fetch=silent)
    waiting = [asyncio.create_task(keys.find(f"unknown-{one}")) for one in range(50)]
    await asked.wait()
    with pytest.raises(CheckUnavailable, match="too many"):
        await keys.find("one-more")

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    again = asyncio.create_task(keys.find("one-more"))
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()
    await keys.close()


async def test_keys_are_fetched_from_the_configured_address_over_a_socket(stand_ins: Running, tmp_path: Path) -> None:
    """The issuer's key set is read over HTTP, and no redirect leads to another."""
    issuer = Issuer(SystemClock().now())
    asked: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        body = issuer.jwks()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
    cache = tmp_path / "cache.json"
    settings = with_tokens(settings_for(stand_ins.base_url), tmp_path, issuer)
    assert settings.tokens is not None
    fetched = settings.tokens.model_copy(update={"jwks_file": None, "jwks_url": url, "jwks_cache_file": cache})
    async with server, open_desk(settings.model_copy(update={"tokens": fetched})) as desk:
        status, _ = await ask(desk, issuer.token())
        unknown, _ = await ask(desk, issuer.token({"kid": "other"}))
        pointing = [(await ask(desk, issuer.token({name: f"{url}/canary"})))[0] for name in ("jku", "x5u", "kid")]

    assert (status, unknown) == (200, 401)
    assert pointing == [401] * 3
    assert len(asked) == 1
    assert asked[0].startswith(b"GET /jwks HTTP/1.1\r\n")
    assert keys_in(cache).keys() == {"key-1", None}


USELESS = {
    "no keys": b'{"keys": []}',
    "a secret": b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}',
    "for encryption": json.dumps({"keys": [Issuer(MovableClock().now()).jwk() | {"use": "enc"}]}).encode(),
    "a list": b"[]",
    "no JSON": b"CANARY",
    "a point off the curve": b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "a"}]}',
}


@pytest.mark.parametrize("document", USELESS.values(), ids=USELESS.keys())
def test_a_key_set_without_a_usable_key_stops_the_start(document: bytes, tmp_path: Path) -> None:
    """A file that holds no public signing key is a wrong setting, named, and not quoted."""
    (tmp_path / "jwks.json").write_bytes(document)
    with pytest.raises(SettingsError, match=r"tokens\.jwks_file") as caught:
        keys_in(tmp_path / "jwks.json")
    assert "CANARY" not in str(caught.value)
