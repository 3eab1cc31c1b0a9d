"""The clock: the one place that asks what time it is, so that a test or a demo can hold it still.

A hold belongs to the running task and what it starts, never to the whole process: a demo that writes last
year's sales does not change the date of a request beside it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_frozen_at: ContextVar[datetime | None] = ContextVar("held clock", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _frozen_at.get() or datetime.now(UTC)


def today(tz: str = "Asia/Jakarta") -> date:
    """The date on the wall calendar there.

    A village in Java is a day ahead of UTC for seven hours of every night.
    """
    return now().astimezone(ZoneInfo(tz)).date()


@contextmanager
def freeze_at(moment: datetime) -> Iterator[None]:
    """Hold the clock at an aware moment for the running task.

    Raises ValueError for a moment without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("hold the clock at an aware moment, for example datetime(2026, 1, 1, tzinfo=UTC)")
    token = _frozen_at.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen_at.reset(token)
