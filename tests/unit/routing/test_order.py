from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hujiao.routing import order
from hujiao.routing.model import ContactId, ContactQueued, QueueConfig, QueueId
from hujiao.routing.order import Key, SortedKeys, waiting_key

pytestmark = pytest.mark.unit

_keys = st.tuples(st.integers(0, 30), st.sampled_from("abc"))


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "_CHUNK", 2)
        yield


@given(st.lists(st.tuples(st.booleans(), _keys), max_size=60), _keys)
def test_sorted_keys_answer_like_a_sorted_list(steps: list[tuple[bool, Key]], probe: Key) -> None:
    keys = SortedKeys()
    plain: set[Key] = set()
    for add, key in steps:
        if add and key not in plain:
            keys.add(key)
            plain.add(key)
        elif not add:
            keys.remove(key)
            plain.discard(key)
        expected = sorted(plain)
        assert list(keys) == expected
        assert len(keys) == len(expected)
        assert keys.first() == (expected[0] if expected else None)
        assert bool(keys.chunks) == bool(expected)
    assert list(keys.after(probe)) == sorted(key for key in plain if key > probe)
    assert keys.rank(probe) == sum(key < probe for key in plain)


def _key(priority: int, arrived_s: int, queue: QueueConfig, name: str = "c1") -> Key:
    asked = ContactQueued(ContactId(name), queue.id, priority, 0, arrived_s * 1000)
    return waiting_key(asked, queue)


def test_a_point_of_priority_is_worth_the_ageing_seconds_of_the_queue() -> None:
    vip = QueueConfig(QueueId("vip"), priority=2, ageing_s=60)
    plain = QueueConfig(QueueId("plain"))
    assert _key(0, 219, vip) < _key(0, 100, plain)
    assert _key(0, 221, vip) > _key(0, 100, plain)
    assert _key(3, 279, plain) < _key(0, 100, plain)


def test_equal_urgency_goes_by_arrival_and_then_by_id() -> None:
    vip = QueueConfig(QueueId("vip"), priority=1, ageing_s=60)
    plain = QueueConfig(QueueId("plain"))
    assert _key(0, 100, plain, "z") < _key(0, 160, vip, "a")
    assert _key(0, 100, plain, "a") < _key(0, 100, plain, "b")


def test_without_ageing_priority_says_nothing() -> None:
    queue = QueueConfig(QueueId("q"), ageing_s=0, priority=9)
    assert _key(5, 10, queue) > _key(0, 9, queue)
