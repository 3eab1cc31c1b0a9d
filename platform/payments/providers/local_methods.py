"""Ways that ask nobody outside: what they share, and cash and what the books hold of a member (savings,
wallet, kasbon, potong gaji).
"""

from collections.abc import Mapping
from datetime import datetime

from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode
from kernel.money import Rupiah
from ledger.chart import CASH, MEMBER_RECEIVABLES, PAYROLL_RECEIVABLES, VOLUNTARY_SAVINGS, WALLETS
from payments.protocol import (
    Capabilities,
    Intent,
    PaymentSession,
    ProviderAccount,
    ProviderStatement,
    ProviderStatus,
    RefundResult,
    WebhookEvent,
    WebhookVerificationError,
    register_provider,
)


class LocalProvider:
    """A way that asks nobody outside: its money moves in our own books, over our counter, or where only an
    officer sees it.
    """

    def __init__(self, method: PaymentMethodCode, capabilities: Capabilities) -> None:
        self.method = method
        self._capabilities = capabilities

    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def create(self, provider_account: ProviderAccount, intent: Intent) -> PaymentSession:
        return PaymentSession(provider_reference=intent.reference)

    async def status(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> ProviderStatus:
        """Nobody outside knows more than our own rows."""
        return ProviderStatus(
            payment_status="awaiting", reference=reference, provider_reference=provider_reference
        )

    def verify(
        self, provider_account: ProviderAccount, headers: Mapping[str, str], body: bytes
    ) -> WebhookEvent:
        raise WebhookVerificationError(f"{self.method} sends no messages")

    async def refund(
        self,
        provider_account: ProviderAccount,
        payment: ProviderStatus,
        amount: Rupiah,
        key: str,
        reason: str,
    ) -> RefundResult:
        """Nobody is asked: what goes back is booked by who gives it back."""
        return RefundResult(
            status="failed", provider_reference=key, detail=f"{self.method} is given back by hand"
        )

    async def refund_status(
        self, provider_account: ProviderAccount, payment: ProviderStatus, refund_reference: str, key: str
    ) -> RefundResult:
        return RefundResult(
            status="failed",
            provider_reference=refund_reference,
            detail=f"{self.method} is given back by hand",
        )

    async def cancel(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> None:
        """Nothing can be called back: what a payer has written down or photographed can still be paid,
        late.
        """

    async def statement(
        self, provider_account: ProviderAccount, since: datetime, until: datetime
    ) -> ProviderStatement:
        return ProviderStatement(lines=(), balance=None)


register_provider(
    LocalProvider(
        "cash",
        Capabilities(label=PAYMENT_METHOD_NAMES["cash"], confirmed_by="hand_over", clearing_account=CASH),
    )
)


def _book_method(
    method: PaymentMethodCode, account: str, *, asks_pin: bool = False, entitlement: str | None = None
) -> LocalProvider:
    return LocalProvider(
        method,
        Capabilities(
            label=PAYMENT_METHOD_NAMES[method],
            confirmed_by="books",
            clearing_account=account,
            per_member=True,
            members_only=True,
            supports_refunds=True,
            supports_partial_refunds=True,
            requires_pin=asks_pin,
            entitlement=entitlement,
        ),
    )


register_provider(_book_method("savings", VOLUNTARY_SAVINGS))
register_provider(_book_method("wallet", WALLETS))
register_provider(_book_method("kasbon", MEMBER_RECEIVABLES, asks_pin=True))
register_provider(_book_method("payroll", PAYROLL_RECEIVABLES, asks_pin=True, entitlement="payroll"))
