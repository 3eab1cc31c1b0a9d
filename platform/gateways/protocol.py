"""What a way of paying is to the rest of the room: one Protocol, and the values that go in and out.

A provider knows one outside world (a gateway, a bank's statement, the cooperative's own books) and nothing of
orders or journals. It says what it can do in ``Capabilities``; the state machine (``payments.state_machine``)
decides what happens. Amounts are whole rupiah everywhere here: an outside world that counts otherwise is
converted inside its own provider.
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
    """One thing that an officer sets for a way of paying.

    A ``secret`` is kept encrypted and never shown again.

    ``required``: the way is not offered without it; ``required_with``: only while another setting has this
    value, as (name, value). ``of_profile``: where it is empty, the cooperative's profile tells it.
    ``begins``: what it begins with, so that nothing else is kept by mistake; ``real``: what it begins with
    where it moves real money.
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
    """What a way can do. ``settles``: who says that the money is there.

    "provider": a verified event or a status read; "officer": a named officer or a matched statement line;
    "books": our own books, at once, after the member consented; "hand_over": whoever gives out the goods.
    ``lasts``: how long a payment waits (None: for ever). ``reports_fees``: the provider says of each payment
    what it kept, so that no fee is reckoned by the cooperative's own rule. ``company`` is whose own page a
    payer is led to; ``hint`` what a buyer should know before choosing; ``messages`` which messages an officer
    ticks at the provider's page, as that page calls them; ``uses_unique_suffix``: amounts get one where the
    bylaws want it.
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
    """A cooperative's own account at a way of paying: its settings and secrets in clear (never logged), and
    the one HTTP client.

    ``address`` is where the provider's API is: the real one, or a stand-in of tests and the demo.
    ``return_url`` is the cooperative's origin.
    """

    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    client: Any
    base_url: str
    live: bool

    def __repr__(self) -> str:
        return f"Means(settings={dict(self.settings)!r}, secrets=…)"


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that is to be started.

    ``reference`` is ours, unique, short (≤ 20 letters and digits), and new for every attempt.
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
    """What the buyer needs to pay: an address to go to, or something to look at (``shown``: JSON-plain facts
    for the page).

    ``shown`` keys that pages know: qr (payload text), va_bank, va_number, account, tail.
    """

    provider_reference: str
    redirect_url: str | None = None
    instructions: Mapping[str, Any] = {}
    expires_at: datetime | None = None


class ProviderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider says of a payment, read from it.

    ``amount`` is what was paid, in whole rupiah, once ``state`` is paid.

    ``fee`` is what the provider kept (None: not known yet); ``refunded`` the sum that went back;
    ``disputed``: the payer takes it back through their bank; ``disputes``: what the provider calls each time,
    where it tells them apart. ``under_way``: it is awaited, but the payer has done their part, and the money
    is on its way. ``detail`` is for people to read.
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
    """A verified message of a provider.

    ``event_id`` is what it is unique by; ``reference`` is ours where the message names it.

    ``concerns``: "payment" (read its status back), "payout" (read the payouts back), or "nothing" (kept, and
    no more).
    """

    event_id: str
    event_type: str
    subject: Literal["payment", "payout", "nothing"]
    reference: str | None = None
    provider_reference: str | None = None


class RefundResult(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a refund. "pending" is not done: ask ``refund_status`` later."""

    status: Literal["done", "pending", "failed"]
    provider_reference: str
    detail: str = ""


class ProviderBalanceMovement(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of a provider's balance.

    ``kind`` "payment" | "refund" | "fee" | "payout" | "other"; ``gross`` and ``fee`` in rupiah, signed for
    us.

    ``fraction``: the provider told no whole rupiah, and both are rounded.
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
    """A provider's own account of a span of days, and its balance now (None where it tells none)."""

    lines: tuple[ProviderBalanceMovement, ...]
    balance: Rupiah | None = None


class ProviderError(Exception):
    """The provider could not be asked, or answered what we cannot use.

    ``passing``: the same call may succeed later.

    ``cause`` is what it said without what differs with every call, as a request's number: the same cause is
    the same exception.
    """

    def __init__(self, message: str, *, transient: bool, cause: str | None = None) -> None:
        super().__init__(message)
        self.transient = transient
        self.cause = message if cause is None else cause


class WebhookVerificationError(Exception):
    """A message that is not proved to come from the provider: answered 400 and forgotten."""


class Provider(Protocol):
    """One way of paying.

    All methods but ``capabilities`` and ``verify`` may speak to the outside and raise ProviderError.
    """

    method: PaymentMethodCode

    def capabilities(self) -> Capabilities: ...

    async def create(self, provider_account: ProviderAccount, intent: Intent) -> PaymentSession: ...

    async def status(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> ProviderStatus: ...

    def verify(
        self, provider_account: ProviderAccount, headers: Mapping[str, str], body: bytes
    ) -> WebhookEvent:
        """Read a message of the provider.

        Raises WebhookVerificationError. Header names are lower case; ``body`` is as it was sent.
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
        """Give ``amount`` back. ``key`` makes it happen once however often it is asked."""
        ...

    async def refund_status(
        self, provider_account: ProviderAccount, payment: ProviderStatus, refund_reference: str, key: str
    ) -> RefundResult: ...

    async def cancel(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> None:
        """Stop a payment that is still waiting, where the provider can; harmless where it cannot."""
        ...

    async def statement(
        self, provider_account: ProviderAccount, since: datetime, until: datetime
    ) -> ProviderStatement: ...


_providers: dict[str, Provider] = {}


def register_provider(provider: Provider) -> Provider:
    """Make a provider known by its way; a second one for the same way is a mistake (ValueError)."""
    if provider.method in _providers:
        msg = f"two providers for {provider.method!r}"
        raise ValueError(msg)
    _providers[provider.method] = provider
    return provider


def get_provider(method: str) -> Provider:
    """Return the provider of a way.

    Raises LookupError for a way that no provider registered (import ``gateways.registry``).
    """
    try:
        return _providers[method]
    except KeyError:
        msg = f"no provider registered the way {method!r}"
        raise LookupError(msg) from None


def known_methods() -> tuple[str, ...]:
    """Return all registered ways, in the order of PaymentMethodCode: cash first, as a cooperative that has
    set none shows them.
    """
    return tuple(method for method in get_args(PaymentMethodCode) if method in _providers)


def officer_confirmed_methods() -> tuple[str, ...]:
    """Return the ways of which an officer, or the statement, says that the money has come."""
    return tuple(
        method for method in known_methods() if get_provider(method).capabilities().confirmed_by == "officer"
    )


LIVE_BASE_URLS: Final = {
    "stripe": "https://api.stripe.com",
    "midtrans": "https://api.midtrans.com",
    "xendit": "https://api.xendit.co",
}
