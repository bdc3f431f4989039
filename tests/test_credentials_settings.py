"""Each scheme from a settings file: what the documented keys make opens the door."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mocks.credentials
from gateway.app_credentials import credentials, log_in_urls, require_secrets
from gateway.domain.exchange import Request
from gateway.errors import SettingsError
from gateway.settings import RegistrySettings, load
from gateway.transport.credentials import Anonymous
from gateway.transport.http import HttpTransport
from mocks.credentials import (
    C06Door,
    Door,
    HeaderTokenDoor,
    InsuranceDoor,
    LgspDoor,
    OAuthDoor,
    SessionDoor,
    opened,
)
from mocks.credentials.lgsp import ACCESS, OFFICER
from mocks.credentials.tokens import ACCOUNT, AUTH, KEY, PASSWORD, SECRET
from tests.conftest import MovableClock
from tests.doors import ASK, JSON_ASK, PORTAL_ASK, SESSION_ASK, c06_door, is_open

HEAD = """
[registries.dkdn]
adapter = "dkdn"
endpoint = "http://registry.invalid"
[registries.dkdn.credentials]
"""
FILES = {
    "oauth": SECRET,
    "password": PASSWORD,
    "issued": AUTH,
    "c06": C06Door.secret,
    "api-key": C06Door.api_key,
    "lgsp": ACCESS["SecretKey"],
    "officer": OFFICER[1],
    "session": SessionDoor.password,
    "portal": InsuranceDoor.password,
}
ACCESS_LINES = f"""key = "{ACCESS["AccessKey"]}"
secret_file = "lgsp"
app_name = "{ACCESS["AppName"]}"
partner_code = "{ACCESS["PartnerCode"]}"
partner_code_cus = "{ACCESS["PartnerCodeCus"]}"
"""
SESSION_LINES = f"""scheme = "session"
login_url = "URL/login"
username = "{SessionDoor.username}"
secret_file = "session"
old_codes = ["{SessionDoor.old_code}"]
"""
PLATFORM_LINES = f"""[registries.dkdn.credentials.platform]
token_url = "URL/token"
key = "{KEY}"
secret_file = "oauth"
"""
SECTIONS: dict[str, tuple[Callable[[MovableClock], Door], Request, str]] = {
    "oauth2_client_credentials": (
        lambda _: OAuthDoor("json"),
        ASK,
        'scheme = "oauth2_client_credentials"\ntoken_url = "URL/token"\n'
        f'key = "{KEY}"\nsecret_file = "oauth"\nstyle = "json"',
    ),
    "oauth2_password": (
        lambda _: OAuthDoor("password"),
        ASK,
        'scheme = "oauth2_password"\ntoken_url = "URL/token"\n'
        f'key = "{KEY}"\nsecret_file = "oauth"\nusername = "{ACCOUNT}"\npassword_file = "password"',
    ),
    "c06_basic": (
        lambda clock: c06_door(clock, unit="s", with_esb=True),
        JSON_ASK,
        f'scheme = "c06_basic"\nusername = "{C06Door.username}"\nsecret_file = "c06"\nsv_url = "{C06Door.sv_url}"\n'
        f'timestamp_unit = "s"\nesb_source = true\nheaders = {{ X-Road-Client = "{C06Door.client}" }}\n'
        'secret_headers = { ApiKey = "api-key" }',
    ),
    "lgsp_header": (lambda _: LgspDoor("header"), ASK, f'scheme = "lgsp_header"\n{ACCESS_LINES}'),
    "lgsp_header in Authorization": (
        lambda _: LgspDoor("authorization"),
        ASK,
        f'scheme = "lgsp_header"\nheader = "Authorization"\n{ACCESS_LINES}',
    ),
    "lgsp_token": (
        lambda _: LgspDoor("token"),
        ASK,
        f'scheme = "lgsp_token"\ntoken_url = "URL/token"\n{ACCESS_LINES}',
    ),
    "lgsp_token in the body": (
        lambda _: LgspDoor("envelope"),
        JSON_ASK,
        f'scheme = "lgsp_token"\ntoken_url = "URL/token"\nplace = "body"\nofficer_key = "{OFFICER[0]}"\n'
        f'officer_key_file = "officer"\n{ACCESS_LINES}',
    ),
    "header_token": (
        lambda _: HeaderTokenDoor(),
        ASK,
        'scheme = "header_token"\ntoken_url = "URL/api/v1/Authentication/Token"\nsecret_file = "issued"',
    ),
    "session": (lambda _: SessionDoor(code="ma_loi"), SESSION_ASK, f'{SESSION_LINES}code_field = "ma_loi"'),
    "session as Bearer": (
        lambda _: SessionDoor(fields=("userName", "passWord", "token"), bearer=True),
        ASK,
        f'{SESSION_LINES}username_field = "userName"\npassword_field = "passWord"\nsession_field = "token"\n'
        "as_bearer = true\nold_statuses = [401]",
    ),
    "session behind a platform": (
        lambda _: SessionDoor(platform=OAuthDoor()),
        SESSION_ASK,
        SESSION_LINES + PLATFORM_LINES,
    ),
    "insurance_portal": (
        lambda _: InsuranceDoor(),
        PORTAL_ASK,
        f'scheme = "insurance_portal"\nlogin_url = "URL/api/token/take"\nusername = "{InsuranceDoor.username}"\n'
        'secret_file = "portal"',
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text + "\n")
    return tmp_path


def section_of(text: str, folder: Path) -> Any:
    file = folder / "gateway.toml"
    file.write_text(HEAD + text)
    return load(file).registries["dkdn"].credentials


@pytest.mark.parametrize(("door", "request_", "text"), SECTIONS.values(), ids=SECTIONS.keys())
async def test_a_section_opens_the_door_of_its_scheme(
    door: Callable[[MovableClock], Door], request_: Request, text: str, folder: Path, clock: MovableClock
) -> None:
    """The keys of a scheme, and the files that they name, are all that is needed, also when a session ends."""
    one = door(clock)
    async with opened(one) as url:
        section = section_of(text.replace("URL", url), folder)
        transport = HttpTransport(endpoint=url, credentials=credentials(section, clock), clock=clock)
        first = await transport.send(request_)
        if isinstance(one, SessionDoor):
            one.sessions.end()
        second = await transport.send(request_)
        await transport.close()

    assert is_open(first)
    assert is_open(second)


def test_every_scheme_is_tried(folder: Path) -> None:
    """No scheme that settings know is missing above; `none` has nothing to try."""
    schemes = {section_of(text.replace("URL", "http://x.invalid"), folder).scheme for _, _, text in SECTIONS.values()}
    known = RegistrySettings.model_json_schema()["$defs"]
    named = {part["properties"]["scheme"]["const"] for part in known.values() if "scheme" in part["properties"]}

    assert schemes == named - {"none"}


@pytest.mark.parametrize(
    ("text", "urls"), [("session", 2), ("insurance", 1), ("oauth", 1), ("password", 1), ("lgsp", 0)]
)
def test_every_address_that_credentials_call_is_known(text: str, urls: int, folder: Path) -> None:
    """Log-ins and platforms are called too: their addresses are told, so that they are checked like the endpoint."""
    texts = {
        "session": SECTIONS["session behind a platform"],
        "insurance": SECTIONS["insurance_portal"],
        "oauth": SECTIONS["oauth2_client_credentials"],
        "password": SECTIONS["oauth2_password"],
        "lgsp": SECTIONS["lgsp_header"],
    }
    section = section_of(texts[text][2].replace("URL", "http://x.invalid"), folder)

    found = log_in_urls(section)

    assert len(found) == urls
    assert all(url.startswith("http://x.invalid/") for url in found.values())


LGSP_LINES = SECTIONS["lgsp_token in the body"][2].replace("URL", "http://x.invalid")
WRONG = {
    "an envelope without an officer": (
        LGSP_LINES.replace('officer_key = "door-officer"\n', "").replace('officer_key_file = "officer"\n', ""),
        'place = "body" needs officer_key and officer_key_file',
    ),
    "half an officer": (LGSP_LINES.replace('officer_key_file = "officer"\n', ""), "set both or none"),
    "a missing file": (LGSP_LINES.replace('"officer"\n', '"missing"\n'), "missing: No such file"),
    "an unknown scheme": (
        'scheme = "CANARY"',
        "registries.dkdn.credentials.scheme: must be one of 'none', 'c06_basic'",
    ),
    "a key of another scheme": (SESSION_LINES.replace("URL", "http://x.invalid") + 'sv_url = "CANARY"', "sv_url"),
    "an empty account": (SESSION_LINES.replace("URL", "http://x.invalid").replace("door-user", ""), "username"),
    "a secret in the address": (SESSION_LINES.replace("URL", "http://CANARY@x.invalid"), "login_url"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_section_stops_the_start(text: str, message: str, folder: Path, clock: MovableClock) -> None:
    """What is wrong is named before anything is asked, and no value is quoted."""
    with pytest.raises(SettingsError) as caught:
        credentials(section_of(text, folder), clock)

    assert message in str(caught.value)
    assert "CANARY" not in str(caught.value)


X_ROAD = """
[registries.dkdn]
adapter = "dkdn"
[registries.dkdn.xroad.client]
instance = "VD"
member_class = "GOV"
member_code = "0001"
[registries.dkdn.xroad.service]
instance = "VD"
member_class = "GOV"
member_code = "0002"
subsystem = "DKDN"
service = "SERVICE"
"""


@pytest.mark.parametrize("service", ["..", ".", "", " "])
def test_s07_no_part_of_an_x_road_name_can_climb(service: str, folder: Path) -> None:
    """A name of dots or nothing would lead out of the security server's path; it stops the start."""
    file = folder / "gateway.toml"
    file.write_text(X_ROAD.replace("SERVICE", service))

    with pytest.raises(SettingsError, match=r"registries\.dkdn\.xroad\.service\.service"):
        load(file)


