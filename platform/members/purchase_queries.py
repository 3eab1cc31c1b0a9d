"""Queries for a member's purchases from the ledger: sales to the member less returns."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from kernel.database import Reader
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RETURNS, MEMBER_SALES
from ledger.descriptions import JournalDescription
from members.queries import find_orders_of_journals


class Purchase(msgspec.Struct, frozen=True):
    """A sale (positive) or return (negative) in rupiah; `order` is the order's number, if there is one."""

    on: date
    description: JournalDescription
    amount: int
    order: int | None


async def sum_purchases(ro: Reader, member_id: UUID, year: int) -> int:
    """Return a member's purchases of a year net of returns, in rupiah: the basis of their jasa usaha."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    sales = await ledger_queries.get_turnover(ro, MEMBER_SALES, member_id, first=first, last=last)
    return sales - await ledger_queries.get_turnover(ro, MEMBER_RETURNS, member_id, first=first, last=last)


async def list_purchases(ro: Reader, member_id: UUID, year: int, *, limit: int = 500) -> list[Purchase]:
    """Return a member's sales and returns of a year, newest first."""
    moved = await ledger_queries.list_party_movements(
        ro,
        [MEMBER_SALES, MEMBER_RETURNS],
        member_id,
        first=date(year, 1, 1),
        last=date(year, 12, 31),
        limit=limit,
    )
    orders = await find_orders_of_journals(ro, [each.journal for each in moved])
    return [
        Purchase(
            each.value_date,
            each.description,
            each.amount if each.account == MEMBER_SALES else -each.amount,
            orders.get(each.journal),
        )
        for each in moved
    ]
