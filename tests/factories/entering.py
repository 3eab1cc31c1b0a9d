"""Coming in by password or code within one transaction, for tests of use cases: pages weigh before their
transaction begins.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.database import as_reader
from members import activation, signing_in
from members.queries import credentials
from members.sessions import OpenedSession


async def activate(db: AsyncSession, identity: str, code: str, password: str) -> OpenedSession:
    found = await credentials(as_reader(db), identity)
    return await activation.let_in(db, await activation.weigh(found, code, password))


async def sign_in(db: AsyncSession, identity: str, password: str) -> OpenedSession:
    found = await credentials(as_reader(db), identity)
    return await signing_in.let_in(db, await signing_in.weigh(found, password))
