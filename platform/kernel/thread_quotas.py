"""Share the worker's threads: jobs of one cooperative that hang leave threads for other cooperatives.

One cooperative may use all threads but one, but only half while that many of its jobs are slow. A job without
a thread goes back to the broker and is delivered again later; this does not count as a failure.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Final

from dramatiq import Broker
from dramatiq.middleware import Middleware, SkipMessage

# A job that runs longer than this counts as hanging; jobs usually end in milliseconds. A thread also waits
# at most this long for a running job of the same cooperative.
SLOW_SECONDS: Final = 1.0
MIN_BACKOFF_MS: Final = 1_000
MAX_BACKOFF_MS: Final = 30_000
_DEFERRALS: Final = "turns"


class ThreadQuotas(Middleware):
    """Counts the running jobs of this process by cooperative, the first argument of every message."""

    def __init__(self, threads: int) -> None:
        self._max_running = max(1, threads - 1)
        self._max_slow = max(1, threads // 2)
        self._running: dict[str, dict[str, float]] = {}
        self._changed = threading.Condition()

    def before_process_message(self, broker: Broker, message: Any) -> None:
        """Count a job, or return it to the broker and raise SkipMessage."""
        holder = str(message.args[0])
        with self._changed:
            while not self._has_capacity(holder):
                oldest = min(self._running[holder].values())
                remaining = oldest + SLOW_SECONDS - time.monotonic()
                if remaining <= 0 or not self._changed.wait(remaining):
                    break
            if self._has_capacity(holder):
                self._running.setdefault(holder, {})[message.message_id] = time.monotonic()
                return
        deferrals = message.options.get(_DEFERRALS, 0)
        message.options[_DEFERRALS] = deferrals + 1
        broker.enqueue(message, delay=min(MIN_BACKOFF_MS * 2 ** min(deferrals, 10), MAX_BACKOFF_MS))
        raise SkipMessage(f"{holder} has its share of the threads")

    def after_process_message(
        self, broker: Broker, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Remove a finished job from the count."""
        holder = str(message.args[0])
        with self._changed:
            running = self._running.get(holder, {})
            running.pop(message.message_id, None)
            if not running:
                self._running.pop(holder, None)
            self._changed.notify_all()

    after_skip_message = after_process_message

    def _has_capacity(self, holder: str) -> bool:
        running = self._running.get(holder, {})
        if len(running) >= self._max_running:
            return False
        slow_since = time.monotonic() - SLOW_SECONDS
        slow = {
            each: sum(began <= slow_since for began in jobs.values()) for each, jobs in self._running.items()
        }
        if not slow.get(holder):
            return True
        # hanging jobs of several cooperatives together must also leave one thread free
        return slow[holder] < self._max_slow and sum(slow.values()) < self._max_running


def silence_skip_warnings() -> None:
    """Suppress dramatiq's warning about each message that was returned to the broker."""
    logging.getLogger("dramatiq.worker.WorkerThread").addFilter(_is_not_skip_warning)


def _is_not_skip_warning(record: logging.LogRecord) -> bool:
    return record.msg != "Message %s was skipped."
