"""What the day brings: who calls when, how patient he is, how long he talks. Pure and repeatable.

Arrivals are a Poisson process with a daily rate curve, given the number of calls: then the times
are independent draws from the curve (Ross, Stochastic Processes, theorem 2.3.1 and its
inhomogeneous form).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

CURVE = (0.6, 0.9, 1.5, 1.7, 1.3, 0.6, 0.7, 1.2, 1.5, 1.2, 0.8, 0.5)
"""Calls in the hours of a working day, against the mean: a peak in the morning, one after lunch."""

RING_S = (1.0, 6.0)
WRAP_UP_S = (2.0, 6.0)
BREAK_S = (6.0, 15.0)
LOAD = 0.85
"""The share of their time for which the agents are busy, over the whole day."""
TALK_S = (4.0, 40.0)
"""Mean talk times are kept between these, whatever load that makes."""
TALK_SIGMA = 0.6
PATIENCE_MEAN_S = 45.0
SHORTEST_PATIENCE_S = 3.0
FIRST_KEY_S = (2.0, 7.0)

KNOWN_SHARE = 0.3
HANGS_UP_SHARE = 0.3
WRONG_KEY_SHARE = 0.06
NO_KEY_SHARE = 0.03
LEAVES_MENU_SHARE = 0.05
KEY_WEIGHTS = (6.0, 3.0, 1.5)

KNOWN_NUMBERS = 19_900_000_001
OTHER_NUMBERS = 19_900_010_001
MAX_KNOWN = 40
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜"
GIVEN_NAMES = ("伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "勇", "杰", "娟", "涛", "明")


@dataclass(frozen=True, slots=True)
class Customer:
    """A synthetic person of the customer records."""

    name: str
    number: str
    vip: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """One call. Times in seconds; `at_s` after the day's begin, `keys` are pressed one by one.

    `leaves_menu_s` is when he hangs up without having chosen; `patience_s` counts from the menu's
    end. `hangs_up` says that he ends the talk and not the agent.
    """

    at_s: float
    number: str
    name: str
    keys: tuple[str, ...]
    first_key_s: float
    leaves_menu_s: float | None
    patience_s: float
    talk_s: float
    hangs_up: bool


@dataclass(frozen=True, slots=True)
class Day:
    """`minutes` is the time in which all callers call."""

    minutes: float
    callers: tuple[Caller, ...]
    customers: tuple[Customer, ...]


def mean_talk_s(calls: int, minutes: float, agents: int) -> float:
    """The talk time that keeps the agents as busy as LOAD says."""
    handling_s = agents * LOAD * minutes * 60 / calls
    rest_s = sum(RING_S) / 2 + sum(WRAP_UP_S) / 2
    return min(max(handling_s - rest_s, TALK_S[0]), TALK_S[1])


def plan_day(*, calls: int, minutes: float, agents: int, seed: int, menu: Mapping[str, str]) -> Day:
    """The same arguments give the same day. `menu` is the number's: key to queue."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable day, not a secret
    talk_s = mean_talk_s(calls, minutes, agents)
    times = sorted(_moment(chance) * minutes * 60 for _ in range(calls))
    known = _customers(min(MAX_KNOWN, round(calls * KNOWN_SHARE)))
    who: list[Customer | None] = [*known, *[None] * (calls - len(known))]
    chance.shuffle(who)
    callers = tuple(
        _caller(chance, at_s, index, customer, sorted(menu), talk_s)
        for index, (at_s, customer) in enumerate(zip(times, who, strict=True))
    )
    return Day(minutes, callers, known)


def _moment(chance: random.Random) -> float:
    """A time of the day, 0 to 1, as likely as the curve says."""
    reached = list(accumulate(CURVE))
    wanted = chance.random() * reached[-1]
    hour = next(index for index, total in enumerate(reached) if wanted <= total)
    return (hour + (wanted - reached[hour] + CURVE[hour]) / CURVE[hour]) / len(CURVE)


def _customers(count: int) -> tuple[Customer, ...]:
    """The same people in every day, so that they have been here before."""
    names = random.Random(0)  # noqa: S311 - names, not secrets
    return tuple(
        Customer(
            name=names.choice(SURNAMES) + names.choice(GIVEN_NAMES),
            number=str(KNOWN_NUMBERS + index),
            vip=index % 8 == 0,
        )
        for index in range(count)
    )


def _caller(
    chance: random.Random,
    at_s: float,
    index: int,
    customer: Customer | None,
    menu: Sequence[str],
    talk_s: float,
) -> Caller:
    leaves = chance.random() < LEAVES_MENU_SHARE
    # The mean of a lognormal is exp(mu + sigma^2 / 2).
    mu = math.log(talk_s) - TALK_SIGMA**2 / 2
    return Caller(
        at_s=at_s,
        number=customer.number if customer else str(OTHER_NUMBERS + index),
        name=customer.name if customer else "",
        keys=_keys(chance, menu),
        first_key_s=chance.uniform(*FIRST_KEY_S),
        leaves_menu_s=chance.uniform(1.0, 8.0) if leaves else None,
        patience_s=max(SHORTEST_PATIENCE_S, chance.expovariate(1 / PATIENCE_MEAN_S)),
        talk_s=min(chance.lognormvariate(mu, TALK_SIGMA), talk_s * 6),
        hangs_up=chance.random() < HANGS_UP_SHARE,
    )


def _keys(chance: random.Random, menu: Sequence[str]) -> tuple[str, ...]:
    if not menu:
        return ()
    kind = chance.random()
    weights = [KEY_WEIGHTS[min(place, len(KEY_WEIGHTS) - 1)] for place in range(len(menu))]
    key = chance.choices(menu, weights)[0]
    if kind < NO_KEY_SHARE:
        return ()
    if kind < NO_KEY_SHARE + WRONG_KEY_SHARE:
        wrong = next(one for one in "9870123456*" if one not in menu)
        return (wrong, key)
    return (key,)
