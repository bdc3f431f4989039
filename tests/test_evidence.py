"""Evidence: what the gateway signs is believed, and nothing else, by the gateway and by a stranger's program alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import KeySet
from typer.testing import CliRunner

from gateway.cli import cli
from gateway.crypto import from_b64url
from gateway.errors import EvidenceError, EvidenceNotInLedger
from gateway.keyring import key_set, read_key_set
from gateway.ledger.canonical import Written, canonical
from gateway.ledger.evidence import digest_of, draft, matches_record, verified
from gateway.ledger.records import encoded
from gateway.lookup.access import Grant
from gateway.lookup.document import document_of
from gateway.lookup.request import LookupRequest
from tests.conftest import INQUIRY, MAU, NOBODY, Desk
from tests.evidence import (
    ABSENT,
    FOUND,
    INDEX,
    LOG,
    MUTATIONS,
    PUBLISHED,
    SIGNERS,
    Mutation,
    Spoiler,
    evidence,
    key_set_file,
)
from verifier import verify_evidence as stranger

SPOILED = [(one, alg) for one in MUTATIONS for alg in one.algs]
NAMES = [f"{one.name}, {alg}" for one, alg in SPOILED]


# --- what is made --------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", SIGNERS)
@pytest.mark.parametrize("document", [FOUND, ABSENT], ids=["found", "absent"])
def test_what_is_sealed_is_verified(document: dict[str, Any], alg: str) -> None:
    """The document comes back whole, with format, salt and its place in the ledger."""
    found = verified(evidence(document, alg), PUBLISHED)

    assert found == document | {"format": 1, "salt": found["salt"], "ledger": {"log": LOG, "index": INDEX}}


@pytest.mark.parametrize("alg", SIGNERS)
def test_any_jose_library_can_check_the_signature(alg: str) -> None:
    """It is an ordinary JWS under an ordinary JWK set: another library comes to the same document."""
    text = evidence(alg=alg)
    read = jws.deserialize_compact(text, KeySet.import_key_set(json.loads(key_set_file())), algorithms=[alg])

    assert json.loads(read.payload) == verified(text, PUBLISHED)
    assert read.headers() == {"alg": alg, "kid": SIGNERS[alg].kid, "typ": "onestop-evidence+json"}


def test_the_digest_is_of_everything_but_the_place_in_the_ledger() -> None:
    """The leaf can be written before its index is known, and covers document and salt."""
    drafted = draft(FOUND)
    found = verified(drafted.sealed(SIGNERS["ES256"], log=LOG, index=INDEX), PUBLISHED)

    assert digest_of(found) == drafted.digest == digest_of(found | {"ledger": {"log": "another", "index": 1}})
    assert digest_of(found | {"salt": "00" * 16}) != drafted.digest


def test_two_equal_answers_have_two_digests() -> None:
    """128 random bits stand in each: from a digest nobody can try out what the answer was."""
    drafts = [draft(FOUND) for _ in range(100)]

    assert len({one.digest for one in drafts}) == 100
    assert {len(str(json.loads(b"{" + one.after)["salt"])) for one in drafts} == {32}
    assert draft(FOUND, random=bytes).digest == draft(FOUND, random=bytes).digest


def test_l13_a_draft_does_not_print_what_it_holds() -> None:
    """Its text has the digest, and nothing of the person."""
    drafted = draft(FOUND)

    assert drafted.digest in repr(drafted)
    assert "MẪU" not in repr(drafted)
    assert "000099000001" not in repr(drafted)


@pytest.mark.parametrize(
    "change",
    [
        {"record": {"ratio": 0.5}},
        {"record": {"tuổi": 1}},
        {"record": {"n": 2**53}},
        {"record": {"t": "\ud800"}},
        {"x": 1},
    ],
    ids=["a fraction", "a name beyond ASCII", "a large number", "half a surrogate", "a member more"],
)
def test_what_has_no_one_form_is_never_drafted(change: dict[str, Any]) -> None:
    """A bug of ours ends before anything is signed, and its text quotes nothing."""
    with pytest.raises(ValueError, match=r"canonical form|members") as caught:
        draft(FOUND | change)

    assert "ratio" not in str(caught.value)


async def test_a_real_answer_becomes_evidence(desk: Desk) -> None:
    """Found and absent alike: who asked, about whom, when, over what, and only the granted fields."""
    consumer = next(iter(desk.core.consumers.values()))
    for query, outcome in ((MAU, "found"), (NOBODY, "absent")):
        body = {"dataset": "dancu.citizen", "query": query, "inquiry": INQUIRY, "fields": ["full_name"]}
        request = LookupRequest.model_validate(body)
        result = await desk.core.lookup.ask("id-1", consumer, request)
        document = document_of(
            lookup_id=result.lookup_id,
            dataset=result.dataset,
            consumer=consumer.name,
            query=desk.core.lookup._query(desk.core.catalogue.find("dancu.citizen"), request),
            inquiry=request.inquiry,
            grant=Grant(fields=frozenset({"full_name"}), withheld=("religion",), rules=("r",), policy="p"),
            answer=result.answer,
            record=result.record,
        )
        text = draft(document).sealed(SIGNERS["ES256"], log=LOG, index=INDEX)

        found = verified(text, PUBLISHED)
        assert (found["outcome"], found["query"], found["inquiry"]) == (outcome, query, INQUIRY)
        assert found["record"] == ({"full_name": "NGUYỄN VĂN MẪU"} if outcome == "found" else None)
        assert found["provenance"]["asked_at"].endswith("Z")
        assert stranger.document_of(text, stranger.public_keys(key_set_file()))[0] == found


# --- the one form --------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ASCII = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(ASCII, VALUES, max_size=6))
@settings(max_examples=100, deadline=None)
def test_both_programs_write_one_form(value: dict[str, Any]) -> None:
    """Whatever a document may hold, the gateway and the stand-alone verifier write it to the same byte."""
    assert canonical(value) == stranger.canonical(value)
    assert stranger.parsed(canonical(value)) == value


def test_the_one_form_is_that_of_rfc_8785() -> None:
    """The texts, literals and order of its example (3.2.2 and 3.2.3), which has no fraction."""
    value = {
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
        "1": "One",
        "\r": "CR",
    }

    assert canonical(value) == (
        b'{"\\r":"CR","1":"One","literals":[null,true,false],"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


# --- what is refused -----------------------------------------------------------------------------


def test_there_are_at_least_twenty_mutations_and_each_has_a_name_of_its_own() -> None:
    """Of either algorithm."""
    for alg in SIGNERS:
        names = [one.name for one in MUTATIONS if alg in one.algs]
        assert len(names) == len(set(names)) >= 20


@pytest.mark.parametrize(("mutation", "alg"), SPOILED, ids=NAMES)
def test_a17_a23_spoiled_evidence_is_refused_by_both_for_the_same_reason(mutation: Mutation, alg: str) -> None:
    """The gateway and the stand-alone verifier refuse it with one word, which is that of the cause."""
    text = mutation.spoil(Spoiler(alg))

    with pytest.raises(EvidenceError) as ours:
        verified(text, PUBLISHED)
    with pytest.raises(stranger.Refused) as theirs:
        stranger.document_of(text, stranger.public_keys(key_set_file()))

    assert ours.value.word == str(theirs.value).partition(":")[0] == mutation.word
    assert "MẪU" not in str(ours.value) + str(theirs.value)


def test_every_word_of_an_evidence_error_is_said_by_both_programs() -> None:
    """Each error class has its own word, the verifier knows all of them, and each is said of some mutation."""
    words = [one.word for one in EvidenceError.__subclasses__()]

    assert len(words) == len(set(words))
    assert set(words) | {"bad_keys"} == set(stranger.WORDS)
    assert set(words) - {"not_in_ledger"} == {one.word for one in MUTATIONS}


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_letter_can_be_changed(data: st.DataObject) -> None:
    """Any letter of the text in any other's place: never believed."""
    text = ONE
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ế\0"))

    spoiled = text[:place] + letter + text[place + 1 :]
    if spoiled != text:
        with pytest.raises(EvidenceError):
            verified(spoiled, PUBLISHED)


