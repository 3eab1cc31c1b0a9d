"""Ways that ask nobody outside: what they share, and cash and what the books hold of a member (savings,
wallet, kasbon, potong gaji).
"""

from collections.abc import Mapping
from datetime import datetime

from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode
from kernel.money import Rupiah
from ledger.chart import CASH, MEMBER_RECEIVABLES, PAYROLL_RECEIVABLES, VOLUNTARY_SAVINGS, WALLETS
from payments.provider import (
    Capabilities,
    Event,
    Intent,
    Means,
    Refunded,
    Started,
    Statement,
    Status,
    Unverified,
    register,
)


class LocalWay:
    """A way that asks nobody outside: its money moves in our own books, over our counter, or where only an
    officer sees it.
    """

    def __init__(self, way: PaymentMethodCode, capabilities: Capabilities) -> None:
        self.way = way
        self._capabilities = capabilities

    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def create(self, means: Means, intent: Intent) -> Started:
        return Started(provider_reference=intent.reference)

    async def status(self, means: Means, reference: str, provider_reference: str) -> Status:
        """Nobody outside knows more than our own rows."""
        return Status(state="awaiting", reference=reference, provider_reference=provider_reference)

    def verify(self, means: Means, headers: Mapping[str, str], body: bytes) -> Event:
        raise Unverified(f"{self.way} sends no messages")

    async def refund(self, means: Means, payment: Status, amount: Rupiah, key: str, reason: str) -> Refunded:
        """Nobody is asked: what goes back is booked by who gives it back."""
        return Refunded(state="failed", provider_reference=key, detail=f"{self.way} is given back by hand")

    async def refund_status(self, means: Means, payment: Status, refund_reference: str, key: str) -> Refunded:
        return Refunded(
            state="failed", provider_reference=refund_reference, detail=f"{self.way} is given back by hand"
        )

    async def cancel(self, means: Means, reference: str, provider_reference: str) -> None:
        """Nothing can be called back: what a payer has written down or photographed can still be paid,
        late.
        """

    async def statement(self, means: Means, since: datetime, until: datetime) -> Statement:
        return Statement(lines=(), balance=None)


register(
    LocalWay("cash", Capabilities(label=PAYMENT_METHOD_NAMES["cash"], settles="hand_over", clearing=CASH))
)


def _of_the_books(
    way: PaymentMethodCode, account: str, *, asks_pin: bool = False, entitlement: str | None = None
) -> LocalWay:
    return LocalWay(
        way,
        Capabilities(
            label=PAYMENT_METHOD_NAMES[way],
            settles="books",
            clearing=account,
            by_member=True,
            members_only=True,
            refunds=True,
            partial_refunds=True,
            asks_pin=asks_pin,
            entitlement=entitlement,
        ),
    )


register(_of_the_books("savings", VOLUNTARY_SAVINGS))
register(_of_the_books("wallet", WALLETS))
register(_of_the_books("kasbon", MEMBER_RECEIVABLES, asks_pin=True))
register(_of_the_books("payroll", PAYROLL_RECEIVABLES, asks_pin=True, entitlement="payroll"))
