"""From any SIP phone to the agent's ear in the browser, and everything that is left of it."""

import io
import re
from pathlib import Path

import pytest
import soundfile
from playwright.async_api import expect

from tests.e2e.browser import SLOW_MS, Desk, OpenDesk, browser_with, sign_in
from tests.e2e.conftest import AGENT_HZ, CUSTOMER_HZ
from tests.e2e.office import NUMBER, Office
from tests.harness.softphone import Softphone
from tests.harness.sound import Sound
from tests.harness.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


async def ready(desk: Desk) -> None:
    await desk.online()
    await desk.press("示闲", last=True)
    await is_ready(desk)


async def calls_and_is_answered(desk: Desk, customer: Softphone, port: int) -> str:
    """Returns the id of the call."""
    await customer.dial(NUMBER, port)
    await customer.until_call("ESTABLISHED")
    await until(lambda: customer.heard().duration_s > 2, what="two seconds of greeting")
    await customer.press("1")
    await desk.ringing()
    await desk.press("接听")
    await desk.talking()
    return str((await desk.phone())["call"]["callId"])


async def is_ready(desk: Desk) -> None:
    state = desk.page.locator('.strip [data-state="ready"]')
    await expect(state.first).to_be_visible(timeout=SLOW_MS)


async def notes_and_finishes(desk: Desk, note: str) -> None:
    await desk.page.get_by_placeholder(re.compile("记下")).fill(note)
    await desk.page.get_by_text("需回访").first.click()
    await desk.press("挂断")
    await desk.sees("话后")
    await desk.press("保存并小结完成")
    await is_ready(desk)


async def customer_hears(customer: Softphone, frequency_hz: float) -> None:
    def heard() -> bool:
        sound = customer.heard()
        newest = sound.part(max(0.0, sound.duration_s - 1))
        return newest.duration_s > 0.9 and newest.level_at(frequency_hz) > 0.03

    await until(heard, timeout_s=15, what=f"{frequency_hz} Hz at the customer")


async def until_recorded(office: Office, call_id: str) -> bytes:
    def ready_bytes() -> bytes:
        answer = office.api.get(f"/api/calls/{call_id}/recording")
        return answer.content if answer.status_code == 200 else b""

    return await until(ready_bytes, timeout_s=30, what="the recording is merged")


def channel(recording: bytes, number: int) -> Sound:
    samples, rate = soundfile.read(io.BytesIO(recording), always_2d=True)
    return Sound(samples[:, number], rate)


async def test_a_caller_is_greeted_answered_heard_noted_recorded_and_told_step_by_step(
    office: Office, desk: OpenDesk, customer: Softphone
) -> None:
    agent = await desk()
    await ready(agent)
    call_id = await calls_and_is_answered(agent, customer, office.sip_port)
    assert customer.heard().rms > 0.01, "greeting and menu were heard"
    await agent.hears_sound()
    await customer_hears(customer, AGENT_HZ)

    await agent.page.get_by_placeholder(re.compile("记下")).fill("客户询问发票，明天回电")
    await agent.page.get_by_text("需回访").first.click()
    await customer.hang_up()
    await agent.sees("话后")
    await agent.press("保存并小结完成")
    await is_ready(agent)

    call = await office.booked(call_id)
    assert call["result"] == "answered"
    assert call["note"] == "客户询问发票，明天回电"
    recording = await until_recorded(office, call_id)
    assert channel(recording, 0).level_at(CUSTOMER_HZ) > 0.05, "customer on the left"
    assert channel(recording, 1).level_at(AGENT_HZ) > 0.03, "agent on the right"
    story = office.get(f"/api/calls/{call_id}/story")["facts"]
    told = [fact["type"] for fact in story]
    for step in ("call.arrived", "menu.chosen", "queue.entered", "offer.made", "call.connected"):
        assert step in told
    assert told.index("call.connected") < told.index("call.ended")


async def test_the_next_call_shows_what_was_said_last_time(
    office: Office, desk: OpenDesk, customer: Softphone
) -> None:
    agent = await desk()
    await ready(agent)
    await calls_and_is_answered(agent, customer, office.sip_port)
    await agent.sees("首次联络")
    await notes_and_finishes(agent, "答应周五前寄出合同")
    await customer.until_call("CLOSED")
    await calls_and_is_answered(agent, customer, office.sip_port)
    await agent.sees("最近联络")
    await agent.sees("答应周五前寄出合同")
    await agent.press("挂断")
    await customer.until_call("CLOSED")


async def test_a_conversation_survives_the_reload_of_the_desk(
    office: Office, desk: OpenDesk, customer: Softphone
) -> None:
    agent = await desk()
    await ready(agent)
    await calls_and_is_answered(agent, customer, office.sip_port)
    await agent.hears_sound()
    await agent.page.reload()
    await agent.talking()
    await agent.hears_sound()
    await customer_hears(customer, AGENT_HZ)
    await customer.hang_up()
    await agent.sees("话后")


async def test_a_conversation_survives_the_death_of_the_floor_without_a_reload(
    office: Office, desk: OpenDesk, customer: Softphone
) -> None:
    agent = await desk()
    await ready(agent)
    call_id = await calls_and_is_answered(agent, customer, office.sip_port)
    office.installation.kill_leader()
    await agent.hears_sound()
    await customer_hears(customer, AGENT_HZ)
    await until(office.is_healthy, timeout_s=40, what="the floor is back")
    await agent.press("保持")
    await agent.sees("保持")
    await agent.press("恢复|取回|继续|取消保持")
    await customer_hears(customer, AGENT_HZ)
    await agent.press("挂断")
    await customer.until_call("CLOSED")
    assert (await office.booked(call_id))["ended_by"] == "agent"


async def test_an_agent_dials_a_number_and_both_hear_each_other(
    office: Office, desk: OpenDesk, customer: Softphone
) -> None:
    agent = await desk()
    await ready(agent)
    await agent.page.get_by_placeholder(re.compile("号码")).first.fill("13800138000")
    await agent.press("^拨打")
    await customer.until_call("INCOMING", timeout_s=20)
    await customer.accept()
    await agent.talking()
    await agent.hears_sound()
    await customer_hears(customer, AGENT_HZ)
    await agent.press("挂断")
    await customer.until_call("CLOSED")


async def test_a_second_tab_takes_the_phone_and_the_first_one_says_so(
    office: Office, desk: OpenDesk
) -> None:
    first = await desk()
    await first.online()
    second = await first.page.context.new_page()
    await second.goto(office.url + "/desk")
    await second.get_by_role("button", name=re.compile("在此页面使用")).first.click(timeout=SLOW_MS)
    await first.sees("工作台已在别处打开")
    await second.close()


async def test_a_revoked_session_leads_back_to_the_sign_in_page(
    office: Office, desk: OpenDesk
) -> None:
    agent = await desk()
    await agent.online()
    sessions = office.get("/api/sessions", person_id=agent.who.id)["items"]
    for session in sessions:
        office.api.delete(f"/api/sessions/{session['id']}")
    await agent.page.wait_for_url(re.compile("/login"), timeout=SLOW_MS)


async def test_a_refused_microphone_is_explained_with_what_to_do(
    office: Office, chromium: Path, microphone: Path
) -> None:
    async with browser_with(chromium, microphone, allowed=False) as browser:
        context = await browser.new_context(locale="zh-CN", permissions=[])
        page = await context.new_page()
        desk = await sign_in(page, office.url, office.hire())
        await expect(desk.page.get_by_text("麦克风").first).to_be_visible(timeout=SLOW_MS)
