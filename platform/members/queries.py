"""Queries of members, users and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import exists, select

from cooperative.rights import list_permissions
from kernel.database import Reader, as_reader, like_pattern
from kernel.locks import advisory_lock
from members.models import Member, User
from members.rules import MAX_NUMBER_LENGTH, parse_phone_or_none
from ui.context import Viewer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

STATUSES = ("active", "applied", "declined", "left")
PAGE_SIZE = 30
CODE_USED_ACTION = "members.activated"
MAX_CODES_SHOWN = 5


class MemberView(msgspec.Struct, frozen=True):
    """A row of the register with all its fields."""

    id: UUID
    number: str | None
    name: str
    sex: str
    phone: str | None
    address: str
    status: str
    applied_at: datetime
    joined_on: date | None
    decided_by: str | None
    left_on: date | None
    leaving_reason: str | None


class RegisterRow(msgspec.Struct, frozen=True):
    """A row of the register in the officers' list.

    `phone_known` marks an applicant whose phone number is that of an active member.
    """

    id: UUID
    number: str | None
    name: str
    phone: str | None
    status: str
    applied_at: datetime
    joined_on: date | None
    phone_known: bool


class PhoneSharer(msgspec.Struct, frozen=True):
    """Another member or applicant with the same phone number."""

    id: UUID
    number: str | None
    name: str
    status: str


class AccountView(msgspec.Struct, frozen=True):
    """The account of a user.

    `activated` is true once a password is set; `code_until` is the expiry of an unused activation code.
    """

    phone: str | None
    officer_role: str | None
    language: str
    activated: bool
    code_until: datetime | None


class CodeUse(msgspec.Struct, frozen=True):
    """A use of an activation code; `given_by` is the officer who issued it, None if unknown."""

    at: datetime
    given_by: str | None


class Credentials(msgspec.Struct, frozen=True):
    """The stored hashes of an account, read without a lock to verify a password or code."""

    id: UUID
    phone: str | None
    password_hash: str | None
    activation_hash: bytes | None
    activation_expires_at: datetime | None


_MEMBER = (
    "SELECT id, number, name, sex, phone, address, status, applied_at, joined_on, decided_by, left_on, "
    "leaving_reason FROM members "
)


class _ViewerRow(msgspec.Struct, frozen=True):
    user_id: UUID
    name: str
    member_id: UUID | None
    member_number: str | None
    officer_role: str | None
    session: bytes
    code_used_at: datetime | None
    code_given_by: str | None
    restrictions: list[str]


async def find_viewer(ro: Reader, token_hash: bytes, now: datetime) -> Viewer | None:
    """Return the viewer of a session, or None if the session is unknown or expired.

    A member who has left is not returned as a member. The viewer is an officer only if they still hold the
    office they had at sign-in.
    """
    found = await ro.one(
        _ViewerRow,
        "SELECT u.id AS user_id, u.name, m.id AS member_id, m.number AS member_number,"
        " CASE WHEN s.officer_role = u.officer_role THEN u.officer_role END AS officer_role, "
        "s.token_hash AS session,"
        " CASE WHEN u.code_seen_at IS NULL OR u.code_seen_at < u.code_used_at THEN u.code_used_at END "
        "AS code_used_at,"
        " u.code_given_by,"
        " ARRAY(SELECT permission FROM office_restrictions WHERE office = u.officer_role) AS restrictions"
        " FROM sessions s JOIN users u ON u.id = s.user_id"
        " LEFT JOIN members m ON m.id = u.member_id AND m.status = 'active'"
        " WHERE s.token_hash = $1 AND s.kind = 'session' AND s.expires_at > $2",
        token_hash,
        now,
    )
    if found is None:
        return None
    fields = msgspec.structs.asdict(found)
    held = list_permissions(found.officer_role, fields.pop("restrictions"))
    return Viewer(**fields, permissions=held)


async def get_member(source: AsyncSession | Reader, member_id: UUID) -> MemberView | None:
    """Return a row of the register, or None."""
    return await as_reader(source).one(MemberView, _MEMBER + "WHERE id = $1", member_id)


async def list_register(ro: Reader, *, search: str, status: str, page: int) -> tuple[list[RegisterRow], int]:
    """Return one page of the register and how many rows match; applicants first, then by name.

    `search` is looked for in name, number and phone.
    """
    words = search.strip()
    pattern = like_pattern(words)
    digits = (
        (parse_phone_or_none(words) or "".join(letter for letter in words if letter.isdigit()).lstrip("0"))
        if words
        else ""
    )
    phone = f"%{digits}%" if len(digits) >= 4 else ""
    where = (
        "WHERE ($1 = '' OR status = $1) AND ($2 = '%%' OR name ILIKE $2 OR number ILIKE $2 OR ($3 <> '' "
        "AND phone LIKE $3))"
    )
    total = await ro.value(f"SELECT count(*) FROM members {where}", status, pattern, phone)
    rows = await ro.rows(
        RegisterRow,
        "SELECT id, number, name, phone, status, applied_at, joined_on, status = 'applied' AND EXISTS "
        "(SELECT FROM members other"
        " WHERE other.phone = members.phone AND other.status = 'active') AS phone_known"
        f" FROM members {where}"
        " ORDER BY status <> 'applied', lower(name), number LIMIT $4 OFFSET $5",
        status,
        pattern,
        phone,
        PAGE_SIZE,
        (page - 1) * PAGE_SIZE,
    )
    return rows, int(total)


async def list_phone_sharers(ro: Reader, member_id: UUID, phone: str | None) -> list[PhoneSharer]:
    """Return up to 10 other members and applicants with this phone number, members first."""
    return await ro.rows(
        PhoneSharer,
        "SELECT id, number, name, status FROM members WHERE phone = $2 AND id <> $1 AND status IN "
        "('applied', 'active')"
        " ORDER BY status = 'applied', name LIMIT 10",
        member_id,
        phone,
    )


async def count_by_status(ro: Reader) -> dict[str, int]:
    """Return how many rows of the register have each status."""
    found = await ro.records("SELECT status, count(*) AS many FROM members GROUP BY status")
    return dict.fromkeys(STATUSES, 0) | {record["status"]: record["many"] for record in found}


async def get_account(source: AsyncSession | Reader, member_id: UUID, now: datetime) -> AccountView | None:
    """Return the account of a member, or None."""
    return await as_reader(source).one(
        AccountView,
        "SELECT phone, officer_role, language, password_hash IS NOT NULL AS activated,"
        " CASE WHEN activation_hash IS NOT NULL AND activation_expires_at > $2 THEN "
        "activation_expires_at END AS code_until"
        " FROM users WHERE member_id = $1",
        member_id,
        now,
    )


async def get_own_account(ro: Reader, user_id: UUID) -> AccountView | None:
    """Return a user's own account, without its activation code, or None."""
    return await ro.one(
        AccountView,
        "SELECT phone, officer_role, language, password_hash IS NOT NULL AS activated, "
        "NULL::timestamptz AS code_until"
        " FROM users WHERE id = $1",
        user_id,
    )


