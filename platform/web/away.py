"""What a process goes on showing while it hears nothing from the database
(docs/adr/0028-time-outs-and-shares.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from payments.inbox import inbox_of

if TYPE_CHECKING:
    from kernel.database import Database
    from tenants.registry import HostCache
    from web.page_cache import PageCache

# How long pages for everybody and host names are good meanwhile.
KEPT_SECONDS: Final = 60.0


class Away:
    """Told by the listener when it has lost the database and when it has found it again."""

    def __init__(
        self, database: Database, pages: PageCache, hosts: HostCache, forget_all: Callable[[], None]
    ) -> None:
        self._database = database
        self._pages = pages
        self._hosts = hosts
        self._forget_all = forget_all
        self._forgetting: asyncio.TimerHandle | None = None

    def lost(self) -> None:
        """Ask anew who is signed in, keep nothing new,
        and show for a while yet what all visitors see alike.
        """
        self._pages.listening = self._hosts.listening = False
        self._pages.drop_kind("viewer")
        inbox_of(self._database).forget_all()
        if self._forgetting is None:
            self._database.close_idle()
            self._forgetting = asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget_all)

    def found(self) -> None:
        """Forget everything: what was announced meanwhile was missed."""
        self.stop()
        self._forget_all()
        self._pages.listening = self._hosts.listening = True

    def stop(self) -> None:
        """Forget the timer."""
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None
