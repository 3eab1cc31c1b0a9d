"""Counting of attempts: the pure rules, and that the database counts each one."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from kernel import clock
from kernel.database import Database
from tenants.registry import TenantRef
from tenants.throttles import (
    FREE_ATTEMPTS,
    RESET_AFTER,
    Attempts,
    exponential_backoff,
    fixed_window,
    narrowest_network,
    throttle_attempt,
    throttle_key,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def guess_until_stopped(start: datetime, pause: timedelta, times: int) -> list[int]:
    """Return how many of `times` tries, `pause` apart, were let through after each try."""
    tries, let_through, seen = Attempts(0, start), 0, []
    for n in range(times):
        counted = exponential_backoff(tries, start + n * pause)
        if counted is not None:
            tries, let_through = counted, let_through + 1
        seen.append(let_through)
    return seen


def test_five_tries_are_free_and_the_sixth_must_wait() -> None:
    assert guess_until_stopped(NOW, timedelta(seconds=1), 8) == [1, 2, 3, 4, 5, 5, 5, 5]


def test_each_wait_is_twice_the_one_before_up_to_fifteen_minutes() -> None:
    tries, moment, waits = Attempts(0, NOW), NOW, []
    for _ in range(12):
        counted = exponential_backoff(tries, moment)
        assert counted is not None
        tries = counted
        if tries.count >= FREE_ATTEMPTS:
            waits.append((tries.until - moment) // timedelta(minutes=1))
            moment = tries.until
    assert waits == [1, 2, 4, 8, 15, 15, 15, 15]


def test_a_day_of_guessing_lets_about_a_hundred_through() -> None:
    assert guess_until_stopped(NOW, timedelta(seconds=20), 24 * 60 * 3)[-1] < 110


def test_a_quiet_day_forgives() -> None:
    stopped = Attempts(9, NOW)
    later = exponential_backoff(stopped, NOW + RESET_AFTER)
    assert later is not None
    assert later.count == 1


def test_a_network_has_so_many_in_a_window_and_no_more() -> None:
    rule, tries = fixed_window(3, timedelta(minutes=15)), Attempts(0, NOW)
    for _ in range(3):
        tries = rule(tries, NOW) or pytest.fail("stopped too early")
    assert rule(tries, NOW) is None
    assert rule(tries, NOW + timedelta(minutes=15)) is not None


def test_one_household_has_one_network() -> None:
    assert (
        narrowest_network("2001:db8::1")
        == narrowest_network("2001:db8::ffff")
        != narrowest_network("2001:db8:0:1::1")
    )
    assert narrowest_network("::ffff:203.0.113.5") == narrowest_network("203.0.113.5") == "203.0.113.5"


def test_the_throttle_key_does_not_show_the_phone() -> None:
    assert "+6281234567890" not in throttle_key("sign-in", "+6281234567890")


@pytest.mark.parametrize("inside", [True, False])
async def test_attempts_at_the_same_moment_are_all_counted(
    database: Database, melati: TenantRef, inside: bool
) -> None:
    tenant, rules = melati if inside else None, [("door:x", fixed_window(3, timedelta(minutes=15)))]
    with clock.freeze_at(NOW):
        waits = await asyncio.gather(*(throttle_attempt(database, tenant, rules) for _ in range(8)))
    assert sorted(waits) == [0] * 3 + [15] * 5


async def test_a_refused_attempt_is_not_counted_further(database: Database) -> None:
    narrow, wide = (
        ("narrow", fixed_window(1, timedelta(hours=1))),
        ("wide", fixed_window(2, timedelta(hours=1))),
    )
    assert [await throttle_attempt(database, None, [narrow, wide]) > 0 for _ in range(5)] == [False] + [
        True
    ] * 4
    assert await throttle_attempt(database, None, [wide]) == 0
