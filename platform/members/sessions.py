"""Open and end sessions. Every sign-in has a new token, stored as a hash, and a fixed lifetime."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import delete

from kernel import clock
from members.models import Session, User
from members.rules import MEMBER_SESSION_LIFETIME, OFFICER_SESSION_LIFETIME
from ui.cookies import generate_token, hash_token

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class OpenedSession(msgspec.Struct, frozen=True):
    """A new session: the token for the cookie, its lifetime, and the user. The token is not stored."""

    token: str
    lifetime: timedelta
    user_id: UUID
    name: str
    is_officer: bool
    language: str


async def open_session(db: AsyncSession, user: User) -> OpenedSession:
    """Open a session for an authenticated user."""
    now = clock.now()
    lasts = OFFICER_SESSION_LIFETIME if user.officer_role else MEMBER_SESSION_LIFETIME
    token = generate_token()
    db.add(
        Session(
            token_hash=hash_token(token),
            user_id=user.id,
            officer_role=user.officer_role,
            signed_in_at=now,
            expires_at=now + lasts,
        )
    )
    await db.flush()
    return OpenedSession(token, lasts, user.id, user.name, user.officer_role is not None, user.language)


async def end_session(db: AsyncSession, session: bytes) -> None:
    """End the session with this token hash."""
    await db.execute(delete(Session).where(Session.token_hash == session))


async def end_sessions(db: AsyncSession, user_id: UUID, *, except_session: bytes | None = None) -> None:
    """End all sessions of a user but `except_session`, and delete unused hand-over links."""
    statement = delete(Session).where(Session.user_id == user_id)
    if except_session is not None:
        statement = statement.where(Session.token_hash != except_session)
    await db.execute(statement)


async def delete_expired(db: AsyncSession) -> None:
    """Delete expired sessions and hand-over links."""
    await db.execute(delete(Session).where(Session.expires_at <= clock.now()))
