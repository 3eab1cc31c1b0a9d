"""Activation codes, with which a new member sets a password, and anybody sets a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from cooperative.offices import may_issue_code
from kernel import audit, clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.passwords import check_password, hash_password, verify_dummy, verify_password
from members import errors, queries, rules
from members.models import Member, User
from members.queries import CODE_USED_ACTION
from members.sessions import OpenedSession, end_sessions, open_session
from tenants.changes import record_first_sign_in
from tenants.session import coop_reader, get_tenant
from ui.errors import NOT_FOUND

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database


class IssuedCode(msgspec.Struct, frozen=True):
    """A code that is shown once, in clear text.

    `signs_in_by_phone` is false if another account already signs in with the member's phone number.
    """

    code: str
    member_id: UUID
    number: str
    name: str
    phone: str | None
    signs_in_by_phone: bool


class PreparedCode(msgspec.Struct, frozen=True):
    """A code that is not assigned to an account yet, and its hash."""

    code: str
    hashed: bytes


async def prepare_code() -> PreparedCode:
    """Generate a code and its hash. Call it before any lock is taken: hashing takes tens of milliseconds."""
    code = rules.generate_code()
    return PreparedCode(code, (await hash_password(code)).encode())


async def issue_activation_code(db: AsyncSession, actor: Actor, member_id: UUID) -> IssuedCode:
    """Issue a new activation code for an active member.

    The previous code stops working at once, the password only when the new code is used. Raises DomainError:
    ui.not_found, members.not_active, .ketua_only.
    """
    return await issue_prepared_code(db, actor, member_id, await prepare_code())


async def issue_prepared_code(
    db: AsyncSession, actor: Actor, member_id: UUID, prepared: PreparedCode
) -> IssuedCode:
    """Assign a prepared code to an active member. Raises as `issue_activation_code`."""
    await queries.lock_register(db)
    member = await db.get(Member, member_id)
    if member is None:
        raise NOT_FOUND()
    if member.status != "active" or member.number is None:
        raise errors.NOT_ACTIVE(name=member.name)
    user = await queries.lock_user_of_member(db, member_id)
    if user is None:
        user = await _create_user(db, member)
    elif not may_issue_code(await queries.get_officer_role(db, actor.user_id), user.officer_role):
        raise errors.KETUA_ONLY(name=member.name)
    store_code(user, prepared, given_by=actor.name)
    audit.record(
        db, actor, "members.code_given", subject=f"member:{member.id}", params={"number": member.number}
    )
    await db.flush()
    by_phone = user.phone is not None and user.phone == member.phone
    return IssuedCode(
        rules.format_code(prepared.code), member.id, member.number, member.name, member.phone, by_phone
    )


def store_code(user: User, prepared: PreparedCode, *, given_by: str) -> None:
    """Store the hash of a code on an account, replacing the previous one."""
    user.activation_hash = prepared.hashed
    user.activation_expires_at = clock.now() + rules.CODE_LIFETIME
    user.activation_given_by = given_by


class VerifiedCode(msgspec.Struct, frozen=True):
    """The result of a correct activation code: its hash, and the hash of the new password."""

    user_id: UUID
    activation_hash: bytes
    password_hash: str


async def activate_account(
    database: Database, db: AsyncSession, identity: str, code: str, password: str
) -> OpenedSession:
    """Set a password with an activation code, end all sessions, and open a new one. A code works once.

    Call `LoginThrottle.hit` first. `db` must not have begun, as in `authenticate_user.sign_in`. Raises
    DomainError: members.wrong_code, and the errors of `kernel.passwords.check_password`.
    """
    check_password(password, phone_number=rules.parse_phone_or_none(identity))
    async with coop_reader(database, get_tenant(db)) as ro:
        found = await queries.find_credentials(ro, identity)
    return await complete_activation(db, await verify_code(found, code, password))


async def verify_code(found: queries.Credentials | None, code: str, password: str) -> VerifiedCode:
    """Verify a code and hash the new password, without holding a connection.

    Raises DomainError: members.wrong_code, which an unknown person gets after the same time, and the errors
    of `check_password`.
    """
    if found is None or found.activation_hash is None:
        await verify_dummy(rules.normalize_code(code))
        raise errors.WRONG_CODE(field="code")
    fits = await verify_password(found.activation_hash.decode(), rules.normalize_code(code))
    fresh = found.activation_expires_at is not None and found.activation_expires_at > clock.now()
    if not (fits and fresh):
        raise errors.WRONG_CODE(field="code")
    check_password(password, phone_number=found.phone)
    return VerifiedCode(found.id, found.activation_hash, await hash_password(password))


async def complete_activation(db: AsyncSession, verified: VerifiedCode) -> OpenedSession:
    """Store the new password and open a session.

    If two requests use the same code, the second gets members.wrong_code. The account stores when the code
    was used and who issued it, so that its owner is notified.
    """
    user = await queries.lock_user_for_sign_in(db, verified.user_id)
    if user is None or user.activation_hash != verified.activation_hash:
        raise errors.WRONG_CODE(field="code")
    user.password_hash = verified.password_hash
    user.code_used_at, user.code_given_by, user.code_seen_at = clock.now(), user.activation_given_by, None
    user.activation_hash = user.activation_expires_at = user.activation_given_by = None
    await end_sessions(db, user.id)
    await record_first_sign_in(db)
    subject = f"member:{user.member_id}" if user.member_id else f"user:{user.id}"
    params = {"given_by": user.code_given_by}
    audit.record(db, Actor("member", user.name, user.id), CODE_USED_ACTION, subject=subject, params=params)
    return await open_session(db, user)


async def _create_user(db: AsyncSession, member: Member) -> User:
    """Create an account without a password.

    It gets the member's phone number unless another account uses it already (a shared phone).
    """
    free = member.phone is not None and not await queries.is_phone_in_use(db, member.phone)
    user = User(id=new_id(), name=member.name, phone=member.phone if free else None, member_id=member.id)
    db.add(user)
    await db.flush()
    return user
