"""Queries for which parts of the demo exist, and for ids that later steps need."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel.database import Reader, as_reader
from kernel.phone import parse_mobile

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

POPULATED = "demo.furnished"
PAYMENTS_ENABLED = "demo.pays"

_DONE = "SELECT EXISTS (SELECT 1 FROM audit_entries WHERE subject = 'demo' AND action = $1)"


class WaitingTransfer(msgspec.Struct, frozen=True):
    """An awaited transfer; ``amount`` is in rupiah and includes the unique suffix."""

    reference: str
    amount: int
    unique_suffix: int
    payer_name: str


async def list_demo_slugs(ro: Reader, keys: list[str]) -> set[str]:
    """Return the slugs of the cooperatives that the demo founded."""
    rows = await ro.records("SELECT slug FROM shared.cooperatives WHERE founding_key = ANY($1::text[])", keys)
    return {row["slug"] for row in rows}


async def is_populated(source: AsyncSession | Reader) -> bool:
    """Whether ``populate_demo`` has run in this cooperative."""
    return bool(await as_reader(source).value(_DONE, POPULATED))


async def has_payments_enabled(source: AsyncSession | Reader) -> bool:
    """Whether ``enable_payments`` has run in this cooperative."""
    return bool(await as_reader(source).value(_DONE, PAYMENTS_ENABLED))


async def list_waiting_transfers(source: AsyncSession | Reader) -> list[WaitingTransfer]:
    """Return the awaited transfers, oldest first."""
    return await as_reader(source).rows(
        WaitingTransfer,
        "SELECT reference, amount, unique_suffix, payer_name FROM payments WHERE method = "
        "'bank_transfer' AND "
        "status = 'awaiting' ORDER BY id",
    )


async def list_waiting_references(ro: Reader, methods: list[str]) -> list[str]:
    """Return the references of awaiting test payments at these gateways."""
    rows = await ro.records(
        "SELECT reference FROM payments WHERE method = ANY($1::text[]) AND status = 'awaiting' AND NOT "
        "live ORDER BY id",
        methods,
    )
    return [row["reference"] for row in rows]


async def list_members(source: AsyncSession | Reader) -> list[tuple[UUID, str, str]]:
    """Return the active members as (id, number, name), ordered by number."""
    rows = await as_reader(source).records(
        "SELECT id, number, name FROM members WHERE status = 'active' ORDER BY number"
    )
    return [(row["id"], row["number"], row["name"]) for row in rows]


async def get_product_ids(db: AsyncSession) -> dict[str, UUID]:
    """Return the ids of the products by SKU."""
    rows = await as_reader(db).records("SELECT sku, id FROM products")
    return {row["sku"]: row["id"] for row in rows}


async def get_chair_id(db: AsyncSession) -> UUID:
    """Return the user id of the chair."""
    found: UUID = await as_reader(db).value(
        "SELECT id FROM users WHERE officer_role = 'ketua' ORDER BY added_at LIMIT 1"
    )
    return found


async def has_operator(ro: Reader, phone: str) -> bool:
    """Whether an operator has this phone number."""
    return bool(
        await ro.value("SELECT EXISTS (SELECT 1 FROM shared.operators WHERE phone = $1)", parse_mobile(phone))
    )
