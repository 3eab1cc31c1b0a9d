"""Queries of reconciliation: provider movements, clearing and statement lines, unbooked items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel.database import Reader, as_reader
from kernel.money import Rupiah
from ledger.descriptions import DESCRIPTION_COLUMN, DescribedRow, JournalDescription
from payments.labels import LABEL_COLUMN

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class ProviderMovementView(msgspec.Struct, frozen=True):
    """A movement that a provider reported, with our reference of its payment."""

    id: int
    provider_id: str
    kind: str
    gross: int
    fee: int
    at: datetime
    detail: str
    is_rounded: bool
    payment: str | None


class ClearingLine(DescribedRow, frozen=True):
    """What a journal moved on a clearing account, debit less credit, and its payment."""

    journal: int
    on: date
    source_key: str
    description: JournalDescription
    amount: int
    payment: str | None
    reversed: bool


class ReconciledPayment(DescribedRow, frozen=True):
    """A payment as reconciliation needs it."""

    reference: str
    label: JournalDescription
    payer_name: str
    status: str
    live: bool
    purpose: str
    fee: int | None
    refund_pending: bool


class ReportedBalance(msgspec.Struct, frozen=True):
    """The balance a provider last reported, and since when its movements are stored."""

    balance: int | None
    reported_at: datetime
    since: datetime


class StatementRow(msgspec.Struct, frozen=True):
    """A statement line with incoming money."""

    id: UUID
    on: date
    amount: int
    description: str
    status: str
    payment: str | None


class UnbookedMovement(msgspec.Struct, frozen=True):
    """A movement of which a part has no journal yet."""

    id: int
    provider_id: str
    kind: str
    gross: int
    fee: int
    at: datetime


_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A movement contains our reference of a payment or the provider's, or, for a refund, our key or the
# provider's id.
_JOIN_PAYMENTS = (
    " LEFT JOIN payments p1 ON p1.reference = m.reference AND p1.method = m.method"
    " LEFT JOIN payments p2 ON p2.provider_reference = m.reference AND p2.method = m.method AND p1.id IS NULL"
    f" LEFT JOIN payment_refunds r1 ON r1.id = substring(m.reference FROM '^{_UUID}$')::uuid"
    " LEFT JOIN payments p3 ON p3.id = r1.payment_id AND p3.method = m.method AND p1.id IS NULL AND "
    "p2.id IS NULL"
    " LEFT JOIN (payment_refunds r2 JOIN payments p4 ON p4.id = r2.payment_id) ON "
    "r2.provider_reference = m.reference AND p4.method = m.method"
    " AND p1.id IS NULL AND p2.id IS NULL AND p3.id IS NULL"
)
_PAYMENT_ID = "coalesce(p1.id, p2.id, p3.id, p4.id)"
_PAYMENT = "coalesce(p1.reference, p2.reference, p3.reference, p4.reference)"
_SETTLED = "('paid', 'partly_refunded', 'refunded')"


async def list_movements(
    source: AsyncSession | Reader, method: str, since: datetime
) -> list[ProviderMovementView]:
    """Return a method's movements since a moment, oldest first."""
    return await as_reader(source).rows(
        ProviderMovementView,
        f"SELECT m.id, m.provider_id, m.kind, m.gross, m.fee, m.at, m.detail, m.is_rounded, {_PAYMENT} AS "
        f"payment"
        f" FROM provider_movements m {_JOIN_PAYMENTS} WHERE m.method = $1 AND m.at >= $2 ORDER BY m.at, m.id",
        method,
        since,
    )


def _id_after(prefix: str) -> str:
    """Return SQL for the id that follows ``prefix`` in a journal's key, or NULL.

    A pattern match would take most of the query's time, and the officers' first page runs it.
    """
    name = f"substr(j.source_key, {len(prefix) + 1}, 36)"
    return (
        f"CASE WHEN starts_with(j.source_key, '{prefix}') AND pg_input_is_valid({name}, 'uuid') THEN "
        f"{name}::uuid END"
    )


