"""Bind a transaction to a cooperative by its role and search path; only this module does so.

Both are set locally: after a commit, the connection has the login role again, which may read no cooperative
and has an empty search path. A missing binding is therefore an error and never reads another cooperative
(docs/adr/0003-one-schema-and-one-role.md).
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from kernel.database import Database, Reader, begin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection
    from sqlalchemy.orm import SessionTransaction

    from kernel.pools import ConnectionLease
    from kernel.timeouts import Timeouts
    from tenants.registry import TenantRef

SHARED = "shared"  # the pool holder of connections that serve no cooperative
_SCHEMA_NAME = re.compile(r"coop_[a-z0-9]{16}")
_BIND = text("SELECT set_config('role', :name, true), set_config('search_path', :name, true)")


def _validated(schema_name: str) -> str:
    if not _SCHEMA_NAME.fullmatch(schema_name):
        msg = f"{schema_name!r} is not the schema of a cooperative"
        raise ValueError(msg)
    return schema_name


def bind_tenant(db: AsyncSession, tenant: TenantRef) -> None:
    """Bind every transaction that ``db`` begins from now on to ``tenant``."""
    _validated(tenant.schema_name)
    db.sync_session.info["tenant"] = tenant


async def bind_current_transaction(db: AsyncSession, tenant: TenantRef) -> None:
    """Bind the rest of the running transaction, and later ones, to ``tenant``.

    Founding a cooperative starts in the registry and ends in the new schema.
    """
    bind_tenant(db, tenant)
    connection = await db.connection()
    await connection.execute(_BIND, {"name": tenant.schema_name})
    lease: ConnectionLease | None = db.sync_session.info.get("lease")
    if lease is not None:
        lease.add_tenant(tenant.schema_name)


@event.listens_for(Session, "after_begin")
def _bind_transaction(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    tenant = session.info.get("tenant")
    if tenant is None or transaction.nested:
        return
    name = _validated(tenant.schema_name)
    statements = f"SET LOCAL ROLE {name}; SET LOCAL search_path = {name}"
    timeouts: Timeouts | None = session.info.get("timeouts")
    # set longer time-outs in the same round trip
    begin(
        connection,
        f"{statements}; {timeouts.set_statements(local=True)}" if timeouts is not None else statements,
    )


@contextlib.asynccontextmanager
async def coop_session(
    database: Database, tenant: TenantRef, timeouts: Timeouts | None = None
) -> AsyncIterator[AsyncSession]:
    """Open a write session of ``tenant`` in its cell; commit at the end, roll back on an error.

    ``timeouts`` replaces the default time-outs, for longer work.
    """
    name = _validated(tenant.schema_name)
    async with database.services.database_for(tenant).session(name, timeouts) as db:
        bind_tenant(db, tenant)
        db.sync_session.info["timeouts"] = timeouts
        async with db.begin():
            yield db


@contextlib.asynccontextmanager
async def coop_reader(
    database: Database, tenant: TenantRef, timeouts: Timeouts | None = None
) -> AsyncIterator[Reader]:
    """Open a read-only transaction of ``tenant`` in its cell and yield a Reader on it.

    ``timeouts`` replaces the default time-outs, for longer work.
    """
    name = _validated(tenant.schema_name)
    begin = f"BEGIN READ ONLY; SET LOCAL ROLE {name}; SET LOCAL search_path = {name}"
    if timeouts is not None:
        begin = f"{begin}; {timeouts.set_statements(local=True)}"
    async with database.services.database_for(tenant).read_connection(begin, name, timeouts) as connection:
        yield Reader(connection)


@contextlib.asynccontextmanager
async def shared_session(database: Database) -> AsyncIterator[AsyncSession]:
    """Open a write session that reads and writes schema ``shared`` only."""
    async with database.session(SHARED) as db, db.begin():
        yield db


@contextlib.asynccontextmanager
async def owner_session(database: Database) -> AsyncIterator[AsyncSession]:
    """Open a write session on schema ``shared`` as the owner.

    It is for the few rows that web and worker may not write.
    """
    async with AsyncSession(database.owner_engine, expire_on_commit=False) as db, db.begin():
        yield db


@contextlib.asynccontextmanager
async def shared_reader(database: Database) -> AsyncIterator[Reader]:
    """Open a read-only transaction on schema ``shared``."""
    async with database.read_connection("BEGIN READ ONLY", SHARED) as connection:
        yield Reader(connection)


def get_tenant(db: AsyncSession) -> Any:
    """Return the TenantRef that ``db`` is bound to. Raises RuntimeError when it is bound to none."""
    tenant = db.sync_session.info.get("tenant")
    if tenant is None:
        msg = "this session is bound to no cooperative"
        raise RuntimeError(msg)
    return tenant
