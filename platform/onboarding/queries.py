"""Queries of sign-up and of removing abandoned cooperatives."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


class Founder(msgspec.Struct, frozen=True):
    """An officer of a cooperative and the hash of their password."""

    user_id: UUID
    password_hash: str


async def find_slug_by_founding_key(db: AsyncSession, founding_key: str) -> str | None:
    """Return the slug of the cooperative that the form with this key created, or None."""
    query = text("SELECT slug FROM shared.cooperatives WHERE founding_key = :key")
    slug: str | None = (await db.execute(query, {"key": founding_key})).scalar_one_or_none()
    return slug


async def list_never_signed_in(db: AsyncSession, before: datetime, waiting_before: datetime) -> list[str]:
    """Return the schemas of cooperatives that nobody ever signed in to.

    Active ones founded and approved before ``before``, rejected ones rejected before it, and those that wait
    for approval founded before ``waiting_before``.
    """
    query = text(
        "SELECT schema_name FROM shared.cooperatives WHERE signed_in_at IS NULL AND founded_at < :before"
        " AND (status = 'active' AND coalesce(released_at, founded_at) < :before"
        " OR status = 'refused' AND suspended_at < :before OR status = 'waiting' AND founded_at < "
        ":waiting_before) ORDER BY founded_at"
    )
    return list((await db.execute(query, {"before": before, "waiting_before": waiting_before})).scalars())


async def get_initial_row_counts(db: AsyncSession | AsyncConnection) -> dict[str, int] | None:
    """Return how many rows sign-up wrote into each table of the current schema, or None if not counted."""
    query = text(
        "SELECT t.key AS name, CAST(t.value AS int) AS n FROM (SELECT params -> 'rows' AS written FROM "
        "audit_entries"
        " WHERE action = 'onboarding.founded' AND params ? 'rows' ORDER BY id LIMIT 1) AS e, "
        "jsonb_each_text(e.written) AS t"
    )
    return {row.name: row.n for row in await db.execute(query)} or None


async def count_live_sessions(db: AsyncSession | AsyncConnection, now: datetime) -> int:
    """Return how many unexpired sessions the current schema has."""
    return int(
        (
            await db.execute(text("SELECT count(*) FROM sessions WHERE expires_at > :now"), {"now": now})
        ).scalar_one()
    )


async def find_founder(db: AsyncSession, phone: str) -> Founder | None:
    """Return the officer with this phone (E.164) in the session's cooperative, or None."""
    query = text(
        "SELECT id, coalesce(password_hash, '') FROM users WHERE phone = :phone AND officer_role IS NOT NULL"
    )
    row = (await db.execute(query, {"phone": phone})).first()
    return Founder(*row) if row else None
