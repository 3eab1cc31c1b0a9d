"""Reads open payment exceptions: those of one payment, and all of a cooperative."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from kernel.database import Reader


class ExceptionView(msgspec.Struct, frozen=True):
    """An open exception.

    ``refund`` is the amount of the refund it concerns, ``amount`` that of its payment, in rupiah.
    """

    id: UUID
    reference: str
    amount: int
    reason: str
    params: dict[str, Any]
    raised_at: datetime
    refund: int | None


_OPEN: Final = (
    "SELECT e.id, p.reference, p.amount, e.reason, e.params, e.raised_at, r.amount "
    "AS refund"
    " FROM payment_exceptions e JOIN payments p ON p.id = e.payment_id"
    " LEFT JOIN payment_refunds r ON r.payment_id = p.id AND r.id::text = e.params->>'refund' WHERE "
    "e.settled_at IS NULL"
)


async def list_payment_exceptions(ro: Reader, payment_id: UUID) -> list[ExceptionView]:
    """Return the open exceptions of a payment, oldest first."""
    return await ro.rows(ExceptionView, f"{_OPEN} AND e.payment_id = $1 ORDER BY e.id", payment_id)


async def list_open_exceptions(ro: Reader) -> list[ExceptionView]:
    """Return every open exception of a cooperative, oldest first."""
    return await ro.rows(ExceptionView, f"{_OPEN} ORDER BY e.id")
