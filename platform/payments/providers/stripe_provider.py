"""Paying by Stripe: a Checkout Session in rupiah, on the cooperative's own account, where its money stays.

Either with the cooperative's own keys, or as a direct charge on its connected account: then Stripe is asked
with the platform's key and told whose account it is, the cooperative is the merchant, and refunds are its
own. Nothing of the buyer but what is paid for goes to Stripe.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import stripe

from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode
from kernel import clock
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from ledger.chart import STRIPE
from payments.provider import (
    Capabilities,
    Event,
    Intent,
    Means,
    ProviderFault,
    Refunded,
    Setting,
    Started,
    Statement,
    Status,
    Unverified,
    register,
)
from payments.providers import stripe_sessions as sessions
from payments.providers.stripe_amounts import MOST
from payments.providers.stripe_answers import PaymentIntent
from payments.providers.stripe_client import client_for
from payments.providers.stripe_events import verified
from payments.providers.stripe_probe import methods_taken
from payments.providers.stripe_refunds import find_refund, give_back
from payments.providers.stripe_statement import statement_of

OWN_KEYS: Final = "own_keys"
CONNECTED: Final = "connected"
# Not among the settings, because no officer knows it: whoever makes the Means of a connected cooperative puts
# the platform's own key of Stripe (kernel.settings, the one that billing uses) into its secrets under this
# name.
PLATFORM_KEY: Final = "platform_key"
# Nor is this: what the platform keeps of each payment is the operator's to say (kernel.settings), and put
# into the settings of the Means.
PLATFORM_FEE: Final = "application_fee_percent"

_ACCOUNT: Final = re.compile(r"acct_[A-Za-z0-9_]{1,60}")
_PERCENT: Final = re.compile(r"\d{1,2}(?:[.,]\d{1,4})?")
_METHOD: Final = re.compile(r"[a-z0-9_]{1,40}")

_SETTINGS: Final = (
    Setting(
        name="mode",
        label=LocalizedText("Akun Stripe", "Stripe account"),
        default=OWN_KEYS,
        choices=(
            (
                OWN_KEYS,
                LocalizedText(
                    "Akun koperasi sendiri, dengan kuncinya", "The cooperative's own account, with its keys"
                ),
            ),
            (
                CONNECTED,
                LocalizedText(
                    "Akun koperasi yang terhubung ke Lumbung",
                    "The cooperative's account, connected to Lumbung",
                ),
            ),
        ),
    ),
    Setting(
        name="secret_key",
        label=LocalizedText("Kunci rahasia", "Secret key"),
        hint=LocalizedText(
            "Dari dasbor Stripe, berawalan sk_ atau rk_. Hanya untuk akun dengan kunci sendiri.",
            "From the Stripe dashboard, beginning with sk_ or rk_. Only for an account with its own keys.",
        ),
        secret=True,
        required_with=("mode", OWN_KEYS),
        begins=("sk_", "rk_"),
        real=("sk_live_", "rk_live_"),
    ),
    Setting(
        name="webhook_secret",
        label=LocalizedText("Rahasia penanda pesan", "Signing secret of messages"),
        hint=LocalizedText(
            "Berawalan whsec_, terlihat di Stripe setelah alamat pesan di atas didaftarkan.",
            "Begins with whsec_; Stripe shows it once the address for messages is registered.",
        ),
        secret=True,
        begins=("whsec_",),
    ),
    Setting(
        name="account",
        label=LocalizedText("Nomor akun yang terhubung", "Connected account"),
        hint=LocalizedText(
            "Berawalan acct_. Kosongkan untuk kunci sendiri.", "Begins with acct_. Leave empty for own keys."
        ),
        required_with=("mode", CONNECTED),
        begins=("acct_",),
    ),
    Setting(
        name="payment_method_types",
        label=LocalizedText("Cara bayar di halaman Stripe", "Ways of paying on Stripe's page"),
        hint=LocalizedText(
            "Kosongkan agar Stripe yang memilih, atau sebut satu per satu: card, qris, gopay.",
            "Leave empty and Stripe chooses, or name them: card, qris, gopay.",
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
    """Checkout Sessions.

    ``provider_reference`` is the session (cs_…); ``status`` also finds it by its payment intent (pi_…).

    An event of a charge, a refund or a dispute names the payment intent: where it names no reference of ours
    (a dispute never does), ask ``status(means, "", event.provider_reference)`` and take ``Status.reference``.
    """

    way: PaymentMethodCode = "stripe"

    def capabilities(self) -> Capabilities:
        """Stripe's least is about half a US dollar, and its most is twelve digits of hundredths."""
        return Capabilities(
            label=PAYMENT_METHOD_NAMES["stripe"],
            settles="provider",
            clearing=STRIPE,
            refunds=True,
            partial_refunds=True,
            calls_back=True,
            tells_fees=True,
            least=Rupiah(10_000),
            most=MOST,
            lasts=timedelta(hours=1),
            entitlement="gateways",
            company="Stripe",
            hint=LocalizedText(
                "Halaman pembayaran Stripe terbuka sesudah ini", "Stripe’s payment page opens next"
            ),
            messages=_MESSAGES,
            settings=_SETTINGS,
        )

    async def create(self, means: Means, intent: Intent) -> Started:
        client = _client(means)
        session = await sessions.open_session(
            client,
            intent,
            now=clock.now(),
            methods=_methods(means),
            application_fee=_application_fee(means, intent.amount),
        )
        _check_money(means, session.livemode)
        if session.url is None:
            raise ProviderFault("Stripe gave the payment no page", passing=False)
        expires_at = (
            datetime.fromtimestamp(session.expires_at, UTC) if session.expires_at is not None else None
        )
        return Started(provider_reference=session.id, redirect_url=session.url, expires_at=expires_at)

    async def status(self, means: Means, reference: str, provider_reference: str) -> Status:
        client = _client(means)
        session = await sessions.find_session(client, provider_reference)
        _check_money(means, session.livemode)
        if not session.client_reference_id or (reference and session.client_reference_id != reference):
            raise ProviderFault("the Checkout Session belongs to another payment", passing=False)
        return await sessions.status_of(client, session)

    def verify(self, means: Means, headers: Mapping[str, str], body: bytes) -> Event:
        try:
            account = _connected_account(means)
        except ProviderFault as fault:
            raise Unverified(str(fault)) from None
        return verified(
            headers,
            body,
            secret=means.secrets.get("webhook_secret", ""),
            live=means.live,
            account=account,
            now=clock.now(),
        )

    async def refund(self, means: Means, payment: Status, amount: Rupiah, key: str, reason: str) -> Refunded:
        client = _client(means)
        paid = await _paid(client, payment)
        return await give_back(client, paid, amount, reference=payment.reference, key=key, reason=reason)

    async def refund_status(self, means: Means, payment: Status, refund_reference: str, key: str) -> Refunded:
        client = _client(means)
        return await find_refund(client, await _paid(client, payment), refund_reference, key)

    async def cancel(self, means: Means, reference: str, provider_reference: str) -> None:
        if provider_reference:
            await sessions.close_session(_client(means), provider_reference)

    async def statement(self, means: Means, since: datetime, until: datetime) -> Statement:
        return await statement_of(_client(means), since, until)


