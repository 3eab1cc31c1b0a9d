"""How a process uses its caches while the change listener has no database connection
(docs/adr/0028-timeouts-and-connection-quotas.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kernel.database import Database
    from payments.webhook_inbox import WebhookInbox
    from tenants.registry import HostCache
    from web.page_cache import PageCache

# Seconds for which cached public pages and host names remain in use meanwhile.
STALE_SECONDS: Final = 60.0


class OutageHandler:
    """Callbacks for the change listener: connection lost and connection restored."""

    def __init__(
        self,
        database: Database,
        pages: PageCache,
        hosts: HostCache,
        inbox: WebhookInbox,
        clear_caches: Callable[[], None],
    ) -> None:
        self._database = database
        self._pages = pages
        self._hosts = hosts
        self._inbox = inbox
        self._clear_caches = clear_caches
        self._clear_timer: asyncio.TimerHandle | None = None

    def on_connection_lost(self) -> None:
        """Drop cached viewers, cache nothing new, and clear the caches after ``STALE_SECONDS``.

        Until then public pages are still served from the cache.
        """
        self._pages.is_writable = self._hosts.caching_enabled = False
        self._pages.invalidate_kind("viewer")
        self._inbox.invalidate_all()
        if self._clear_timer is None:
            self._database.close_idle()
            self._clear_timer = asyncio.get_running_loop().call_later(STALE_SECONDS, self._clear_caches)

    def on_connection_restored(self) -> None:
        """Clear all caches, because notifications were missed meanwhile, and enable caching again."""
        self.stop()
        self._clear_caches()
        self._pages.is_writable = self._hosts.caching_enabled = True

    def stop(self) -> None:
        """Cancel the timer that clears the caches."""
        if self._clear_timer is not None:
            self._clear_timer.cancel()
            self._clear_timer = None
