import pytest

from hujiao.routing.model import AgentConfig, AgentId, QueueConfig, QueueId

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "wrong", ["ageing_s", "ring_timeout_s", "wrap_up_s", "max_waiting", "max_wait_s"]
)
def test_a_queue_with_a_negative_duration_or_limit_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=f"queue sales: {wrong}"):
        QueueConfig(QueueId("sales"), **{wrong: -1})  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["wrap_up_s", "rest_s", "max_missed"])
def test_an_agent_with_a_negative_value_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="agent amy"):
        AgentConfig(AgentId("amy"), **{wrong: -1})  # type: ignore[arg-type]
