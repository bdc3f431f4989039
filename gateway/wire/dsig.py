"""
The one door to XML signatures (XML-DSig). Pure: keys and certificates come parsed, time is an argument.

signxml does the cryptography. What it is given has passed a profile first, narrower than the standard, and what comes
out is the bytes that the digest was made over and nothing else: an element that a signature does not cover is not there
for whoever reads the result. Refused unread are: none or more than one signature, one that stands anywhere but in its
place, another number of references than one, a reference to anything but the document itself (none, a fragment that is
not the root, another document, a URL), transforms beyond the form's own, anything wrapped into the signature, any
algorithm that is not listed below, and any certificate that `gateway.trust` does not answer for.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidSignature
from signxml.signer import SignatureReference, XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway.domain.exchange import BOUNDS, Bounds
from gateway.domain.signature import SignedForm
from gateway.errors import MalformedAnswer
from gateway.trust import SigningKey, Trust
from gateway.wire import xml

__all__ = ["Signer", "Verifier"]

_DS = "http://www.w3.org/2000/09/xmldsig#"
_ENVELOPED = f"{_DS}enveloped-signature"
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_SIGNATURE_METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
# Comments are dropped before anything is looked at, so with them and without them is the same.
_CANONICAL = frozenset(method.value for method in CanonicalizationMethod)
_SIGNED_INFO = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS
_PARTS = CanonicalizationMethod.CANONICAL_XML_1_0  # what a set of nodes becomes where no transform says otherwise
_MOST_CERTIFICATES = 8


class Signer:
    """Signs messages of one form with one key, which is parsed once: reading it anew costs 37 ms a message."""

    def __init__(self, key: SigningKey, form: SignedForm) -> None:
        self._key = key
        is_rsa = isinstance(key.key, rsa.RSAPrivateKey)
        method = SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256
        made: Any = _PartsSigner if form.parts else XMLSigner
        self._library: Any = made(
            signature_algorithm=method, digest_algorithm=DigestAlgorithm.SHA256, c14n_algorithm=_SIGNED_INFO
        )
        self._library.form = form

    def sign(self, message: bytes) -> bytes:
        """The message with its signature in it. Raises MalformedAnswer for what is no harmless XML of the form."""
        root = xml.parse(message)
        signed = self._library.sign(root, key=self._key.key, cert=[self._key.certificate])
        return etree.tostring(signed, encoding="unicode").encode()


class Verifier:
    """Gives what a signature really covers, where it is one of those who may sign."""

    def __init__(self, trust: Trust, form: SignedForm) -> None:
        self._trust = trust
        self._form = form
        self._location = f"./{form.place}/" if form.place else "./"

    def covered(self, message: bytes, *, now: datetime, bounds: Bounds = BOUNDS) -> bytes:
        """
        The signed document as canonical XML; of a form with parts, its root with these parts alone.

        Raises MalformedAnswer saying what is wrong with the signature, never what stands in the message.
        """
        root = xml.parse(message, bounds)
        signature = self._in_its_place(root)
        _refuse_wrapped(signature)
        self._refuse_other_references(root, signature)
        config = SignatureConfiguration(
            location=self._location,
            expect_references=1,
            signature_methods=_SIGNATURE_METHODS,
            digest_algorithms=_DIGESTS,
            ignore_ambiguous_key_info=True,  # nothing of KeyInfo is believed
            verification_time=now,
        )
        for certificate in self._trust.candidates(_offered(signature), now):
            covered = self._verified(root, certificate, config)
            if covered is not None:
                if self._form.parts:
                    tag = etree.QName(root).localname.encode()
                    return b"<%b>%b</%b>" % (tag, covered, tag)
                return covered
        raise MalformedAnswer("signature: it does not fit the message or its signer")

    def _verified(
        self, root: xml.Element, certificate: x509.Certificate, config: SignatureConfiguration
    ) -> bytes | None:
        library: Any = _PartsVerifier() if self._form.parts else XMLVerifier()
        library.form = self._form
        try:
            covered: bytes = library.verify(root, x509_cert=certificate, expect_config=config).signed_data
        except InvalidSignature:
            return None
        except Exception:  # whatever a library makes of what somebody has written into a signature, it is none
            raise MalformedAnswer("signature: it cannot be read, or by an algorithm that is not allowed") from None
        return covered

    def _in_its_place(self, root: xml.Element) -> xml.Element:
        holder = root if self._form.place is None else root.find(self._form.place)
        found = list(root.iter(f"{{{_DS}}}Signature"))
        if len(found) != 1 or holder is None or found[0].getparent() is not holder:
            raise MalformedAnswer("signature: not one in the place where it must stand")
        if self._form.parts:
            expected = [*self._form.parts, *([self._form.place] if self._form.place else [])]
            if [child.tag for child in root] != expected or (holder is not root and len(holder) != 1):
                raise MalformedAnswer("signature: other elements stand beside the signed ones")
        return found[0]

    def _refuse_other_references(self, root: xml.Element, signature: xml.Element) -> None:
        references = signature.findall(f"{{{_DS}}}SignedInfo/{{{_DS}}}Reference")
        if len(references) != 1:
            raise MalformedAnswer("signature: not one reference")
        uri = references[0].get("URI")
        own = root.get("Id")
        fragment = own is not None and not self._form.parts and uri == f"#{own}"
        if uri != "" and not (fragment and _is_alone(root, str(own))):
            raise MalformedAnswer("signature: it refers to something else than this document")
        transforms = references[0].findall(f"{{{_DS}}}Transforms/{{{_DS}}}Transform")
        if not self._fits(transforms):
            raise MalformedAnswer("signature: a transform that its form does not have")
        method = signature.find(f"{{{_DS}}}SignedInfo/{{{_DS}}}CanonicalizationMethod")
        if not _is_bare(method, _CANONICAL):
            raise MalformedAnswer("signature: a canonical form that is not allowed")

    def _fits(self, transforms: list[xml.Element]) -> bool:
        if self._form.parts:
            return len(transforms) == 1 and _is_filter(transforms[0], self._form)
        enveloped, canonical = transforms[:1], transforms[1:]
        return (
            len(enveloped) == 1
            and len(canonical) <= 1
            and _is_bare(enveloped[0], {_ENVELOPED})
            and all(_is_bare(one, _CANONICAL) for one in canonical)
        )


class _PartsSigner(XMLSigner):
    """Signs some children of the root, chosen by an XPath filter, as signxml by itself cannot."""

    form: SignedForm

    def _unpack(self, data: Any, references: Any) -> Any:
        root = self.get_root(data)  # type: ignore[no-untyped-call]
        children = _signed_children(root, self.form)
        holder = etree.SubElement(root, self.form.place) if self.form.place else root
        signature = etree.SubElement(holder, f"{{{_DS}}}Signature", nsmap={"ds": _DS})
        return signature, root, [children], [SignatureReference(URI="", c14n_method=_PARTS)]

    def _build_transforms_for_reference(self, *, transforms_node: Any, **_: Any) -> None:
        transform = etree.SubElement(transforms_node, f"{{{_DS}}}Transform", Algorithm=_XPATH)
        etree.SubElement(transform, f"{{{_DS}}}XPath").text = _filter(self.form)


class _PartsVerifier(XMLVerifier):
    """Reads the same filter, and no other, as the children that it chooses."""

    form: SignedForm

    def _apply_transforms(self, payload: Any, *, transforms_node: Any, signature: Any) -> Any:
        return self._c14n(_signed_children(payload, self.form), algorithm=_PARTS)


def _signed_children(root: xml.Element, form: SignedForm) -> list[xml.Element]:
    children = [root.find(part) for part in form.parts]
    found = [child for child in children if child is not None]
    if len(found) != len(form.parts):
        raise MalformedAnswer("signature: a part that is to be signed is not there")
    return found


def _filter(form: SignedForm) -> str:
    return " or ".join(f"ancestor-or-self::{part}" for part in form.parts)


def _is_filter(transform: xml.Element, form: SignedForm) -> bool:
    if transform.get("Algorithm") != _XPATH or len(transform) != 1:
        return False
    return transform[0].tag == f"{{{_DS}}}XPath" and " ".join((transform[0].text or "").split()) == _filter(form)


def _is_bare(element: xml.Element | None, algorithms: Collection[str]) -> bool:
    return element is not None and element.get("Algorithm") in algorithms and len(element) == 0


def _is_alone(root: xml.Element, own: str) -> bool:
    """Whether no other element has that id under any of the names that an id may have."""
    return int(root.xpath("count(//@*[. = $own])", own=own)) == 1


def _refuse_wrapped(signature: xml.Element) -> None:
    """Nothing but what a signature needs: an Object may hold the very document that was signed once."""
    allowed = ("SignedInfo", "SignatureValue", "KeyInfo")
    if any(child.tag not in {f"{{{_DS}}}{name}" for name in allowed} for child in signature):
        raise MalformedAnswer("signature: something is wrapped into it")


def _offered(signature: xml.Element) -> list[x509.Certificate]:
    """The certificates that came with it: suggestions, none of which is believed for being there."""
    path = "/".join(f"{{{_DS}}}{name}" for name in ("KeyInfo", "X509Data", "X509Certificate"))
    texts = [one.text or "" for one in signature.iterfind(path)]
    if len(texts) > _MOST_CERTIFICATES:
        raise MalformedAnswer("signature: too many certificates")
    try:
        return [x509.load_der_x509_certificate(b64decode(text)) for text in texts]
    except (ValueError, TypeError, x509.InvalidVersion):
        raise MalformedAnswer("signature: a certificate in it cannot be read") from None
