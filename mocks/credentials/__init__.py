"""
Doors: stand-ins that look at credentials alone, one for each way in which registries know a system.

A door is strict where its registry is not known to be lax: a header, a hash, the order of keys or the moment must
be exactly as described. What it guards is always the same short answer. Credentials here open nothing else.
"""

from mocks.credentials.door import Door, opened
from mocks.credentials.hashed import C06Door
from mocks.credentials.keys import BodyKeyDoor, PathKeyDoor
from mocks.credentials.lgsp import LgspDoor
from mocks.credentials.sessions import InsuranceDoor, SessionDoor
from mocks.credentials.tokens import HeaderTokenDoor, OAuthDoor
from mocks.credentials.xroad import XRoadDoor

__all__ = [
    "BodyKeyDoor",
    "C06Door",
    "Door",
    "HeaderTokenDoor",
    "InsuranceDoor",
    "LgspDoor",
    "OAuthDoor",
    "PathKeyDoor",
    "SessionDoor",
    "XRoadDoor",
    "opened",
]
