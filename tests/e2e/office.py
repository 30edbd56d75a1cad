"""The administrator's view of a running installation: makes agents, reads calls."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from hujiao.kit.trust import trust
from tests.harness.installation import RunningInstallation
from tests.harness.waiting import until

NUMBER = "4001"
TEST_PHONE = "test-phone"


@dataclass(frozen=True, slots=True)
class Login:
    """A person to sign in as."""

    id: str
    name: str
    password: str


@dataclass(slots=True)
class Office:
    """Signed in as administrator over the API."""

    installation: RunningInstallation
    api: httpx.Client = field(init=False)
    hired: int = 0
    customers: int = 0

    def __post_init__(self) -> None:
        self.api = httpx.Client(base_url=self.url, headers={"X-Hujiao": "1"}, timeout=20)
        credentials = {"name": "admin", "password": self.installation.passwords["admin"]}
        answer = self.api.post("/api/session", json=credentials)
        assert answer.status_code == 200, answer.text

    @property
    def url(self) -> str:
        return self.installation.base_url

    @property
    def sip_port(self) -> int:
        return self.installation.settings.sip_port

    def is_healthy(self) -> bool:
        try:
            return (
                httpx.get(self.url + "/healthz", verify=trust(self.url), timeout=5).status_code
                == 200
            )
        except httpx.HTTPError:
            return False

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.api.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def new_number(self) -> str:
        """The mobile number of a customer who has never called."""
        self.customers += 1
        return f"1390000{self.customers:04d}"

    def hire(self, role: str = "agent", locale: str = "zh-CN") -> Login:
        """A new person; an agent gets the skills of the first one and a browser phone."""
        people = self.get("/api/people", limit=200)["items"]
        model = next(person for person in people if person["login"] == "agent1")
        self.hired += 1
        login = f"tester{self.hired}"
        seat = {**model["agent"], "extension": str(1500 + self.hired)}
        fields = ("phone_kind", "extension", "skills", "rest_s", "max_missed", "wrap_up_s")
        person = {
            "login": login,
            "name": f"测试员{self.hired}",
            "role": role,
            "team_id": model["team_id"],
            "locale": locale,
            "password": f"Headset-{self.hired}-quiet-Room",
            "agent": {key: seat[key] for key in fields} if role == "agent" else None,
        }
        answer = self.api.post("/api/people", json=person)
        assert answer.status_code == 201, answer.text
        return Login(answer.json()["id"], login, str(person["password"]))

    async def booked(self, call_id: str) -> dict[str, Any]:
        """A call as the books have it after its end."""

        def ended() -> dict[str, Any]:
            answer = self.api.get(f"/api/calls/{call_id}")
            call = dict(answer.json()) if answer.status_code == 200 else {}
            return call if call.get("ended_at") else {}

        return await until(ended, what=f"call {call_id} and its end are in the books")