def first_column(page: str, heading: str) -> set[str]:
    """The words in back-ticks that begin the rows of the table under a heading."""
    text = (Path(__file__).parents[1] / "docs" / page).read_text(encoding="utf-8")
    under = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in under.splitlines() if line.startswith("| `")]
    return {word for cell in cells for word in re.findall(r"`([A-Za-z]\w+)`", cell)}


def test_every_scheme_and_door_is_documented() -> None:
    """docs/credentials.md has rows for each scheme and its styles, docs/mocks.md for each door, and none besides."""
    styles = {"style", "basic", "form", "json", "place", "headers", "body"}
    named = {text.split('scheme = "')[1].split('"')[0] for _, _, text in SECTIONS.values()}

    assert first_column("credentials.md", "Schemes") - styles == named | {"none"}
    assert first_column("mocks.md", "Doors") == set(mocks.credentials.__all__) - {"Door", "opened"}


async def test_every_placeholder_that_a_log_in_fills_is_documented(folder: Path, clock: MovableClock) -> None:
    """docs/credentials.md names the schemes whose log-ins fill placeholders."""
    filling = set()
    for door, _, text in SECTIONS.values():
        async with opened(door(clock)) as url:
            section = section_of(text.replace("URL", url), folder)
            transport = HttpTransport(endpoint=url, credentials=Anonymous(), clock=clock)
            proof = await credentials(section, clock).proof(transport._log_in)
            await transport.close()
            filling |= {section.scheme} if proof.secrets else set()

    assert first_column("credentials.md", "Placeholders") == filling


