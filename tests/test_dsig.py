"""
XML signatures: what is covered is read, and nothing else.

The rows of the list of faults that are about them (A28, A30) have a test each, named after the row. In most of them the
signature is a good one, by a key that is trusted: what is refused is what it was put to.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import random
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml import SignatureConfiguration
from signxml.verifier import XMLVerifier

from gateway.domain.signature import SignedForm
from gateway.errors import MalformedAnswer, SettingsError
from gateway.trust import Chained, Pinned, SigningKey
from gateway.wire.dsig import Signer, Verifier
from tests.signing import DS, ENVELOPED, NOW, Issuer, Party, by_hand, rsa_key

WHOLE = SignedForm()
PARTS = SignedForm(parts=("HEADER", "BODY"), place="SECURITY")
MESSAGE = b'<DATA Id="d1"><HEADER><MSG_ID>1</MSG_ID></HEADER><BODY><DUE>100</DUE></BODY></DATA>'
FORGED = MESSAGE.replace(b"100", b"EVIL").replace(b"d1", b"d2")
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER = "ancestor-or-self::HEADER or ancestor-or-self::BODY"

ISSUER = Issuer()
GIP = ISSUER.issue("gip")
THIEF = Issuer("Kẻ gian CA").issue("gip")  # the same name, from an authority that nobody trusts


def signed(party: Party = GIP, form: SignedForm = WHOLE, message: bytes = MESSAGE) -> bytes:
    return Signer(party.signing_key, form).sign(message)


def read(message: bytes | str, *, form: SignedForm = WHOLE, party: Party = GIP) -> bytes:
    """What a reader is given who has pinned that party's certificate."""
    body = message.encode() if isinstance(message, str) else message
    return Verifier(Pinned([party.certificate]), form).covered(body, now=NOW)


def signature_of(message: bytes) -> str:
    found = etree.fromstring(message).find(f".//{{{DS}}}Signature")
    assert found is not None
    return etree.tostring(found, encoding="unicode", with_tail=False)


def with_certificate(message: bytes, der: bytes) -> bytes:
    """The message with another certificate in its signature, which no digest covers."""
    return re.sub(rb"(?<=<ds:X509Certificate>)[^<]*", base64.b64encode(der), message)


def inside(message: bytes, more: str) -> str:
    """The message with something more as the last child of its root."""
    return message.decode().replace("</DATA>", f"{more}</DATA>")


def unsigned(message: bytes) -> str:
    return message.decode().replace(signature_of(message), "")


# --- what it is for ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, rsa_key()], ids=["EC", "RSA"])
@pytest.mark.parametrize("form", [WHOLE, PARTS], ids=["whole", "parts"])
def test_what_is_signed_is_read_back(form: SignedForm, key: object) -> None:
    """A message that its signer signed comes out as it was signed, in canonical form, without the signature."""
    party = ISSUER.issue("gip", key=key)  # type: ignore[arg-type]

    covered = read(signed(party, form), form=form, party=party)

    assert covered == (MESSAGE if form is WHOLE else MESSAGE.replace(b' Id="d1"', b""))


@pytest.mark.parametrize("form", [WHOLE, PARTS], ids=["whole", "parts"])
@pytest.mark.parametrize("old", [b"<DUE>100", b"<MSG_ID>1"])
def test_a_changed_message_is_refused(form: SignedForm, old: bytes) -> None:
    """One digit, in either part, and the signature does not fit any more."""
    message = signed(form=form)
    assert old in message

    with pytest.raises(MalformedAnswer, match="does not fit"):
        read(message.replace(old, old + b"0"), form=form)


def test_the_filter_is_written_as_its_one_known_client_writes_it() -> None:
    """A form with parts refers to the whole document through an XPath filter, in its place, with SHA-256."""
    signature = etree.fromstring(signed(form=PARTS))[-1][0]

    assert signature.findtext(f".//{{{DS}}}XPath") == FILTER
    assert signature.find(f".//{{{DS}}}Reference").get("URI") == ""  # type: ignore[union-attr]
    assert signature.getparent().tag == "SECURITY"  # type: ignore[union-attr]


