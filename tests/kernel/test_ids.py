"""Ids are UUID version 7, unique and increasing."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

import pytest

from kernel import ids
from kernel.ids import UuidSequence, new_id


def timestamp_ms(made: UUID) -> int:
    return made.int >> 80


def test_is_a_version_7_of_now() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before - 5 <= timestamp_ms(made) <= time.time_ns() // 1_000_000 + 5


def test_each_is_greater_than_the_one_before() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert [str(one) for one in made] == sorted(str(one) for one in made)


def test_threads_share_one_sequence() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: new_id(), range(4_000)))
    assert len(set(made)) == 4_000


def test_a_clock_set_back_does_not_turn_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    sequence = UuidSequence()
    first = sequence.next()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_000_000)
    assert sequence.next() > first


def test_a_full_millisecond_borrows_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids.time, "time_ns", lambda: 5_000_000)
    sequence = UuidSequence()
    first = sequence.next()
    sequence._counter = (1 << 74) - 1
    after = sequence.next()
    assert after > first
    assert (timestamp_ms(after), after.version, after.variant) == (6, 7, RFC_4122)