async def list_used_codes(ro: Reader, user_id: UUID) -> list[CodeUse]:
    """Return the last uses of an activation code for this account, newest first, from the audit log.

    The audit log is append-only, so nobody can hide a use.
    """
    return await ro.rows(
        CodeUse,
        "SELECT e.at, e.params->>'given_by' AS given_by FROM users u JOIN audit_entries e"
        " ON e.subject = CASE WHEN u.member_id IS NULL THEN 'user:' || u.id ELSE 'member:' || u.member_id END"
        f" WHERE u.id = $1 AND e.action = $2 ORDER BY e.id DESC LIMIT {MAX_CODES_SHOWN}",
        user_id,
        CODE_USED_ACTION,
    )


async def find_orders_of_journals(ro: Reader, journals: Sequence[int]) -> dict[int, int]:
    """Return the order numbers of these sale journals, by journal number.

    The table belongs to `shop`, which writes it; this query only reads it.
    """
    found = await ro.records(
        "SELECT sale_journal, number FROM orders WHERE sale_journal = ANY($1::bigint[])", list(journals)
    )
    return {record["sale_journal"]: record["number"] for record in found}


async def lock_register(db: AsyncSession) -> None:
    """Take the lock under which numbers and phones are assigned in this cooperative, until the transaction
    ends.
    """
    await advisory_lock(db, "register")


