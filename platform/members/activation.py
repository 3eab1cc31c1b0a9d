"""The activation code: how a new member gets a password, and how anybody gets a new one at the counter."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from cooperative.offices import may_give_code
from kernel import audit, clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.passwords import check_password, hash_password, verify_dummy, verify_password
from members import errors, queries, rules
from members.models import Member, User
from members.queries import CODE_USED
from members.sessions import OpenedSession, end_sessions, open_session
from tenants.changes import note_sign_in
from tenants.session import coop_reader, tenant_of
from ui.errors import NOT_FOUND

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database


class GivenCode(msgspec.Struct, frozen=True):
    """A code to show once. ``by_phone``: whether the member's phone number also leads to this account."""

    code: str
    member_id: UUID
    number: str
    name: str
    phone: str | None
    by_phone: bool


class PreparedCode(msgspec.Struct, frozen=True):
    """A code that is nobody's yet, and what is kept of it."""

    code: str
    kept: bytes


async def prepare_code() -> PreparedCode:
    """Make a code before any lock is taken: hashing it holds a processor for tens of milliseconds."""
    code = rules.new_code()
    return PreparedCode(code, (await hash_password(code)).encode())


async def give_activation_code(db: AsyncSession, actor: Actor, member_id: UUID) -> GivenCode:
    """Give an active member a new code; the one before stops working, the password only once the new code is
    used.

    Raises DomainError: ui.not_found, members.not_active, .ketua_only.
    """
    return await hand_out_code(db, actor, member_id, await prepare_code())


async def hand_out_code(db: AsyncSession, actor: Actor, member_id: UUID, prepared: PreparedCode) -> GivenCode:
    """Make a prepared code an active member's. Raises as ``give_activation_code``."""
    await queries.lock_register(db)
    member = await db.get(Member, member_id)
    if member is None:
        raise NOT_FOUND()
    if member.status != "active" or member.number is None:
        raise errors.NOT_ACTIVE(name=member.name)
    user = await queries.user_of_member(db, member_id)
    if user is None:
        user = await _new_user(db, member)
    elif not may_give_code(await queries.role_of(db, actor.user_id), user.officer_role):
        raise errors.KETUA_ONLY(name=member.name)
    keep_code(user, prepared, given_by=actor.name)
    audit.record(
        db, actor, "members.code_given", subject=f"member:{member.id}", facts={"number": member.number}
    )
    await db.flush()
    by_phone = user.phone is not None and user.phone == member.phone
    return GivenCode(
        rules.shown_code(prepared.code), member.id, member.number, member.name, member.phone, by_phone
    )


def keep_code(user: User, prepared: PreparedCode, *, given_by: str) -> None:
    """Let a code wait on an account, in the place of the one before."""
    user.activation_hash = prepared.kept
    user.activation_expires_at = clock.now() + rules.CODE_LASTS
    user.activation_given_by = given_by


class Weighed(msgspec.Struct, frozen=True):
    """A code that was found right, and the hash of the password chosen with it."""

    user_id: UUID
    activation_hash: bytes
    password_hash: str


async def activate(
    database: Database, db: AsyncSession, identity: str, code: str, password: str
) -> OpenedSession:
    """Set the password by a code, end every session there was, and open a new one. A code works once.

    Knock at the ``throttling.Door`` first. ``db`` must not have begun: see ``signing_in.sign_in``.
    Raises DomainError: members.wrong_code, and those of passwords.
    """
    check_password(password, phone_number=rules.phone_or_none(identity))
    async with coop_reader(database, tenant_of(db)) as ro:
        found = await queries.credentials(ro, identity)
    return await let_in(db, await weigh(found, code, password))


async def weigh(found: queries.Credentials | None, code: str, password: str) -> Weighed:
    """Weigh a code against what is kept and prepare the new password, with no connection held.

    Raises DomainError: members.wrong_code, the same and after the same time for an unknown person, and those
    of passwords.
    """
    if found is None or found.activation_hash is None:
        await verify_dummy(rules.plain_code(code))
        raise errors.WRONG_CODE(field="code")
    fits = await verify_password(found.activation_hash.decode(), rules.plain_code(code))
    fresh = found.activation_expires_at is not None and found.activation_expires_at > clock.now()
    if not (fits and fresh):
        raise errors.WRONG_CODE(field="code")
    check_password(password, phone_number=found.phone)
    return Weighed(found.id, found.activation_hash, await hash_password(password))


async def let_in(db: AsyncSession, weighed: Weighed) -> OpenedSession:
    """Take the new password and open a session; of two with the same code the second finds it used
    (members.wrong_code).

    The account remembers when it was opened so and who had given the code: whoever it belongs to is told.
    """
    user = await queries.user_to_let_in(db, weighed.user_id)
    if user is None or user.activation_hash != weighed.activation_hash:
        raise errors.WRONG_CODE(field="code")
    user.password_hash = weighed.password_hash
    user.code_used_at, user.code_given_by, user.code_seen_at = clock.now(), user.activation_given_by, None
    user.activation_hash = user.activation_expires_at = user.activation_given_by = None
    await end_sessions(db, user.id)
    await note_sign_in(db)
    subject = f"member:{user.member_id}" if user.member_id else f"user:{user.id}"
    facts = {"given_by": user.code_given_by}
    audit.record(db, Actor("member", user.name, user.id), CODE_USED, subject=subject, facts=facts)
    return await open_session(db, user)


async def _new_user(db: AsyncSession, member: Member) -> User:
    """An account without a password; the phone leads to it unless it leads to another one already (a shared
    phone).
    """
    free = member.phone is not None and not await queries.phone_in_use(db, member.phone)
    user = User(id=new_id(), name=member.name, phone=member.phone if free else None, member_id=member.id)
    db.add(user)
    await db.flush()
    return user
