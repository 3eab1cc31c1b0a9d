"""Queries for the pages of orders: a buyer's orders, the officers' lists, one order with its lines."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import msgspec

from kernel.database import like_pattern
from ledger.chart import VOLUNTARY_SAVINGS

if TYPE_CHECKING:
    from kernel.database import Reader

PAGE_SIZE: Final = 30
OrderFilter = Literal["perlu", "bayar", "siap", "selesai", "batal"]


class OrderView(msgspec.Struct, frozen=True):
    """An order with everything its pages show.

    Amounts are in rupiah. The `payment_…` fields describe the payment that paid for the order, or else its
    latest one; `payment_pending` is the sum of its pending refunds.
    """

    id: UUID
    number: int
    source: str
    member_id: UUID | None
    member_number: str | None
    buyer_name: str
    buyer_phone: str
    fulfilment: str
    address: str
    payment_method: str
    status: str
    total: int
    note: str
    placed_at: datetime
    expires_at: datetime | None
    paid_at: datetime | None
    paid_confirmed_by: str | None
    handed_over_at: datetime | None
    cancelled_at: datetime | None
    cancelled_for: str | None
    cancel_reason: str | None
    payment_reference: str | None
    payment_status: str | None
    payment_amount: int | None
    payment_unique_suffix: int
    payment_refunded: int
    payment_pending: int
    payment_journal: int | None
    sale_journal: int | None


class OrderLineView(msgspec.Struct, frozen=True):
    """A line of an order; amounts are in rupiah."""

    product_id: UUID
    sku: str
    name: str
    unit: str
    quantity: int
    unit_price: int
    amount: int


class OrderRow(msgspec.Struct, frozen=True):
    """An order in a list. `goods` is its number of lines, `total` is in rupiah."""

    number: int
    buyer_name: str
    fulfilment: str
    payment_method: str
    status: str
    total: int
    placed_at: datetime
    goods: int


class OrderCounts(msgspec.Struct, frozen=True):
    """The number of orders per filter of the officers' list."""

    bayar: int
    siap: int
    selesai: int
    batal: int


class BuyerView(msgspec.Struct, frozen=True):
    """A buyer's data for checkout. `balance` is the member's voluntary savings in rupiah."""

    member_id: UUID | None
    name: str
    phone: str
    address: str
    balance: int


# Of several payments, the one that paid for the order: a step refunds that one.
_ORDER = (
    "SELECT o.id, o.number, o.source, o.member_id, m.number AS member_number, o.buyer_name, "
    "o.buyer_phone, o.fulfilment, o.address,"
    " o.payment_method, o.status, o.total, o.note, o.placed_at, o.expires_at, o.paid_at, "
    "o.paid_confirmed_by, o.handed_over_at,"
    " o.cancelled_at, o.cancelled_for, o.cancel_reason, p.reference AS payment_reference, p.status AS "
    "payment_status, p.amount AS payment_amount,"
    " coalesce(p.unique_suffix, 0)::int AS payment_unique_suffix, coalesce(p.refunded, 0)::bigint AS "
    "payment_refunded,"
    " coalesce((SELECT sum(r.amount) FROM payment_refunds r WHERE r.payment_id = p.id AND r.status = "
    "'pending'), 0)::bigint AS payment_pending,"
    " p.journal AS payment_journal, o.sale_journal"
    " FROM orders o LEFT JOIN members m ON m.id = o.member_id LEFT JOIN LATERAL (SELECT id, reference, "
    "status, amount, unique_suffix, refunded, journal FROM payments"
    " WHERE purpose = 'order' AND subject_id = o.id ORDER BY applied_to IS DISTINCT FROM 'purpose', "
    "settled_at IS NULL, id DESC LIMIT 1) AS p ON true WHERE o.number = $1"
)
_ROWS = (
    "SELECT o.number, o.buyer_name, o.fulfilment, o.payment_method, o.status, o.total, o.placed_at,"
    " (SELECT count(*) FROM order_lines l WHERE l.order_id = o.id) AS goods FROM orders o "
)
# `rules.awaits_confirmation` and `rules.can_hand_over` as SQL conditions on an order `o`.
AWAITING_CONFIRMATION: Final = "o.status = 'placed' AND o.payment_method IN ('bank_transfer', 'qris')"
READY_FOR_HAND_OVER: Final = "(o.status = 'paid' OR (o.status = 'placed' AND o.payment_method = 'cash'))"
_FILTERS: Final[dict[str, str]] = {
    "perlu": "o.status IN ('placed', 'paid')",
    "bayar": AWAITING_CONFIRMATION,
    "siap": READY_FOR_HAND_OVER,
    "selesai": "o.status = 'handed_over'",
    "batal": "o.status IN ('cancelled', 'returned')",
}
# Orders that need work are listed oldest first, the others newest first.
_ORDERING: Final = {
    "perlu": "o.placed_at, o.number",
    "bayar": "o.placed_at, o.number",
    "siap": "o.placed_at, o.number",
}
_NEWEST: Final = "o.placed_at DESC, o.number DESC"


