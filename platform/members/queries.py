"""What pages and use cases ask about people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import exists, select

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
    """A row of the register, whole."""

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
    """A row of the register as the list shows it."""

    id: UUID
    number: str | None
    name: str
    phone: str | None
    status: str
    applied_at: datetime
    joined_on: date | None
    phone_known: bool


class PhoneSharer(msgspec.Struct, frozen=True):
    """Somebody else in the register with the same phone."""

    id: UUID
    number: str | None
    name: str
    status: str


class AccountView(msgspec.Struct, frozen=True):
    """How a member can sign in: ``activated`` once they chose a password,
    ``code_until`` while a code waits.
    """

    phone: str | None
    officer_role: str | None
    language: str
    activated: bool
    code_until: datetime | None


class CodeUse(msgspec.Struct, frozen=True):
    """A code that opened an account; ``given_by`` is the officer who gave it, None where that was not written
    down.
    """

    at: datetime
    given_by: str | None


class Credentials(msgspec.Struct, frozen=True):
    """What an account is opened with: hashes to weigh before anything is locked."""

    id: UUID
    phone: str | None
    password_hash: str | None
    activation_hash: bytes | None
    activation_expires_at: datetime | None


_MEMBER = (
    "SELECT id, number, name, sex, phone, address, status, applied_at, joined_on, decided_by, left_on, "
    "leaving_reason FROM members "
)


async def find_viewer(ro: Reader, token_hash: bytes, now: datetime) -> Viewer | None:
    """Return the person whose session this is, or None when it is unknown or over.

    A member who left is no longer one.

    They are an officer only in a session that was opened in the office they hold now.
    """
    return await ro.one(
        Viewer,
        "SELECT u.id AS user_id, u.name, m.id AS member_id, m.number AS member_number,"
        " CASE WHEN s.officer_role = u.officer_role THEN u.officer_role END AS officer_role, "
        "s.token_hash AS session,"
        " CASE WHEN u.code_seen_at IS NULL OR u.code_seen_at < u.code_used_at THEN u.code_used_at END "
        "AS code_used_at,"
        " u.code_given_by"
        " FROM sessions s JOIN users u ON u.id = s.user_id"
        " LEFT JOIN members m ON m.id = u.member_id AND m.status = 'active'"
        " WHERE s.token_hash = $1 AND s.kind = 'session' AND s.expires_at > $2",
        token_hash,
        now,
    )


async def get_member(source: AsyncSession | Reader, member_id: UUID) -> MemberView | None:
    """Return a row of the register, or None."""
    return await as_reader(source).one(MemberView, _MEMBER + "WHERE id = $1", member_id)


async def list_register(ro: Reader, *, search: str, status: str, page: int) -> tuple[list[RegisterRow], int]:
    """Return one page of the register by name, and how many rows there are; ``search`` looks at name, number
    and phone.
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
    """Return members and applicants, besides this one, with this phone; members first."""
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
    """Return how a member can sign in, or None while they have no account."""
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
    """Return one's own account."""
    return await ro.one(
        AccountView,
        "SELECT phone, officer_role, language, password_hash IS NOT NULL AS activated, "
        "NULL::timestamptz AS code_until"
        " FROM users WHERE id = $1",
        user_id,
    )


async def list_used_codes(ro: Reader, user_id: UUID) -> list[CodeUse]:
    """Return the last codes that opened this account, newest first, from the trail: nobody can take them out
    of it.
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
    """Return the number of the order that each of these journals sold; the shop writes that table, here it is
    only read.
    """
    found = await ro.records(
        "SELECT sale_journal, number FROM orders WHERE sale_journal = ANY($1::bigint[])", list(journals)
    )
    return {record["sale_journal"]: record["number"] for record in found}


async def lock_register(db: AsyncSession) -> None:
    """Let one at a time give numbers and phones in this cooperative, until the transaction ends."""
    await advisory_lock(db, "register")


async def get_largest_number(source: AsyncSession | Reader) -> str | None:
    """Return the largest member number that is made of digits alone, or None."""
    number: str | None = await as_reader(source).value(
        "SELECT number FROM members WHERE number ~ '^[0-9]+$' AND length(number) <= $1"
        " ORDER BY number::numeric DESC, length(number) DESC LIMIT 1",
        MAX_NUMBER_LENGTH,
    )
    return number


async def find_member_by_number(db: AsyncSession, number: str) -> Member | None:
    """Return the member with this number."""
    return (await db.execute(select(Member).where(Member.number == number))).scalar_one_or_none()


async def find_member_by_form_key(db: AsyncSession, key: str) -> Member | None:
    """Return the member that this form made."""
    return (await db.execute(select(Member).where(Member.application_key == key))).scalar_one_or_none()


async def list_members_by_phone(db: AsyncSession, phone: str) -> Sequence[Member]:
    """Return applicants and members with this phone."""
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
    """Whether an account is signed in to by this phone."""
    return bool((await db.execute(select(exists().where(User.phone == phone)))).scalar_one())


async def find_credentials(ro: Reader, identity: str) -> Credentials | None:
    """Return the account that a phone or member number leads to; a member number goes before a phone that
    looks like it.

    An officer's phone goes before both, so that nobody puts a member of that number before it.
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
    """Return an account, locked as it is now until the transaction ends, whatever was read of it before."""
    statement = (
        select(User).where(User.id == user_id).with_for_update().execution_options(populate_existing=True)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def lock_user_for_sign_in(db: AsyncSession, user_id: UUID) -> User | None:
    """Return an account as ``user_as_it_is``; None for a member who left and holds no office."""
    user = await lock_user(db, user_id)
    if user is None or (user.officer_role is None and not await is_active_member(db, user.member_id)):
        return None
    return user


async def get_user(db: AsyncSession, user_id: UUID | None) -> User | None:
    """Return an account."""
    return await db.get(User, user_id) if user_id is not None else None


async def lock_user_of_member(db: AsyncSession, member_id: UUID) -> User | None:
    """Return a member's account, locked."""
    return (
        await db.execute(select(User).where(User.member_id == member_id).with_for_update())
    ).scalar_one_or_none()


async def get_officer_role(db: AsyncSession, user_id: UUID | None) -> str | None:
    """Return the office of a person, or None."""
    user = await get_user(db, user_id)
    return user.officer_role if user else None


async def is_active_member(db: AsyncSession, member_id: UUID | None) -> bool:
    """Whether they are an active member."""
    if member_id is None:
        return False
    return (
        await db.execute(select(Member.status).where(Member.id == member_id))
    ).scalar_one_or_none() == "active"