def test_a_signature_written_by_hand_is_read() -> None:
    """The helper of these tests writes what the library reads, so what they refuse is not refused for its hand."""
    assert read(inside(MESSAGE, by_hand(GIP, ("", ENVELOPED, MESSAGE)))) == MESSAGE
    covered = MESSAGE.decode().removeprefix('<DATA Id="d1">').removesuffix("</DATA>")
    transform = f'<ds:Transform Algorithm="{XPATH}"><ds:XPath>{FILTER}</ds:XPath></ds:Transform>'
    signature = by_hand(GIP, ("", transform, covered.encode()))
    whole = f"<DATA>{covered}</DATA>"
    assert read(inside(MESSAGE, f"<SECURITY>{signature}</SECURITY>"), form=PARTS) == whole.encode()


def test_a_comment_splits_no_value() -> None:
    """What is read is what was signed: a comment inside a number neither breaks the signature nor cuts the number."""
    assert read(signed().replace(b"100<", b"1<!-- x -->00<")) == MESSAGE


def test_nothing_signed_is_named_in_an_error_or_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """The library writes what it signs to its debug log; ours is silent whatever the level, and errors name nothing."""
    logging.getLogger("signxml").setLevel(logging.NOTSET)

    with pytest.raises(MalformedAnswer) as caught:
        read(signed().replace(b"100", b"EVIL"))

    assert "EVIL" not in str(caught.value) + repr(caught.value.__cause__) + caplog.text


# --- A28: signature wrapping ---------------------------------------------------------------------


def xsw1(message: bytes) -> str:
    """The original inside the signature, the signature in the forged document."""
    wrapped = signature_of(message).replace("</ds:Signature>", f"{unsigned(message)}</ds:Signature>")
    return inside(FORGED, wrapped)


def xsw2(message: bytes) -> str:
    """The original beside its signature, both in the forged document."""
    return inside(FORGED, unsigned(message) + signature_of(message))


def xsw3(message: bytes) -> str:
    """The forged document before the signed one, below a new root."""
    return f"<ALL>{FORGED.decode()}{message.decode()}</ALL>"


def xsw4(message: bytes) -> str:
    """The signed document inside the forged one."""
    return inside(FORGED, message.decode())


def xsw5(message: bytes) -> str:
    """The forged document with the signature, the original without it after both."""
    return f"<ALL>{inside(FORGED, signature_of(message))}{unsigned(message)}</ALL>"


def xsw6(message: bytes) -> str:
    """The forged document with the signature, and the original inside that."""
    return f"<ALL>{xsw1(message)}</ALL>"


def xsw7(message: bytes) -> str:
    """The forged document under the same id, in an element that a reader skips."""
    same = FORGED.decode().replace("d2", "d1")
    return inside(unsigned(message).encode(), f"<EXTENSIONS>{same}</EXTENSIONS>{signature_of(message)}")


def xsw8(message: bytes) -> str:
    """The original in an Object of the signature, the forged document around it."""
    obj = f'<ds:Object xmlns:ds="{DS}">{unsigned(message)}</ds:Object></ds:Signature>'
    return inside(FORGED, signature_of(message).replace("</ds:Signature>", obj))


WRAPPINGS = [xsw1, xsw2, xsw3, xsw4, xsw5, xsw6, xsw7, xsw8]
BY_ID, BY_NOTHING = signed(), signed(message=MESSAGE.replace(b' Id="d1"', b""))


@pytest.mark.parametrize("wrap", WRAPPINGS, ids=lambda wrap: wrap.__name__.upper())
@pytest.mark.parametrize("message", [BY_ID, BY_NOTHING], ids=["by-id", "whole"])
def test_a28_signature_wrapping(wrap: Callable[[bytes], str], message: bytes) -> None:
    """Wherever the signed document is moved to and a forged one put in its place, nothing is read at all."""
    with pytest.raises(MalformedAnswer, match=r"^signature: "):
        read(wrap(message))


def test_a28_the_library_alone_passes_a_wrapped_document() -> None:
    """Why there is a door: signxml says yes to a signature that stands somewhere in a forged document."""
    config = SignatureConfiguration(verification_time=NOW)

    passed = XMLVerifier().verify(xsw4(BY_ID), x509_cert=GIP.certificate, expect_config=config)

    assert passed is not None


