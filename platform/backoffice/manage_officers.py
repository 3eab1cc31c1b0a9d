"""Appoint and dismiss officers.

An officer is appointed by phone number and opens the account with an activation code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from backoffice import errors, queries
from cooperative.offices import Office
from credit.terms import clear_pin
from kernel import audit
from kernel.ids import new_id
from members.activate_account import prepare_code, store_code
from members.models import User
from members.queries import lock_register
from members.rules import format_code
from members.sessions import end_sessions
from ui.errors import NOT_FOUND

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor


class Appointment(msgspec.Struct, frozen=True):
    """The officer appointed and the activation code, shown once.

    ``had_account``: the officer could sign in before and now needs the code.
    """

    name: str
    phone: str
    code: str
    had_account: bool


async def appoint_officer(
    db: AsyncSession, actor: Actor, *, name: str, phone: str, role: Office
) -> Appointment:
    """Appoint an officer and reset the account. ``phone`` (E.164) finds a member's account, else one is made.

    The reset clears password, activation code, sessions and PIN, so nobody who prepared the account keeps
    access. The account opens with the code returned here, which only a chair can replace
    (``cooperative.offices.may_give_code``). Appointing an officer who has not activated the account yet
    replaces the code.

    Raises DomainError: office.ketua_only, .already_officer, .role_of_oneself.
    """
    prepared = await prepare_code()
    await lock_register(db)
    await _require_chair(db, actor)
    user = await queries.find_user_by_phone(db, phone)
    if user is not None and user.id == actor.user_id:
        raise errors.ROLE_OF_ONESELF(field="phone")
    if user is not None and user.officer_role is not None and user.password_hash is not None:
        raise errors.ALREADY_OFFICER(name=user.name, field="phone")
    if user is None:
        user = User(id=new_id(), name=name, phone=phone, officer_role=role)
        db.add(user)
    had_account = user.password_hash is not None
    await _reset_account(db, user)
    user.officer_role = role
    store_code(user, prepared, given_by=actor.name)
    audit.record(
        db,
        actor,
        "office.officer_appointed",
        subject=f"user:{user.id}",
        params={"name": user.name, "role": role},
    )
    await db.flush()
    return Appointment(user.name, phone, format_code(prepared.code), had_account)


async def dismiss_officer(db: AsyncSession, actor: Actor, user_id: UUID) -> str:
    """Dismiss an officer and end their sessions; return their name.

    A member stays a member; any other account is deleted. Raises DomainError: office.ketua_only,
    .not_oneself; ui.not_found.
    """
    await lock_register(db)
    await _require_chair(db, actor)
    user = await db.get(User, user_id, with_for_update=True)
    if user is None or user.officer_role is None:
        raise NOT_FOUND()
    if user.id == actor.user_id:
        raise errors.NOT_ONESELF()
    params = {"name": user.name, "role": user.officer_role}
    audit.record(db, actor, "office.officer_dismissed", subject=f"user:{user.id}", params=params)
    await end_sessions(db, user.id)
    if user.member_id is None:
        await db.delete(user)
    else:
        user.officer_role = None
    await db.flush()
    return user.name


async def _reset_account(db: AsyncSession, user: User) -> None:
    """Clear password, activation code, sessions and PIN of an account.

    Device cookies become invalid with the password that they are bound to.
    """
    user.password_hash = user.activation_hash = user.activation_expires_at = user.activation_given_by = None
    await end_sessions(db, user.id)
    if user.member_id is not None:
        await clear_pin(db, user.member_id)


async def _require_chair(db: AsyncSession, actor: Actor) -> None:
    """Raise DomainError office.ketua_only unless the actor is the chair."""
    if await queries.find_officer_role(db, actor.user_id) != "ketua":
        raise errors.KETUA_ONLY()
