"""Register the methods that need no provider: cash, savings, wallet, kasbon and payroll deduction."""

from gateways.local_provider import LocalProvider
from gateways.protocol import (
    Capabilities,
    register_provider,
)
from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode

register_provider(
    LocalProvider(
        "cash",
        Capabilities(label=PAYMENT_METHOD_NAMES["cash"], confirmed_by="hand_over"),
    )
)


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


register_provider(_book_method("savings"))
register_provider(_book_method("wallet"))
register_provider(_book_method("kasbon", asks_pin=True))
register_provider(_book_method("payroll", asks_pin=True, entitlement="payroll"))
