"""A real Chromium with a fake microphone that says a tone, and what is measured in its page."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.e2e.office import Login
from tests.harness.chromium import FLAGS
from tests.harness.waiting import until

SLOW_MS = 20_000
"""The machine may be busy; nothing waits this long when all is well."""


@asynccontextmanager
async def browser_with(
    program: Path, microphone: Path, *, allowed: bool = True
) -> AsyncIterator[Browser]:
    """A browser whose microphone plays this WAV (48 kHz, mono, 16 bit)."""
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
    if not allowed:
        flags.remove("--use-fake-ui-for-media-stream")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            await browser.close()


class Desk:
    """A page with somebody signed in."""

    def __init__(self, page: Page, who: Login) -> None:
        self.page = page
        self.who = who
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def phone(self) -> dict[str, Any]:
        state = await self.page.evaluate("window.__hujiao_phone?.state() ?? null")
        return state or {}

    async def until_phone(self, fits: Callable[[dict[str, Any]], bool], what: str) -> None:
        async def check() -> bool:
            state = await self.phone()
            return bool(state) and fits(state)

        await until(check, timeout_s=20, what=what)

    async def online(self) -> None:
        await self.until_phone(lambda s: s["line"] == "online", "the phone is online")

    async def ringing(self) -> None:
        await self.until_phone(lambda s: bool(s["call"]), "the phone rings")

    async def talking(self) -> None:
        await self.until_phone(
            lambda s: bool(s["call"]) and s["call"]["phase"] == "up", "the phone is in a call"
        )

    async def hears_sound(self) -> None:
        """The far end's sound is really there, measured in the page."""

        async def loud() -> bool:
            return float(await self.page.evaluate("window.__hujiao_phone.rms()")) > 0.05

        await until(loud, timeout_s=15, what="sound in the browser")

    async def press(self, name: str, *, last: bool = False) -> None:
        button = self.page.get_by_role("button", name=re.compile(name))
        await (button.last if last else button.first).click(timeout=SLOW_MS)

    async def sees(self, text: str) -> None:
        await expect(self.page.get_by_text(text).first).to_be_visible(timeout=SLOW_MS)


OpenDesk = Callable[..., Awaitable[Desk]]


async def sign_in(page: Page, url: str, who: Login) -> Desk:
    """Sign in by the form; the person's home page is open afterwards."""
    desk = Desk(page, who)
    await page.goto(url)
    await page.get_by_label("账号").fill(who.name)
    await page.get_by_label("密码").fill(who.password)
    await page.get_by_role("button", name="登录").click()
    await page.wait_for_url(re.compile("/(desk|board|admin)"), timeout=SLOW_MS)
    return desk
