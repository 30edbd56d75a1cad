"""The administrator's view of a running installation: makes agents, reads calls."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.harness.installation import RunningInstallation

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
            return httpx.get(self.url + "/healthz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.api.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def hire(self) -> Login:
        """A new agent with the skills of the first one and a browser phone of his own."""
        people = self.get("/api/people", limit=200)["items"]
        model = next(person for person in people if person["login"] == "agent1")
        self.hired += 1
        login = f"tester{self.hired}"
        seat = {**model["agent"], "extension": str(1500 + self.hired)}
        fields = ("phone_kind", "extension", "skills", "rest_s", "max_missed", "wrap_up_s")
        person = {
            "login": login,
            "name": f"测试员{self.hired}",
            "role": "agent",
            "team_id": model["team_id"],
            "locale": "zh-CN",
            "password": f"Headset-{self.hired}-quiet-Room",
            "agent": {key: seat[key] for key in fields if key in seat},
        }
        answer = self.api.post("/api/people", json=person)
        assert answer.status_code == 201, answer.text
        return Login(answer.json()["id"], login, str(person["password"]))

    def newest_call(self, **filters: Any) -> dict[str, Any]:
        items = self.get("/api/calls", limit=1, **filters)["items"]
        return dict(items[0]) if items else {}
