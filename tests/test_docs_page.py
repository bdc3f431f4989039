"""The interactive documentation in a real browser, without the internet."""

from __future__ import annotations

import shutil

import pytest
from playwright.async_api import Route, async_playwright

from tests.conftest import KEY, Desk

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed on this machine")
async def test_the_documentation_asks_a_real_question_and_needs_no_other_host(desk: Desk) -> None:
    """A reader authorises, tries a lookup and sees its answer; the page asks no other host for anything."""
    elsewhere: list[str] = []

    async def guard(route: Route) -> None:
        if route.request.url.startswith((desk.url, "data:", "blob:")):
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
        await page.goto(f"{desk.url}/docs")
        await page.get_by_role("button", name="Authorize").first.click()
        await page.get_by_label("Value").fill(KEY)
        await page.get_by_role("button", name="Apply credentials").click()
        await page.get_by_role("button", name="Close", exact=True).click()
        await page.locator("#operations-default-lookup .opblock-summary").click()
        await page.locator("#operations-default-lookup button.execute").click()
        answer = page.locator("#operations-default-lookup .live-responses-table .response").first
        await answer.wait_for()
        text = await answer.inner_text()
        await browser.close()

    assert "200" in text
    assert '"outcome": "found"' in text
    assert errors == []
    assert elsewhere == []
