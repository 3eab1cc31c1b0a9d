"""Signing operators in and out, with as many tries as an honest person needs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from kernel import clock
from kernel.passwords import hash_password, needs_rehash, verify_nobody, verify_password
from members.throttling import Door
from operators import errors, queries
from operators.models import OperatorSession
from tenants.session import shared_reader
from ui.cookies import new_token, token_hash

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

SESSION_LASTS = timedelta(hours=12)  # a working day: operators can close every cooperative


async def sign_in(database: Database, db: AsyncSession, *, phone_number: str, password: str, client_ip: str) -> str:
    """Open a session and return its token. ``phone_number`` is in E.164.

    ``db`` must not have begun: the password is weighed while no connection is held, however many sign in at once.
    Raises Refusal: operators.wrong_sign_in for an unknown number and a wrong password alike; ui.too_many_attempts.
    """
    door = Door(database, None, "operator", phone_number, client_ip)
    await door.knock()
    async with shared_reader(database) as ro:
        found = await queries.credentials(ro, phone_number)
    if found is None:
        await verify_nobody(password)
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
            token_hash=token_hash(token), operator_id=operator.id, signed_in_at=now, expires_at=now + SESSION_LASTS
        )
    )
    return token


async def sign_out(db: AsyncSession, session: bytes) -> None:
    """End a session by the hash of its token."""
    await db.execute(delete(OperatorSession).where(OperatorSession.token_hash == session))
