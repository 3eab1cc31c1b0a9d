"""Queries of officers' pages: payments by day, one payment with its history, and queue counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

import msgspec

from gateways.protocol import officer_confirmed_methods
from kernel.database import Reader, like_pattern
from kernel.formats import Lang
from ledger.descriptions import DESCRIPTION_COLUMN, DescribedRow, JournalDescription
from payments.labels import LABEL_COLUMN, LABEL_TEXT, REASON_COLUMN, label_words
from payments.member_funds import CREDIT_METHODS
from payments.payer_queries import PAYMENT_COLUMNS, PaymentView
from payments.purposes import purposes_for_goods

PAGE_SIZE: Final = 30
StatusFilter = Literal["periksa", "menunggu", "masuk", "dikembalikan", "semua"]
STATUS_FILTERS: Final[tuple[StatusFilter, ...]] = get_args(StatusFilter)


class PaymentListRow(DescribedRow, frozen=True):
    """A payment in a list.

    ``day`` is the local day of ``moment``, by which the list is ordered; amounts in rupiah.

    ``reasons`` are those of its open exceptions, oldest first.
    """

    day: date
    moment: datetime
    reference: str
    label: JournalDescription
    method: str
    status: str
    amount: int
    refunded: int
    payer_name: str
    reasons: list[str]
    late: bool
    live: bool
    payer_claimed_at: datetime | None


class DayTotal(msgspec.Struct, frozen=True):
    """The number of payments of a day, and their sum in rupiah."""

    day: date
    count: int
    total: int


class OfficerQueueCounts(msgspec.Struct, frozen=True):
    """The number of tasks that wait for an officer, by kind.

    `to_confirm` leaves out payments for goods, which are in the list of orders. `deductions` are differences
    between requested and actual payroll deductions.
    """

    to_confirm: int
    exceptions: int
    messages: int
    lines: int
    deductions: int


class OfficerPaymentView(PaymentView, frozen=True):
    """One payment with all that its officers' page shows; ``fee`` in rupiah."""

    payer_phone: str
    provider_reference: str | None
    settled_by: str | None
    journal: int | None
    fee: int | None


class OfficerRefundView(DescribedRow, frozen=True):
    """A refund as the payment's page shows it; amount in rupiah."""

    id: UUID
    amount: int
    destination: str
    status: str
    reason: JournalDescription
    detail: str
    journal: int | None
    requested_by: str
    requested_at: datetime
    ended_at: datetime | None


class PaymentAuditEntry(msgspec.Struct, frozen=True):
    """An audit log entry of a payment."""

    at: datetime
    actor: str
    action: str
    params: dict[str, Any]


class WebhookEventView(msgspec.Struct, frozen=True):
    """A verified webhook event of a provider."""

    id: int
    method: str
    kind: str
    reference: str | None
    provider_reference: str | None
    status: str
    received_at: datetime


class JournalRow(DescribedRow, frozen=True):
    """A journal of a payment; ``total`` is the sum of its debits, in rupiah."""

    number: int
    value_date: date
    description: JournalDescription
    total: int


class MatchedLine(msgspec.Struct, frozen=True):
    """The statement line with which a payment was matched; amount in rupiah."""

    id: UUID
    on_date: date
    amount: int
    description: str


