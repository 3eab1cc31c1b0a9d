"""Queries of members' credit limits and PINs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from credit.models import CreditTerms
from kernel.database import Reader, as_reader
from kernel.money import Rupiah
from payments.member_funds import CREDIT_METHODS, register_credit_limits

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class CreditView(msgspec.Struct, frozen=True):
    """A member's credit limits, in rupiah, and whether they have a PIN."""

    kasbon_limit: int
    payroll_limit: int
    payroll_number: str
    has_pin: bool

    def limit(self, method: str) -> Rupiah:
        """Return the limit of a credit method in rupiah."""
        return Rupiah(self.kasbon_limit if method == "kasbon" else self.payroll_limit)


NO_CREDIT: Final = CreditView(0, 0, "", False)


async def get_credit(source: AsyncSession | Reader, member_id: UUID) -> CreditView:
    """Return a member's credit limits; zero where none were granted."""
    found = await as_reader(source).one(
        CreditView,
        "SELECT kasbon_limit, payroll_limit, payroll_number, pin_hash IS NOT NULL AS has_pin FROM "
        "credit_terms WHERE member_id = $1",
        member_id,
    )
    return found or NO_CREDIT


async def get_pin_hash(ro: Reader, member_id: UUID) -> str | None:
    """Return the hash of a member's PIN, or None."""
    found: str | None = await ro.value("SELECT pin_hash FROM credit_terms WHERE member_id = $1", member_id)
    return found


async def get_code_used_at(source: AsyncSession | Reader, member_id: UUID) -> datetime | None:
    """Return when a code last opened a member's account, or None."""
    found: datetime | None = await as_reader(source).value(
        "SELECT code_used_at FROM users WHERE member_id = $1", member_id
    )
    return found


async def get_credit_terms_for_update(db: AsyncSession, member_id: UUID) -> CreditTerms | None:
    """Return a member's credit terms, locked, so that decisions about them are serialized."""
    statement = (
        select(CreditTerms)
        .where(CreditTerms.member_id == member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def is_active_member(source: AsyncSession | Reader, member_id: UUID) -> bool:
    """Return whether this is an active member."""
    found = await as_reader(source).value(
        "SELECT 1 FROM members WHERE id = $1 AND status = 'active'", member_id
    )
    return found is not None


class _Limits:
    """The credit limits, as ``payments.member_funds`` reads and locks them."""

    async def read(self, source: AsyncSession | Reader, member_id: UUID) -> Mapping[str, Rupiah]:
        """Return the member's limits by credit method, in rupiah."""
        terms = await get_credit(source, member_id)
        return {method: terms.limit(method) for method in CREDIT_METHODS}

    async def lock(self, db: AsyncSession, member_id: UUID) -> None:
        """Lock the member's credit terms until the transaction ends."""
        await get_credit_terms_for_update(db, member_id)


register_credit_limits(_Limits())
