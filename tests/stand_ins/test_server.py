"""The server of the stand-ins: its own routes, its journal, its command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

import aiohttp
import pytest

from mocks.faults import KINDS, Fault
from mocks.server import Running
from mocks.stand_in import installed
from tests.ports import free_port
from tests.stand_ins.client import DANCU, PROVINCE, Clock, ask_dancu, ask_dkdn, first, question, signed, token


async def test_faults_are_set_and_cleared_over_http(server: Running, http: aiohttp.ClientSession, ask: Any) -> None:
    """PUT sets a fault, DELETE ends it, the list names both; what is no fault is answered by 400."""
    url = f"{server.base_url}/_mocks/faults/dancu"
    async with http.put(url, json={"fault": "error", "percent": 100, "times": None}) as reply:
        assert reply.status == 204
    assert (await ask())[0] == 500
    async with http.get(f"{server.base_url}/_mocks/") as reply:
        served = await reply.json()
    assert [one["kind"] for one in served["faults"]["dancu"]] == ["error"]
    assert served["registries"]["dancu"]["cases"] == len(list(DANCU.cases()))
    assert served["kinds"] == list(KINDS)
    async with http.delete(url) as reply:
        assert reply.status == 204
    assert (await ask())[0] == 200
    for body in (b"", b"[]", b'{"fault": "dance"}', b'{"fault": "slow", "colour": 1}', b'{"fault":"slow","path":1}'):
        async with http.put(url, data=body) as reply:
            assert reply.status == 400
    async with http.put(f"{server.base_url}/_mocks/faults/other", json={"fault": "error"}) as reply:
        assert reply.status == 404


async def test_a_reset_forgets_everything(server: Running, http: aiohttp.ClientSession, ask: Any) -> None:
    """After a reset there are no faults, no journal and no tokens."""
    bearer = await token(http, server)
    server.faults.set("dancu", Fault("error"))
    await ask()
    async with http.post(f"{server.base_url}/_mocks/reset") as reply:
        assert reply.status == 204
    assert (len(server.journal), dict(server.faults.current())) == (0, {})
    assert (await ask_dkdn(http, server, "9900000023", bearer))[0] == 401


async def test_the_journal_names_nobody(server: Running, http: aiohttp.ClientSession, clock: Clock, ask: Any) -> None:
    """The journal tells registry, operation, status and what decided, and holds no identifier and no name."""
    citizen = first("citizen_id")
    await ask()
    body = question(citizen.citizen_id, citizen.folded_name, citizen.birth_date.replace("-", ""))
    await ask_dancu(http, server, body, signed(clock.now_s))
    await ask_dkdn(http, server, PROVINCE.enterprise(0).enterprise_code, await token(http, server))
    async with http.get(f"{server.base_url}/_mocks/journal") as reply:
        text = await reply.text()
    entries = json.loads(text)["entries"]
    assert [(e["registry"], e["operation"], e["status"], e["matched"]) for e in entries] == [
        ("dancu", "TraCuuThongTinCongDan", 200, "case:found"),
        ("dancu", "TraCuuThongTinCongDan", 200, "province"),
        ("dkdn", "token", 200, "nothing"),
        ("dkdn", "chiTietDoanhNghiep", 200, "province"),
    ]
    for secret in ("000099000001", citizen.citizen_id, citizen.folded_name, PROVINCE.enterprise(0).enterprise_code):
        assert secret not in text


async def test_what_is_not_served_is_not_found(server: Running, http: aiohttp.ClientSession) -> None:
    """A registry without a stand-in is 404."""
    for path in ("/", "/other/x", "/dancux"):
        async with http.get(server.base_url + path) as reply:
            assert reply.status == 404


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_until_it_is_told_to_stop(number: int, http: aiohttp.ClientSession) -> None:
    """`python -m mocks` serves on loopback, and a signal ends it with exit code 0 although a client is waiting."""
    port = free_port()
    command = (sys.executable, "-m", "mocks", "--port", str(port), "--citizens", "10", "--fault", "dancu=silence")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ}
    )
    assert process.stdout is not None
    shown = [(await process.stdout.readline()).decode().split() for _ in installed()]
    assert ["dancu", f"http://127.0.0.1:{port}/dancu"] in shown
    waiting = asyncio.create_task(http.post(f"http://127.0.0.1:{port}/dancu"))
    async with http.get(f"http://127.0.0.1:{port}/_mocks/") as reply:
        assert reply.status == 200
    process.send_signal(number)
    async with asyncio.timeout(5):
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    with pytest.raises(aiohttp.ClientError):
        await waiting
