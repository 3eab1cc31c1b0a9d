"""Fetch a provider's balance movements and update our books to match.

No transaction is open during a provider call. Movements are stored first, each once. Then each one that our
books lack is applied by its own use case: a payment by fetching its status, a refund as an external refund, a
fee on its payment, payouts and the provider's own fees as journals under the movement's id. Interrupting,
repeating or running it twice at once gives the same result.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import text

from banking import book_payouts, reconciliation_queries
from cooperative.queries import get_today
from gateways.protocol import (
    ProviderAccount,
    ProviderBalanceMovement,
    ProviderError,
    ProviderStatement,
    get_provider,
)
from kernel import clock
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from kernel.outbox import mark_processed
from payments import errors, external_refunds, methods, provider_calls, state_machine
from payments.methods import PaymentMethod
from tenants.session import coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

# Providers add movements late and change recent ones (such as a late fee): these days are fetched again each
# time.
OVERLAP: Final = timedelta(days=7)
INITIAL_LOOKBACK: Final = timedelta(days=31)
MAX_RANGE_PER_REQUEST: Final = timedelta(days=31)
MAX_LOOKBACK: Final = timedelta(days=400)
# A provider's clock may be ahead of ours, and its balance includes movements of this moment.
CLOCK_SKEW: Final = timedelta(minutes=5)

_UPSERT_MOVEMENTS: Final = text(
    "INSERT INTO provider_movements AS m (method, provider_id, kind, gross, fee, at, reference, detail, "
    "is_rounded)"
    " SELECT :method, provider_id, kind, gross, fee, at, reference, detail, is_rounded FROM "
    "jsonb_to_recordset(CAST(:lines AS jsonb))"
    " AS e(provider_id text, kind text, gross bigint, fee bigint, at timestamptz, reference text, "
    "detail text, is_rounded boolean)"
    " ON CONFLICT (method, provider_id) DO UPDATE SET gross = excluded.gross, fee = excluded.fee, detail "
    "= excluded.detail, is_rounded = excluded.is_rounded,"
    " reference = coalesce(excluded.reference, m.reference)"
    " WHERE (m.gross, m.fee, m.detail, m.is_rounded) IS DISTINCT FROM (excluded.gross, excluded.fee, "
    "excluded.detail, excluded.is_rounded)"
    " RETURNING (xmax = 0) AS fresh"
)
_UPSERT_BALANCE: Final = text(
    "INSERT INTO provider_balances AS b (method, balance, reported_at, since) VALUES (:method, :balance, "
    ":reported_at, :since)"
    " ON CONFLICT (method) DO UPDATE SET balance = excluded.balance, reported_at = "
    "excluded.reported_at WHERE "
    "b.reported_at <= excluded.reported_at"
)
_SET_REFERENCE: Final = text(
    "UPDATE provider_movements SET reference = :reference WHERE method = :method AND reference = "
    ":provider_reference AND :reference <> ''"
)


class SyncResult(msgspec.Struct, frozen=True):
    """The result of a sync: new movements, and what they changed in our books."""

    movements: int = 0
    settled: int = 0
    refunds: int = 0
    fees: int = 0
    journals: int = 0


def can_sync(method: PaymentMethod) -> bool:
    """Return whether this method has an external provider and complete settings."""
    return method.capabilities.confirmed_by == "provider" and method.is_complete


async def sync_provider(
    database: Database, tenant: TenantRef, name: str, *, key: str | None = None
) -> SyncResult:
    """Fetch a provider's movements and update our books.

    ``key`` is that of a job, which is marked processed with the last effect.

    Raises DomainError payments.no_such_way for a method without an external provider; ProviderError.
    """
    async with coop_session(database, tenant) as db:
        method = await methods.get_method(db, name)
        if not can_sync(method):
            raise errors.NO_SUCH_METHOD()
        now = clock.now()
        since = await _get_sync_start(db, name, now)
    statement = await _fetch_statement(
        methods.build_provider_account(database, tenant, method), name, since, now + CLOCK_SKEW
    )
    async with coop_session(database, tenant) as db:
        new = await _store(db, name, statement, since, now)
        paid = await reconciliation_queries.list_paid_only_at_provider(db, name, since)
    for reference in paid:
        await provider_calls.sync_status(database, tenant, reference)
    await _resolve_references(database, tenant, method, since)
    refunds = await _apply_external_refunds(database, tenant, name, since)
    fees = await _record_fees(database, tenant, name)
    async with coop_session(database, tenant) as db:
        if key is not None and not await mark_processed(db, key):
            return SyncResult(movements=new, settled=len(paid), refunds=refunds, fees=fees)
        journals = await book_payouts.book_movements(db, name)
    return SyncResult(movements=new, settled=len(paid), refunds=refunds, fees=fees, journals=journals)


async def _get_sync_start(db: AsyncSession, name: str, now: datetime) -> datetime:
    """Return from when to fetch: an overlap before the last report, else before the first payment."""
    reported = await reconciliation_queries.get_reported_balance(db, name)
    if reported is not None:
        return max(reported.reported_at - OVERLAP, now - MAX_LOOKBACK)
    first = await reconciliation_queries.get_first_opened_at(db, name)
    return max(first - timedelta(days=1), now - MAX_LOOKBACK) if first is not None else now - INITIAL_LOOKBACK


async def _fetch_statement(
    provider_account: ProviderAccount, name: str, since: datetime, until: datetime
) -> ProviderStatement:
    """Fetch a long period month by month; the balance is the last one reported."""
    lines: list[ProviderBalanceMovement] = []
    balance: Rupiah | None = None
    while since < until:
        end = min(since + MAX_RANGE_PER_REQUEST, until)
        statement = await get_provider(name).statement(provider_account, since, end)
        lines += statement.lines
        balance, since = statement.balance, end
    return ProviderStatement(lines=tuple(lines), balance=balance)


async def _store(
    db: AsyncSession, name: str, statement: ProviderStatement, since: datetime, now: datetime
) -> int:
    """Store the movements and the balance; return how many movements are new."""
    await advisory_lock(db, f"movements of {name}")
    rows = [
        {
            "provider_id": line.provider_id,
            "kind": line.kind,
            "gross": int(line.gross),
            "fee": int(line.fee),
            "at": line.at,
            "reference": line.reference,
            "detail": line.detail[:300],
            "is_rounded": line.is_rounded,
        }
        for line in {line.provider_id: line for line in statement.lines}.values()
    ]
    new = 0
    if rows:
        stored = await db.execute(_UPSERT_MOVEMENTS, {"method": name, "lines": rows})
        new = sum(1 for row in stored if row.fresh)
    balance = int(statement.balance) if statement.balance is not None else None
    await db.execute(
        _UPSERT_BALANCE, {"method": name, "balance": balance, "reported_at": now, "since": since}
    )
    return new


async def _resolve_references(
    database: Database, tenant: TenantRef, method: PaymentMethod, since: datetime
) -> None:
    """Find the payment of each refund that the provider names by another id, by asking the provider."""
    async with coop_session(database, tenant) as db:
        names = await reconciliation_queries.list_unlinked_refund_references(db, method.method, since)
    provider_account = methods.build_provider_account(database, tenant, method)
    for provider_reference in names:
        try:
            status = await get_provider(method.method).status(provider_account, "", provider_reference)
        except ProviderError as fault:
            if fault.transient:
                raise
            continue
        async with coop_session(database, tenant) as db:
            await db.execute(
                _SET_REFERENCE,
                {
                    "method": method.method,
                    "provider_reference": provider_reference,
                    "reference": status.reference,
                },
            )


async def _apply_external_refunds(database: Database, tenant: TenantRef, name: str, since: datetime) -> int:
    """Book refunds made at the provider: by the payment's status, else by the sum of the movements."""
    async with coop_session(database, tenant) as db:
        totals = await reconciliation_queries.list_external_refund_totals(db, name, since)
    for reference in totals:
        await provider_calls.sync_status(database, tenant, reference)
    if not totals:
        return 0
    async with coop_session(database, tenant) as db:
        left = await reconciliation_queries.list_external_refund_totals(db, name, since)
    for reference, amount in left.items():
        async with coop_session(database, tenant) as db:
            await external_refunds.record_external_refund(
                db, await state_machine.lock_payment(db, reference), amount, on=await get_today(db)
            )
    return len(totals)


async def _record_fees(database: Database, tenant: TenantRef, name: str) -> int:
    """Book the fee of each payment; one transaction each, since a payment is locked before the ledger."""
    async with coop_session(database, tenant) as db:
        fees = await reconciliation_queries.list_unrecorded_fees(db, name)
    capabilities = get_provider(name).capabilities()
    for reference, fee in fees.items():
        async with coop_session(database, tenant) as db:
            payment = await state_machine.lock_payment(db, reference)
            await state_machine.record_fee(db, payment, capabilities, fee, on=await get_today(db))
    return len(fees)
