import pytest

from benchmarks.routing import run, table


@pytest.mark.unit
def test_the_routing_benchmark_measures_a_small_floor() -> None:
    result = run(steps=400, agents=60, backlog=50)
    for floor in ("mixed", "universal"):
        assert result[floor]["agents"] == 60
        assert result[floor]["all"]["count"] == 400
        assert 0 < result[floor]["all"]["p50_us"] <= result[floor]["all"]["max_us"]
    assert "ContactQueued" in result["mixed"]["by_event"]
    assert "all events" in table(result)
