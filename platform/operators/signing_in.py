"""Signing operators in and out, with as many tries as an honest person needs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from kernel import clock
from kernel.passwords import hash_password, needs_rehash, verify_nobody, verify_password
from members.rules import network_of
from operators import errors, queries
from operators.models import OperatorSession
from tenants.throttles import count_attempt, forget_attempts
from ui.cookies import new_token, token_hash
from ui.errors import TOO_MANY_ATTEMPTS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

SESSION_LASTS = timedelta(hours=12)  # a working day: operators can close every cooperative
TRIES_BY_PHONE = 8
TRIES_BY_ADDRESS = 40  # an office shares one address
WINDOW = timedelta(minutes=15)


async def sign_in(db: AsyncSession, database: Database, *, phone_number: str, password: str, client_ip: str) -> str:
    """Open a session and return its token. ``phone_number`` is in E.164.

    Raises Refusal: operators.wrong_sign_in for an unknown number and a wrong password alike; ui.too_many_attempts.
    """
    by_phone = f"operator phone {phone_number}"
    for key, limit in ((by_phone, TRIES_BY_PHONE), (f"operator address {network_of(client_ip)}", TRIES_BY_ADDRESS)):
        minutes = await count_attempt(database, key, limit=limit, window=WINDOW)
        if minutes:
            raise TOO_MANY_ATTEMPTS(minutes=minutes)
    operator = await queries.operator_by_phone(db, phone_number)
    if operator is None:
        await verify_nobody(password)
        raise errors.WRONG_SIGN_IN()
    if not await verify_password(operator.password_hash, password):
        raise errors.WRONG_SIGN_IN()
    if needs_rehash(operator.password_hash):
        operator.password_hash = await hash_password(password)
    await forget_attempts(database, by_phone)
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