_OPEN: Final = "payment_exceptions e WHERE e.payment_id = p.id AND e.settled_at IS NULL"
# The money that a payment brought: none for an unpaid one, a test with test keys, or one on credit.
_RECEIVED: Final = (
    "CASE WHEN p.settled_at IS NOT NULL AND (p.live OR p.purpose <> 'trial')"
    f" AND p.method NOT IN ({', '.join(map(repr, CREDIT_METHODS))}) THEN p.amount ELSE 0 END"
)
# By filter: the condition, the time that orders the list, and the amount that a day's total sums.
_FILTERS: Final[dict[StatusFilter, tuple[str, str, str]]] = {
    "periksa": (f"EXISTS (SELECT FROM {_OPEN})", "p.opened_at", "p.amount"),
    "menunggu": ("p.status = 'awaiting'", "p.opened_at", "p.amount"),
    "masuk": ("p.settled_at IS NOT NULL", "p.settled_at", _RECEIVED),
    "dikembalikan": ("p.refunded > 0", "p.opened_at", "p.refunded"),
    "semua": ("true", "p.opened_at", _RECEIVED),
}
_SEARCH: Final = (
    "($1 = '%%' OR p.reference ILIKE $1 OR p.payer_name ILIKE $1 OR "
    f"{LABEL_TEXT.format(words='$5')} ILIKE $1 OR p.provider_reference ILIKE $1 OR p.amount = $2)"
)
# Verified webhook events that name no payment of ours and are unresolved.
_UNKNOWN: Final = "e.status = 'exception' AND e.outcome = 'unknown'"


def _from_clause(status_filter: StatusFilter) -> str:
    condition, moment, _ = _FILTERS[status_filter]
    return (
        f"FROM payments p WHERE {condition} AND {_SEARCH} AND ($3::date IS NULL OR ({moment} AT TIME ZONE "
        f"$4)::date = $3)"
    )


async def list_payments(
    ro: Reader,
    status_filter: StatusFilter,
    *,
    zone: str,
    lang: Lang,
    search: str,
    amount: int | None,
    day: date | None,
    page: int,
) -> tuple[list[PaymentListRow], int]:
    """Return one page of a filter's payments, newest first, and how many there are.

    ``search`` is looked for in labels as a reader of ``lang`` sees them; ``amount`` is the same text read as
    rupiah, if it is a number.
    """
    moment = _FILTERS[status_filter][1]
    asked = (like_pattern(search), amount, day, zone, label_words(lang))
    rows = await ro.rows(
        PaymentListRow,
        f"SELECT ({moment} AT TIME ZONE $4)::date AS day, {moment} AS moment, p.reference, {LABEL_COLUMN}, "
        f"p.method, p.status, p.amount, p.refunded,"
        f" p.payer_name, ARRAY(SELECT e.reason FROM {_OPEN} ORDER BY e.id) AS reasons, p.late, p.live, "
        f"p.payer_claimed_at {_from_clause(status_filter)}"
        f" ORDER BY {moment} DESC, p.id DESC LIMIT $6 OFFSET $7",
        *asked,
        PAGE_SIZE,
        (page - 1) * PAGE_SIZE,
    )
    return rows, int(await ro.value(f"SELECT count(*) {_from_clause(status_filter)}", *asked))


async def sum_by_day(
    ro: Reader,
    status_filter: StatusFilter,
    *,
    zone: str,
    lang: Lang,
    search: str,
    amount: int | None,
    days: Sequence[date],
) -> dict[date, DayTotal]:
    """Return each day's total under the same search, over all its payments, not only one page."""
    _, moment, summed = _FILTERS[status_filter]
    rows = await ro.rows(
        DayTotal,
        f"SELECT ({moment} AT TIME ZONE $4)::date AS day, count(*) AS count, sum({summed})::bigint AS "
        f"total {_from_clause(status_filter)}"
        f" AND ({moment} AT TIME ZONE $4)::date = ANY($6::date[]) GROUP BY 1",
        like_pattern(search),
        amount,
        None,
        zone,
        label_words(lang),
        list(days),
    )
    return {row.day: row for row in rows}


async def count_officer_work(ro: Reader) -> OfficerQueueCounts:
    """Return how many tasks wait for an officer."""
    found = await ro.one(
        OfficerQueueCounts,
        "SELECT (SELECT count(*) FROM payments WHERE status = 'awaiting' AND method = ANY($1::text[]) AND "
        "purpose <> ALL($2::text[])) AS to_confirm,"
        " (SELECT count(*) FROM payment_exceptions WHERE settled_at IS NULL) AS exceptions,"
        f" (SELECT count(*) FROM payment_events e WHERE {_UNKNOWN}) AS messages,"
        " (SELECT count(*) FROM statement_lines WHERE status IN ('doubtful', 'unmatched')) AS lines,"
        " (SELECT count(*) FROM payroll_lines l JOIN payroll_batches b ON b.id = l.batch_id WHERE "
        "b.status = 'returned' AND NOT l.settled)"
        " + (SELECT count(*) FROM payroll_unmatched_lines WHERE NOT settled) AS deductions",
        list(officer_confirmed_methods()),
        list(purposes_for_goods()),
    )
    assert found is not None
    return found