PART = signed(form=PARTS)
HEADER, BODY = "<HEADER><MSG_ID>1</MSG_ID></HEADER>", "<BODY><DUE>100</DUE></BODY>"
EVIL = BODY.replace("100", "EVIL")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (BODY, EVIL + BODY),
        (BODY, BODY + EVIL),
        (BODY, f"{EVIL}<OLD>{BODY}</OLD>"),
        ("<SECURITY>", f"{EVIL}<SECURITY>"),
        (f"{HEADER}{BODY}<SECURITY>", f"{HEADER}{EVIL}<SECURITY>{HEADER}{BODY}"),
        ("</SECURITY>", f"</SECURITY><SECURITY>{EVIL}</SECURITY>"),
        ("</ds:Signature>", f'<ds:Object xmlns:ds="{DS}">{EVIL}</ds:Object></ds:Signature>'),
        (f"{HEADER}{BODY}", f"{BODY}{HEADER}"),
    ],
    ids=["before", "after", "instead", "beside", "in-security", "second-place", "object", "order"],
)
def test_a28_signature_wrapping_around_signed_parts(old: str, new: str) -> None:
    """A form with parts has its parts, in order, and its place, and nothing beside them."""
    text = PART.decode()
    assert old in text

    with pytest.raises(MalformedAnswer, match=r"^signature: "):
        read(text.replace(old, new, 1), form=PARTS)


def test_what_nobody_signed_is_not_there_for_a_reader() -> None:
    """Of a form with parts the root's own attributes are not covered, so they do not come out."""
    message = PART.replace(b'<DATA Id="d1">', b'<DATA Id="d1" paid="EVIL">')

    assert read(message, form=PARTS) == f"<DATA>{HEADER}{BODY}</DATA>".encode()


# --- A28: references -----------------------------------------------------------------------------

TIMED = MESSAGE.replace(b"<BODY>", b'<TIMESTAMP Id="ts">2026-03-01</TIMESTAMP><BODY>')
STAMP = b'<TIMESTAMP Id="ts">2026-03-01</TIMESTAMP>'


def test_a28_timestamp_only() -> None:
    """A good signature that covers the time and nothing else says nothing about the rest."""
    canonical = f'<ds:Transform Algorithm="{"http://www.w3.org/2001/10/xml-exc-c14n#"}"></ds:Transform>'

    with pytest.raises(MalformedAnswer, match="something else"):
        read(inside(TIMED, by_hand(GIP, ("#ts", canonical, STAMP))))


@pytest.mark.parametrize("form", [WHOLE, PARTS], ids=["whole", "parts"])
def test_a28_empty_references(form: SignedForm) -> None:
    """A signature without any reference fits every message."""
    text = inside(MESSAGE, by_hand(GIP) if form is WHOLE else f"<SECURITY>{by_hand(GIP)}</SECURITY>")

    with pytest.raises(MalformedAnswer, match="not one reference"):
        read(text, form=form)


def test_a28_several_references() -> None:
    """Two references cover two things, and which of them a reader reads is not said."""
    both = by_hand(GIP, ("", ENVELOPED, MESSAGE), ("", ENVELOPED, MESSAGE))

    with pytest.raises(MalformedAnswer, match="not one reference"):
        read(inside(MESSAGE, both))


@pytest.mark.parametrize("uri", ["#nobody", "#xpointer(/)", "#", "#d1 ", None], ids=str)
def test_a28_dangling_references(uri: str | None) -> None:
    """A reference to what is not there, to a pointer, or to nothing at all is refused."""
    with pytest.raises(MalformedAnswer, match="something else"):
        read(inside(MESSAGE, by_hand(GIP, (uri, ENVELOPED, b""))))


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9/x", "file:///etc/passwd", "other.xml", "cid:1"])
def test_a28_external_references(uri: str) -> None:
    """Nothing outside the document is ever fetched, whatever was signed there."""
    with pytest.raises(MalformedAnswer, match="something else"):
        read(inside(MESSAGE, by_hand(GIP, (uri, ENVELOPED, b"x"))))


@pytest.mark.parametrize(
    "expression", ["false()", "self::text()", "not(ancestor-or-self::DUE)", FILTER, f"not({FILTER})"]
)
def test_a28_xpath_references(expression: str) -> None:
    """A filter that chooses what counts makes any message fit; a whole document has none."""
    transform = f'<ds:Transform Algorithm="{XPATH}"><ds:XPath>{expression}</ds:XPath></ds:Transform>'

    with pytest.raises(MalformedAnswer, match="transform"):
        read(inside(MESSAGE, by_hand(GIP, ("", transform, b""))))


