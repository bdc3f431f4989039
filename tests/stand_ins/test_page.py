"""The page of the stand-ins in a real browser, without the internet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Route, async_playwright

import mocks
from mocks.faults import Fault
from mocks.server import Running
from tests.stand_ins.client import PROVINCE
from tests.test_docs_page import CHROMIUM, QUIET

PAGE = Path(mocks.__file__).parent / "page"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed on this machine")
async def test_the_page_does_what_it_says_and_needs_no_other_host(server: Running) -> None:
    """Somebody sets a fault and the day, lets a household move and one of it die; no other host is asked."""
    elsewhere: list[str] = []
    citizen = PROVINCE.citizen(7)
    together = PROVINCE.household(7)

    async def guard(route: Route) -> None:
        if route.request.url.startswith(server.base_url):
            await route.continue_()
        else:
            elsewhere.append(route.request.url)
            await route.abort()

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        await page.route("**/*", guard)
        await page.goto(f"{server.base_url}/_mocks/page")
        await page.locator("#fault [name=target]").select_option("dancu.citizen")
        await page.locator("#fault [name=fault]").select_option("silence")
        await page.locator("#fault [name=percent]").fill("40")
        await page.get_by_role("button", name="Gây lỗi").click()
        await page.get_by_text("dancu.citizen: silence, percent 40").wait_for()
        faults = dict(server.faults.current())
        await page.locator("#clock [name=today]").fill("2026-05-01")
        await page.get_by_role("button", name="Đặt ngày").click()
        await page.locator("#event [name=event]").select_option("move")
        await page.locator("#event [name=citizen]").fill(citizen.citizen_id)
        await page.locator("#event [name=commune]").fill("99007")
        await page.locator("#event [name=household]").check()
        await page.get_by_role("button", name="Xảy ra").click()
        await page.get_by_text(f"moved {len(together)}").wait_for()
        await page.locator("#event [name=event]").select_option("death")
        await page.locator("#event [name=citizen]").fill(citizen.citizen_id)
        await page.get_by_role("button", name="Xảy ra").click()
        await page.locator("#events li").nth(1).wait_for()
        listed = await page.locator("#events li").all_inner_texts()
        died_on = PROVINCE.citizen(7).died_on
        await page.get_by_role("button", name="Xóa mọi thay đổi").click()
        await page.locator("#events li").first.wait_for(state="detached")
        await browser.close()

    assert faults == {"dancu.citizen": (Fault("silence", percent=40),)}
    assert len(together) > 1
    assert sorted(one.partition(", dossier")[0] for one in listed) == [
        "Chuyển nơi ở, on 2026-05-01, commune 99007, moved " + str(len(together)),
        "Chết, on 2026-05-01",
    ]
    assert (died_on is not None, PROVINCE.citizen(7).died_on) == (True, None)
    assert (errors, elsewhere) == ([], [])


def test_the_page_names_no_other_host() -> None:
    """Neither page nor script nor style has an address in it."""
    for file in PAGE.iterdir():
        assert re.search(r"https?:|//\w+\.|url\(|@import", file.read_text(encoding="utf-8")) is None, file.name