async def count_awaiting(ro: Reader) -> int:
    """Return how many payments await payment."""
    return int(await ro.value("SELECT count(*) FROM payments WHERE status = 'awaiting'"))


async def find_payment(ro: Reader, reference: str) -> OfficerPaymentView | None:
    """Return one payment by our reference."""
    return await ro.one(
        OfficerPaymentView,
        f"SELECT {PAYMENT_COLUMNS}, payer_phone, provider_reference, settled_by, journal, fee"
        " FROM payments WHERE reference = $1",
        reference,
    )


async def list_refunds(ro: Reader, payment_id: UUID) -> list[OfficerRefundView]:
    """Return a payment's refunds, oldest first."""
    return await ro.rows(
        OfficerRefundView,
        f"SELECT id, amount, destination, status, {REASON_COLUMN}, detail, journal, requested_by,"
        " requested_at, ended_at FROM payment_refunds WHERE payment_id = $1 ORDER BY id",
        payment_id,
    )


async def list_audit_log(ro: Reader, reference: str) -> list[PaymentAuditEntry]:
    """Return the audit log of a payment, oldest first."""
    return await ro.rows(
        PaymentAuditEntry,
        "SELECT at, actor_name AS actor, action, params FROM audit_entries WHERE subject = $1 ORDER BY id",
        f"payment:{reference}",
    )


async def list_webhook_events(ro: Reader, found: OfficerPaymentView) -> list[WebhookEventView]:
    """Return the provider's webhook events about a payment, oldest first."""
    return await ro.rows(
        WebhookEventView,
        "SELECT id, method, kind, reference, provider_reference, status, received_at FROM payment_events"
        " WHERE method = $1 AND (reference = $2 OR provider_reference = $3) ORDER BY id LIMIT 100",
        found.method,
        found.reference,
        found.provider_reference,
    )


async def list_unmatched_webhook_events(ro: Reader) -> list[WebhookEventView]:
    """Return the unresolved webhook events about no payment of ours, oldest first."""
    return await ro.rows(
        WebhookEventView,
        "SELECT e.id, e.method, e.kind, e.reference, e.provider_reference, e.status, e.received_at FROM "
        "payment_events e"
        f" WHERE {_UNKNOWN} ORDER BY e.id LIMIT 50",
    )


async def list_journals(
    ro: Reader, found: OfficerPaymentView, refund_ids: Sequence[UUID]
) -> list[JournalRow]:
    """Return the journals of a payment, in the order of the books."""
    keys = [f"payment:{found.id}", f"payment:{found.id}:fee", *(f"refund:{each}" for each in refund_ids)]
    return await ro.rows(
        JournalRow,
        f"SELECT j.number, j.value_date, {DESCRIPTION_COLUMN}, (SELECT sum(l.debit)::bigint "
        "FROM journal_lines l WHERE l.journal = j.number) AS total"
        " FROM journals j WHERE j.source_key = ANY($1::text[]) ORDER BY j.number",
        keys,
    )


async def find_matched_line(ro: Reader, payment_id: UUID) -> MatchedLine | None:
    """Return the statement line that shows this payment's money."""
    return await ro.one(
        MatchedLine,
        "SELECT id, on_date, amount, description FROM statement_lines WHERE payment_id = $1",
        payment_id,
    )


async def get_method_changed_at(ro: Reader, method: str) -> datetime | None:
    """Return when a method's configuration last changed."""
    changed_at: datetime | None = await ro.value(
        "SELECT changed_at FROM payment_methods WHERE method = $1", method
    )
    return changed_at