async def list_clearing_lines(ro: Reader, account: str, since: date) -> list[ClearingLine]:
    """Return the movements of a clearing account by journal since a day, oldest first."""
    return await ro.rows(
        ClearingLine,
        f'SELECT j.number AS journal, j.value_date AS "on", j.source_key, {DESCRIPTION_COLUMN},'
        " sum(l.debit - l.credit)::bigint AS amount,"
        " max(coalesce(p.reference, o.reference)) AS payment, bool_or(j.reverses IS NOT NULL OR "
        "t.number IS NOT NULL) AS reversed"
        " FROM journal_lines l JOIN journals j ON j.number = l.journal LEFT JOIN journals t ON "
        "t.reverses = j.number"
        f" LEFT JOIN payments p ON p.id = {_id_after('payment:')} LEFT JOIN payment_refunds r ON r.id = "
        f"{_id_after('refund:')}"
        " LEFT JOIN payments o ON o.id = r.payment_id"
        " WHERE l.account = $1 AND j.value_date >= $2 GROUP BY j.number ORDER BY j.value_date, j.number",
        account,
        since,
    )


async def list_settled_lines(ro: Reader, method: str, account: str, since: date) -> list[ClearingLine]:
    """Return the journals that credited payments of a method to an account since a day, oldest first."""
    return await ro.rows(
        ClearingLine,
        f'SELECT j.number AS journal, j.value_date AS "on", j.source_key, {DESCRIPTION_COLUMN}, l.debit AS '
        "amount, p.reference AS payment,"
        " false AS reversed FROM payments p JOIN journals j ON j.number = p.journal"
        " JOIN journal_lines l ON l.journal = j.number AND l.account = $2 AND l.debit > 0"
        " WHERE p.method = $1 AND j.value_date >= $3 ORDER BY j.value_date, j.number",
        method,
        account,
        since,
    )


async def load_payments_by_reference(ro: Reader, references: Sequence[str]) -> dict[str, ReconciledPayment]:
    """Return payments by our reference, as reconciliation needs them; unknown references are left out."""
    rows = await ro.rows(
        ReconciledPayment,
        f"SELECT p.reference, {LABEL_COLUMN}, p.payer_name, p.status, p.live, p.purpose, p.fee,"
        " EXISTS (SELECT FROM payment_refunds r WHERE r.payment_id = p.id AND r.status = 'pending') AS "
        "refund_pending"
        " FROM payments p WHERE p.reference = ANY($1::text[])",
        list(references),
    )
    return {row.reference: row for row in rows}


async def get_reported_balance(source: AsyncSession | Reader, method: str) -> ReportedBalance | None:
    """Return the balance a provider last reported, or None when it was never asked."""
    return await as_reader(source).one(
        ReportedBalance, "SELECT balance, reported_at, since FROM provider_balances WHERE method = $1", method
    )


async def list_reported_methods(ro: Reader) -> set[str]:
    """Return the methods for which a provider or a statement has reported anything."""
    records = await ro.records(
        "SELECT method FROM provider_balances UNION SELECT method FROM statement_lines"
    )
    return {record["method"] for record in records}


async def get_first_opened_at(source: AsyncSession | Reader, method: str) -> datetime | None:
    """Return when a method's first payment was opened, or None."""
    found: datetime | None = await as_reader(source).value(
        "SELECT min(opened_at) FROM payments WHERE method = $1", method
    )
    return found


async def list_statement_rows(ro: Reader, method: str, since: date) -> list[StatementRow]:
    """Return a method's statement lines with incoming money since a day, oldest first."""
    return await ro.rows(
        StatementRow,
        'SELECT s.id, s.on_date AS "on", s.amount, s.description, s.status, p.reference AS payment'
        " FROM statement_lines s LEFT JOIN payments p ON p.id = s.payment_id"
        " WHERE s.method = $1 AND s.on_date >= $2 AND s.amount > 0 ORDER BY s.on_date, s.id",
        method,
        since,
    )


async def get_last_statement_day(ro: Reader, method: str) -> date | None:
    """Return the last day in a method's statements, or None without any."""
    found: date | None = await ro.value("SELECT max(on_date) FROM statement_lines WHERE method = $1", method)
    return found


async def list_paid_only_at_provider(db: AsyncSession, method: str, since: datetime) -> list[str]:
    """Return the references of payments that are paid at the provider but not in our books."""
    records = await as_reader(db).records(
        f"SELECT DISTINCT {_PAYMENT} AS reference FROM provider_movements m {_JOIN_PAYMENTS}"
        " WHERE m.method = $1 AND m.at >= $2 AND m.kind = 'payment' AND m.gross > 0"
        f" AND coalesce(p1.status, p2.status, p3.status, p4.status) NOT IN {_SETTLED} ORDER BY 1",
        method,
        since,
    )
    return [record["reference"] for record in records]


