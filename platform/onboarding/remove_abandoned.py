"""Cooperatives that somebody founded and nobody ever entered again: what tells them apart, and how they go.

Silence alone removes nothing. Nobody has signed in since the founding's own hand-over, a week has passed, and
every table there is, of the cooperative and of the platform, holds what founding wrote and not one row more.
What founding wrote it counted itself (``count_initial_rows``): a cooperative without that count, for example
one that an operator founded by the command line, is never removed.
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
# A name that looks like another's waits for an operator: it keeps its address for so long at most.
WAITING_EXPIRES_AFTER: Final = timedelta(days=30)
REMOVAL_REASON: Final = "Nobody signed in after the founding, and nothing was entered."
# Written without anybody's doing: sessions of the hand-over, strangers' guesses, keys of daily jobs. Every
# other table counts.
_IGNORED_TABLES: Final = frozenset({"sessions", "throttles", "finished_jobs"})
# The same of the platform's tables: the address, measurements, and the trial that begins and ends by itself,
# as long as nothing was chosen.
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
    """Count what founding has written so far, for its entry in the trail: that entry will be one row more."""
    rows = await count_rows_by_table(db)
    rows["audit_entries"] = rows.get("audit_entries", 0) + 1
    return rows


async def mark_abandoned(database: Database) -> list[str]:
    """Close what was left alone for a week, was refused as long ago or waited for a month, until it is
    removed; return the addresses.
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
        log.warning("cooperatives that nobody entered are being removed", cooperatives=marked)
    return marked


async def remove_marked(database: Database) -> list[str]:
    """Remove what was marked a day ago or longer, after one more look; return the addresses.

    Needs the owner's connection.
    """
    return await remove_cooperative.remove_marked_cooperatives(
        database, find_added_rows, _record_operator_action
    )


async def find_added_rows(db: AsyncSession | AsyncConnection, tenant: TenantRef) -> dict[str, int]:
    """Return what a cooperative holds beyond what founding wrote, by table.

    ``db`` stands in its schema and may read ``shared``.
    """
    return await _find_added_own_rows(db) | await _find_added_shared_rows(
        db, tenant, await list_shared_references(db)
    )


async def _find_added_own_rows(db: AsyncSession | AsyncConnection) -> dict[str, int]:
    written = await queries.get_initial_row_counts(db)
    if written is None:
        return {"audit_entries": 1}  # founded before this was counted, or by an operator
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
