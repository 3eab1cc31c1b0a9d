"""A thread pool for work on files that serves cooperatives in turn (docs/adr/0023)."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

MAX_THREADS: Final = 2
# Files of one cooperative that run or wait: while no other cooperative waits, and while others do.
MAX_FILES_PER_COOPERATIVE: Final = 4
MAX_FILES_UNDER_CONTENTION: Final = 2
MAX_COOPERATIVES: Final = 64
# While a file is processed, full garbage collections are this many times as rare.
GC_THRESHOLD_FACTOR: Final = 100


class TooManyFiles(Exception):
    """The limit of running and waiting files of this owner, or of all owners, is reached."""


class FileThreadPool:
    """The threads of one process and the queues of waiting work, one for each owner."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="file")
        self._active: set[str] = set()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # in the order of their turns
        self._gc_thresholds = gc.get_threshold()

    async def run(self, owner: str, work: Callable[[], T], on_done: Callable[[T], None] | None = None) -> T:
        """Run ``work`` in a thread when it is the turn of ``owner`` and return its result.

        After success, ``on_done`` is called with the result on the event loop. Raises TooManyFiles, and
        whatever ``work`` raises. A thread cannot be stopped: work that has started runs to its end, and
        ``on_done`` after it, even when the caller is cancelled.
        """
        self._require_capacity(owner)
        await self._acquire(owner)
        context = contextvars.copy_context()
        try:
            future = asyncio.get_running_loop().run_in_executor(self._threads, lambda: context.run(work))
        except BaseException:
            self._release(owner)
            raise

        def on_finished(done: asyncio.Future[T]) -> None:
            self._release(owner)
            if on_done is not None and not done.cancelled() and done.exception() is None:
                on_done(done.result())

        future.add_done_callback(on_finished)  # runs before the caller gets the result
        return await asyncio.shield(future)

    def _require_capacity(self, owner: str) -> None:
        """Raise TooManyFiles when ``owner`` has too many files, or too many owners have some."""
        count = len(self._waiting.get(owner, ())) + (owner in self._active)
        limit = MAX_FILES_UNDER_CONTENTION if self._waiting.keys() - {owner} else MAX_FILES_PER_COOPERATIVE
        if count >= limit or (not count and len(self._waiting.keys() | self._active) >= MAX_COOPERATIVES):
            raise TooManyFiles

    async def _acquire(self, owner: str) -> None:
        """Wait until a thread is free for ``owner``, and reserve it."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        self._dispatch()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._cancel_wait(owner, turn)
            else:  # the turn was granted as the caller was cancelled
                self._release(owner)
            raise

    def _dispatch(self) -> None:
        """Grant free threads to the owners whose turn it is."""
        for owner in list(self._waiting):
            if len(self._active) == MAX_THREADS:
                return
            if owner in self._active:
                continue
            queue = self._waiting.pop(owner)
            turn = queue.popleft()
            if queue:
                self._waiting[owner] = queue  # behind the others
            if turn.cancelled():
                self._dispatch()
                return
            if not self._active:
                self._relax_gc()
            self._active.add(owner)
            turn.set_result(None)

    def _cancel_wait(self, owner: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(owner, deque())
        if turn in queue:
            queue.remove(turn)
        if not queue:
            self._waiting.pop(owner, None)

    def _release(self, owner: str) -> None:
        self._active.remove(owner)
        if not self._active:
            gc.set_threshold(*self._gc_thresholds)
        self._dispatch()

    def _relax_gc(self) -> None:
        """Make full garbage collections rarer while a file is processed.

        They would scan the tens of thousands of lines of the file again and again and block every thread for
        tenths of a second. Young objects are still collected, so pages served meanwhile leave no garbage.
        """
        self._gc_thresholds = young, middle, old = gc.get_threshold()
        gc.set_threshold(young, middle, old * GC_THRESHOLD_FACTOR)

    def close(self) -> None:
        """Cancel waiting work and accept no more; do not wait for running work."""
        self._threads.shutdown(wait=False, cancel_futures=True)