async def find_order(ro: Reader, number: int) -> OrderView | None:
    """Return the order with this number, or None."""
    return await ro.one(OrderView, _ORDER, number)


async def find_order_number(ro: Reader, order_id: UUID) -> int | None:
    """Return the number of an order, or None."""
    found: int | None = await ro.value("SELECT number FROM orders WHERE id = $1", order_id)
    return found


async def is_placed(ro: Reader, key: str) -> bool:
    """Return whether the checkout with this key has made an order."""
    return bool(await ro.value("SELECT EXISTS (SELECT FROM orders WHERE checkout_key = $1)", key))


async def can_change_method(ro: Reader, order_id: UUID) -> bool:
    """Return whether the payment method of an order can be changed.

    The order must be unpaid, cost something, and have no payment that is processing.
    """
    return bool(
        await ro.value(
            "SELECT 1 FROM orders o WHERE o.id = $1 AND o.status = 'placed' AND o.total > 0 AND NOT EXISTS"
            " (SELECT FROM payments p WHERE p.purpose = 'order' AND p.subject_id = o.id AND "
            "p.processing_since IS NOT NULL)",
            order_id,
        )
    )


async def list_order_lines(ro: Reader, order_id: UUID) -> list[OrderLineView]:
    """Return the lines of an order, in order."""
    return await ro.rows(
        OrderLineView,
        "SELECT l.product_id, p.sku, l.name, p.unit, l.quantity, l.unit_price, l.amount FROM order_lines l"
        " JOIN products p ON p.id = l.product_id WHERE l.order_id = $1 ORDER BY l.line",
        order_id,
    )


async def list_member_orders(ro: Reader, member_id: UUID, number: int) -> tuple[list[OrderRow], int]:
    """Return page ``number`` of a member's orders, newest first, and how many there are."""
    found = await ro.rows(
        OrderRow,
        _ROWS + f"WHERE o.member_id = $1 ORDER BY {_NEWEST} LIMIT $2 OFFSET $3",
        member_id,
        PAGE_SIZE,
        (number - 1) * PAGE_SIZE,
    )
    return found, int(await ro.value("SELECT count(*) FROM orders WHERE member_id = $1", member_id))


async def list_orders(ro: Reader, order_filter: OrderFilter, number: int) -> list[OrderRow]:
    """Return page `number` of the orders that match a filter."""
    return await ro.rows(
        OrderRow,
        _ROWS + f"WHERE {_FILTERS[order_filter]}"
        f" ORDER BY {_ORDERING.get(order_filter, _NEWEST)} LIMIT $1 OFFSET $2",
        PAGE_SIZE,
        (number - 1) * PAGE_SIZE,
    )


async def search_orders(ro: Reader, search: str) -> list[OrderRow]:
    """Return the newest orders with this number, or with this text in the buyer's name or phone."""
    exact = int(search) if search.isascii() and search.isdecimal() and len(search) < 16 else None
    return await ro.rows(
        OrderRow,
        _ROWS + f"WHERE o.number = $1 OR o.buyer_name ILIKE $2 OR o.buyer_phone LIKE $2 ORDER BY {_NEWEST} "
        f"LIMIT $3",
        exact,
        like_pattern(search),
        PAGE_SIZE,
    )


async def count_orders(ro: Reader) -> OrderCounts:
    """Return the number of orders per filter."""
    parts = ", ".join(
        f"count(*) FILTER (WHERE {_FILTERS[order_filter]}) AS {order_filter}"
        for order_filter in ("bayar", "siap", "selesai", "batal")
    )
    found = await ro.one(OrderCounts, f"SELECT {parts} FROM orders o")
    assert found is not None  # an aggregate always has one row
    return found


async def find_buyer(ro: Reader, member_id: UUID) -> BuyerView | None:
    """Return the checkout data of an active member, or None."""
    return await ro.one(
        BuyerView,
        "SELECT m.id AS member_id, m.name, coalesce(m.phone, '') AS phone, m.address, coalesce((SELECT "
        "sum(b.balance)"
        " FROM balances b WHERE b.account = $2 AND b.party = m.id), 0)::bigint AS balance"
        " FROM members m WHERE m.id = $1 AND m.status = 'active'",
        member_id,
        VOLUNTARY_SAVINGS,
    )
