"""Find and remove cooperatives that were created and never used.

A cooperative is abandoned when nobody has signed in since its own hand-over, a week has passed, and every
table, of the cooperative and of the platform, holds exactly the rows that sign-up wrote. Sign-up stores that
count (``count_initial_rows``). A cooperative without it, such as one created on the command line, is never
removed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import text

from kernel import clock
from onboarding import queries
from tenants import remove_cooperative
from tenants.registry import find_tenant_by_schema
from tenants.row_count_queries import count_rows_by_table, count_shared_rows, list_shared_references
from tenants.session import coop_session, shared_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

log = structlog.get_logger()

ABANDONED_AFTER: Final = timedelta(days=7)
# A similar name that waits for approval reserves its address for at most this long.
WAITING_EXPIRES_AFTER: Final = timedelta(days=30)
REMOVAL_REASON: Final = "Nobody signed in after the founding, and nothing was entered."
# Tables written without user action: hand-over sessions, login attempts of strangers, keys of daily jobs.
# Every other table counts.
_IGNORED_TABLES: Final = frozenset({"sessions", "throttles", "finished_jobs"})
# Rows of the platform's tables that are ignored: the address, usage figures, and a trial that began and ended
# by itself while nothing was chosen.
_IGNORED_SHARED_ROWS: Final = {
    "hostnames": "kind = 'subdomain'",
    "usage_figures": "true",
    "billing_entries": "by = 'Lumbung' AND action LIKE 'billing.trial\\_%'",
    "subscriptions": "(status = 'trialing' OR status = 'active' AND period_end IS NULL) AND method = "
    "'invoice' "
    "AND value = 0"
    " AND stripe_customer IS NULL AND stripe_subscription IS NULL AND coupon IS NULL"
    " AND (contact_name, contact_email, contact_phone, buyer_name, buyer_address, buyer_tax_number) = "
    "('', '', '', '', '', '')",
}


async def count_initial_rows(db: AsyncSession) -> dict[str, int]:
    """Count the rows that sign-up has written so far, plus the audit entry that will store the count."""
    rows = await count_rows_by_table(db)
    rows["audit_entries"] = rows.get("audit_entries", 0) + 1
    return rows


async def mark_abandoned(database: Database) -> list[str]:
    """Mark abandoned cooperatives for removal and return their slugs.

    Marked are unused ones a week after sign-up or rejection, and those that waited a month for approval.
    """
    now = clock.now()
    async with shared_session(database) as db:
        candidates = await queries.list_never_signed_in(
            db, now - ABANDONED_AFTER, now - WAITING_EXPIRES_AFTER
        )
        tables = await list_shared_references(db)
    marked = []
    for schema_name in candidates:
        tenant = await find_tenant_by_schema(database, schema_name)
        if tenant is None:
            continue
        async with coop_session(database, tenant) as db:
            found = await _find_added_own_rows(db)
        if not found:
            async with shared_session(database) as db:
                found = await _find_added_shared_rows(db, tenant, tables)
        if not found and await remove_cooperative.mark_for_removal(
            database, tenant, reason=REMOVAL_REASON, write_audit=_record_operator_action
        ):
            marked.append(tenant.slug)
    if marked:
        log.warning("abandoned cooperatives were marked for removal", cooperatives=marked)
    return marked


async def remove_marked(database: Database) -> list[str]:
    """Remove the cooperatives marked at least a day ago that are still unused; return their slugs.

    Needs the connection of the database's owner.
    """
    return await remove_cooperative.remove_marked_cooperatives(
        database, find_added_rows, _record_operator_action
    )


async def find_added_rows(db: AsyncSession | AsyncConnection, tenant: TenantRef) -> dict[str, int]:
    """Return the number of rows in each table that differs from what sign-up wrote, empty if unused.

    ``db`` must be bound to the cooperative's schema and be able to read ``shared``.
    """
    return await _find_added_own_rows(db) | await _find_added_shared_rows(
        db, tenant, await list_shared_references(db)
    )


async def _find_added_own_rows(db: AsyncSession | AsyncConnection) -> dict[str, int]:
    """Return the number of rows in each of the cooperative's tables that differs from sign-up."""
    written = await queries.get_initial_row_counts(db)
    if written is None:
        return {"audit_entries": 1}  # created before rows were counted, or by an operator
    rows = await count_rows_by_table(db)
    differing = {
        table for table in rows.keys() | written.keys() if rows.get(table, 0) != written.get(table, 0)
    }
    found = {table: rows.get(table, 0) for table in sorted(differing - _IGNORED_TABLES)}
    if live := await queries.count_live_sessions(db, clock.now()):
        found["sessions"] = live
    return found


async def _find_added_shared_rows(
    db: AsyncSession | AsyncConnection, tenant: TenantRef, tables: Sequence[tuple[str, str]]
) -> dict[str, int]:
    """Return the number of rows in each platform table that refers to the cooperative."""
    rows = await count_shared_rows(db, tenant.id, _IGNORED_SHARED_ROWS, tables)
    return {f"shared.{table}": count for table, count in rows.items()}


async def _record_operator_action(
    db: AsyncSession | AsyncConnection, action: str, tenant: TenantRef, reason: str
) -> None:
    await db.execute(
        text(
            "INSERT INTO shared.operator_actions (operator, action, subject, params)"
            " VALUES ('Lumbung', :action, :slug, jsonb_build_object('reason', CAST(:reason AS text)))"
        ),
        {"action": action, "slug": tenant.slug, "reason": reason},
    )