async def probe(means: Means) -> dict[str, bool]:
    """Which of card, qris, gopay and id_bank_transfer the account takes, as Stripe says.

    Raises ProviderFault.
    """
    return await methods_taken(_client(means))


def _client(means: Means) -> stripe.StripeClient:
    account = _connected_account(means)
    key = means.secrets.get("secret_key" if account is None else PLATFORM_KEY, "")
    return client_for(key=key, address=means.address, http=means.client, account=account)


def _connected_account(means: Means) -> str | None:
    """The account in whose name to ask; None for own keys.

    Raises ProviderFault where it is missing: nothing may go to the platform's.
    """
    if means.settings.get("mode", OWN_KEYS) != CONNECTED:
        return None
    account = means.settings.get("account", "").strip()
    if not _ACCOUNT.fullmatch(account):
        raise ProviderFault("the connected account is missing or is not one (acct_…)", passing=False)
    return account


def _application_fee(means: Means, amount: Rupiah) -> Rupiah | None:
    """The platform's part, rounded down to whole rupiah; none unless the account is connected and a
    percentage is set.
    """
    percent = means.settings.get(PLATFORM_FEE, "").strip()
    if not percent or _connected_account(means) is None:
        return None
    if not _PERCENT.fullmatch(percent):
        raise ProviderFault("the platform's fee is not a percentage below 100", passing=False)
    return amount.times(Decimal(percent.replace(",", ".")) / 100, rounding="down")


def _methods(means: Means) -> tuple[str, ...]:
    """Methods to ask for, as Stripe names them; empty: Stripe chooses by what the account takes."""
    named = tuple(re.split(r"[\s,]+", means.settings.get("payment_method_types", "").strip()))
    if named == ("",):
        return ()
    if not all(_METHOD.fullmatch(method) for method in named):
        raise ProviderFault("the ways of paying are not named as Stripe names them", passing=False)
    return named


async def _paid(client: stripe.StripeClient, payment: Status) -> PaymentIntent:
    paid = sessions.payment_of(await sessions.find_session(client, payment.provider_reference))
    if paid is None:
        raise ProviderFault("nothing was paid by this Checkout Session", passing=False)
    return paid


def _check_money(means: Means, livemode: bool) -> None:
    """Test keys of a live cooperative would sell goods for nothing, and live keys behind a trial would take
    money in earnest.
    """
    if livemode is not means.live:
        kind = "test" if means.live else "real"
        raise ProviderFault(f"the Stripe key moves {kind} money", passing=False)


register(StripeProvider())
