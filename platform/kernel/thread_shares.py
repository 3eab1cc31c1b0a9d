"""The worker's threads, shared: a cooperative whose jobs hang leaves some to its neighbours.

One cooperative has all threads but one, and no more than half while that many of its jobs are slow. What
finds no thread goes back to the broker and comes again later; it is not counted as a failure.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Final

from dramatiq import Broker
from dramatiq.middleware import Middleware, SkipMessage

# Jobs end in milliseconds: one that lasts longer hangs, for all we know. So long a thread waits for another
# of the same cooperative.
SLOW_SECONDS: Final = 1.0
FIRST_WAIT_MS: Final = 1_000
LONGEST_WAIT_MS: Final = 30_000
_TURNS: Final = "turns"


class ThreadShares(Middleware):
    """Counts the jobs that run in this process, by whose they are: the first argument of every message."""

    def __init__(self, threads: int) -> None:
        self._most = max(1, threads - 1)
        self._most_slow = max(1, threads // 2)
        self._running: dict[str, dict[str, float]] = {}
        self._changed = threading.Condition()

    def before_process_message(self, broker: Broker, message: Any) -> None:
        """Count a job, or send it back. Raises SkipMessage for the latter."""
        whom = str(message.args[0])
        with self._changed:
            while not self._has_room(whom):
                oldest = min(self._running[whom].values())
                patience = oldest + SLOW_SECONDS - time.monotonic()
                if patience <= 0 or not self._changed.wait(patience):
                    break
            if self._has_room(whom):
                self._running.setdefault(whom, {})[message.message_id] = time.monotonic()
                return
        turns = message.options.get(_TURNS, 0)
        message.options[_TURNS] = turns + 1
        broker.enqueue(message, delay=min(FIRST_WAIT_MS * 2 ** min(turns, 10), LONGEST_WAIT_MS))
        raise SkipMessage(f"{whom} has its share of the threads")

    def after_process_message(
        self, broker: Broker, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """End what was counted."""
        whom = str(message.args[0])
        with self._changed:
            running = self._running.get(whom, {})
            running.pop(message.message_id, None)
            if not running:
                self._running.pop(whom, None)
            self._changed.notify_all()

    after_skip_message = after_process_message

    def _has_room(self, whom: str) -> bool:
        running = self._running.get(whom, {})
        if len(running) >= self._most:
            return False
        slow_since = time.monotonic() - SLOW_SECONDS
        slow = {
            each: sum(began <= slow_since for began in jobs.values()) for each, jobs in self._running.items()
        }
        if not slow.get(whom):
            return True
        # several cooperatives that hang together leave a thread, too
        return slow[whom] < self._most_slow and sum(slow.values()) < self._most


def quiet_skips() -> None:
    """Leave out dramatiq's warning about each message that was sent back."""
    logging.getLogger("dramatiq.worker.WorkerThread").addFilter(_is_no_skip)


def _is_no_skip(record: logging.LogRecord) -> bool:
    return record.msg != "Message %s was skipped."
