"""Jobs of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import platform_job
from tenants.schemas import refill_spares as refill

if TYPE_CHECKING:
    from kernel.database import Database


@platform_job("tenants.refill_spares")
async def refill_spares(database: Database) -> None:
    """Bring the pool of spare schemas up to its size; repeating it makes none too many."""
    await refill(database)
