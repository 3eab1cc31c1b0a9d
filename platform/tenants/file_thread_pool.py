"""Process files in a thread with its own event loop and connections, so that they do not block requests.

The work may compute for seconds and may query the database like any use case. One file of a cooperative and
two of a process are processed at a time. A few more wait, without a connection, and cooperatives take turns
(docs/adr/0023-limits-on-request-bodies.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from kernel.errors import ErrorType
from kernel.file_threads import TooManyFiles
from kernel.timeouts import IMPORT
from tenants.changes import get_committed_topics, invalidate_committed
from tenants.session import coop_reader, coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database, Reader
    from tenants.registry import TenantRef

T = TypeVar("T")

TOO_MANY_FILES: Final = ErrorType(
    "tenants.files_wait",
    429,
    "Berkas sebelumnya masih dibaca. Tunggu sebentar, lalu kirim lagi.",
)


async def read_in_thread(database: Database, tenant: TenantRef, work: Callable[[Reader], Awaitable[T]]) -> T:
    """Run ``work`` in a read-only transaction of ``tenant``, in a thread.

    Raises DomainError tenants.files_wait, and what ``work`` raises.
    """

    async def read(own: Database) -> T:
        async with coop_reader(own, tenant, IMPORT) as ro:
            return await work(ro)

    return await _run_in_thread(database, tenant.schema_name, read)


async def write_in_thread(
    database: Database, tenant: TenantRef, work: Callable[[AsyncSession], Awaitable[T]]
) -> T:
    """Run ``work`` in a write transaction of ``tenant``, in a thread; commit when it returns.

    Raises DomainError tenants.files_wait, and what ``work`` raises.
    """

    async def write(own: Database) -> tuple[T, list[str]]:
        async with coop_session(own, tenant, IMPORT) as db:
            done = await work(db)
        return done, get_committed_topics(db)

    def forget(written: tuple[T, list[str]]) -> None:
        invalidate_committed(database, written[1])

    return (await _run_in_thread(database, tenant.schema_name, write, forget))[0]


async def compute_in_thread(database: Database, owner: str, work: Callable[[], T]) -> T:
    """Run ``work``, which does not use the database, in a thread.

    Raises DomainError tenants.files_wait, and what ``work`` raises.
    """
    return await _run(database, owner, work)


async def _run_in_thread(
    database: Database,
    owner: str,
    work: Callable[[Database], Awaitable[T]],
    on_done: Callable[[T], None] | None = None,
) -> T:
    async def with_connections() -> T:
        own = database.services.clone_for_event_loop()
        try:
            return await work(own.main_database)
        finally:
            await own.close()

    return await _run(database, owner, lambda: asyncio.run(with_connections()), on_done)


async def _run(
    database: Database, owner: str, work: Callable[[], T], on_done: Callable[[T], None] | None = None
) -> T:
    try:
        return await database.services.file_threads.run(owner, work, on_done)
    except TooManyFiles:
        raise TOO_MANY_FILES(minutes=1) from None