async def list_unlinked_refund_references(db: AsyncSession, method: str, since: datetime) -> list[str]:
    """Return the provider's ids of refunded payments that match none of our references."""
    records = await as_reader(db).records(
        f"SELECT DISTINCT m.reference FROM provider_movements m {_JOIN_PAYMENTS} WHERE m.method = $1 AND "
        f"m.at >= "
        f"$2 AND m.kind = 'refund'"
        f" AND m.reference IS NOT NULL AND {_PAYMENT_ID} IS NULL ORDER BY 1",
        method,
        since,
    )
    return [record["reference"] for record in records]


async def list_external_refund_totals(db: AsyncSession, method: str, since: datetime) -> dict[str, Rupiah]:
    """Return the refunded total by reference where the provider refunded more than we requested.

    Only for payments with a movement since ``since``: older differences are recorded or open exceptions.
    """
    records = await as_reader(db).records(
        f"WITH reported AS (SELECT {_PAYMENT_ID} AS id, -sum(m.gross)::bigint AS amount, max(m.at) AS "
        f"latest FROM provider_movements m {_JOIN_PAYMENTS}"
        " WHERE m.method = $1 AND m.kind = 'refund' GROUP BY 1),"
        " booked AS (SELECT payment_id, sum(amount)::bigint AS amount FROM payment_refunds"
        "  WHERE status <> 'failed' AND destination = 'original_method' GROUP BY payment_id)"
        " SELECT p.reference, r.amount FROM reported r JOIN payments p ON p.id = r.id LEFT JOIN booked b ON "
        "b.payment_id = p.id"
        f" WHERE r.latest >= $2 AND p.status IN {_SETTLED} AND NOT EXISTS (SELECT FROM payment_exceptions e"
        "  WHERE e.payment_id = p.id AND e.settled_at IS NULL AND e.reason = 'unheard_refund' AND "
        "e.params->'theirs' = to_jsonb(r.amount))"
        " AND r.amount > coalesce(b.amount, 0) ORDER BY p.reference",
        method,
        since,
    )
    return {record["reference"]: Rupiah(record["amount"]) for record in records}


async def list_unrecorded_fees(db: AsyncSession, method: str) -> dict[str, Rupiah]:
    """Return the provider's fee by reference for payments whose fee we have not recorded yet."""
    records = await as_reader(db).records(
        "SELECT p.reference, min(m.fee) AS fee FROM provider_movements m"
        " JOIN payments p ON p.method = m.method AND (p.reference = m.reference OR p.provider_reference = "
        "m.reference)"
        f" WHERE m.method = $1 AND m.kind = 'payment' AND m.fee > 0 AND p.fee IS NULL AND p.status IN "
        f"{_SETTLED}"
        " AND (p.live OR p.purpose <> 'trial') GROUP BY p.reference ORDER BY p.reference",
        method,
    )
    return {record["reference"]: Rupiah(record["fee"]) for record in records}


async def list_unbooked_payouts(db: AsyncSession, method: str) -> list[UnbookedMovement]:
    """Return the payouts, and the fees of no payment, that have no journal yet, oldest first."""
    return await as_reader(db).rows(
        UnbookedMovement,
        "SELECT m.id, m.provider_id, m.kind, m.gross, m.fee, m.at FROM provider_movements m"
        " WHERE m.method = $1 AND m.journal IS NULL AND ((m.kind = 'payout' AND m.gross <> 0)"
        " OR (m.kind = 'fee' AND m.gross <> m.fee)) ORDER BY m.at, m.id",
        method,
    )


async def list_unbooked_fees(db: AsyncSession, method: str) -> list[UnbookedMovement]:
    """Return payouts and refunds whose fee has no journal yet, oldest first."""
    return await as_reader(db).rows(
        UnbookedMovement,
        "SELECT m.id, m.provider_id, m.kind, m.gross, m.fee, m.at FROM provider_movements m"
        " LEFT JOIN journals j ON j.source_key = 'movement-fee:' || m.method || ':' || m.provider_id"
        " WHERE m.method = $1 AND m.kind IN ('payout', 'refund') AND m.fee <> 0 AND j.number IS NULL "
        "ORDER BY m.at, m.id",
        method,
    )


async def get_first_movement_day(source: AsyncSession | Reader, account: str) -> date:
    """Return the day of the first debit on an account that has at least one."""
    first: date = await as_reader(source).value(
        "SELECT min(j.value_date) FROM journal_lines l JOIN journals j ON j.number = l.journal WHERE "
        "l.account = $1 AND l.debit > 0",
        account,
    )
    return first
