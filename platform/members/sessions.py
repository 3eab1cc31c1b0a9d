"""Sessions: a new token at every sign-in, only its hash kept, a fixed end."""

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
    """A token for the cookie, how long it lasts, and whose it is. The token is nowhere else."""

    token: str
    lifetime: timedelta
    user_id: UUID
    name: str
    is_officer: bool
    language: str


async def open_session(db: AsyncSession, user: User) -> OpenedSession:
    """Open a session for a person who has proved who they are; those that are over go at night."""
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
    """End one session by the hash of its token."""
    await db.execute(delete(Session).where(Session.token_hash == session))


async def end_sessions(db: AsyncSession, user_id: UUID, *, except_session: bytes | None = None) -> None:
    """End all sessions of a person, unused handover links too; ``but`` is the one they are using."""
    statement = delete(Session).where(Session.user_id == user_id)
    if except_session is not None:
        statement = statement.where(Session.token_hash != except_session)
    await db.execute(statement)


async def delete_expired(db: AsyncSession) -> None:
    """Drop every session and handover link that is over."""
    await db.execute(delete(Session).where(Session.expires_at <= clock.now()))
