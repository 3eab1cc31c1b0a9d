"""The fields of Stripe's objects that a payment needs.

Amounts are hundredths of a rupiah here; times are seconds since 1970.

Sources: docs.stripe.com/api/checkout/sessions/object, …/payment_intents/object, …/charges/object,
…/balance_transactions/object, …/refunds/object.
"""

from typing import Any

import msgspec


class StripeBalanceTransaction(msgspec.Struct, frozen=True):
    """One movement of the account's balance at Stripe.

    ``fee`` is all that was withheld: Stripe's fee, taxes, and the platform's fee.
    """

    id: str
    amount: int
    fee: int
    currency: str
    created: int
    type: str = ""
    description: str | None = None
    source: dict[str, Any] | str | None = None


class StripeCharge(msgspec.Struct, frozen=True):
    """A charge.

    ``balance_transaction`` and ``application_fee`` may be set some seconds after its success.
    """

    id: str
    amount: int
    currency: str
    created: int
    amount_refunded: int = 0
    application_fee: dict[str, Any] | str | None = None
    disputed: bool = False
    balance_transaction: StripeBalanceTransaction | str | None = None
    payment_method_details: dict[str, Any] | None = None


class StripePaymentIntent(msgspec.Struct, frozen=True):
    id: str
    status: str
    amount: int
    currency: str
    amount_received: int = 0
    latest_charge: StripeCharge | str | None = None


class CheckoutSession(msgspec.Struct, frozen=True):
    """A Checkout Session.

    ``status`` is open | complete | expired, ``payment_status`` is paid | unpaid | no_payment_required.
    """

    id: str
    livemode: bool
    status: str | None = None
    payment_status: str = ""
    amount_total: int | None = None
    currency: str | None = None
    client_reference_id: str | None = None
    expires_at: int | None = None
    url: str | None = None
    payment_intent: StripePaymentIntent | str | None = None
    metadata: dict[str, str] | None = None
    payment_method_types: tuple[str, ...] = ()


class StripeRefund(msgspec.Struct, frozen=True):
    """A refund. ``status``: pending | requires_action | succeeded | failed | canceled."""

    id: str
    amount: int
    currency: str
    status: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None


class StripeAmount(msgspec.Struct, frozen=True):
    amount: int
    currency: str


class StripeBalance(msgspec.Struct, frozen=True):
    available: tuple[StripeAmount, ...] = ()
    pending: tuple[StripeAmount, ...] = ()
