"""Queries of billing over all cooperatives, for operators."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel.database import like_pattern

if TYPE_CHECKING:
    from kernel.database import Reader

PAGE_SIZE = 25


class SubscriptionRow(msgspec.Struct, frozen=True):
    """A subscription in the list; ``owed`` is the sum of its open invoices, in rupiah."""

    slug: str
    name: str
    plan: str
    interval: str
    status: str
    method: str
    period_end: date | None
    next_plan: str | None
    owed: int


class OpenInvoiceRow(msgspec.Struct, frozen=True):
    """An open invoice with its cooperative; amounts in rupiah."""

    number: str
    slug: str
    name: str
    due_on: date
    amount_due: int
    reminders_sent: int
    status: str
    method: str


class RevenueRow(msgspec.Struct, frozen=True):
    """The payments of a month in rupiah, without granted credit, and how many cooperatives paid."""

    month: date
    amount: int
    cooperatives: int


class CouponRow(msgspec.Struct, frozen=True):
    """A coupon in the list."""

    code: str
    percent: int
    invoices: int
    used: int
    max_uses: int
    until: date | None
    reason: str


class SubscriptionSummary(msgspec.Struct, frozen=True):
    """How many cooperatives are in each status, and the sum of all open invoices in rupiah."""

    trialing: int
    paying: int
    free: int
    late: int
    owed: int


_OWED = (
    "coalesce((SELECT sum(i.amount_due) FROM shared.invoices i WHERE i.cooperative_id = s.cooperative_id AND "
    "i.status = 'open'), 0)::bigint"
)
# A cooperative gets its subscription row on the first view of its plan or at the daily run. Until then it
# counts as in trial, because the row begins one.
_ALL = (
    "(SELECT c.id AS cooperative_id, coalesce(s.plan, c.plan) AS plan, coalesce(s.interval, 'month') AS "
    "interval, coalesce(s.status, 'trialing') AS status,"
    " coalesce(s.method, 'invoice') AS method, s.period_end, s.next_plan FROM shared.cooperatives c"
    " LEFT JOIN shared.subscriptions s ON s.cooperative_id = c.id)"
)
# One filter per tab: "paid" is an active plan with a price, "free" one without.
_FOUND = (
    f" FROM {_ALL} s JOIN shared.cooperatives c ON c.id = s.cooperative_id"
    " WHERE ($1 = '' OR c.name ILIKE $2 OR c.slug ILIKE $2) AND CASE $3 WHEN '' THEN true"
    " WHEN 'trialing' THEN s.status = 'trialing' WHEN 'late' THEN s.status IN ('past_due', 'read_only')"
    " WHEN 'paid' THEN s.status = 'active' AND s.period_end IS NOT NULL"
    " WHEN 'free' THEN s.status = 'active' AND s.period_end IS NULL ELSE false END"
)


async def list_subscriptions(
    ro: Reader, *, search: str = "", status_filter: str = "", page: int = 1
) -> tuple[list[SubscriptionRow], int]:
    """Return one page of subscriptions, those with overdue invoices first, and the total number."""
    pattern = like_pattern(search)
    rows = await ro.rows(
        SubscriptionRow,
        f"SELECT c.slug, c.name, s.plan, s.interval, s.status, s.method, s.period_end, s.next_plan, {_OWED} "
        f"AS owed {_FOUND}"
        " ORDER BY s.status IN ('past_due', 'read_only') DESC, c.name, c.slug LIMIT $4 OFFSET $5",
        search,
        pattern,
        status_filter,
        PAGE_SIZE,
        (page - 1) * PAGE_SIZE,
    )
    return rows, int(await ro.value(f"SELECT count(*) {_FOUND}", search, pattern, status_filter))


async def get_summary(ro: Reader) -> SubscriptionSummary:
    """Return the figures above the list of subscriptions."""
    found = await ro.one(
        SubscriptionSummary,
        "SELECT count(*) FILTER (WHERE status = 'trialing') AS trialing,"
        " count(*) FILTER (WHERE status = 'active' AND period_end IS NOT NULL) AS paying,"
        " count(*) FILTER (WHERE status = 'active' AND period_end IS NULL) AS free,"
        " count(*) FILTER (WHERE status IN ('past_due', 'read_only')) AS late,"
        " coalesce((SELECT sum(amount_due) FROM shared.invoices WHERE status = 'open'), 0)::bigint AS "
        "owed FROM " + _ALL + " s",
    )
    assert found is not None
    return found


async def list_open_invoices(ro: Reader, limit: int = 200) -> list[OpenInvoiceRow]:
    """Return the open invoices of all cooperatives, the oldest first."""
    return await ro.rows(
        OpenInvoiceRow,
        "SELECT i.number, c.slug, c.name, i.due_on, i.amount_due, i.reminders_sent, s.status, s.method FROM "
        "shared.invoices i"
        " JOIN shared.cooperatives c ON c.id = i.cooperative_id JOIN shared.subscriptions s ON "
        "s.cooperative_id = c.id"
        " WHERE i.status = 'open' ORDER BY i.due_on, i.number LIMIT $1",
        limit,
    )


async def list_used_references(ro: Reader) -> dict[str, str]:
    """Return the transfer reference of each paid invoice, mapped to the invoice's number."""
    rows = await ro.records(
        "SELECT paid_reference, number FROM shared.invoices WHERE status = 'paid' AND paid_method = "
        "'bank_transfer' AND paid_reference <> ''"
    )
    return {row["paid_reference"]: row["number"] for row in rows}


