"""How a registry knows us: one scheme a module, chosen by `scheme` in the instance's settings."""

from gateway.transport.credentials.base import Anonymous, Credentials, Exchange, Old, Proof
from gateway.transport.credentials.behind import Behind
from gateway.transport.credentials.c06 import C06Basic
from gateway.transport.credentials.header_token import HeaderToken
from gateway.transport.credentials.insurance_portal import InsurancePortal
from gateway.transport.credentials.lgsp import LgspAccess, LgspHeader, LgspToken, auth_hash
from gateway.transport.credentials.oauth import ClientCredentials, PasswordGrant
from gateway.transport.credentials.session import Session, SessionNames

__all__ = [
    "Anonymous",
    "Behind",
    "C06Basic",
    "ClientCredentials",
    "Credentials",
    "Exchange",
    "HeaderToken",
    "InsurancePortal",
    "LgspAccess",
    "LgspHeader",
    "LgspToken",
    "Old",
    "PasswordGrant",
    "Proof",
    "Session",
    "SessionNames",
    "auth_hash",
]
