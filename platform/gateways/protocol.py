"""The interface of payment providers: the Provider protocol and its value types.

A provider talks to one external system (a gateway, a bank, the cooperative's own books) and has no access to
orders or journals. It declares its features in ``Capabilities``; ``payments.state_machine`` decides what
happens. Amounts are whole rupiah everywhere here: a provider converts other units itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol, get_args

import msgspec

from governance.rules import PaymentMethodCode
from kernel.errors import LocalizedText
from kernel.money import Rupiah

ProviderPaymentStatus = Literal["awaiting", "paid", "failed", "expired", "cancelled"]


class MethodSetting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a payment method that an officer fills in.

    A ``secret`` is stored encrypted and never shown again.

    ``required``: the method is not offered without it; ``required_with``: only if another setting has this
    value, as (name, value). ``falls_back_to_profile``: the cooperative's profile replaces an empty value.
    ``prefixes``: allowed prefixes of the value, to catch a wrong key; ``live_prefixes``: prefixes of values
    that move real money.
    """

    name: str
    label: LocalizedText
    hint: LocalizedText = LocalizedText("")
    secret: bool = False
    required: bool = True
    required_with: tuple[str, str] | None = None
    falls_back_to_profile: bool = False
    prefixes: tuple[str, ...] = ()
    live_prefixes: tuple[str, ...] = ()
    default: str = ""
    choices: tuple[tuple[str, LocalizedText], ...] = ()
    multiline: bool = False


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """The features of a payment method. ``confirmed_by``: who confirms that money arrived.

    "provider": a verified event or a fetched status; "officer": a named officer or a matched statement line;
    "books": our own books, at once, after the member's consent; "hand_over": whoever hands over the goods.
    ``expires_after``: how long a payment can be paid (None: no limit). ``reports_fees``: the provider reports
    the fee of each payment, so the cooperative's own fee rule is not used. ``company_name``: the company
    whose page payers are redirected to; ``hint``: shown to buyers before they choose; ``webhook_events``:
    what an officer selects on the provider's dashboard, in its own words; ``uses_unique_suffix``: amounts get
    a unique suffix if the bylaws want one.
    """

    label: LocalizedText
    confirmed_by: Literal["provider", "officer", "books", "hand_over"]
    per_member: bool = False
    members_only: bool = False
    supports_refunds: bool = False
    supports_partial_refunds: bool = False
    has_webhooks: bool = False
    reports_fees: bool = False
    uses_unique_suffix: bool = False
    requires_pin: bool = False
    min_amount: Rupiah = Rupiah(1)
    max_amount: Rupiah | None = None
    expires_after: timedelta | None = None
    settings: tuple[MethodSetting, ...] = ()
    entitlement: str | None = None
    company_name: str = ""
    hint: LocalizedText | None = None
    webhook_events: tuple[str, ...] = ()


class ProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A cooperative's own account at a provider: settings, secrets in clear text, HTTP client.

    Never log it. ``base_url`` is the provider's API address, or that of a fake gateway in tests and the demo.
    """

    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    client: Any
    base_url: str
    live: bool

    def __repr__(self) -> str:
        return f"ProviderAccount(settings={dict(self.settings)!r}, secrets=…)"


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A payment to be started at a provider. ``amount`` in rupiah.

    ``reference`` is ours, unique, at most 20 letters and digits, and new for every attempt.
    """

    id: str
    reference: str
    amount: Rupiah
    description: str
    buyer_name: str
    buyer_phone: str
    expires_at: datetime | None
    return_url: str
    webhook_url: str | None = None