async def list_monthly_revenue(ro: Reader, since: date, until: date) -> list[RevenueRow]:
    """Return the payments of each month from that of ``since`` to that of ``until``, empty months too."""
    return await ro.rows(
        RevenueRow,
        "SELECT m::date AS month, coalesce(sum(i.amount_due), 0)::bigint AS amount, count(DISTINCT "
        "i.cooperative_id) AS cooperatives"
        " FROM generate_series(date_trunc('month', CAST($1 AS date)::timestamp), CAST($2 AS "
        "date)::timestamp, interval '1 month') m"
        " LEFT JOIN shared.invoices i ON i.status = 'paid' AND i.paid_on >= m::date AND i.paid_on < (m "
        "+ interval '1 month')::date"
        " AND i.amount_due > 0 GROUP BY m ORDER BY m",
        since,
        until,
    )


async def list_plans_in_use(ro: Reader) -> dict[str, list[str]]:
    """Return each plan code that a cooperative has or will have, with the slugs of those cooperatives."""
    rows = await ro.records(
        "SELECT had.plan, array_agg(DISTINCT c.slug ORDER BY c.slug) AS slugs FROM shared.cooperatives c"
        " LEFT JOIN shared.subscriptions s ON s.cooperative_id = c.id"
        " CROSS JOIN LATERAL unnest(ARRAY[c.plan, s.plan, s.next_plan]) AS had(plan) WHERE had.plan IS "
        "NOT NULL GROUP BY had.plan"
    )
    return {row["plan"]: row["slugs"] for row in rows}


async def list_coupons(ro: Reader) -> list[CouponRow]:
    """Return the latest 200 coupons, newest first."""
    return await ro.rows(
        CouponRow,
        "SELECT code, percent, invoices, used, max_uses, until, reason FROM shared.coupons ORDER BY "
        "created_at DESC LIMIT 200",
    )


async def find_cooperative_id(ro: Reader, slug: str) -> UUID | None:
    """Return the id of the cooperative with this slug, or None."""
    found: UUID | None = await ro.value("SELECT id FROM shared.cooperatives WHERE slug = $1", slug)
    return found


async def find_owner_slug(ro: Reader, number: str) -> str | None:
    """Return the slug of the cooperative that an invoice belongs to, or None."""
    found: str | None = await ro.value(
        "SELECT c.slug FROM shared.invoices i JOIN shared.cooperatives c ON c.id = i.cooperative_id "
        "WHERE i.number = $1",
        number,
    )
    return found
