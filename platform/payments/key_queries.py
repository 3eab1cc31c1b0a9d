"""Reads for the rotation of master keys: cooperatives and their sealed secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from payments.models import PaymentMethodRow

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Reader


async def list_slugs(ro: Reader) -> list[str]:
    """Return the slugs of all cooperatives, oldest first. Reads schema ``shared``."""
    return [
        row["slug"]
        for row in await ro.records("SELECT slug FROM shared.cooperatives ORDER BY founded_at, slug")
    ]


async def list_methods_for_update(db: AsyncSession) -> list[PaymentMethodRow]:
    """Return the payment methods that officers have configured, locked."""
    statement = (
        select(PaymentMethodRow)
        .order_by(PaymentMethodRow.method)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await db.execute(statement)).scalars())
