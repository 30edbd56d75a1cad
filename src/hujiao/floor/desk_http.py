"""HTTP of the desk: what an agent does with his phone, his state and his call; what leaders may."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.requests import HTTPConnection
from pydantic import BaseModel, Field

from hujiao.floor.client import FloorClient
from hujiao.floor.refusals import NotAnAgent
from hujiao.identity.http import require
from hujiao.identity.model import Actor, Permission
from hujiao.kit.refusal import Forbidden

SIP_PATH = "/api/sip"
SIP_DOMAIN = "hujiao"

router = APIRouter(prefix="/api", tags=["desk"])


def _floor(connection: HTTPConnection) -> FloorClient:
    found: FloorClient = connection.app.state.floor
    return found


TheFloor = Annotated[FloorClient, Depends(_floor)]
Leads = Annotated[Actor, Depends(require(Permission.AGENTS_CONTROL))]


async def _agent(
    actor: Annotated[Actor, Depends(require(Permission.DESK_USE))],
) -> Actor:
    if actor.agent_extension is None:
        raise NotAnAgent("You have no phone; ask your administrator for an extension")
    return actor


DeskActor = Annotated[Actor, Depends(_agent)]
CallId = Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,100}$")]


class Tab(BaseModel):
    """A loaded page, by an id made at its load."""

    tab: str = Field(pattern=r"^[0-9A-Za-z-]{8,64}$")


class PhoneNode(BaseModel):
    """A node of the switch, and where SIP to it goes through."""

    name: str
    ws_path: str


class PhoneOut(BaseModel):
    """How a page's phone signs on: at every node at once, for a call may come in at any."""

    nodes: list[PhoneNode]
    uri: str
    username: str
    password: str
    display_name: str


class StateIn(BaseModel):
    state: str = Field(pattern="^(ready|not_ready)$")
    reason_id: str | None = Field(default=None, max_length=64)


class DialIn(BaseModel):
    number: str = Field(max_length=40)


class DialOut(BaseModel):
    call_id: str


class DigitsIn(BaseModel):
    digits: str = Field(pattern=r"^[0-9*#A-Da-d]{1,32}$")


class TestCallIn(BaseModel):
    number: str | None = Field(default=None, max_length=40)


class TestCallOut(BaseModel):
    number: str


@router.post("/desk/phone")
async def take_phone(tab: Tab, actor: DeskActor, floor: TheFloor) -> PhoneOut:
    """Make this page the agent's phone; an earlier page is told that it is not any more."""
    phone = await floor.command("phone", agent=actor.person_id, tab=tab.tab)
    return PhoneOut(
        nodes=[PhoneNode(name=name, ws_path=f"{SIP_PATH}?node={name}") for name in phone["nodes"]],
        uri=f"sip:{phone['username']}@{SIP_DOMAIN}",
        username=phone["username"],
        password=phone["password"],
        display_name=phone["display_name"],
    )


@router.post("/desk/sign-in", status_code=204)
async def sign_in(actor: DeskActor, floor: TheFloor) -> None:
    await floor.command("sign_in", agent=actor.person_id)


@router.post("/desk/sign-out", status_code=204)
async def sign_out(actor: DeskActor, floor: TheFloor) -> None:
    await floor.command("sign_out", agent=actor.person_id, by=actor.person_id)


@router.post("/desk/state", status_code=204)
async def set_state(state: StateIn, actor: DeskActor, floor: TheFloor) -> None:
    await floor.command(
        "state", agent=actor.person_id, state=state.state, reason_id=state.reason_id
    )


@router.post("/desk/dial")
async def dial(wanted: DialIn, actor: DeskActor, floor: TheFloor) -> DialOut:
    answer = await floor.command("dial", agent=actor.person_id, number=wanted.number)
    return DialOut(call_id=answer["call_id"])


@router.post("/desk/calls/{call_id}/digits", status_code=204)
async def send_digits(call_id: CallId, wanted: DigitsIn, actor: DeskActor, floor: TheFloor) -> None:
    await floor.command("digits", agent=actor.person_id, call=call_id, digits=wanted.digits)


def _add_call_action(path: str, command: str, summary: str) -> None:
    async def act(call_id: CallId, actor: DeskActor, floor: TheFloor) -> None:
        await floor.command(command, agent=actor.person_id, call=call_id)

    act.__name__ = command
    router.post(f"/desk/calls/{{call_id}}/{path}", status_code=204, summary=summary)(act)


_add_call_action("hold", "hold", "Let the customer hear music")
_add_call_action("resume", "resume", "Take the customer back")
_add_call_action("hangup", "hangup", "End the call")
_add_call_action("reject", "reject", "Refuse the offer; the caller keeps his place")
_add_call_action("record-pause", "record_pause", "Record silence, for card data")
_add_call_action("record-resume", "record_resume", "Record voices again")
_add_call_action("wrap-up-done", "wrap_up_done", "End the work after the call")


@router.post("/test-call")
async def place_test_call(
    wanted: TestCallIn,
    _actor: Annotated[Actor, Depends(require(Permission.TEST_CALL_MAKE))],
    floor: TheFloor,
) -> TestCallOut:
    """Let the switch play a customer who calls in."""
    answer = await floor.command("test_call", number=wanted.number)
    return TestCallOut(number=answer["number"])


# --- leaders ------------------------------------------------------------------------------------


def _led(actor: Actor, floor: FloorClient, agent_id: str) -> dict[str, Any]:
    """The agent, if this leader may command him. A team leader has his own team only."""
    agent = floor.entities["agent"].get(agent_id)
    if agent is None:
        raise NotAnAgent()
    if actor.only_team and agent["team_id"] != actor.team_id:
        raise Forbidden("Not an agent of your team")
    return agent


@router.post("/agents/{agent_id}/state", status_code=204)
async def set_agent_state(agent_id: str, state: StateIn, actor: Leads, floor: TheFloor) -> None:
    _led(actor, floor, agent_id)
    await floor.command("state", agent=agent_id, state=state.state, reason_id=state.reason_id)


@router.post("/agents/{agent_id}/sign-out", status_code=204)
async def sign_agent_out(agent_id: str, actor: Leads, floor: TheFloor) -> None:
    _led(actor, floor, agent_id)
    await floor.command("sign_out", agent=agent_id, by=actor.person_id)
