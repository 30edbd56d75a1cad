"""One installation for all of them; each test has its own browser and its own agents."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.browser import Desk, OpenDesk, browser_with, sign_in
from tests.e2e.office import TEST_PHONE, Login, Office
from tests.harness.demo import Demo
from tests.harness.fixtures import MakeSoftphone
from tests.harness.installation import RunningInstallation
from tests.harness.softphone import Softphone
from tests.harness.sound import tone, write_sound

AGENT_HZ = 880.0
CUSTOMER_HZ = 440.0
VIEWPORT = {"width": 1366, "height": 768}
PICTURES = Path("test-results") / "e2e"
DAY_CALLS = 40


@pytest.fixture(scope="session")
def office(installation: RunningInstallation) -> Office:
    return Office(installation)


@pytest.fixture(scope="session")
def day(
    installation: RunningInstallation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """It has begun with the first test that asks for it: the backup, taken in the midst of it."""
    folder = tmp_path_factory.mktemp("day")
    demo = Demo(installation, folder, "--calls", str(DAY_CALLS), "--minutes", "0.6")
    yield demo
    demo.end()


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an agent says into the browser: a tone, without end."""
    path = tmp_path_factory.mktemp("microphone") / "tone.wav"
    return write_sound(tone(AGENT_HZ, 10, rate_hz=48_000), path)


@pytest.fixture
async def browser(chromium: Path, microphone: Path) -> AsyncIterator[Browser]:
    async with browser_with(chromium, microphone) as running:
        yield running


@pytest.fixture
async def desk(
    browser: Browser, office: Office, request: pytest.FixtureRequest
) -> AsyncIterator[OpenDesk]:
    """`await desk()`: a new agent (or the given person) signed in, in a profile of his own."""
    opened: list[Desk] = []

    async def open_desk(login: Login | None = None) -> Desk:
        context = await browser.new_context(viewport=VIEWPORT, locale="zh-CN")
        page = await context.new_page()
        who = login or office.hire()
        opened.append(await sign_in(page, office.url, who))
        return opened[-1]

    yield open_desk
    PICTURES.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(opened):
        await one.page.screenshot(path=PICTURES / f"{request.node.name}-{number}.png")
        assert one.errors == [], "errors in the page"


@pytest.fixture
async def customer(office: Office, softphone: MakeSoftphone) -> Softphone:
    """The SIP phone of somebody who has never called, signed in with the printed account."""
    return await softphone(
        user=TEST_PHONE,
        number=office.new_number(),
        password=office.installation.passwords[TEST_PHONE],
        registrar_port=office.sip_port,
        say=tone(CUSTOMER_HZ, 240),
    )