PLATFORM = """
[registries.dkdn.credentials.platform]
token_url = "http://platform.invalid/token"
key = "k"
secret_file = "oauth"
"""
PORTAL = 'scheme = "insurance_portal"\nlogin_url = "http://r.invalid/l"\nusername = "u"\nsecret_file = "portal"\n'
OAUTH = 'scheme = "oauth2_client_credentials"\ntoken_url = "http://r.invalid/t"\nkey = "k"\nsecret_file = "oauth"\n'
HEADER = 'scheme = "lgsp_header"\n' + ACCESS_LINES
TWICE: dict[str, tuple[str, str]] = {
    "platform and as_bearer": (
        SESSION_LINES.replace("URL", "http://r.invalid") + "as_bearer = true\n" + PLATFORM,
        "platform and as_bearer both write the header Authorization",
    ),
    "platform and headers": (
        PORTAL + 'headers = {authorization = "x"}\n' + PLATFORM,
        "platform and headers.authorization both write",
    ),
    "platform and secret_headers": (
        PORTAL + 'secret_headers = {Authorization = "oauth"}\n' + PLATFORM,
        "platform and secret_headers.Authorization both write",
    ),
    "a scheme and headers": (
        OAUTH + 'headers = {AUTHORIZATION = "x"}\n',
        "scheme and headers.AUTHORIZATION both write",
    ),
    "header and headers": (HEADER + 'headers = {lgspAccessToken = "x"}\n', "header and headers.lgspAccessToken both"),
    "two spellings": (
        'scheme = "none"\nheaders = {ApiKey = "1", apikey = "2"}\n',
        "headers.ApiKey and headers.apikey both",
    ),
    "headers and secret_headers": (
        'scheme = "none"\nheaders = {ApiKey = "1"}\nsecret_headers = {ApiKey = "api-key"}\n',
        "headers.ApiKey and secret_headers.ApiKey both",
    ),
    "framing": (
        'scheme = "none"\nheaders = {Content-Length = "1"}\n',
        "headers.Content-Length: no header of that name",
    ),
    "no name": ('scheme = "none"\nheaders = {"a b" = "1"}\n', "headers.a b: no header of that name"),
    "X-Road": (
        'scheme = "none"\nheaders = {X-Road-Client = "VD/GOV/0001"}\n'
        + X_ROAD.partition("[registries.dkdn.xroad")[1]
        + X_ROAD.partition("[registries.dkdn.xroad")[2].replace("SERVICE", "s"),
        "xroad writes X-Road-Client",
    ),
}


