"""The clock: the only module that reads the current time, so that a test or a demo can freeze it.

A frozen time applies to the running task and the tasks it starts, not to the whole process: a demo that
writes last year's sales does not change the date of a concurrent request.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_frozen_at: ContextVar[datetime | None] = ContextVar("frozen clock", default=None)


def now() -> datetime:
    """Return the current time, in UTC with a time zone."""
    return _frozen_at.get() or datetime.now(UTC)


def today(tz: str = "Asia/Jakarta") -> date:
    """Return the current date in the time zone ``tz``.

    A village in Java is a day ahead of UTC for seven hours of every night.
    """
    return now().astimezone(ZoneInfo(tz)).date()


@contextmanager
def freeze_at(moment: datetime) -> Iterator[None]:
    """Freeze the clock at ``moment`` for the running task.

    Raises ValueError for a datetime without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("freeze the clock at an aware datetime, such as datetime(2026, 1, 1, tzinfo=UTC)")
    token = _frozen_at.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen_at.reset(token)
