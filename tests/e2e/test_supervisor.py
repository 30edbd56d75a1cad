"""What leaders and administrators do on their screens, on a running installation."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import SLOW_MS, OpenDesk
from tests.e2e.office import Login, Office

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def login(office: Office, name: str) -> Login:
    return Login("", name, office.installation.passwords[name])


async def test_a_supervisor_changes_an_agents_state_from_the_board(
    office: Office, desk: OpenDesk
) -> None:
    agent = await desk()
    await agent.online()
    board = (await desk(login(office, "supervisor"))).page
    await board.goto(office.url + "/board")
    card = board.locator(f'[data-agent="{agent.who.id}"]')
    await card.click(timeout=SLOW_MS)
    await board.get_by_role("button", name="示闲").click()
    await expect(card.locator('[data-state="ready"]')).to_be_visible(timeout=SLOW_MS)
    await board.locator(".actions").get_by_role("button", name="示忙").click()
    await board.get_by_role("menuitem").first.click()
    await expect(card.locator('[data-state="not_ready"]')).to_be_visible(timeout=SLOW_MS)
    await board.locator(".actions").get_by_role("button", name="签出").click()
    await board.get_by_role("dialog").get_by_role("button", name="签出").click()
    await expect(card).to_have_count(0, timeout=SLOW_MS)


async def test_an_administrator_is_told_what_is_wrong_and_loses_nothing_typed(
    office: Office, desk: OpenDesk
) -> None:
    page = (await desk(login(office, "admin"))).page
    await page.goto(office.url + "/admin/queues")
    await page.get_by_role("button", name="新增队列").click()
    await _save(page)
    await expect(page.locator('[data-field="name"] .el-form-item__error')).to_be_visible()
    await page.locator('[data-field="name"] input').fill("临时队列")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="继续编辑").click()
    await _save(page)
    await expect(page.get_by_role("cell", name="临时队列")).to_be_visible(timeout=SLOW_MS)

    await _delete(page, "临时队列")
    await expect(page.get_by_role("cell", name="临时队列")).to_have_count(0, timeout=SLOW_MS)


async def test_a_queue_that_a_number_needs_cannot_be_deleted_and_the_screen_says_why(
    office: Office, desk: OpenDesk
) -> None:
    number = office.get("/api/numbers")["items"][0]
    queue = next(
        one for one in office.get("/api/queues")["items"] if one["id"] == number["queue_id"]
    )
    page = (await desk(login(office, "admin"))).page
    await page.goto(office.url + "/admin/queues")
    await _delete(page, queue["name"])
    await expect(page.get_by_text(re.compile(re.escape(number["name"]))).last).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="关闭", exact=True).last.click()
    assert queue["id"] in {one["id"] for one in office.get("/api/queues")["items"]}


async def _save(page: Page) -> None:
    await page.locator(".edit-drawer .foot").get_by_role("button", name="保存").click()


async def _delete(page: Page, name: str) -> None:
    await page.get_by_role("cell", name=name, exact=True).click(timeout=SLOW_MS)
    await page.locator(".edit-drawer .foot").get_by_role("button", name="删除").click()
    await (
        page.get_by_role("dialog", name=re.compile(name))
        .get_by_role("button", name="删除")
        .last.click()
    )
