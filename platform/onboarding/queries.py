"""What founding reads."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class Founder(msgspec.Struct, frozen=True):
    """An officer of a cooperative and the hash of their password."""

    user_id: UUID
    password_hash: str


async def slug_of_form(db: AsyncSession, founding_key: str) -> str | None:
    """Return the address of the cooperative that this form founded, if it did."""
    query = text("SELECT slug FROM shared.cooperatives WHERE founding_key = :key")
    slug: str | None = (await db.execute(query, {"key": founding_key})).scalar_one_or_none()
    return slug


async def founder(db: AsyncSession, phone: str) -> Founder | None:
    """Return the officer with this phone (E.164) in the session's cooperative, or None."""
    query = text("SELECT id, coalesce(password_hash, '') FROM users WHERE phone = :phone AND officer_role IS NOT NULL")
    row = (await db.execute(query, {"phone": phone})).first()
    return Founder(*row) if row else None