@pytest.mark.parametrize(
    "expression", ["false()", "ancestor-or-self::HEADER", "ancestor-or-self::BODY", f"not({FILTER})"]
)
def test_a28_xpath_references_other_than_the_forms_own(expression: str) -> None:
    """Where a form has a filter it is that one, to the letter: one that leaves the body out is refused."""
    transform = f'<ds:Transform Algorithm="{XPATH}"><ds:XPath>{expression}</ds:XPath></ds:Transform>'
    content = HEADER.encode() if expression == "ancestor-or-self::HEADER" else b""

    with pytest.raises(MalformedAnswer, match="transform"):
        read(inside(MESSAGE, f"<SECURITY>{by_hand(GIP, ('', transform, content))}</SECURITY>"), form=PARTS)


@pytest.mark.parametrize(
    "transform",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        f"{DS}base64",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "urn:x",
    ],
)
def test_a28_transforms_that_the_form_does_not_have(transform: str) -> None:
    """The library would pass over a transform that it does not know; here it is refused."""
    more = f'{ENVELOPED}<ds:Transform Algorithm="{transform}"></ds:Transform>'

    with pytest.raises(MalformedAnswer, match="transform"):
        read(inside(MESSAGE, by_hand(GIP, ("", more, MESSAGE))))


def test_two_elements_of_one_id_are_refused() -> None:
    """An id that stands twice names nobody, under whatever name the attribute goes."""
    message = MESSAGE.replace(b"<BODY>", b'<BODY xml:id="d1">')

    with pytest.raises(MalformedAnswer, match="something else"):
        read(inside(message, by_hand(GIP, ("#d1", ENVELOPED, message))))


# --- A28: keys and algorithms --------------------------------------------------------------------


@pytest.mark.parametrize("form", [WHOLE, PARTS], ids=["whole", "parts"])
def test_a28_key_info_of_the_attacker(form: SignedForm) -> None:
    """A message that is rightly signed by somebody else, with his certificate in it, is not the registry's."""
    with pytest.raises(MalformedAnswer, match="does not fit"):
        read(signed(THIEF, form), form=form)
    chained = Verifier(Chained([ISSUER.certificate], GIP.name), form)
    with pytest.raises(MalformedAnswer, match="no authority of ours"):
        chained.covered(signed(THIEF, form), now=NOW)


def test_a28_key_info_that_names_the_registry_for_the_attackers_key() -> None:
    """The registry's own certificate beside a signature of another key proves nothing."""
    signature = by_hand(THIEF, ("", ENVELOPED, MESSAGE), key_info=GIP.in_key_info)

    with pytest.raises(MalformedAnswer, match="does not fit"):
        read(inside(MESSAGE, signature))


def test_a28_hmac_with_public_key() -> None:
    """A public key is no secret: whoever signs with it as one has signed nothing."""
    public = GIP.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for secret in (public, GIP.pem):
        method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
        signature = by_hand(GIP, ("", ENVELOPED, MESSAGE), method=method, hmac_key=secret)

        with pytest.raises(MalformedAnswer, match="not allowed"):
            read(inside(MESSAGE, signature))


@pytest.mark.parametrize(
    ("method", "digest"),
    [(f"{DS}rsa-sha1", None), (None, f"{DS}sha1"), (f"{DS}rsa-sha1", f"{DS}sha1")],
    ids=["signature", "digest", "both"],
)
def test_a28_sha_1(method: str | None, digest: str | None) -> None:
    """SHA-1 in either place is refused, though the key is the right one."""
    party = ISSUER.issue("gip", key=rsa_key())
    more = {"digest": digest} if digest else {}
    signature = by_hand(party, ("", ENVELOPED, MESSAGE), method=method, **more)  # type: ignore[arg-type]

    with pytest.raises(MalformedAnswer, match="not allowed"):
        read(inside(MESSAGE, signature), party=party)


@pytest.mark.parametrize(("since", "until"), [(-9, -2), (2, 9)], ids=["expired", "not-yet"])
def test_a28_expired_certificate(since: int, until: int) -> None:
    """A certificate counts while it is valid: pinned or from an authority, neither after its end nor before."""
    party = ISSUER.issue("gip", since=timedelta(days=since), until=timedelta(days=until))

    with pytest.raises(MalformedAnswer, match="valid now"):
        read(signed(party), party=party)
    with pytest.raises(MalformedAnswer, match="answers for the certificate now"):
        Verifier(Chained([ISSUER.certificate], party.name), WHOLE).covered(signed(party), now=NOW)


