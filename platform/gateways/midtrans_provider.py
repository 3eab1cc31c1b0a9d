"""Midtrans Snap: the buyer chooses a channel on Midtrans's page; notifications trigger a status fetch.

An order id is charged once: it is our reference and the idempotency key. Creating a page for the same
reference again gives another page of the same payment; once the buyer has chosen a channel there is no page,
only a status. Midtrans reports neither fees nor a balance to a Snap merchant: see its monthly report or the
bank statement.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from gateways.json_client import GatewayResponse, JsonClient
from gateways.midtrans_transactions import (
    MIDTRANS_ZONE,
    MidtransTransaction,
    parse_transaction,
    to_provider_status,
)
from gateways.protocol import (
    LIVE_BASE_URLS,
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
from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode
from kernel import clock
from kernel.errors import LocalizedText
from kernel.money import Rupiah

# by whether the keys are live
_API: Final = {True: LIVE_BASE_URLS["midtrans"], False: "https://api.sandbox.midtrans.com"}
_SNAP: Final = {True: "https://app.midtrans.com", False: "https://app.sandbox.midtrans.com"}

_VIRTUAL_ACCOUNTS: Final = ("bca_va", "bni_va", "bri_va", "echannel", "permata_va", "cimb_va", "other_va")
_QRIS: Final = ("gopay", "shopeepay", "other_qris")
_CHANNELS: Final[dict[str, tuple[str, ...]]] = {
    "all": (),
    "qris": _QRIS,
    "va": _VIRTUAL_ACCOUNTS,
    "qris_va": (*_QRIS, *_VIRTUAL_ACCOUNTS),
}
_MIN_PAGE_MINUTES: Final = 5
_MAX_PAGE_MINUTES: Final = 7 * 24 * 60


class _SnapPage(msgspec.Struct, frozen=True):
    token: str
    redirect_url: str


class _ErrorBody(msgspec.Struct, frozen=True):
    status_message: str = ""
    error_messages: tuple[str, ...] = ()
    validation_messages: tuple[str, ...] = ()


class MidtransProvider:
    """The provider of the method "midtrans"."""

    method: PaymentMethodCode = "midtrans"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            label=PAYMENT_METHOD_NAMES["midtrans"],
            confirmed_by="provider",
            supports_refunds=True,
            supports_partial_refunds=True,
            has_webhooks=True,
            expires_after=timedelta(hours=24),
            entitlement="gateways",
            company_name="Midtrans",
            hint=LocalizedText("Halaman pembayaran Midtrans terbuka sesudah ini"),
            webhook_events=("Payment Notification URL",),
            settings=_SETTINGS,
        )

    async def create(self, provider_account: ProviderAccount, intent: Intent) -> PaymentSession:
        """Create the Snap page of a payment.

        If its channel is chosen already there is no page; then the virtual account is returned, where known.
        """
        gateway = _client(provider_account)
        headers = {"x-override-notification": intent.webhook_url} if intent.webhook_url else {}
        answer = await gateway.request(
            "POST",
            f"{_base_url(provider_account, _SNAP)}/snap/v1/transactions",
            body=_snap_params(provider_account, intent),
            headers=headers,
        )
        if answer.is_error and "order_id" in gateway.parse_error(answer.body):
            known = await _fetch_transaction(gateway, provider_account, intent.reference)
            if known is not None:
                return PaymentSession(
                    provider_reference=known.transaction_id,
                    instructions=known.instructions(),
                    expires_at=intent.expires_at,
                )
        page = gateway.parse(gateway.require_success(answer), _parse_page)
        return PaymentSession(
            provider_reference=page.token, redirect_url=page.redirect_url, expires_at=intent.expires_at
        )

    async def status(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> ProviderStatus:
        """Fetch a payment's status.

        An order id that Midtrans does not know is a page on which no channel was chosen: it awaits payment.
        """
        known = await _fetch_transaction(_client(provider_account), provider_account, reference)
        if known is None:
            return ProviderStatus(
                payment_status="awaiting", reference=reference, provider_reference=provider_reference
            )
        return to_provider_status(known)

    def verify(
        self, provider_account: ProviderAccount, headers: Mapping[str, str], body: bytes
    ) -> WebhookEvent:
        """Verify and parse a notification.

        The signature covers order id, status code and amount, but not the status, which must therefore be
        fetched.
        """
        try:
            transaction = parse_transaction(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise WebhookVerificationError("not a notification of Midtrans") from None
        key = (
            provider_account.secrets.get("signature_key") or provider_account.secrets.get("server_key") or ""
        )
        signed = f"{transaction.order_id}{transaction.status_code}{transaction.gross_amount}{key}"
        expected = hashlib.sha512(signed.encode()).hexdigest()
        if not key or not hmac.compare_digest(expected.encode(), transaction.signature_key.lower().encode()):
            raise WebhookVerificationError("the signature of this notification is not ours")
        return WebhookEvent(
            event_id=_event_id(transaction, body),
            event_type=f"midtrans.{transaction.transaction_status or 'other'}",
            subject="payment" if transaction.order_id and transaction.transaction_status else "nothing",
            reference=transaction.order_id or None,
            provider_reference=transaction.transaction_id or None,
        )

    async def refund(
        self,
        provider_account: ProviderAccount,
        payment: ProviderStatus,
        amount: Rupiah,
        key: str,
        reason: str,
    ) -> RefundResult:
        """Refund through the channel of the payment.

        Midtrans declines it for virtual accounts and convenience stores.
        """
        gateway = _client(provider_account)
        answer = await gateway.request(
            "POST",
            _transaction_url(provider_account, payment.reference, "refund"),
            body={"refund_key": key, "amount": int(amount), "reason": reason[:255]},
        )
        code = _status_code(gateway, answer)
        if code in {200, 201}:
            return RefundResult(status="done" if code == 200 else "pending", provider_reference=key)
        known = await _fetch_transaction(gateway, provider_account, payment.reference)
        if known is not None and known.find_refund(key) is not None:
            # an earlier request was done and its answer lost; Midtrans rejects the same key now
            return RefundResult(status="done", provider_reference=key)
        if known is not None and known.transaction_status == "capture":
            message = "Midtrans: a card payment is given back after it is settled, which is on the next day"
            raise ProviderError(message, transient=True)
        raise gateway.build_error(answer)

    async def refund_status(
        self, provider_account: ProviderAccount, payment: ProviderStatus, refund_reference: str, key: str
    ) -> RefundResult:
        """Look for the refund in the transaction.

        One that is missing is pending: Midtrans lists granted refunds only.
        """
        known = await _fetch_transaction(_client(provider_account), provider_account, payment.reference)
        granted = known is not None and known.find_refund(key) is not None
        return RefundResult(
            status="done" if granted else "pending", provider_reference=refund_reference or key
        )

    async def cancel(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> None:
        """Expire an unpaid payment; Midtrans's "cancel" would also refund a card payment made meanwhile.

        A page on which no channel was chosen cannot be closed. It expires by itself, and money may still
        arrive late.
        """
        gateway = _client(provider_account)
        answer = await gateway.request("POST", _transaction_url(provider_account, reference, "expire"))
        if _status_code(gateway, answer) in {401, 402, 403}:
            raise gateway.build_error(answer)

    async def statement(
        self, provider_account: ProviderAccount, since: datetime, until: datetime
    ) -> ProviderStatement:
        """Return an empty statement: Midtrans has no API of movements or balance for Snap merchants.

        The bank statement shows its fees and payouts.
        """
        return ProviderStatement(lines=(), balance=None)


_PRODUCTION: Final = "production"
_SETTINGS: Final = (
    MethodSetting(
        name="environment",
        label=LocalizedText("Lingkungan Midtrans"),
        hint=LocalizedText("Kunci Sandbox dan Production berbeda."),
        default="sandbox",
        choices=(
            (_PRODUCTION, LocalizedText("Production: uang sungguhan")),
            ("sandbox", LocalizedText("Sandbox: uji coba")),
        ),
        live_prefixes=(_PRODUCTION,),
    ),
    MethodSetting(
        name="channels",
        label=LocalizedText("Cara yang ditawarkan"),
        hint=LocalizedText("Cara itu harus aktif di akun Midtrans Anda."),
        default="all",
        choices=(
            ("all", LocalizedText("Semua yang aktif di Midtrans")),
            ("qris", LocalizedText("QRIS saja")),
            ("va", LocalizedText("Rekening virtual saja")),
            ("qris_va", LocalizedText("QRIS dan rekening virtual")),
        ),
    ),
    MethodSetting(
        name="server_key",
        label=LocalizedText("Server Key"),
        hint=LocalizedText("Di Midtrans: Settings › Access Keys."),
        secret=True,
    ),
    MethodSetting(
        name="signature_key",
        label=LocalizedText("Signature Secret Key"),
        hint=LocalizedText("Hanya jika Midtrans memberi kunci tersendiri."),
        secret=True,
        required=False,
    ),
)


def _event_id(transaction: MidtransTransaction, body: bytes) -> str:
    """Return an id for a notification; Midtrans gives it none.

    It includes a hash of the whole body, since the signature covers neither status nor refunds: otherwise an
    attacker could replay a signed notification with a changed status, and the real one would be a duplicate.
    """
    digest = hashlib.sha256(body).hexdigest()[:32]
    return f"{transaction.transaction_id or transaction.order_id}:{transaction.transaction_status}:{digest}"


def _client(provider_account: ProviderAccount) -> JsonClient:
    return JsonClient(
        name="Midtrans",
        client=provider_account.client,
        key=provider_account.secrets.get("server_key", ""),
        parse_error=_parse_error,
    )


def _base_url(provider_account: ProviderAccount, hosts: Mapping[bool, str]) -> str:
    """Return the live host, the sandbox host for test keys, or the fake gateway's address.

    The fake gateway serves all hosts, so that no test reaches a real one.
    """
    address = provider_account.base_url.rstrip("/")
    return hosts[provider_account.live] if address == LIVE_BASE_URLS["midtrans"] else address


def _transaction_url(provider_account: ProviderAccount, reference: str, what: str) -> str:
    return f"{_base_url(provider_account, _API)}/v2/{quote(reference, safe='')}/{what}"


async def _fetch_transaction(
    gateway: JsonClient, provider_account: ProviderAccount, reference: str
) -> MidtransTransaction | None:
    """Fetch a transaction by order id; None if Midtrans does not know it.

    Midtrans reports errors either by HTTP status or inside a 200.
    """
    answer = await gateway.request("GET", _transaction_url(provider_account, reference, "status"))
    code = _status_code(gateway, answer)
    if code == 404:
        return None
    known = gateway.parse(answer, parse_transaction)
    if not known.transaction_status:
        raise gateway.build_error(answer)
    return known


def _status_code(gateway: JsonClient, answer: GatewayResponse) -> int:
    """Return Midtrans's status code, which may stand inside a 200.

    Raises a transient ProviderError for 429 and 5xx.
    """
    if answer.is_error:
        return answer.status
    code = gateway.parse(answer, parse_transaction).code
    if code >= 500 or code == 429:
        raise ProviderError(f"Midtrans is broken (status_code {code})", transient=True)
    return code or answer.status


def _snap_params(provider_account: ProviderAccount, intent: Intent) -> dict[str, Any]:
    name = intent.description.replace("|", " ")[:50] or intent.reference
    order: dict[str, Any] = {
        "transaction_details": {"order_id": intent.reference, "gross_amount": int(intent.amount)},
        "item_details": [{"id": intent.reference, "price": int(intent.amount), "quantity": 1, "name": name}],
        "customer_details": {"first_name": intent.buyer_name[:255], "phone": intent.buyer_phone[:255]},
        "callbacks": {"finish": intent.return_url, "error": intent.return_url},
    }
    channels = _CHANNELS.get(provider_account.settings.get("channels", "all"), ())
    if channels:
        order["enabled_payments"] = list(channels)
    if intent.expires_at is not None:
        now = clock.now()
        minutes = max(1, -((now - intent.expires_at) // timedelta(minutes=1)))
        start = f"{now.astimezone(MIDTRANS_ZONE):%Y-%m-%d %H:%M:%S} +0700"
        order["expiry"] = {"start_time": start, "unit": "minute", "duration": minutes}
        order["page_expiry"] = {
            "unit": "minute",
            "duration": min(max(minutes, _MIN_PAGE_MINUTES), _MAX_PAGE_MINUTES),
        }
    return order


def _parse_page(body: bytes) -> _SnapPage:
    return msgspec.json.decode(body, type=_SnapPage)


def _parse_error(body: bytes) -> str:
    try:
        error_body = msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    sentences = (*error_body.error_messages, *error_body.validation_messages, error_body.status_message)
    return "; ".join(sentence for sentence in sentences if sentence)


register_provider(MidtransProvider())
