"""Queries of payers' and members' pages: a payment with refunds, account movements, pending items."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from ledger.descriptions import DESCRIPTION_COLUMN, DescribedRow, JournalDescription
from payments.labels import LABEL_COLUMN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kernel.database import Reader


class PaymentView(DescribedRow, frozen=True):
    """What the pages of payers and of officers both show of one payment (``PAYMENT_COLUMNS``).

    Amounts in rupiah; times have a time zone.
    """

    id: UUID
    reference: str
    purpose: str
    subject_id: UUID
    label: JournalDescription
    method: str
    status: str
    amount: int
    unique_suffix: int
    member_id: UUID | None
    payer_name: str
    live: bool
    opened_at: datetime
    expires_at: datetime | None
    settled_at: datetime | None
    ended_at: datetime | None
    late: bool
    applied_to: str | None
    refunded: int
    checked_at: datetime | None
    payer_claimed_at: datetime | None


PAYMENT_COLUMNS: Final = ", ".join(
    LABEL_COLUMN if name == "label" else name for name in PaymentView.__struct_fields__
)


class PayerPaymentView(PaymentView, frozen=True):
    """One payment as its payer's page shows it.

    ``instructions`` are those of ``gateways.protocol.PaymentSession``; ``exceptions`` counts the open ones.
    """

    redirect_url: str | None
    instructions: dict[str, Any]
    exceptions: int
    processing_since: datetime | None


class PayerRefundView(msgspec.Struct, frozen=True):
    """A refund, pending or done."""

    amount: int
    destination: str
    status: str
    requested_at: datetime
    ended_at: datetime | None


class AccountMovementView(DescribedRow, frozen=True):
    """A member's movement on one account, in rupiah.

    ``balance`` is the balance after it, ``reference`` the payment behind it.
    """

    journal: int
    value_date: date
    description: JournalDescription
    debit: int
    credit: int
    balance: int
    reference: str | None


class PendingPaymentView(DescribedRow, frozen=True):
    """A payment of a member that awaits payment."""

    reference: str
    label: JournalDescription
    method: str
    amount: int
    expires_at: datetime | None


class PendingDeductionView(msgspec.Struct, frozen=True):
    """A payroll deduction that the employer has not answered yet, in rupiah."""

    title: str
    created_at: datetime
    requested: int


_PAYMENT: Final = (
    f"SELECT {PAYMENT_COLUMNS}, redirect_url, instructions,"
    " (SELECT count(*) FROM payment_exceptions e WHERE e.payment_id = payments.id AND e.settled_at IS "
    "NULL) AS exceptions, processing_since FROM payments WHERE reference = $1"
)


async def find_payment(ro: Reader, reference: str) -> PayerPaymentView | None:
    """Return a payment by our reference, or None."""
    return await ro.one(PayerPaymentView, _PAYMENT, reference)


async def list_refunds(ro: Reader, payment_id: UUID) -> list[PayerRefundView]:
    """Return the done and pending refunds of a payment, oldest first; failed ones are for officers."""
    return await ro.rows(
        PayerRefundView,
        "SELECT amount, destination, status, requested_at, ended_at FROM payment_refunds WHERE "
        "payment_id = $1 "
        "AND status <> 'failed' ORDER BY id",
        payment_id,
    )


async def find_newer_payment(ro: Reader, purpose: str, subject_id: UUID, payment_id: UUID) -> str | None:
    """Return the reference of the newest payment for the same subject after this one, or None."""
    found: str | None = await ro.value(
        "SELECT reference FROM payments WHERE purpose = $1 AND subject_id = $2 AND id > $3 ORDER BY id "
        "DESC LIMIT 1",
        purpose,
        subject_id,
        payment_id,
    )
    return found


async def list_account_movements(
    ro: Reader, account: str, member_id: UUID, *, limit: int = 200
) -> list[AccountMovementView]:
    """Return a member's movements on an account, newest first, each with its payment's reference."""
    return await ro.rows(
        AccountMovementView,
        f"SELECT l.journal, j.value_date, {DESCRIPTION_COLUMN}, l.debit, l.credit, l.balance, paid.reference"
        " FROM journal_lines l JOIN journals j ON j.number = l.journal LEFT JOIN ("
        "  SELECT journal, reference FROM payments WHERE member_id = $2 AND journal IS NOT NULL"
        "  UNION ALL SELECT r.journal, p.reference FROM payment_refunds r JOIN payments p ON p.id = "
        "r.payment_id"
        "  WHERE p.member_id = $2 AND r.journal IS NOT NULL"
        " ) AS paid ON paid.journal = l.journal"
        " WHERE l.account = $1 AND l.party = $2 ORDER BY l.journal DESC, l.line DESC LIMIT $3",
        account,
        member_id,
        limit,
    )


async def list_pending_payments(
    ro: Reader, purposes: Sequence[str], member_id: UUID, now: datetime
) -> list[PendingPaymentView]:
    """Return a member's payments for these purposes that can still be paid, newest first."""
    return await ro.rows(
        PendingPaymentView,
        f"SELECT reference, {LABEL_COLUMN}, method, amount, expires_at FROM payments WHERE member_id = $1"
        " AND purpose = ANY($2::text[])"
        " AND status = 'awaiting' AND (expires_at IS NULL OR expires_at > $3) ORDER BY id DESC LIMIT 20",
        member_id,
        list(purposes),
        now,
    )


async def list_pending_deductions(ro: Reader, member_id: UUID) -> list[PendingDeductionView]:
    """Return the deductions requested for a member in files that the employer has not answered."""
    return await ro.rows(
        PendingDeductionView,
        "SELECT b.title, b.created_at, l.requested FROM payroll_lines l JOIN payroll_batches b ON b.id "
        "= l.batch_id"
        " WHERE l.member_id = $1 AND b.status = 'sent' ORDER BY b.created_at",
        member_id,
    )
