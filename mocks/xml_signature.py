"""
XML signatures by hand, for stand-ins: some children of the root are signed through an XPath filter.

Written from the standard and from what clients of the tax authority's exchange do (others.md, 8.2), with lxml's
canonical form and plain cryptography: it shares neither code nor library of signatures with whoever verifies it.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import NameOID
from lxml import etree

__all__ = ["Hand", "is_signed"]

DS = "http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_EC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_PARTS = ("HEADER", "BODY")
_FILTER = " or ".join(f"ancestor-or-self::{part}" for part in _PARTS)
_COORDINATE = 32
_OWN = f' xmlns="{DS}"'


class Hand:
    """Signs in the name of one system, with a key and a certificate that it makes for itself."""

    def __init__(self, name: str, now_s: float) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Stand-in, not real"),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        now = datetime.fromtimestamp(now_s, UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=365))
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM)
        self._in_key_info = b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()

    def sign(self, document: str) -> str:
        """The document with its signature in `SECURITY`; as it is where it is no XML that could be signed."""
        try:
            root = etree.fromstring(document.encode(), _parser())
        except etree.XMLSyntaxError:
            return document
        info = _signed_info(_digest(root))
        r, s = decode_dss_signature(self._key.sign(info.encode(), ec.ECDSA(hashes.SHA256())))
        value = b64encode(r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")).decode()
        signature = (
            f'<Signature xmlns="{DS}">{info.replace(_OWN, "", 1)}'
            f"<SignatureValue>{value}</SignatureValue><KeyInfo><X509Data><X509Certificate>{self._in_key_info}"
            "</X509Certificate></X509Data></KeyInfo></Signature>"
        )
        end = f"</{root.tag!s}>"
        return document.replace(end, f"<SECURITY>{signature}</SECURITY>{end}")


def is_signed(document: bytes) -> bool:
    """
    Whether the document is signed in the form that is meant, by the key of the certificate in it. Whose that is does
    not matter here: a stand-in knows nobody.
    """
    try:
        root = etree.fromstring(document, _parser())
        signature = root.find(f"SECURITY/{{{DS}}}Signature")
        if signature is None or signature.findtext(f".//{{{DS}}}XPath") != _FILTER:
            return False
        if signature.findtext(f".//{{{DS}}}DigestValue") != _digest(root):
            return False
        info = etree.tostring(signature[0], method="c14n", exclusive=True, with_comments=False)
        der = b64decode(signature.findtext(f".//{{{DS}}}X509Certificate") or "")
        value = b64decode(signature.findtext(f"{{{DS}}}SignatureValue") or "")
        method = signature.find(f".//{{{DS}}}SignatureMethod")
        key = x509.load_der_x509_certificate(der).public_key()
        if isinstance(key, rsa.RSAPublicKey) and method is not None and method.get("Algorithm") == _RSA_SHA256:
            key.verify(value, info, padding.PKCS1v15(), hashes.SHA256())
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and method is not None and method.get("Algorithm") == _EC_SHA256:
            half = len(value) // 2
            r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
            key.verify(encode_dss_signature(r, s), info, ec.ECDSA(hashes.SHA256()))
            return True
    except (etree.XMLSyntaxError, InvalidSignature, ValueError):
        return False
    return False


def _signed_info(digest: str) -> str:
    """Written as its own canonical form is, so that nobody has to make it."""
    return (
        f'<SignedInfo xmlns="{DS}"><CanonicalizationMethod Algorithm="{_EXCLUSIVE}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{_EC_SHA256}"></SignatureMethod><Reference URI=""><Transforms>'
        f'<Transform Algorithm="{_XPATH}"><XPath>{_FILTER}</XPath></Transform></Transforms>'
        f'<DigestMethod Algorithm="{_SHA256}"></DigestMethod><DigestValue>{digest}</DigestValue>'
        "</Reference></SignedInfo>"
    )


def _digest(root: etree._Element) -> str:
    """Over what the filter leaves: the parts one after another, in canonical form, as they stand in the document."""
    parts = [child for child in root if child.tag in _PARTS]
    content = b"".join(etree.tostring(part, method="c14n", with_comments=False) for part in parts)
    return b64encode(hashlib.sha256(content).digest()).decode()


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
