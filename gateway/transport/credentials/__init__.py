"""How a registry knows us: one scheme a module, chosen by `scheme` in the instance's settings."""

from gateway.transport.credentials.base import Anonymous, Credentials, Exchange
from gateway.transport.credentials.c06 import C06Basic
from gateway.transport.credentials.oauth import ClientCredentials

__all__ = ["Anonymous", "C06Basic", "ClientCredentials", "Credentials", "Exchange"]
