"""Sign in with a password, or once with the hand-over link that follows the founding of a cooperative."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import delete

from kernel import clock
from kernel.passwords import hash_password, needs_rehash, verify_dummy, verify_password
from members import errors, queries
from members.models import Session, User
from members.sessions import OpenedSession, open_session
from tenants.changes import record_first_sign_in
from tenants.session import coop_reader, get_tenant
from ui.cookies import hash_token

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database


class VerifiedPassword(msgspec.Struct, frozen=True):
    """The result of a correct password: the stored hash it was verified against, and the hash to store now.

    `renewed_hash` differs from `password_hash` only if the hash parameters were outdated.
    """

    user_id: UUID
    password_hash: str
    renewed_hash: str


async def sign_in(database: Database, db: AsyncSession, identity: str, password: str) -> OpenedSession:
    """Open a session for a phone number or member number and a password.

    Call `LoginThrottle.hit` first. `db` must not have begun: no connection is held while the password is
    hashed, however many people sign in at once. Raises DomainError members.wrong_sign_in, which an unknown
    number and a wrong password get after the same time.
    """
    async with coop_reader(database, get_tenant(db)) as ro:
        found = await queries.find_credentials(ro, identity)
    return await complete_sign_in(db, await verify_credentials(found, password))


async def verify_credentials(found: queries.Credentials | None, password: str) -> VerifiedPassword:
    """Verify a password against the stored hash, without holding a connection.

    Raises DomainError members.wrong_sign_in.
    """
    if found is None or found.password_hash is None:
        await verify_dummy(password)
        raise errors.WRONG_SIGN_IN()
    if not await verify_password(found.password_hash, password):
        raise errors.WRONG_SIGN_IN()
    renewed = await hash_password(password) if needs_rehash(found.password_hash) else found.password_hash
    return VerifiedPassword(found.id, found.password_hash, renewed)


async def complete_sign_in(db: AsyncSession, verified: VerifiedPassword) -> OpenedSession:
    """Open a session for a verified password.

    Raises DomainError members.wrong_sign_in if the person has left, or the password was changed meanwhile.
    """
    user = await queries.lock_user_for_sign_in(db, verified.user_id)
    if user is None or user.password_hash != verified.password_hash:
        raise errors.WRONG_SIGN_IN()
    user.password_hash = verified.renewed_hash
    await record_first_sign_in(db)
    return await open_session(db, user)


async def redeem_handover(db: AsyncSession, token: str) -> OpenedSession:
    """Exchange a hand-over link for a session, exactly once.

    Raises DomainError members.link_used if the link is used, expired or unknown.
    """
    taken = await db.execute(
        delete(Session)
        .where(
            Session.token_hash == hash_token(token),
            Session.kind == "handover",
            Session.expires_at > clock.now(),
        )
        .returning(Session.user_id)
    )
    user_id = taken.scalar_one_or_none()
    user = await db.get(User, user_id) if user_id else None
    if user is None:
        raise errors.LINK_USED()
    return await open_session(db, user)
