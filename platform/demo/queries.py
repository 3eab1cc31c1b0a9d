"""Whether the demo stands already, and what its next steps need to find again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from kernel.database import Reader, reader_of
from kernel.phone import mobile

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

FURNISHED = "demo.furnished"


async def founded_slugs(ro: Reader, keys: list[str]) -> set[str]:
    """Return the slugs of the cooperatives that the demo founded."""
    rows = await ro.records("SELECT slug FROM shared.cooperatives WHERE founding_key = ANY($1::text[])", keys)
    return {row["slug"] for row in rows}


async def is_furnished(source: AsyncSession | Reader) -> bool:
    """Whether members, goods and sales of this cooperative have been made."""
    ro = await reader_of(source)
    return bool(
        await ro.value("SELECT EXISTS (SELECT 1 FROM audit_entries WHERE subject = 'demo' AND action = $1)", FURNISHED)
    )


async def members(db: AsyncSession) -> list[tuple[UUID, str, str]]:
    """Return the active members as (id, number, name), by number."""
    rows = await (await reader_of(db)).records(
        "SELECT id, number, name FROM members WHERE status = 'active' ORDER BY number"
    )
    return [(row["id"], row["number"], row["name"]) for row in rows]


async def products(db: AsyncSession) -> dict[str, UUID]:
    """Return the ids of the goods by their code."""
    rows = await (await reader_of(db)).records("SELECT sku, id FROM products")
    return {row["sku"]: row["id"] for row in rows}


async def founder(db: AsyncSession) -> UUID:
    """Return the account of the chair."""
    found: UUID = await (await reader_of(db)).value(
        "SELECT id FROM users WHERE officer_role = 'ketua' ORDER BY added_at LIMIT 1"
    )
    return found


async def has_operator(ro: Reader, phone: str) -> bool:
    """Whether somebody with this number runs the platform."""
    return bool(await ro.value("SELECT EXISTS (SELECT 1 FROM shared.operators WHERE phone = $1)", mobile(phone)))
