"""
The SOAP around a signed message, which stands in it as a text. Pure.

Source: others.md, 8.2, and the code of a bank's client (com.lpb.esb.service.tct) for operation and namespaces.
ASSUMED: SOAP 1.1; no answer that refuses a question was seen.
"""

from __future__ import annotations

from gateway.domain.exchange import Response
from gateway.errors import MalformedAnswer, RegistryUnreachable
from gateway.wire import xml

__all__ = ["REQUEST_NAMESPACE", "RESPONSE_NAMESPACE", "packed", "unpacked"]

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
REQUEST_NAMESPACE = "http://gip.request.com/"
RESPONSE_NAMESPACE = "http://gip.response.com/"
_BEFORE = (
    f'<soapenv:Envelope xmlns:soapenv="{_SOAP}" xmlns:gip="{REQUEST_NAMESPACE}"><soapenv:Header/><soapenv:Body>'
    "<gip:xuLyTruyVanMsg><in_msg>"
).encode()
_AFTER = b"</in_msg></gip:xuLyTruyVanMsg></soapenv:Body></soapenv:Envelope>"
_ANSWER = f"{{{RESPONSE_NAMESPACE}}}xuLyTruyVanMsgResponse"


def packed(message: bytes) -> bytes:
    """The message as the text of `in_msg`."""
    text = message.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;").replace(b"\r", b"&#13;")
    return _BEFORE + text + _AFTER


def unpacked(response: Response) -> bytes:
    """
    The text of `return`. Raises MalformedAnswer for any other envelope, RegistryUnreachable for a SOAP fault.

    Nothing here is signed, so nothing but the text is taken from it.
    """
    root = xml.parse(response.body, response.bounds)
    body = root.find(f"{{{_SOAP}}}Body")
    if root.tag != f"{{{_SOAP}}}Envelope" or body is None or len(body) != 1:
        raise MalformedAnswer("taichinh: not one SOAP body with one element")
    if body[0].tag == f"{{{_SOAP}}}Fault":
        raise RegistryUnreachable("taichinh: SOAP fault")
    if body[0].tag != _ANSWER or [child.tag for child in body[0]] != ["return"] or len(body[0][0]):
        raise MalformedAnswer("taichinh: the promised element is not there")
    return (body[0][0].text or "").encode()