# --- certificates from authorities ---------------------------------------------------------------


def chained(*, subject: str = GIP.name, revoked: tuple[Party, ...] | None = None, days: int = 1) -> Verifier:
    lists = None if revoked is None else [ISSUER.revocations(*revoked, until=timedelta(days=days))]
    return Verifier(Chained([ISSUER.certificate], subject, lists), WHOLE)


def test_a_certificate_of_an_authority_is_enough_for_its_name_alone() -> None:
    """An authority signs for thousands: only the one whose name settings say may have signed."""
    neighbour = ISSUER.issue("somebody else")

    assert chained().covered(signed(), now=NOW) == MESSAGE
    with pytest.raises(MalformedAnswer, match="expected signer"):
        chained().covered(signed(neighbour), now=NOW)


def test_a_certificate_that_is_not_for_signatures_signs_nothing() -> None:
    """What an authority did not issue for signing is refused."""
    party = ISSUER.issue("gip", signs=False)

    with pytest.raises(MalformedAnswer, match="no authority of ours"):
        chained().covered(signed(party), now=NOW)


def test_a30_signature_valid_certificate_revoked() -> None:
    """A certificate that its authority has revoked is refused, however good its signature is; others are not."""
    assert chained(revoked=(THIEF,)).covered(signed(), now=NOW) == MESSAGE
    with pytest.raises(MalformedAnswer, match="revoked"):
        chained(revoked=(GIP,)).covered(signed(), now=NOW)


def test_a_revocation_list_that_is_over_vouches_for_nobody() -> None:
    """With lists, a certificate without a current one is refused: it may have been revoked since."""
    with pytest.raises(MalformedAnswer, match="no current revocation list"):
        chained(revoked=(), days=-1).covered(signed(), now=NOW)
    foreign = [Issuer("Ví dụ khác").revocations()]
    with pytest.raises(MalformedAnswer, match="no current revocation list"):
        Verifier(Chained([ISSUER.certificate], GIP.name, foreign), WHOLE).covered(signed(), now=NOW)


def test_a_message_without_a_certificate_can_be_pinned_and_not_chained() -> None:
    """Who has pinned a certificate needs none in the message; who trusts an authority does."""
    bare = inside(MESSAGE, by_hand(GIP, ("", ENVELOPED, MESSAGE), key_info=""))

    assert read(bare) == MESSAGE
    with pytest.raises(MalformedAnswer, match="expected signer"):
        chained().covered(bare.encode(), now=NOW)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("06082a8648ce3d030107", "06082a8648ce3d030177"),  # a curve that nobody knows
        ("06072a8648ce3d0201", "06072a8648ce3d0277"),  # a kind of key that nobody knows
        ("a003020102", "a003020147"),  # a version that there is not
        ("0603550403", "0603550477"),  # another attribute in the names
        ("0603551d0f", "0603551d77"),  # no key usage
    ],
)
def test_a_certificate_that_cannot_be_read_signs_nothing(old: str, new: str) -> None:
    """Whatever a stranger wrote into a certificate: the message is malformed, and nothing else is raised."""
    whole = GIP.certificate.public_bytes(serialization.Encoding.DER)
    odd = bytes.fromhex(whole.hex().replace(old, new))
    message = with_certificate(signed(), odd)
    assert odd != whole
    assert base64.b64encode(odd) in message

    with pytest.raises(MalformedAnswer, match="signature: "):
        chained().covered(message, now=NOW)


