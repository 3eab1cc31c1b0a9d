"""Stripe Checkout in rupiah on the cooperative's own account, where its money stays.

The account is used with the cooperative's own keys, or as a connected account with direct charges. For a
connected account, requests use the platform's key and name the account; the cooperative is the merchant and
makes its own refunds. Stripe receives only what is paid for, no data of the buyer.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import stripe

from gateways import stripe_sessions as sessions
from gateways.protocol import (
    Capabilities,
    Intent,
    MethodSetting,
    PaymentSession,
    ProviderAccount,
    ProviderError,
    ProviderStatement,
    ProviderStatus,
    RefundResult,
    WebhookEvent,
    WebhookVerificationError,
    register_provider,
)
from gateways.stripe_amounts import MAX_AMOUNT
from gateways.stripe_client import build_client
from gateways.stripe_events import verify_event
from gateways.stripe_objects import StripePaymentIntent
from gateways.stripe_probe import probe_methods
from gateways.stripe_refunds import create_refund, find_refund
from gateways.stripe_statement import fetch_statement
from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode
from kernel import clock
from kernel.errors import LocalizedText
from kernel.money import Rupiah

OWN_KEYS: Final = "own_keys"
CONNECTED: Final = "connected"
# Not an officer's setting: ``methods.build_provider_account`` adds the platform's own Stripe key
# (kernel.settings, the one that billing uses) to the secrets of a connected account under this name.
PLATFORM_KEY: Final = "platform_key"
# Nor is this: the operator sets the platform's fee (kernel.settings), and it is added to the account's
# settings.
PLATFORM_FEE_PERCENT: Final = "application_fee_percent"

_ACCOUNT: Final = re.compile(r"acct_[A-Za-z0-9_]{1,60}")
_PERCENT: Final = re.compile(r"\d{1,2}(?:[.,]\d{1,4})?")
_METHOD: Final = re.compile(r"[a-z0-9_]{1,40}")

_SETTINGS: Final = (
    MethodSetting(
        name="mode",
        label=LocalizedText("Akun Stripe"),
        default=OWN_KEYS,
        choices=(
            (
                OWN_KEYS,
                LocalizedText("Akun koperasi sendiri, dengan kuncinya"),
            ),
            (
                CONNECTED,
                LocalizedText(
                    "Akun koperasi yang terhubung ke Lumbung",
                ),
            ),
        ),
    ),
    MethodSetting(
        name="secret_key",
        label=LocalizedText("Kunci rahasia"),
        hint=LocalizedText(
            "Dari dasbor Stripe, berawalan sk_ atau rk_. Hanya untuk akun dengan kunci sendiri.",
        ),
        secret=True,
        required_with=("mode", OWN_KEYS),
        prefixes=("sk_", "rk_"),
        live_prefixes=("sk_live_", "rk_live_"),
    ),
    MethodSetting(
        name="webhook_secret",
        label=LocalizedText("Kunci webhook (ahli)"),
        hint=LocalizedText(
            "Berawalan whsec_, terlihat di Stripe setelah alamat pesan di atas didaftarkan.",
        ),
        secret=True,
        prefixes=("whsec_",),
    ),
    MethodSetting(
        name="account",
        label=LocalizedText("Nomor akun yang terhubung"),
        hint=LocalizedText("Berawalan acct_. Kosongkan untuk kunci sendiri."),
        required_with=("mode", CONNECTED),
        prefixes=("acct_",),
    ),
    MethodSetting(
        name="payment_method_types",
        label=LocalizedText("Cara bayar di halaman Stripe"),
        hint=LocalizedText(
            "Kosongkan agar Stripe yang memilih, atau sebut satu per satu: card, qris, gopay.",
        ),
        required=False,
    ),
)
_MESSAGES: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "charge.refunded",
    "charge.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "payout.paid",
)


class StripeProvider:
    """The provider of the method "stripe", by Checkout Sessions.

    ``provider_reference`` is the session (cs_…); ``status`` also finds it by its payment intent (pi_…).

    Events of charges, refunds and disputes name the payment intent. If one has no reference of ours (a
    dispute never has), call ``status(provider_account, "", event.provider_reference)`` and use
    ``ProviderStatus.reference``.
    """

    method: PaymentMethodCode = "stripe"

    def capabilities(self) -> Capabilities:
        """Return Stripe's features. The minimum is about half a US dollar, the maximum twelve digits of
        hundredths.
        """
        return Capabilities(
            label=PAYMENT_METHOD_NAMES["stripe"],
            confirmed_by="provider",
            supports_refunds=True,
            supports_partial_refunds=True,
            has_webhooks=True,
            reports_fees=True,
            min_amount=Rupiah(10_000),
            max_amount=MAX_AMOUNT,
            expires_after=timedelta(hours=1),
            entitlement="gateways",
            company_name="Stripe",
            hint=LocalizedText("Halaman pembayaran Stripe terbuka sesudah ini"),
            webhook_events=_MESSAGES,
            settings=_SETTINGS,
        )

    async def create(self, provider_account: ProviderAccount, intent: Intent) -> PaymentSession:
        client = _client(provider_account)
        session = await sessions.open_session(
            client,
            intent,
            now=clock.now(),
            methods=_requested_methods(provider_account),
            application_fee=_application_fee(provider_account, intent.amount),
        )
        _check_livemode(provider_account, session.livemode)
        if session.url is None:
            raise ProviderError("Stripe gave the payment no page", transient=False)
        expires_at = (
            datetime.fromtimestamp(session.expires_at, UTC) if session.expires_at is not None else None
        )
        return PaymentSession(provider_reference=session.id, redirect_url=session.url, expires_at=expires_at)

    async def status(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> ProviderStatus:
        client = _client(provider_account)
        session = await sessions.find_session(client, provider_reference)
        _check_livemode(provider_account, session.livemode)
        if not session.client_reference_id or (reference and session.client_reference_id != reference):
            raise ProviderError("the Checkout Session belongs to another payment", transient=False)
        return await sessions.to_provider_status(client, session)

    def verify(
        self, provider_account: ProviderAccount, headers: Mapping[str, str], body: bytes
    ) -> WebhookEvent:
        try:
            account = _connected_account(provider_account)
        except ProviderError as fault:
            raise WebhookVerificationError(str(fault)) from None
        return verify_event(
            headers,
            body,
            secret=provider_account.secrets.get("webhook_secret", ""),
            live=provider_account.live,
            account=account,
            now=clock.now(),
        )

    async def refund(
        self,
        provider_account: ProviderAccount,
        payment: ProviderStatus,
        amount: Rupiah,
        key: str,
        reason: str,
    ) -> RefundResult:
        client = _client(provider_account)
        paid = await _paid_intent(client, payment)
        return await create_refund(client, paid, amount, reference=payment.reference, key=key, reason=reason)

    async def refund_status(
        self, provider_account: ProviderAccount, payment: ProviderStatus, refund_reference: str, key: str
    ) -> RefundResult:
        client = _client(provider_account)
        return await find_refund(client, await _paid_intent(client, payment), refund_reference, key)

    async def cancel(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> None:
        if provider_reference:
            await sessions.close_session(_client(provider_account), provider_reference)

    async def statement(
        self, provider_account: ProviderAccount, since: datetime, until: datetime
    ) -> ProviderStatement:
        return await fetch_statement(_client(provider_account), since, until)


async def probe(provider_account: ProviderAccount) -> dict[str, bool]:
    """Return which of card, qris, gopay and id_bank_transfer the account accepts.

    Raises ProviderError.
    """
    return await probe_methods(_client(provider_account))


def _client(provider_account: ProviderAccount) -> stripe.StripeClient:
    account = _connected_account(provider_account)
    key = provider_account.secrets.get("secret_key" if account is None else PLATFORM_KEY, "")
    return build_client(
        key=key, base_url=provider_account.base_url, http=provider_account.client, account=account
    )


def _connected_account(provider_account: ProviderAccount) -> str | None:
    """Return the connected account, or None with own keys.

    Raises ProviderError if it is missing: no payment may go to the platform's account.
    """
    if provider_account.settings.get("mode", OWN_KEYS) != CONNECTED:
        return None
    account = provider_account.settings.get("account", "").strip()
    if not _ACCOUNT.fullmatch(account):
        raise ProviderError("the connected account is missing or is not one (acct_…)", transient=False)
    return account


def _application_fee(provider_account: ProviderAccount, amount: Rupiah) -> Rupiah | None:
    """Return the platform's fee, rounded down to whole rupiah.

    None unless the account is connected and a percentage is set.
    """
    percent = provider_account.settings.get(PLATFORM_FEE_PERCENT, "").strip()
    if not percent or _connected_account(provider_account) is None:
        return None
    if not _PERCENT.fullmatch(percent):
        raise ProviderError("the platform's fee is not a percentage below 100", transient=False)
    return amount.times(Decimal(percent.replace(",", ".")) / 100, rounding="down")


def _requested_methods(provider_account: ProviderAccount) -> tuple[str, ...]:
    """Return the configured methods by Stripe's names; if empty, Stripe chooses by the account."""
    named = tuple(re.split(r"[\s,]+", provider_account.settings.get("payment_method_types", "").strip()))
    if named == ("",):
        return ()
    if not all(_METHOD.fullmatch(method) for method in named):
        raise ProviderError("the ways of paying are not named as Stripe names them", transient=False)
    return named


async def _paid_intent(client: stripe.StripeClient, payment: ProviderStatus) -> StripePaymentIntent:
    """Return the payment intent of a payment. Raises ProviderError if there is none."""
    paid = sessions.payment_intent_of(await sessions.find_session(client, payment.provider_reference))
    if paid is None:
        raise ProviderError("nothing was paid by this Checkout Session", transient=False)
    return paid


def _check_livemode(provider_account: ProviderAccount, livemode: bool) -> None:
    """Raise ProviderError if the key's mode is not the account's.

    With test keys a live cooperative would give goods away; with live keys a test would take real money.
    """
    if livemode is not provider_account.live:
        kind = "test" if provider_account.live else "real"
        raise ProviderError(f"the Stripe key moves {kind} money", transient=False)


register_provider(StripeProvider())
