"""The clock returns aware datetimes, and stops only where a test freezes it."""

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from kernel import clock

EVE = datetime(2025, 12, 31, 18, 0, tzinfo=UTC)


def test_now_is_aware_and_present() -> None:
    assert abs(datetime.now(UTC) - clock.now()) < timedelta(seconds=5)
    assert clock.now().tzinfo is UTC


def test_a_held_clock_stands_still_and_is_let_go() -> None:
    with clock.freeze_at(EVE):
        assert clock.now() == EVE
        with clock.freeze_at(EVE + timedelta(days=1)):
            assert clock.now() == EVE + timedelta(days=1)
        assert clock.now() == EVE
    assert clock.now() > EVE + timedelta(days=100)


def test_the_new_year_comes_to_indonesia_first() -> None:
    with clock.freeze_at(EVE):
        assert clock.today() == date(2026, 1, 1)
        assert clock.today("UTC") == date(2025, 12, 31)


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    jakarta = timezone(timedelta(hours=7))
    with clock.freeze_at(datetime(2026, 1, 1, 1, 0, tzinfo=jakarta)):
        assert clock.now() == EVE
        assert clock.now().tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"), clock.freeze_at(datetime(2026, 1, 1)):  # noqa: DTZ001 - the point
        pass


async def test_a_hold_does_not_reach_the_task_beside_it() -> None:
    frozen, checked = asyncio.Event(), asyncio.Event()

    async def freeze() -> None:
        with clock.freeze_at(EVE):
            frozen.set()
            await checked.wait()

    async def read_clock() -> datetime:
        await frozen.wait()
        seen = clock.now()
        checked.set()
        return seen

    _, seen = await asyncio.gather(freeze(), read_clock())
    assert seen > EVE + timedelta(days=100)