@pytest.mark.parametrize(("lines", "says"), TWICE.values(), ids=TWICE.keys())
def test_a_header_with_two_sources_stops_the_start(lines: str, says: str, folder: Path) -> None:
    """One would silently replace the other, or both would go out; the error names both settings."""
    file = folder / "gateway.toml"
    file.write_text(HEAD + lines)

    with pytest.raises(SettingsError, match=re.escape(says)) as caught:
        load(file)

    assert "registries.dkdn" in str(caught.value)


FILLED = {
    "none": (set(), {"session", "token"}),
    "session": ({"session"}, {"token", "auth_key"}),
    "insurance_portal": ({"token", "id_token", "username", "password_md5"}, {"session"}),
}


@pytest.mark.parametrize(("scheme", "filled", "not_filled"), [(name, *sets) for name, sets in FILLED.items()])
def test_a_placeholder_is_filled_by_the_log_in_or_by_a_file(
    scheme: str, filled: set[str], not_filled: set[str], folder: Path
) -> None:
    """What the scheme's own log-in gives needs no file; each other placeholder that is missing is named."""
    lines = {
        "none": 'scheme = "none"\n',
        "session": SESSION_LINES.replace("URL", "http://r.invalid"),
        "insurance_portal": PORTAL,
    }
    file = folder / "gateway.toml"
    file.write_text(HEAD + lines[scheme] + 'secrets = {auth_key2 = "api-key"}\n')
    section = load(file).registries["dkdn"].credentials

    require_secrets(section, filled | {"auth_key2"}, place="p")
    with pytest.raises(SettingsError) as caught:
        require_secrets(section, filled | not_filled, place="p")

    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        f"p.secrets.{name}" for name in sorted(not_filled)
    ]
