"""A million people cost the stand-ins no memory."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest

from mocks.cpxd import CONSUMER_KEY, CONSUMER_SECRET
from mocks.cpxd_permits import Permits
from mocks.province import Province
from mocks.stand_in import installed
from tests.ports import free_port
from tests.stand_ins.client import basic

CITIZENS = 1_000_000
MOST_MB = 200


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc, so this needs Linux")
async def test_a_million_citizens_stay_below_200_mb(http: aiohttp.ClientSession) -> None:
    """
    A whole process of all stand-ins that has been asked about people all over the province, has counted all of them and
    listed what registries disagree on holds less than 200 MB at its highest.
    """
    province = Province(citizens=CITIZENS)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mocks", "--port", str(port), "--citizens", str(CITIZENS), "--disagreements", "5"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        for _ in installed():
            await process.stdout.readline()
        for index in range(0, CITIZENS, CITIZENS // 100):
            code = province.citizen(index).citizen_id
            async with http.get(f"{url}/taichinh/category/public/dsdkts/{code}/manager") as reply:
                assert reply.status in {200, 404}
        await _counted(http, url)
        async with http.get(f"{url}/_mocks/disagreements") as reply:
            assert (await reply.json())["more"] is False
        number = next(Permits(province).permits()).number
        bearer = await _bearer(http, f"{url}/cpxd", CONSUMER_KEY, CONSUMER_SECRET)
        where = f"{url}/cpxd/CPXD/traCuuGiayPhepXayDung"
        async with http.get(where, params={"soGiayPhep": number}, headers=bearer) as reply:
            assert len((await reply.json())["result"]["DanhSachGiayPhep"]) == 1
        highest_mb = _highest_mb(process.pid)
    finally:
        process.terminate()
        await process.wait()

    assert 20 < highest_mb < MOST_MB, highest_mb


async def _counted(http: aiohttp.ClientSession, url: str) -> None:
    """The figure for which all households are walked."""
    bearer = await _bearer(http, f"{url}/tkds", "demo-statistics-key", "demo-statistics-secret-not-real")
    asked = {"maChiTieu": "9901", "maDonViHanhChinh": "99", "kyBaoCao": "2026"}
    async with http.get(f"{url}/tkds/ThongKeDanSo/1.0/traCuuChiTieu", params=asked, headers=bearer) as reply:
        assert [row["giaTri"] for row in await reply.json()] == [CITIZENS]


async def _bearer(http: aiohttp.ClientSession, url: str, key: str, secret: str) -> dict[str, str]:
    form = {"grant_type": "client_credentials"}
    async with http.post(f"{url}/token", data=form, headers=basic(key, secret)) as reply:
        return {"Authorization": f"Bearer {(await reply.json())['access_token']}"}


def _highest_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e6
