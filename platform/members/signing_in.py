"""Coming in by the door: with a password, or once with the link that founding hands over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from kernel import clock
from kernel.passwords import hash_password, needs_rehash, verify_nobody, verify_password
from members import errors, queries
from members.models import Session, User
from members.sessions import OpenedSession, open_session
from ui.cookies import token_hash

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def sign_in(db: AsyncSession, identity: str, password: str) -> OpenedSession:
    """Open a session for the phone or member number and password given. Knock at the ``throttling.Door`` first.

    Raises Refusal members.wrong_sign_in, the same and after the same time for an unknown number and for a wrong password.
    """
    user = await queries.user_by_identity(db, identity)
    if user is None or user.password_hash is None:
        await verify_nobody(password)
        raise errors.WRONG_SIGN_IN()
    if not await verify_password(user.password_hash, password) or not await _may_enter(db, user):
        raise errors.WRONG_SIGN_IN()
    if needs_rehash(user.password_hash):
        user.password_hash = await hash_password(password)
    return await open_session(db, user)


async def take_handover(db: AsyncSession, token: str) -> OpenedSession:
    """Turn a handover link into a session, exactly once. Raises Refusal members.link_used when it was used, is over or never was."""
    taken = await db.execute(
        delete(Session)
        .where(Session.token_hash == token_hash(token), Session.kind == "handover", Session.expires_at > clock.now())
        .returning(Session.user_id)
    )
    user_id = taken.scalar_one_or_none()
    user = await db.get(User, user_id) if user_id else None
    if user is None:
        raise errors.LINK_USED()
    return await open_session(db, user)


async def _may_enter(db: AsyncSession, user: User) -> bool:
    """A member who left, and holds no office, has nothing here any more."""
    return user.officer_role is not None or await queries.is_active(db, user.member_id)
