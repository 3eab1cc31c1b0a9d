"""Queries of the operators' pages. They read the registry, never a cooperative's schema."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import select

from kernel.database import like_pattern
from operators.models import Operator
from tenants.models import Cooperative

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Reader

PAGE_SIZE = 25


class CurrentOperator(msgspec.Struct, frozen=True):
    """A signed-in operator."""

    operator_id: UUID
    name: str
    session: bytes

    @property
    def is_officer(self) -> bool:
        """Return False: the layout asks every viewer, and operators have no role in a cooperative."""
        return False

    @property
    def is_member(self) -> bool:
        """Return False, for the same reason as ``is_officer``."""
        return False


class OperatorCredentials(msgspec.Struct, frozen=True):
    """The password hash of an operator's account."""

    password_hash: str


class CooperativeRow(msgspec.Struct, frozen=True):
    """A cooperative in the list."""

    slug: str
    name: str
    status: str
    founded_at: datetime


class CooperativeDetails(msgspec.Struct, frozen=True):
    """The registry's data of one cooperative."""

    slug: str
    name: str
    status: str
    founded_at: datetime
    suspended_reason: str | None
    suspended_at: datetime | None
    resembles: str | None
    contact_name: str
    contact_phone: str
    revision: str


class OperatorActionRow(msgspec.Struct, frozen=True):
    """An entry of the operators' audit log; ``reason`` is empty where the action needs none."""

    at: datetime
    operator: str
    action: str
    subject: str
    reason: str


async def find_session_operator(ro: Reader, token_hash: bytes, now: datetime) -> CurrentOperator | None:
    """Return the operator of an unexpired session, or None."""
    return await ro.one(
        CurrentOperator,
        "SELECT o.id AS operator_id, o.name, s.token_hash AS session FROM shared.operator_sessions s"
        " JOIN shared.operators o ON o.id = s.operator_id WHERE s.token_hash = $1 AND s.expires_at > $2",
        token_hash,
        now,
    )


async def find_credentials(ro: Reader, phone: str) -> OperatorCredentials | None:
    """Return the password hash of the operator with this number (E.164), or None."""
    return await ro.one(
        OperatorCredentials, "SELECT password_hash FROM shared.operators WHERE phone = $1", phone
    )


async def find_operator_by_phone(db: AsyncSession, phone: str) -> Operator | None:
    """Return the operator with this number (E.164), or None."""
    return (await db.execute(select(Operator).where(Operator.phone == phone))).scalar_one_or_none()


async def lock_cooperative(db: AsyncSession, slug: str) -> Cooperative | None:
    """Return a cooperative's registry row, locked until the transaction ends, or None."""
    return (
        await db.execute(select(Cooperative).where(Cooperative.slug == slug).with_for_update())
    ).scalar_one_or_none()


# An empty search finds everything; otherwise parts of name or slug match, ignoring case.
_FOUND = (
    " FROM shared.cooperatives WHERE ($1 = '' OR name ILIKE $2 OR slug ILIKE $2) AND ($3 = '' OR status = $3)"
)


async def list_cooperatives(
    ro: Reader, *, search: str = "", status: str = "", page: int = 1, limit: int = PAGE_SIZE
) -> tuple[list[CooperativeRow], int]:
    """Return one page of cooperatives by name, and the total number found."""
    pattern = like_pattern(search)
    rows = await ro.rows(
        CooperativeRow,
        f"SELECT slug, name, status, founded_at {_FOUND} ORDER BY name, slug LIMIT $4 OFFSET $5",
        search,
        pattern,
        status,
        limit,
        (page - 1) * limit,
    )
    return rows, int(await ro.value(f"SELECT count(*) {_FOUND}", search, pattern, status))


async def find_cooperative(ro: Reader, slug: str) -> CooperativeDetails | None:
    """Return the registry's data of a cooperative, or None."""
    return await ro.one(
        CooperativeDetails,
        "SELECT slug, name, status, founded_at, suspended_reason, suspended_at, resembles, "
        "contact_name, contact_phone, revision"
        " FROM shared.cooperatives WHERE slug = $1",
        slug,
    )


async def list_actions(
    ro: Reader, *, subject: str = "", page: int = 1, limit: int = PAGE_SIZE
) -> tuple[list[OperatorActionRow], int]:
    """Return one page of the operators' audit log, newest first, and the total number of entries.

    ``subject`` limits both to one cooperative's slug.
    """
    rows = await ro.rows(
        OperatorActionRow,
        "SELECT at, operator, action, subject, coalesce(params->>'reason', '') AS reason FROM "
        "shared.operator_actions"
        " WHERE ($1 = '' OR subject = $1) ORDER BY id DESC LIMIT $2 OFFSET $3",
        subject,
        limit,
        (page - 1) * limit,
    )
    return rows, int(
        await ro.value(
            "SELECT count(*) FROM shared.operator_actions WHERE ($1 = '' OR subject = $1)", subject
        )
    )
