"""Coming in by password or code within one transaction, for tests of use cases: pages weigh before their
transaction begins.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.database import as_reader
from members import activate_account, authenticate_user
from members.queries import find_credentials
from members.sessions import OpenedSession


async def activate_with_code(db: AsyncSession, identity: str, code: str, password: str) -> OpenedSession:
    found = await find_credentials(as_reader(db), identity)
    return await activate_account.complete_activation(
        db, await activate_account.verify_code(found, code, password)
    )


async def sign_in_with_password(db: AsyncSession, identity: str, password: str) -> OpenedSession:
    found = await find_credentials(as_reader(db), identity)
    return await authenticate_user.complete_sign_in(
        db, await authenticate_user.verify_credentials(found, password)
    )
