"""Signing operators in and out, with as many tries as an honest person needs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete

from kernel import clock
from kernel.passwords import hash_password, needs_rehash, verify_dummy, verify_password
from members.devices import Account, has_device_cookie, known_device
from members.throttling import Door
from operators import errors, queries
from operators.models import OperatorSession
from tenants.session import shared_reader
from ui.cookies import new_token, token_hash
from ui.viewer import visit_of

if TYPE_CHECKING:
    from litestar import Request
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

SESSION_LASTS = timedelta(hours=12)  # a working day: operators can close every cooperative


class OpenedSession(msgspec.Struct, frozen=True):
    """A token for the cookie, and whose browser it goes to."""

    token: str
    account: Account


async def sign_in(
    database: Database, db: AsyncSession, request: Request[Any, Any, Any], *, phone_number: str, password: str
) -> OpenedSession:
    """Open a session.

    ``phone_number`` is in E.164; ``request`` says from where it is tried, and in which browser.

    ``db`` must not have begun: the password is weighed while no connection is held, however many sign in at
    once. Raises DomainError: operators.wrong_sign_in for an unknown number and a wrong password alike;
    ui.too_many_attempts.
    """
    device = None
    if has_device_cookie(request, database.settings):
        known = await _credentials(database, phone_number)
        account = Account("operator", str(phone_number), known.password_hash if known else None)
        device = known_device(request, database.settings, account)
    door = Door(database, None, "operator", phone_number, visit_of(request).client_ip, device=device)
    await door.knock()
    found = await _credentials(database, phone_number)
    if found is None:
        await verify_dummy(password)
        raise errors.WRONG_SIGN_IN()
    if not await verify_password(found.password_hash, password):
        raise errors.WRONG_SIGN_IN()
    renewed = await hash_password(password) if needs_rehash(found.password_hash) else found.password_hash
    operator = await queries.operator_by_phone(db, phone_number)
    if operator is None or operator.password_hash != found.password_hash:  # changed meanwhile
        raise errors.WRONG_SIGN_IN()
    operator.password_hash = renewed
    await door.welcome(db)
    token = new_token()
    now = clock.now()
    await db.execute(delete(OperatorSession).where(OperatorSession.expires_at <= now))
    db.add(
        OperatorSession(
            token_hash=token_hash(token),
            operator_id=operator.id,
            signed_in_at=now,
            expires_at=now + SESSION_LASTS,
        )
    )
    return OpenedSession(token, Account("operator", str(phone_number), renewed))


async def _credentials(database: Database, phone_number: str) -> queries.Credentials | None:
    async with shared_reader(database) as ro:
        return await queries.credentials(ro, phone_number)


async def sign_out(db: AsyncSession, session: bytes) -> None:
    """End a session by the hash of its token."""
    await db.execute(delete(OperatorSession).where(OperatorSession.token_hash == session))