class PaymentSession(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer needs to pay: a redirect URL, or instructions (JSON-compatible) for our page.

    Keys of ``instructions`` that pages read: qr (payload text), nmid, merchant, va_bank, va_number, account.
    """

    provider_reference: str
    redirect_url: str | None = None
    instructions: Mapping[str, Any] = {}
    expires_at: datetime | None = None


class ProviderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A payment's status, fetched from its provider. Amounts in whole rupiah.

    ``amount`` is what was paid, once ``payment_status`` is paid. ``fee`` is what the provider withheld (None:
    not known yet); ``refunded`` is the refunded total; ``disputed``: the payer disputes it at their bank;
    ``dispute_ids``: the provider's ids of disputes, where it has them. ``processing``: awaited, but the payer
    has paid and the money is in transfer. ``detail`` is text for people.
    """

    payment_status: ProviderPaymentStatus
    reference: str
    provider_reference: str
    amount: Rupiah = Rupiah(0)
    currency: str = "IDR"
    fee: Rupiah | None = None
    refunded: Rupiah = Rupiah(0)
    paid_at: datetime | None = None
    disputed: bool = False
    dispute_ids: tuple[str, ...] = ()
    processing: bool = False
    detail: str = ""


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A verified webhook event.

    ``event_id`` makes it unique; ``reference`` is ours, if the event contains it.

    ``subject``: "payment" (fetch its status), "payout" (fetch the statement), or "nothing" (only store it).
    """

    event_id: str
    event_type: str
    subject: Literal["payment", "payout", "nothing"]
    reference: str | None = None
    provider_reference: str | None = None


class RefundResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a refund request. For "pending", poll ``Provider.refund_status`` later."""

    status: Literal["done", "pending", "failed"]
    provider_reference: str
    detail: str = ""


class ProviderBalanceMovement(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of a provider's balance.

    ``kind`` is "payment", "refund", "fee", "payout" or "other"; ``gross`` and ``fee`` are in rupiah;
    ``gross`` is positive if it adds to our balance. ``is_rounded``: the provider reported a fraction of a
    rupiah.
    """

    provider_id: str
    kind: str
    gross: Rupiah
    fee: Rupiah
    at: datetime
    reference: str | None = None
    detail: str = ""
    is_rounded: bool = False


class ProviderStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's balance movements in a period, and its balance now (None if it reports none)."""

    lines: tuple[ProviderBalanceMovement, ...]
    balance: Rupiah | None = None


class ProviderError(Exception):
    """The provider could not be reached, or gave an unusable answer.

    ``transient``: the same call may succeed later.

    ``cause`` is the message without parts that differ on each call, such as a request id, so that equal
    errors become one exception.
    """

    def __init__(self, message: str, *, transient: bool, cause: str | None = None) -> None:
        super().__init__(message)
        self.transient = transient
        self.cause = message if cause is None else cause


class WebhookVerificationError(Exception):
    """A webhook that is not proved to come from the provider: answered 400 and not stored."""


class Provider(Protocol):
    """The provider of one payment method.

    All methods but ``capabilities`` and ``verify`` may call the provider and raise ProviderError.
    """

    method: PaymentMethodCode

    def capabilities(self) -> Capabilities:
        """Return the features of the method, without a call."""
        ...

    async def create(self, provider_account: ProviderAccount, intent: Intent) -> PaymentSession:
        """Start a payment; the same intent again gives the same payment."""
        ...

    async def status(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> ProviderStatus:
        """Fetch the status of a payment by our reference and, once known, the provider's."""
        ...

    def verify(
        self, provider_account: ProviderAccount, headers: Mapping[str, str], body: bytes
    ) -> WebhookEvent:
        """Verify and parse a webhook.

        Raises WebhookVerificationError. Header names are lower case; ``body`` is the raw body.
        """
        ...

    async def refund(
        self,
        provider_account: ProviderAccount,
        payment: ProviderStatus,
        amount: Rupiah,
        key: str,
        reason: str,
    ) -> RefundResult:
        """Refund ``amount`` (rupiah). ``key`` is the idempotency key."""
        ...

    async def refund_status(
        self, provider_account: ProviderAccount, payment: ProviderStatus, refund_reference: str, key: str
    ) -> RefundResult:
        """Fetch the result of a refund by the provider's reference, or by our ``key`` if that is empty."""
        ...

    async def cancel(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> None:
        """Cancel an unpaid payment where the provider can; no effect where it cannot."""
        ...

    async def statement(
        self, provider_account: ProviderAccount, since: datetime, until: datetime
    ) -> ProviderStatement:
        """Fetch the balance movements from ``since`` until before ``until``, and the balance now."""
        ...


_providers: dict[str, Provider] = {}


def register_provider(provider: Provider) -> Provider:
    """Register the provider of a method. Raises ValueError for a second one of the same method."""
    if provider.method in _providers:
        msg = f"two providers for {provider.method!r}"
        raise ValueError(msg)
    _providers[provider.method] = provider
    return provider


def get_provider(method: str) -> Provider:
    """Return the provider of a method.

    Raises LookupError for a method without a registered provider (import ``gateways.registry``).
    """
    try:
        return _providers[method]
    except KeyError:
        msg = f"no provider registered the way {method!r}"
        raise LookupError(msg) from None


def known_methods() -> tuple[str, ...]:
    """Return all registered methods in the order of PaymentMethodCode, the default order of pages."""
    return tuple(method for method in get_args(PaymentMethodCode) if method in _providers)


def officer_confirmed_methods() -> tuple[str, ...]:
    """Return the methods whose payments an officer or a bank statement confirms."""
    return tuple(
        method for method in known_methods() if get_provider(method).capabilities().confirmed_by == "officer"
    )


LIVE_BASE_URLS: Final = {
    "stripe": "https://api.stripe.com",
    "midtrans": "https://api.midtrans.com",
    "xendit": "https://api.xendit.co",
}
