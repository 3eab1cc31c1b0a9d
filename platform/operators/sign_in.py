"""Sign operators in and out, with a limit on attempts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete

from kernel import clock
from kernel.passwords import hash_password, needs_rehash, verify_dummy, verify_password
from members.devices import DeviceAccount, find_device, has_device_cookie
from members.login_throttle import LoginThrottle
from operators import errors, queries
from operators.models import OperatorSession
from tenants.session import shared_reader
from ui.context import get_context
from ui.cookies import generate_token, hash_token

if TYPE_CHECKING:
    from litestar import Request
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

SESSION_LIFETIME = timedelta(hours=12)  # a working day: short, because operators can suspend any cooperative


class OpenedOperatorSession(msgspec.Struct, frozen=True):
    """The token for the session cookie, and the account for the device cookie."""

    token: str
    account: DeviceAccount


async def sign_in(
    database: Database, db: AsyncSession, request: Request[Any, Any, Any], *, phone_number: str, password: str
) -> OpenedOperatorSession:
    """Check an operator's password and open a session.

    ``phone_number`` is in E.164; ``request`` gives the client's address and device cookie for the login
    throttle. ``db`` must not have begun a transaction: password hashing is slow and must not hold a
    connection.

    Raises DomainError: operators.wrong_sign_in, for an unknown number and a wrong password alike;
    ui.too_many_attempts.
    """
    device = None
    if has_device_cookie(request, database.settings):
        known = await _load_credentials(database, phone_number)
        account = DeviceAccount("operator", str(phone_number), known.password_hash if known else None)
        device = find_device(request, database.settings, account)
    throttle = LoginThrottle(
        database, None, "operator", phone_number, get_context(request).client_ip, device=device
    )
    await throttle.hit()
    found = await _load_credentials(database, phone_number)
    if found is None:
        await verify_dummy(password)
        raise errors.WRONG_SIGN_IN()
    if not await verify_password(found.password_hash, password):
        raise errors.WRONG_SIGN_IN()
    renewed = await hash_password(password) if needs_rehash(found.password_hash) else found.password_hash
    operator = await queries.find_operator_by_phone(db, phone_number)
    if operator is None or operator.password_hash != found.password_hash:  # changed meanwhile
        raise errors.WRONG_SIGN_IN()
    operator.password_hash = renewed
    await throttle.reset(db)
    token = generate_token()
    now = clock.now()
    await db.execute(delete(OperatorSession).where(OperatorSession.expires_at <= now))
    db.add(
        OperatorSession(
            token_hash=hash_token(token),
            operator_id=operator.id,
            signed_in_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
    )
    return OpenedOperatorSession(token, DeviceAccount("operator", str(phone_number), renewed))


async def _load_credentials(database: Database, phone_number: str) -> queries.OperatorCredentials | None:
    async with shared_reader(database) as ro:
        return await queries.find_credentials(ro, phone_number)


async def sign_out(db: AsyncSession, session: bytes) -> None:
    """Delete the session with this token hash."""
    await db.execute(delete(OperatorSession).where(OperatorSession.token_hash == session))
