"""The purposes that need no other room: wallet top-up, kasbon repayment, and an officer's test payment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from kernel.locks import advisory_lock
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RECEIVABLES, OWED_TO_PAYERS, WALLETS
from payments.purposes import LedgerAccountRef, register_purpose

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.models import Payment

TOP_UP: Final = "top_up"
REPAYMENT: Final = "repayment"
TRIAL: Final = "trial"


class BuiltinPurpose:
    """A purpose that always accepts the money and uses one ledger account.

    Settlements credit the account and refunds debit it, for the payment's member if it has one.
    """

    for_goods = False

    def __init__(self, name: str, account: str) -> None:
        self.name = name
        self._account = account

    async def lock(self, db: AsyncSession, payments: Sequence[Payment]) -> None:
        """Do nothing: the ledger is the only thing to lock, and posting locks it."""

    async def on_paid(self, db: AsyncSession, payment: Payment, *, on: date) -> bool:
        """Return True: the money is always accepted."""
        return True

    async def on_closed(self, db: AsyncSession, payment: Payment) -> None:
        """Do nothing: nothing is reserved for an open payment."""

    async def on_refunded(self, db: AsyncSession, payment: Payment, *, on: date, reason: str) -> None:
        """Do nothing: the refund's journal is all there is to record."""

    async def credit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        """Return the purpose's account, with the payment's member as party."""
        return LedgerAccountRef(self._account, payment.member_id)

    async def debit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        """Return the purpose's account, with the payment's member as party."""
        return LedgerAccountRef(self._account, payment.member_id)

    async def is_unfulfilled(self, db: AsyncSession, payment: Payment) -> bool:
        """Return False: nothing is delivered later."""
        return False


class RepaymentPurpose(BuiltinPurpose):
    """The purpose "repayment" of kasbon.

    Two open payments together may exceed the debt; the later one is then credited to the member's wallet.
    """

    async def lock(self, db: AsyncSession, payments: Sequence[Payment]) -> None:
        """Lock the repayments of each member, in a fixed order."""
        for member_id in sorted({str(payment.member_id) for payment in payments}):
            await advisory_lock(db, f"paying off {member_id}")

    async def on_paid(self, db: AsyncSession, payment: Payment, *, on: date) -> bool:
        """Return whether the member still owes at least this amount on kasbon."""
        await self.lock(db, [payment])
        owed = await ledger_queries.get_balance(db, MEMBER_RECEIVABLES, payment.member_id)
        return payment.amount - payment.unique_suffix <= owed


register_purpose(BuiltinPurpose(TOP_UP, WALLETS))
register_purpose(RepaymentPurpose(REPAYMENT, MEMBER_RECEIVABLES))
register_purpose(BuiltinPurpose(TRIAL, OWED_TO_PAYERS))
