"""What a payment can be for without a shop: filling a wallet, paying off credit, and an officer's trial of a
way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from kernel.locks import advisory_lock
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RECEIVABLES, OWED_TO_PAYERS, WALLETS
from payments.purposes import Place, register

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.models import Payment

TOP_UP: Final = "top_up"
REPAYMENT: Final = "repayment"
TRIAL: Final = "trial"


class OwnPurpose:
    """A purpose that always takes the money:
    one account of the member's (or of nobody's), in and out alike.
    """

    for_goods = False

    def __init__(self, name: str, account: str) -> None:
        self.name = name
        self._account = account

    async def lock(self, db: AsyncSession, payments: Sequence[Payment]) -> None:
        """Nothing but the books."""

    async def settled(self, db: AsyncSession, payment: Payment, *, on: date) -> bool:
        return True

    async def dropped(self, db: AsyncSession, payment: Payment) -> None:
        """Nothing was kept for it."""

    async def refunded(self, db: AsyncSession, payment: Payment, *, on: date, reason: str) -> None:
        """The journal says all of it."""

    async def credited(self, db: AsyncSession, payment: Payment) -> Place:
        return Place(self._account, payment.member_id)

    async def debited(self, db: AsyncSession, payment: Payment) -> Place:
        return Place(self._account, payment.member_id)

    async def still_held(self, db: AsyncSession, payment: Payment) -> bool:
        return False


class Repayment(OwnPurpose):
    """Paying off kasbon.

    Two payments that wait at once may bring more than is owed: the later one goes to the member's wallet.
    """

    async def lock(self, db: AsyncSession, payments: Sequence[Payment]) -> None:
        for member_id in sorted({str(payment.member_id) for payment in payments}):
            await advisory_lock(db, f"paying off {member_id}")

    async def settled(self, db: AsyncSession, payment: Payment, *, on: date) -> bool:
        await self.lock(db, [payment])
        owed = await ledger_queries.get_balance(db, MEMBER_RECEIVABLES, payment.member_id)
        return payment.amount - payment.tail <= owed


register(OwnPurpose(TOP_UP, WALLETS))
register(Repayment(REPAYMENT, MEMBER_RECEIVABLES))
register(OwnPurpose(TRIAL, OWED_TO_PAYERS))
