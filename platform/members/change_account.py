"""Use cases with which users change their own account."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from kernel import audit, clock
from kernel.formats import Lang
from kernel.passwords import check_password, hash_password, verify_password
from members import errors, queries
from members.models import Member, User
from members.sessions import end_sessions
from ui.errors import NOT_FOUND

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor


async def change_password(
    db: AsyncSession, actor: Actor, current_password: str, new: str, *, session: bytes
) -> None:
    """Change the actor's own password and end all their sessions but `session`.

    Raises DomainError: members.wrong_password, and the errors of `check_password`.
    """
    user = await _get_own_user(db, actor)
    check_password(new, phone_number=user.phone)
    await _require_password(user, current_password, "present")
    fresh = await hash_password(new)
    await _require_unchanged(db, user, "present")
    user.password_hash = fresh
    await end_sessions(db, user.id, except_session=session)
    audit.record(db, actor, "members.password_changed", subject=f"user:{user.id}")


async def change_phone(db: AsyncSession, actor: Actor, phone: str, current_password: str) -> None:
    """Change the phone number (E.164) with which the actor signs in, and that of their row in the register.

    Raises DomainError: members.wrong_password, .phone_taken.
    """
    user = await _get_own_user(db, actor)
    await _require_password(user, current_password, "own_password")
    await queries.lock_register(db)
    await _require_unchanged(db, user, "own_password")
    if user.phone == phone:
        return
    if await queries.is_phone_in_use(db, phone):
        raise errors.PHONE_TAKEN(field="phone")
    params = {"from": user.phone, "to": phone}
    user.phone = phone
    member = await db.get(Member, user.member_id) if user.member_id else None
    if member is not None:
        member.phone = phone
    audit.record(db, actor, "members.phone_changed", subject=f"user:{user.id}", params=params)
    await db.flush()


async def change_language(db: AsyncSession, actor: Actor, language: Lang) -> None:
    """Store the language of the actor's pages."""
    (await _get_own_user(db, actor)).language = language


async def dismiss_code_notice(db: AsyncSession, actor: Actor) -> None:
    """Dismiss the notice that an activation code opened the account; the audit log keeps the use."""
    (await _get_own_user(db, actor)).code_seen_at = clock.now()


async def sign_out_everywhere(db: AsyncSession, actor: Actor) -> None:
    """End all sessions of the actor, including the current one."""
    user = await _get_own_user(db, actor)
    await end_sessions(db, user.id)
    audit.record(db, actor, "members.signed_out_everywhere", subject=f"user:{user.id}")


async def _get_own_user(db: AsyncSession, actor: Actor) -> User:
    user_id: UUID | None = actor.user_id
    user = await queries.get_user(db, user_id)
    if user is None:
        raise NOT_FOUND()
    return user


async def _require_unchanged(db: AsyncSession, user: User, field: str) -> None:
    """Lock an account and require that its password is still the one that was verified.

    This reads the account again, so that a concurrent change (a new office) is not overwritten. Raises
    DomainError members.wrong_password.
    """
    weighed = user.password_hash
    if await queries.lock_user(db, user.id) is None or user.password_hash != weighed:
        raise errors.WRONG_PASSWORD(field=field)


async def _require_password(user: User, password: str, field: str) -> None:
    if not await verify_password(user.password_hash or "", password):
        raise errors.WRONG_PASSWORD(field=field)
