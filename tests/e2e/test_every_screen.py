"""Every screen in both languages: no error, no untranslated word, no nameless control; pictures."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Request

from tests.e2e.browser import Desk, sign_in
from tests.e2e.conftest import VIEWPORT
from tests.e2e.office import Office
from tests.harness.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PAGES = {
    "supervisor": (
        "/board",
        "/board?wall=1",
        "/calls",
        "/callbacks",
        "/callbacks?view=all",
        "/customers",
        "/admin/people",
        "/admin/teams",
        "/admin/skills",
        "/admin/queues",
        "/admin/numbers",
        "/admin/trunks",
        "/admin/reasons",
        "/admin/dispositions",
        "/admin/audit",
        "/admin/retention",
        "/admin/system",
        "/account",
    ),
    "agent": ("/desk", "/calls", "/callbacks", "/customers", "/account"),
}
KEY = re.compile(
    r"\b(desk|board|admin|calls|callbacks|errors|common|session|customers)\.[a-z_]+(\.[a-z_]+)*\b"
)
"""What an untranslated text looks like."""
NAMELESS = """() => [...document.querySelectorAll(
  "button, a[href], input, select, textarea, [role=button], [tabindex='0']")]
  .filter(one => one.checkVisibility() && !one.closest("[aria-hidden=true]"))
  .filter(one => ![one.ariaLabel, one.title, one.textContent,
    ...[...(one.labels ?? [])].map(label => label.textContent)].some(word => word?.trim()))
  .map(one => one.outerHTML.slice(0, 200))"""
"""Controls of which somebody who does not see them could not know what they are for."""
PICTURES = Path("test-results") / "screens"
SHOWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""What came is worked into the page, and painted, by the second frame after it."""
LOADING = ".el-loading-mask:visible, .el-skeleton:visible"
"""Shown while a screen waits, for the live socket too."""


class Traffic:
    """What a page asks the server for."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._open: set[Request] = set()
        page.on("request", lambda one: self._open.add(one))
        page.on("requestfinished", lambda one: self._open.discard(one))
        page.on("requestfailed", lambda one: self._open.discard(one))

    async def ends(self) -> None:
        """Waits until all is answered and shown, and nothing more was asked for because of it."""

        async def over() -> bool:
            if self._open:
                return False
            await self._page.evaluate(SHOWN)
            return not self._open and not await self._page.locator(LOADING).count()

        await until(over, what="the page has all it asked for")


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("role", list(PAGES))
async def test_every_screen_of_a_role_speaks_the_language_without_an_error(
    browser: Browser, office: Office, role: str, locale: str
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    context = await browser.new_context(viewport=VIEWPORT, locale="zh-CN")
    page = await context.new_page()
    traffic = Traffic(page)
    desk: Desk = await sign_in(page, office.url, office.hire(role, locale))
    for path in PAGES[role]:
        await page.goto(office.url + path)
        await page.locator("main, #page").first.wait_for()
        await traffic.ends()
        assert await page.evaluate("document.documentElement.lang") == locale
        text = await page.inner_text("body")
        assert not KEY.search(text), f"{path}: {KEY.search(text)}"
        assert desk.errors == [], path
        assert await page.evaluate(NAMELESS) == [], path
        name = re.sub(r"\W+", "-", path).strip("-")
        await page.screenshot(path=PICTURES / f"{name}-{role}-{locale}.png")
    await page.evaluate("fetch('/api/session', {method: 'DELETE', headers: {'X-Hujiao': '1'}})")
    await context.close()