def test_no_mutilated_certificate_raises_anything_else() -> None:
    """Certificates with bytes of somebody else's choosing are each refused as malformed."""
    whole = GIP.certificate.public_bytes(serialization.Encoding.DER)
    message, dice = signed(), random.Random(7)
    verifier = chained()
    for _ in range(1000):
        odd = bytearray(whole)
        for _ in range(dice.choice((1, 1, 2, 3))):
            odd[dice.randrange(len(odd))] ^= dice.randrange(1, 256)
        with pytest.raises(MalformedAnswer):
            verifier.covered(with_certificate(message, bytes(odd)), now=NOW)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<ds:SignatureValue>", "<ds:SignatureValue>AA"),
        ("ecdsa-sha256", "ecdsa-sha999"),
        ("xml-exc-c14n#WithComments", "xml-exc-c14n#other"),
        ("</ds:SignedInfo>", "</ds:SignedInfo><ds:SignedInfo/>"),
        ("<ds:X509Certificate>", "<ds:X509Certificate>AAAA"),
        ("<ds:DigestValue>", "<ds:DigestValue>A"),
    ],
)
def test_a_signature_that_cannot_be_read_is_refused_like_one_that_does_not_fit(old: str, new: str) -> None:
    """Whatever the library makes of it, the registry's answer breaks its contract, and nothing of it is quoted."""
    text = signed().decode()
    assert old in text

    with pytest.raises(MalformedAnswer, match=r"^signature: "):
        read(text.replace(old, new))


def test_a_message_without_a_signature_is_refused() -> None:
    """An unsigned answer is no answer."""
    with pytest.raises(MalformedAnswer, match="not one in the place"):
        read(MESSAGE)


# --- files ---------------------------------------------------------------------------------------


def test_keys_and_certificates_are_read_from_files(tmp_path: Path) -> None:
    """A key with its certificate signs; the certificate alone, pinned, or its authority with a list, verifies."""
    key, certificate = GIP.written(tmp_path, "gip")
    authority, lists = tmp_path / "ca.pem", tmp_path / "crl.pem"
    authority.write_bytes(ISSUER.certificate.public_bytes(serialization.Encoding.PEM))
    lists.write_bytes(ISSUER.revocations(THIEF).public_bytes(serialization.Encoding.PEM) * 2)

    message = Signer(SigningKey.load(key, certificate), WHOLE).sign(MESSAGE)

    for trust in (Pinned.load(certificate), Chained.load(authority, GIP.name, lists)):
        assert Verifier(trust, WHOLE).covered(message, now=NOW) == MESSAGE


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A missing file, another's certificate, a weak key, a foreign list and a name that is none stop the start."""
    key, certificate = GIP.written(tmp_path, "gip")
    _, others = THIEF.written(tmp_path, "thief")
    weak_key, weak = ISSUER.issue("gip", key=rsa_key(1024)).written(tmp_path, "weak")
    small_key, small = ISSUER.issue("gip", key=ec.generate_private_key(ec.SECP192R1())).written(tmp_path, "small")
    foreign = tmp_path / "crl.pem"
    foreign.write_bytes(Issuer().revocations().public_bytes(serialization.Encoding.PEM))
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    authority = tmp_path / "ca.pem"
    authority.write_bytes(ISSUER.certificate.public_bytes(serialization.Encoding.PEM))
    attempts: list[tuple[str, Callable[[], object]]] = [
        ("key_file .*nowhere", lambda: SigningKey.load(tmp_path / "nowhere", certificate)),
        ("key_file .*gip.pem: no private key", lambda: SigningKey.load(certificate, certificate)),
        ("certificate_file .*thief.pem: its first", lambda: SigningKey.load(key, others)),
        ("key_file .*weak.key: must be RSA of 2048", lambda: SigningKey.load(weak_key, weak)),
        ("key_file .*small.key: must be RSA", lambda: SigningKey.load(small_key, small)),
        ("signer_file .*weak.pem: keys must be", lambda: Pinned.load(weak)),
        ("empty.pem: no PEM certificates", lambda: Pinned.load(empty)),
        ("crl_file .*crl.pem: must hold", lambda: Chained.load(authority, GIP.name, foreign)),
        ("crl_file .*empty.pem: must hold", lambda: Chained.load(authority, GIP.name, empty)),
        ("crl_file .*nowhere", lambda: Chained.load(authority, GIP.name, tmp_path / "nowhere")),
        ("signer_name: no name", lambda: Chained.load(authority, "gip", None)),
    ]
    for complaint, attempt in attempts:
        with pytest.raises(SettingsError, match=complaint):
            attempt()


def test_a_key_is_not_printed() -> None:
    """What holds a private key shows none of it."""
    assert "key=" not in repr(GIP.signing_key)
    assert hashlib.sha256(GIP.pem).hexdigest() not in repr(GIP.signing_key)
