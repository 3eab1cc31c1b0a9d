"""Remove a cooperative: the application marks it and closes its site; a process of the owner removes it.

At least a day passes between the two, in which running work ends. Then the removal checks everything again,
under locks that prevent writes, and reopens a cooperative that holds data. An attacker who controls the
application can forge a cooperative's record of its founding. So the owner's process also checks that the
tables of ``PROTECTED_TABLES`` are empty.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import text

from kernel import clock
from tenants.changes import publish_registry_change, registry_topic
from tenants.registry import CHANGE_CHANNEL, find_tenant_by_schema
from tenants.row_count_queries import count_rows_by_table, list_shared_references
from tenants.schema_pool import run_script
from tenants.session import shared_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

log = structlog.get_logger()

MIN_REMOVAL_DELAY: Final = timedelta(days=1)
# Each removal takes 0.2 seconds, in which provision cannot create a schema for a founding. The batch is
# chosen at random, so that cooperatives that cannot be removed do not block the others for ever.
BATCH_SIZE: Final = 20
# Every table that founding leaves empty: a row in one of them prevents the removal, whatever the
# cooperative's audit log records of its founding.
PROTECTED_TABLES: Final = frozenset(
    """
    balances categories closed_years credit_terms journal_lines journals members office_restrictions
    order_lines orders payment_events payment_exceptions payment_refunds payment_methods payments
    payroll_batches payroll_lines payroll_unmatched_lines pictures products provider_balances
    provider_movements shu_drafts shu_pools shu_shares staging_members staging_receipt_lines staging_sales
    statement_layouts statement_lines stock_movements
    """.split()  # noqa: SIM905 - a block of words is easier to read than thirty quoted ones
)

# Returns what data a cooperative holds, read by the owner's connection with its schema as search path.
HoldingsCounter = Callable[["AsyncConnection", "TenantRef"], Awaitable[dict[str, int]]]
# Adds an entry to the operators' audit log: the action on a cooperative, and its reason.
AuditWriter = Callable[["AsyncSession | AsyncConnection", str, "TenantRef", str], Awaitable[None]]


async def mark_for_removal(
    database: Database, tenant: TenantRef, *, reason: str, write_audit: AuditWriter
) -> bool:
    """Mark a cooperative for removal, which closes its site.

    Returns False when somebody has signed in or its status has changed meanwhile.
    """
    async with shared_session(database) as db:
        marked = await db.execute(
            text(
                "UPDATE shared.cooperatives SET status = 'removing', suspended_at = :now, "
                "suspended_reason = :reason"
                " WHERE id = :id AND status = :status AND signed_in_at IS NULL AND status IN "
                "('active', 'waiting', 'refused') RETURNING slug"
            ),
            {"id": tenant.id, "status": tenant.status, "reason": reason, "now": clock.now()},
        )
        if marked.first() is None:
            return False
        await write_audit(db, "tenants.removal_marked", tenant, reason)
        await publish_registry_change(db, tenant.schema_name)
    return True


async def remove_marked_cooperatives(
    database: Database, count_holdings: HoldingsCounter, write_audit: AuditWriter
) -> list[str]:
    """Remove up to ``BATCH_SIZE`` cooperatives that were marked a day ago or longer; return their slugs.

    Reopens a cooperative that holds data. Uses the owner's connection. A failure of one removal is logged and
    does not stop the others; a later call tries it again.
    """
    async with database.owner_engine.connect() as connection:
        due = await connection.execute(
            text(
                "SELECT schema_name FROM shared.cooperatives WHERE status = 'removing' AND "
                "suspended_at < :before"
                " ORDER BY random() LIMIT :most"
            ),
            {"before": clock.now() - MIN_REMOVAL_DELAY, "most": BATCH_SIZE},
        )
        names = list(due.scalars())
    removed = []
    for name in names:
        try:
            tenant = await find_tenant_by_schema(database, name)
            if tenant is not None and await _remove(database, tenant, count_holdings, write_audit):
                removed.append(tenant.slug)
        except Exception as error:  # noqa: BLE001 - one failure (a lock, a broken row) must not stop the others
            log.warning("a cooperative could not be removed", schema=name, error=repr(error))
    return removed


async def _remove(
    database: Database, tenant: TenantRef, count_holdings: HoldingsCounter, write_audit: AuditWriter
) -> bool:
    name = tenant.schema_name
    async with database.owner_engine.begin() as connection:
        await connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        held = await connection.execute(
            text(
                "SELECT signed_in_at FROM shared.cooperatives WHERE id = :id AND status = 'removing' FOR "
                "UPDATE"
            ),
            {"id": tenant.id},
        )
        row = held.first()
        if row is None:
            return False
        await connection.execute(text("SELECT set_config('search_path', :name, true)"), {"name": name})
        await run_script(connection, _LOCK_ALL)
        found = await count_holdings(connection, tenant) | await _count_protected_rows(connection)
        if row.signed_in_at is not None:
            found["sign-in"] = 1
        if found:
            await connection.execute(
                text(
                    "UPDATE shared.cooperatives SET suspended_at = NULL, suspended_reason = NULL, status ="
                    " CASE WHEN resembles IS NOT NULL AND released_at IS NULL THEN 'waiting' ELSE "
                    "'active' END WHERE id = :id"
                ),
                {"id": tenant.id},
            )
            await write_audit(connection, "tenants.removal_undone", tenant, ", ".join(found))
            log.warning(
                "a cooperative marked for removal holds data and was reopened",
                cooperative=tenant.slug,
                found=found,
            )
        else:
            for table, column in await list_shared_references(connection):
                await connection.execute(
                    text(f'DELETE FROM shared."{table}" WHERE "{column}" = :id'), {"id": tenant.id}
                )
            await connection.execute(
                text("DELETE FROM shared.outbox WHERE coop_role = :name"), {"name": name}
            )
            await connection.execute(
                text("DELETE FROM shared.cooperatives WHERE id = :id"), {"id": tenant.id}
            )
            await run_script(
                connection, f"DROP SCHEMA {name} CASCADE; DROP OWNED BY {name}; DROP ROLE {name};"
            )
            await write_audit(connection, "tenants.cooperative_removed", tenant, tenant.name)
        await connection.execute(
            text("SELECT pg_notify(:channel, :topic)"),
            {"channel": CHANGE_CHANNEL, "topic": registry_topic(name)},
        )
    return not found


async def _count_protected_rows(connection: AsyncConnection) -> dict[str, int]:
    return {
        table: count
        for table, count in (await count_rows_by_table(connection)).items()
        if table in PROTECTED_TABLES
    }


_LOCK_ALL: Final = """
DO $lock$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_catalog.pg_class
        WHERE relnamespace = CAST(CAST(current_schema() AS text) AS regnamespace) AND relkind IN ('r', 'p')
            ORDER BY relname
    LOOP
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
    END LOOP;
END
$lock$
"""
