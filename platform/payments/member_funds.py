"""The funds that members can spend from the cooperative's own books: savings, the wallet and credit.

Credit limits belong to a room above, which registers how to read and lock them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

import msgspec

from kernel.batching import read_batch
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RECEIVABLES, PAYROLL_RECEIVABLES, VOLUNTARY_SAVINGS, WALLETS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Reader

# Methods that create a debt instead of a payment.
CREDIT_METHODS: Final = ("kasbon", "payroll")
BALANCE_ACCOUNTS: Final = {"savings": VOLUNTARY_SAVINGS, "wallet": WALLETS}
DEBT_ACCOUNTS: Final = {"kasbon": MEMBER_RECEIVABLES, "payroll": PAYROLL_RECEIVABLES}


class Consent(msgspec.Struct, frozen=True):
    """Proof that a member entered their PIN just now. Made by ``credit.terms.consent_with_pin`` only."""

    member_id: UUID
    at: datetime


class CreditLimits(Protocol):
    """The interface of the package that grants credit."""

    async def read(self, source: AsyncSession | Reader, member_id: UUID) -> Mapping[str, Rupiah]:
        """Return the limit of each credit method in rupiah; 0 where none was granted."""
        ...

    async def lock(self, db: AsyncSession, member_id: UUID) -> None:
        """Lock the member's limits until the transaction ends, so that two purchases cannot both use them."""
        ...


_registered: list[CreditLimits] = []


def register_credit_limits(limits: CreditLimits) -> None:
    """Register the credit limits. Raises ValueError when it is done twice."""
    if _registered:
        msg = "credit limits are registered already"
        raise ValueError(msg)
    _registered.append(limits)


async def lock_credit_limits(db: AsyncSession, member_id: UUID) -> None:
    """Lock a member's credit limits until the transaction ends."""
    for limits in _registered:
        await limits.lock(db, member_id)


async def _read_limits(source: AsyncSession | Reader, member_id: UUID) -> Mapping[str, Rupiah]:
    return await _registered[0].read(source, member_id) if _registered else {}


async def get_available_amount(source: AsyncSession | Reader, method: str, member_id: UUID) -> Rupiah | None:
    """Return what a member can still spend with a method of our books, in rupiah; None if no credit was
    granted.
    """
    if method in BALANCE_ACCOUNTS:
        return Rupiah(await ledger_queries.get_balance(source, BALANCE_ACCOUNTS[method], member_id))
    limit = (await _read_limits(source, member_id)).get(method, Rupiah(0))
    if limit == 0:
        return None
    owed = Rupiah(await ledger_queries.get_balance(source, DEBT_ACCOUNTS[method], member_id))
    return max(Rupiah(0), limit - owed)


async def list_available_amounts(source: AsyncSession | Reader, member_id: UUID) -> dict[str, Rupiah]:
    """Return `get_available_amount` by method; methods on which no credit was granted are left out."""
    accounts = BALANCE_ACCOUNTS | DEBT_ACCOUNTS
    limits, found = await read_batch(
        source,
        lambda ro: _read_limits(ro, member_id),
        lambda ro: ledger_queries.get_balances_by_party(ro, list(accounts.values()), [member_id]),
    )
    balances = {method: Rupiah(found.get((member_id, account), 0)) for method, account in accounts.items()}
    held = {method: balances[method] for method in BALANCE_ACCOUNTS}
    return held | {
        method: max(Rupiah(0), limits[method] - balances[method])
        for method in DEBT_ACCOUNTS
        if limits.get(method)
    }