ONE = evidence()


# --- record and digest ---------------------------------------------------------------------------


def record_of(document: dict[str, Any], **change: Any) -> bytes:
    told = {name: document[name] for name in ("lookup_id", "dataset", "outcome")}
    return encoded({"type": "answered", "index": INDEX, "digest": digest_of(document), "at": "x"} | told | change)


def test_the_ledgers_record_commits_to_the_document() -> None:
    """The record of this answer fits; one of another answer, another digest or another kind does not."""
    document = verified(evidence(), PUBLISHED)
    wrong = {
        "digest": record_of(document, digest="00" * 32),
        "no digest": record_of(document, digest=None),
        "index": record_of(document, index=INDEX + 1),
        "lookup": record_of(document, lookup_id="another"),
        "outcome": record_of(document, outcome="absent"),
        "kind": record_of(document, type="asked"),
        "no JSON": b"{",
        "a list": b"[]",
    }

    matches_record(document, record_of(document))
    stranger.check_record(document, record_of(document))
    for record in wrong.values():
        with pytest.raises(EvidenceNotInLedger):
            matches_record(document, record)
        with pytest.raises(stranger.Refused):
            stranger.check_record(document, record)


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "keys.json").write_bytes(key_set_file())
    (tmp_path / "evidence.jws").write_text(evidence() + "\n")
    return tmp_path


