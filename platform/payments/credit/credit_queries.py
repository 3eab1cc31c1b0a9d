"""What members have to pay with in the cooperative's own books, and what they may still owe."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from kernel.batching import read_batch
from kernel.database import Reader, as_reader
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RECEIVABLES, PAYROLL_RECEIVABLES, VOLUNTARY_SAVINGS, WALLETS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

BALANCE_ACCOUNTS: Final = {"savings": VOLUNTARY_SAVINGS, "wallet": WALLETS}
DEBT_ACCOUNTS: Final = {"kasbon": MEMBER_RECEIVABLES, "payroll": PAYROLL_RECEIVABLES}


class CreditView(msgspec.Struct, frozen=True):
    """What a member may owe, in rupiah, and whether they have a PIN."""

    kasbon_limit: int
    payroll_limit: int
    payroll_number: str
    has_pin: bool

    def limit(self, method: str) -> Rupiah:
        return Rupiah(self.kasbon_limit if method == "kasbon" else self.payroll_limit)


NO_CREDIT: Final = CreditView(0, 0, "", False)


async def get_credit(source: AsyncSession | Reader, member_id: UUID) -> CreditView:
    """Return what a member may owe; nothing where nobody has granted anything."""
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


async def get_available_amount(source: AsyncSession | Reader, method: str, member_id: UUID) -> Rupiah | None:
    """Return what a member can still pay by a way of the books: a balance, or what is left of a limit.

    None: not granted at all.
    """
    if method in BALANCE_ACCOUNTS:
        return Rupiah(await ledger_queries.get_balance(source, BALANCE_ACCOUNTS[method], member_id))
    terms = await get_credit(source, member_id)
    limit = terms.limit(method)
    if limit == 0:
        return None
    return max(
        Rupiah(0), limit - Rupiah(await ledger_queries.get_balance(source, DEBT_ACCOUNTS[method], member_id))
    )


async def list_available_amounts(source: AsyncSession | Reader, member_id: UUID) -> dict[str, Rupiah]:
    """Return ``at_disposal`` of every way of the books by its name; one that was not granted at all is
    missing.
    """
    accounts = BALANCE_ACCOUNTS | DEBT_ACCOUNTS
    terms, found = await read_batch(
        source,
        lambda ro: get_credit(ro, member_id),
        lambda ro: ledger_queries.get_balances_by_party(ro, list(accounts.values()), [member_id]),
    )
    balances = {method: Rupiah(found.get((member_id, account), 0)) for method, account in accounts.items()}
    held = {method: balances[method] for method in BALANCE_ACCOUNTS}
    return held | {
        method: max(Rupiah(0), terms.limit(method) - balances[method])
        for method in DEBT_ACCOUNTS
        if terms.limit(method)
    }


async def is_active_member(source: AsyncSession | Reader, member_id: UUID) -> bool:
    """Say whether this is a member of today's register."""
    found = await as_reader(source).value(
        "SELECT 1 FROM members WHERE id = $1 AND status = 'active'", member_id
    )
    return found is not None