async def get_largest_number(source: AsyncSession | Reader) -> str | None:
    """Return the largest member number that has only digits, or None."""
    number: str | None = await as_reader(source).value(
        "SELECT number FROM members WHERE number ~ '^[0-9]+$' AND length(number) <= $1"
        " ORDER BY number::numeric DESC, length(number) DESC LIMIT 1",
        MAX_NUMBER_LENGTH,
    )
    return number


async def find_member_by_number(db: AsyncSession, number: str) -> Member | None:
    """Return the member with this number, or None."""
    return (await db.execute(select(Member).where(Member.number == number))).scalar_one_or_none()


async def find_member_by_form_key(db: AsyncSession, key: str) -> Member | None:
    """Return the member that this form created, or None."""
    return (await db.execute(select(Member).where(Member.application_key == key))).scalar_one_or_none()


async def list_members_by_phone(db: AsyncSession, phone: str) -> Sequence[Member]:
    """Return applicants and active members with this phone number."""
    return (
        (
            await db.execute(
                select(Member).where(Member.phone == phone, Member.status.in_(("applied", "active")))
            )
        )
        .scalars()
        .all()
    )


async def is_phone_in_use(db: AsyncSession, phone: str) -> bool:
    """Return whether an account signs in with this phone number."""
    return bool((await db.execute(select(exists().where(User.phone == phone)))).scalar_one())


async def find_credentials(ro: Reader, identity: str) -> Credentials | None:
    """Return the credentials of the account with this phone or member number, or None.

    A member number takes precedence over an equal phone number. An officer's phone number takes precedence
    over both, so that nobody can shadow it by taking it as a member number.
    """
    typed = identity.strip()
    return await ro.one(
        Credentials,
        "SELECT u.id, u.phone, u.password_hash, u.activation_hash, u.activation_expires_at"
        " FROM users u LEFT JOIN members m ON m.id = u.member_id WHERE m.number = $1 OR u.phone = $2"
        " ORDER BY (u.officer_role IS NOT NULL AND u.phone = $2) DESC NULLS LAST, (m.number = $1) DESC "
        "NULLS LAST LIMIT 1",
        typed,
        parse_phone_or_none(typed) or typed,
    )


async def lock_user(db: AsyncSession, user_id: UUID | None) -> User | None:
    """Return an account, read again and locked until the transaction ends, or None."""
    statement = (
        select(User).where(User.id == user_id).with_for_update().execution_options(populate_existing=True)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def lock_user_for_sign_in(db: AsyncSession, user_id: UUID) -> User | None:
    """Return an account as `lock_user`; None for a member who has left and holds no office."""
    user = await lock_user(db, user_id)
    if user is None or (user.officer_role is None and not await is_active_member(db, user.member_id)):
        return None
    return user


async def get_user(db: AsyncSession, user_id: UUID | None) -> User | None:
    """Return an account, or None."""
    return await db.get(User, user_id) if user_id is not None else None


async def lock_user_of_member(db: AsyncSession, member_id: UUID) -> User | None:
    """Return a member's account, locked, or None."""
    return (
        await db.execute(select(User).where(User.member_id == member_id).with_for_update())
    ).scalar_one_or_none()


async def get_officer_role(db: AsyncSession, user_id: UUID | None) -> str | None:
    """Return the office of a user, or None."""
    user = await get_user(db, user_id)
    return user.officer_role if user else None


async def is_active_member(db: AsyncSession, member_id: UUID | None) -> bool:
    """Return whether this is an active member."""
    if member_id is None:
        return False
    return (
        await db.execute(select(Member.status).where(Member.id == member_id))
    ).scalar_one_or_none() == "active"
