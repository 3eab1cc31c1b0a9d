"""Payment methods without an external provider: cash, savings, wallet, kasbon and payroll deduction."""

from collections.abc import Mapping
from datetime import datetime

from gateways.protocol import (
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
from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode
from kernel.money import Rupiah


class LocalProvider:
    """A payment method without an external provider.

    Its money moves in our own books, at our counter, or where only an officer sees it.
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
        """Return "awaiting": no external provider knows more than our own rows."""
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
        """Return a failed result: refunds of these methods are booked without a provider."""
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
        """Do nothing: a payer who noted the account or QR code can still pay, late."""

    async def statement(
        self, provider_account: ProviderAccount, since: datetime, until: datetime
    ) -> ProviderStatement:
        return ProviderStatement(lines=(), balance=None)


def _book_method(
    method: PaymentMethodCode, *, asks_pin: bool = False, entitlement: str | None = None
) -> LocalProvider:
    return LocalProvider(
        method,
        Capabilities(
            label=PAYMENT_METHOD_NAMES[method],
            confirmed_by="books",
            per_member=True,
            members_only=True,
            supports_refunds=True,
            supports_partial_refunds=True,
            requires_pin=asks_pin,
            entitlement=entitlement,
        ),
    )


register_provider(
    LocalProvider("cash", Capabilities(label=PAYMENT_METHOD_NAMES["cash"], confirmed_by="hand_over"))
)
register_provider(_book_method("savings"))
register_provider(_book_method("wallet"))
register_provider(_book_method("kasbon", asks_pin=True))
register_provider(_book_method("payroll", asks_pin=True, entitlement="payroll"))
