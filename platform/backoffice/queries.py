"""Queries of the backoffice: setup progress, pending work, daily figures and officers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import select

from cooperative.models import Profile
from cooperative.queries import ProfileView, get_profile
from kernel.database import Reader
from ledger.chart import CASH
from members.models import User
from shop.order_queries import AWAITING_CONFIRMATION, READY_FOR_HAND_OVER

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

MAX_ROWS = 5
BYLAWS_CHECKED = "office.bylaws_checked"


class SetupProgress(msgspec.Struct, frozen=True):
    """Which first steps of a new cooperative are done."""

    bylaws: bool
    products: bool
    members: bool
    sale: bool
    appearance: bool


class PendingCounts(msgspec.Struct, frozen=True):
    """How many orders, applications and low products wait for an officer."""

    to_confirm: int
    to_hand_over: int
    applications: int
    low: int


class PendingOrder(msgspec.Struct, frozen=True):
    """An order that waits for an officer; ``total`` in rupiah."""

    number: int
    buyer_name: str
    payment_method: str
    fulfilment: str
    status: str
    total: int
    placed_at: datetime


class LowStockProduct(msgspec.Struct, frozen=True):
    """A product with little unreserved stock left."""

    id: UUID
    name: str
    unit: str
    left: int


class DailyFigures(msgspec.Struct, frozen=True):
    """The orders handed over in a day, their total in rupiah, and the cash balance now."""

    sales: int
    orders: int
    cash: int


class OfficerRow(msgspec.Struct, frozen=True):
    """An officer; ``code_until`` is the expiry of an unused activation code."""

    id: UUID
    name: str
    phone: str | None
    role: str
    activated: bool
    code_until: datetime | None


async def get_setup_progress(ro: Reader) -> SetupProgress:
    """Return which first steps are done.

    Bylaws are done once the cooperative adopted its own version, or an officer confirmed the template.
    """
    found = await ro.one(
        SetupProgress,
        "SELECT (EXISTS (SELECT 1 FROM bylaws WHERE version > 1)"
        " OR EXISTS (SELECT 1 FROM audit_entries WHERE subject = 'bylaws' AND action = $1)) AS bylaws,"
        " EXISTS (SELECT 1 FROM products WHERE NOT archived) AS products,"
        " EXISTS (SELECT 1 FROM members WHERE status = 'active') AS members,"
        " EXISTS (SELECT 1 FROM orders WHERE status = 'handed_over') AS sale,"
        " EXISTS (SELECT 1 FROM profile WHERE tagline <> '' OR logo IS NOT NULL OR accent IS NOT NULL "
        "OR theme <> 'base') AS appearance",
        BYLAWS_CHECKED,
    )
    assert found is not None
    return found


async def get_pending_counts(ro: Reader, low: int) -> PendingCounts:
    """Return how many orders, applications and products wait for an officer.

    A product counts when at most ``low`` pieces of it are unreserved.
    """
    found = await ro.one(
        PendingCounts,
        f"SELECT (SELECT count(*) FROM orders o WHERE {AWAITING_CONFIRMATION}) AS to_confirm,"
        f" (SELECT count(*) FROM orders o WHERE {READY_FOR_HAND_OVER}) AS to_hand_over,"
        " (SELECT count(*) FROM members WHERE status = 'applied') AS applications,"
        " (SELECT count(*) FROM products WHERE NOT archived AND stock - reserved <= $1) AS low",
        low,
    )
    assert found is not None
    return found


async def list_pending_orders(ro: Reader) -> list[PendingOrder]:
    """Return the orders that have waited longest for an officer."""
    return await ro.rows(
        PendingOrder,
        "SELECT number, buyer_name, payment_method, fulfilment, status, total, placed_at FROM orders o"
        f" WHERE {AWAITING_CONFIRMATION} OR {READY_FOR_HAND_OVER} ORDER BY placed_at LIMIT {MAX_ROWS}",
    )


async def list_low_stock_products(ro: Reader, low: int) -> list[LowStockProduct]:
    """Return the products with the least unreserved stock, at most ``low`` pieces each."""
    return await ro.rows(
        LowStockProduct,
        'SELECT id, name, unit, stock - reserved AS "left" FROM products WHERE NOT archived AND stock '
        "- reserved <= $1"
        f" ORDER BY stock - reserved, name LIMIT {MAX_ROWS}",
        low,
    )


async def get_daily_figures(ro: Reader, start: datetime, end: datetime) -> DailyFigures:
    """Return the sales handed over from ``start`` up to ``end``, and the balance of the cash account."""
    found = await ro.one(
        DailyFigures,
        "SELECT coalesce(sum(total), 0)::bigint AS sales, count(*) AS orders,"
        " coalesce((SELECT sum(balance) FROM balances WHERE account = $3), 0)::bigint AS cash"
        " FROM orders WHERE status = 'handed_over' AND handed_over_at >= $1 AND handed_over_at < $2",
        start,
        end,
        CASH,
    )
    assert found is not None
    return found


async def list_officers(ro: Reader) -> list[OfficerRow]:
    """Return all officers, the chair first."""
    return await ro.rows(
        OfficerRow,
        "SELECT id, name, phone, officer_role AS role, password_hash IS NOT NULL AS activated,"
        " CASE WHEN activation_hash IS NOT NULL THEN activation_expires_at END AS code_until FROM users"
        " WHERE officer_role IS NOT NULL ORDER BY array_position(ARRAY['ketua', 'sekretaris', "
        "'bendahara', 'manajer', 'kasir', 'pengawas'], officer_role), name",
    )


async def lock_profile(db: AsyncSession) -> Profile:
    """Return the cooperative's profile, locked until the transaction ends."""
    return (await db.execute(select(Profile).with_for_update())).scalar_one()


async def find_user_by_phone(db: AsyncSession, phone: str) -> User | None:
    """Return the account with this phone number, freshly read and locked, or None."""
    statement = (
        select(User).where(User.phone == phone).with_for_update().execution_options(populate_existing=True)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def find_officer_role(db: AsyncSession, user_id: UUID | None) -> str | None:
    """Return the office that a user holds now, or None."""
    return (await db.execute(select(User.officer_role).where(User.id == user_id))).scalar_one_or_none()


async def load_profile(source: AsyncSession | Reader) -> ProfileView:
    """Return the profile of the cooperative, which every cooperative has."""
    stored = await get_profile(source)
    assert stored is not None, "the dispatcher has loaded it before"
    return stored
