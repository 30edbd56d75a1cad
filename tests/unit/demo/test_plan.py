"""The demo's day is repeatable, has its peaks, and is as busy as the agents can bear."""

import pytest

from hujiao.app.demo.plan import CURVE, LOAD, RING_S, WRAP_UP_S, mean_talk_s, plan_day

pytestmark = pytest.mark.unit

MENU = {"1": "q1", "2": "q2", "3": "q3"}


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    first = plan_day(calls=50, minutes=5, agents=12, seed=3, menu=MENU)
    assert first == plan_day(calls=50, minutes=5, agents=12, seed=3, menu=MENU)
    assert first != plan_day(calls=50, minutes=5, agents=12, seed=4, menu=MENU)


def test_all_call_in_time_each_from_a_number_of_his_own() -> None:
    day = plan_day(calls=500, minutes=5, agents=12, seed=1, menu=MENU)
    times = [caller.at_s for caller in day.callers]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= 300
    assert len({caller.number for caller in day.callers}) == 500
    numbers = {caller.number for caller in day.callers}
    assert {customer.number for customer in day.customers} <= numbers


def test_arrivals_follow_the_curve() -> None:
    calls = 20_000
    day = plan_day(calls=calls, minutes=12, agents=12, seed=1, menu=MENU)
    hours = [0] * len(CURVE)
    for caller in day.callers:
        hours[min(int(caller.at_s // 60), len(CURVE) - 1)] += 1
    for seen, weight in zip(hours, CURVE, strict=True):
        assert seen / calls == pytest.approx(weight / sum(CURVE), rel=0.1)


def test_talks_are_as_long_as_the_agents_load_allows() -> None:
    talk_s = mean_talk_s(100, 5, 12)
    handling_s = talk_s + sum(RING_S) / 2 + sum(WRAP_UP_S) / 2
    assert 100 * handling_s == pytest.approx(12 * 300 * LOAD)
    day = plan_day(calls=20_000, minutes=1000, agents=12, seed=1, menu=MENU)
    mean = sum(caller.talk_s for caller in day.callers) / len(day.callers)
    assert mean == pytest.approx(mean_talk_s(20_000, 1000, 12), rel=0.05)


def test_nobody_presses_keys_where_there_is_no_menu() -> None:
    day = plan_day(calls=100, minutes=1, agents=2, seed=1, menu={})
    assert all(caller.keys == () for caller in day.callers)


def test_keys_end_with_one_of_the_menu() -> None:
    day = plan_day(calls=500, minutes=1, agents=2, seed=1, menu=MENU)
    assert {caller.keys[-1] for caller in day.callers if caller.keys} == set(MENU)