def run(files: Path, *more: str) -> Any:
    return CliRunner().invoke(
        cli, ["evidence", "verify", str(files / "evidence.jws"), "--keys", str(files / "keys.json"), *more]
    )


def test_the_command_says_who_asked_when_and_what_came_of_it(files: Path) -> None:
    """In Vietnamese and English, without the record itself; exit code 0."""
    done = run(files)

    assert done.exit_code == 0
    for text in ("Chữ ký đúng", "found", "dancu.citizen", "H08.12", "2026-03-01T01:30:00.123456Z", f"{LOG} {INDEX}"):
        assert text in done.stdout
    assert "MẪU" not in done.output


def test_the_command_gives_the_whole_document_as_json(files: Path) -> None:
    """With --json a program gets what was signed."""
    assert json.loads(run(files, "--json").stdout) == verified((files / "evidence.jws").read_text().strip(), PUBLISHED)


def test_the_command_checks_the_record_too(files: Path) -> None:
    """The right record is confirmed; a wrong one is exit code 1."""
    document = verified((files / "evidence.jws").read_text().strip(), PUBLISHED)
    (files / "record.json").write_bytes(record_of(document))
    right = run(files, "--record", str(files / "record.json"))
    (files / "record.json").write_bytes(record_of(document, index=1))
    wrong = run(files, "--record", str(files / "record.json"))

    assert (right.exit_code, "bản ghi sổ khớp" in right.stdout) == (0, True)
    assert (wrong.exit_code, wrong.stdout, "not_in_ledger" in wrong.stderr) == (1, "", True)


@pytest.mark.parametrize("mutation", [one for one in MUTATIONS if "ES256" in one.algs], ids=lambda one: one.name)
def test_the_command_refuses_every_mutation(mutation: Mutation, files: Path) -> None:
    """Exit code 1, the word on standard error, nothing on standard output."""
    (files / "evidence.jws").write_text(mutation.spoil(Spoiler("ES256")), encoding="utf-8", errors="surrogateescape")

    done = run(files)

    assert (done.exit_code, done.stdout) == (1, "")
    assert mutation.word in done.stderr


@pytest.mark.parametrize("content", [b"", b"{}", b'{"keys":[]}', b'{"keys":[{"kty":"oct","k":"AA"}]}', b"\xff", b"[]"])
def test_a_bad_key_set_is_named_by_its_file(content: bytes, files: Path) -> None:
    """One sentence that names the file; nothing is verified with half of a set."""
    (files / "keys.json").write_bytes(content)

    done = run(files)

    assert done.exit_code != 0
    assert "keys.json" in str(done.exception)
    with pytest.raises(stranger.Refused, match="bad_keys"):
        stranger.public_keys(content)


def test_a_key_set_holds_public_keys_only() -> None:
    """What is published leads back to the same keys, and a single JWK is a set of one."""
    assert read_key_set(key_set_file()) == PUBLISHED
    assert read_key_set(json.dumps(key_set(PUBLISHED.values())["keys"][0]).encode()).keys() <= PUBLISHED.keys()


def test_the_payload_is_what_a_reader_sees() -> None:
    """Base64url of canonical JSON and nothing else: no compression, no encryption, readable in fifty years."""
    payload = from_b64url(evidence().split(".")[1])

    assert payload == canonical(json.loads(payload))
    assert "NGUYỄN VĂN MẪU" in payload.decode()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**55), 2**55) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), _VALUES, max_size=4))
def test_a_value_has_a_canonical_form_exactly_when_each_part_of_it_is_plain(value: dict[str, Any]) -> None:
    """And written beforehand or with the rest, it reads and looks the same."""

    def is_plain(one: Any) -> bool:
        match one:
            case dict():
                return all(name.isascii() for name in one) and all(map(is_plain, one.values()))
            case list():
                return all(map(is_plain, one))
            case bool() | str() | None:
                return True
            case int():
                return abs(one) < 2**53
            case _:
                return False

    try:
        written = canonical({"a": value})
    except ValueError:
        assert not is_plain(value)
        return
    assert is_plain(value)
    assert json.loads(written) == {"a": value} == {"a": Written.of(value).values}
    assert written == json.dumps({"a": value}, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert written == canonical({"a": Written.of(value)})
