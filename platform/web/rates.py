"""How many pages a cooperative may ask of this process in a minute, by its plan: one that is overrun does not slow its neighbours down.

Counted are pages that are made for visitors and members; kept pages cost nothing, and officers are never turned away: the till goes on.
Nor is who signs in, or whoever keeps the count full would keep officers out (signing in has brakes of its own).
Each process counts for itself, for the current minute alone, so nothing grows with the number of cooperatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from billing.plans import limit_of
from kernel import clock

if TYPE_CHECKING:
    from tenants.registry import TenantRef
    from ui.viewer import Viewer

MINUTE = 60
SIGN_IN = frozenset({"/masuk", "/keluar"})


class RateGuard:
    """The counts of one process."""

    def __init__(self, limit: Callable[[TenantRef], int | None] | None = None) -> None:
        self._limit_of = limit or requests_a_minute
        self._minute = 0
        self._counts: dict[str, int] = {}

    def lets_pass(self, tenant: TenantRef, viewer: Viewer | None, path: str) -> bool:
        """Count a request, and say whether it is within what the plan includes."""
        if path.rstrip("/") in SIGN_IN or (viewer is not None and viewer.is_officer):
            return True
        minute = int(clock.now().timestamp()) // MINUTE
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        count = self._counts[tenant.schema_name] = self._counts.get(tenant.schema_name, 0) + 1
        limit = self._limit_of(tenant)
        return limit is None or count <= limit


def requests_a_minute(tenant: TenantRef) -> int | None:
    """Return the requests a minute that the cooperative's plan includes, or None for no limit."""
    return limit_of(tenant, "requests_per_minute")
