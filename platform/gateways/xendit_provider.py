"""Xendit invoices: the buyer chooses a channel on Xendit's page; callbacks trigger a status fetch.

Xendit accepts any number of invoices for one reference, so a repeated request returns the existing invoice.
Its callbacks carry the account's token and no signature: they prove the sender, but not the content. The
callback URL is set in its dashboard.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from gateways.json_client import JsonClient
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
from gateways.xendit_objects import (
    XenditInvoice,
    XenditRefund,
    fee_in_rupiah,
    parse_error,
    parse_event,
    parse_invoice,
    parse_invoices,
    parse_refund,
    parse_refunds,
    to_rupiah,
)
from gateways.xendit_statement import fetch_statement
from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode
from kernel import clock
from kernel.errors import LocalizedText
from kernel.money import Rupiah

_VIRTUAL_ACCOUNTS: Final = ("BCA", "BNI", "BRI", "MANDIRI", "PERMATA", "BSI", "CIMB")
_CHANNELS: Final[dict[str, tuple[str, ...]]] = {
    "all": (),
    "qris": ("QRIS",),
    "va": _VIRTUAL_ACCOUNTS,
    "qris_va": ("QRIS", *_VIRTUAL_ACCOUNTS),
}
# among the invoices of one reference, a paid one comes first
_STATUS_PRECEDENCE: Final = ("SETTLED", "PAID", "PENDING", "EXPIRED")
_MAX_DURATION: Final = timedelta(days=365)

_SETTINGS: Final = (
    MethodSetting(
        name="channels",
        label=LocalizedText("Cara yang ditawarkan"),
        hint=LocalizedText("Cara itu harus aktif di akun Xendit Anda."),
        default="all",
        choices=(
            ("all", LocalizedText("Semua yang aktif di Xendit")),
            ("qris", LocalizedText("QRIS saja")),
            ("va", LocalizedText("Rekening virtual saja")),
            ("qris_va", LocalizedText("QRIS dan rekening virtual")),
        ),
    ),
    MethodSetting(
        name="secret_key",
        label=LocalizedText("Secret Key"),
        hint=LocalizedText(
            "Di Xendit: Settings › API Keys, dengan izin Money-in write dan Balance serta Transaction read.",
        ),
        secret=True,
        prefixes=("xnd_",),
        live_prefixes=("xnd_production_",),
    ),
    MethodSetting(
        name="callback_token",
        label=LocalizedText("Webhook Verification Token"),
        hint=LocalizedText(
            "Di Xendit: Settings › Webhooks. Pasang juga alamat pesan di sana, untuk Invoices dan Refund.",
        ),
        secret=True,
    ),
)


class XenditProvider:
    """The provider of the method "xendit". ``provider_reference`` is the invoice's id."""

    method: PaymentMethodCode = "xendit"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            label=PAYMENT_METHOD_NAMES["xendit"],
            confirmed_by="provider",
            supports_refunds=True,
            supports_partial_refunds=True,
            has_webhooks=True,
            reports_fees=True,
            expires_after=timedelta(hours=24),
            entitlement="gateways",
            company_name="Xendit",
            hint=LocalizedText("Halaman pembayaran Xendit terbuka sesudah ini"),
            webhook_events=("Invoices paid", "Refund"),
            settings=_SETTINGS,
        )

    async def create(self, provider_account: ProviderAccount, intent: Intent) -> PaymentSession:
        """Return the invoice of this reference, created if there is none.

        So a lost answer does not lead to a second invoice.
        """
        gateway = _client(provider_account)
        invoice = await _find_invoice(gateway, provider_account, intent.reference)
        if invoice is None:
            answer = await gateway.request(
                "POST",
                f"{_base_url(provider_account)}/v2/invoices",
                body=_invoice_params(provider_account, intent),
            )
            invoice = gateway.parse(gateway.require_success(answer), parse_invoice)
        return PaymentSession(
            provider_reference=invoice.id,
            redirect_url=invoice.invoice_url,
            expires_at=invoice.expiry_date or intent.expires_at,
        )

    async def status(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> ProviderStatus:
        """Fetch a payment's status, and its refunds once it is paid.

        Without an id the invoice is found by the reference.
        """
        gateway = _client(provider_account)
        if provider_reference:
            url = f"{_base_url(provider_account)}/v2/invoices/{quote(provider_reference, safe='')}"
            invoice: XenditInvoice | None = gateway.parse(
                gateway.require_success(await gateway.request("GET", url)), parse_invoice
            )
        else:
            invoice = await _find_invoice(gateway, provider_account, reference)
        if invoice is None:
            return ProviderStatus(payment_status="awaiting", reference=reference, provider_reference="")
        return await _to_provider_status(gateway, provider_account, invoice)

    def verify(
        self, provider_account: ProviderAccount, headers: Mapping[str, str], body: bytes
    ) -> WebhookEvent:
        """Verify and parse a callback.

        Its token is the account's and always the same, so the content must be fetched.
        """
        token = provider_account.secrets.get("callback_token", "")
        received = headers.get("x-callback-token", "")
        if not token or not hmac.compare_digest(token.encode(), received.encode()):
            raise WebhookVerificationError("the token of this callback is not ours")
        try:
            return parse_event(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise WebhookVerificationError("not a callback of Xendit") from None

    async def refund(
        self,
        provider_account: ProviderAccount,
        payment: ProviderStatus,
        amount: Rupiah,
        key: str,
        reason: str,
    ) -> RefundResult:
        """Refund through the channel of the payment. Xendit declines it for virtual accounts."""
        gateway = _client(provider_account)
        answer = await gateway.request(
            "POST",
            f"{_base_url(provider_account)}/refunds",
            body={
                "invoice_id": payment.provider_reference,
                "reference_id": key,
                "amount": int(amount),
                "currency": "IDR",
                "reason": "OTHERS",
                "metadata": {"reason": reason[:500]},
            },
            headers={"idempotency-key": key},
        )
        if answer.is_error:
            # Xendit may reject the key if an earlier request was done and its answer lost: check the list
            known = await _find_refund(gateway, provider_account, payment, key)
            if known is None:
                raise gateway.build_error(answer)
            return _to_refund_result(known)
        return _to_refund_result(gateway.parse(answer, parse_refund))

    async def refund_status(
        self, provider_account: ProviderAccount, payment: ProviderStatus, refund_reference: str, key: str
    ) -> RefundResult:
        """Fetch a refund by its id, or by our key if its id is unknown.

        If there is none it never started: failed.
        """
        gateway = _client(provider_account)
        if refund_reference:
            url = f"{_base_url(provider_account)}/refunds/{quote(refund_reference, safe='')}"
            return _to_refund_result(
                gateway.parse(gateway.require_success(await gateway.request("GET", url)), parse_refund)
            )
        known = await _find_refund(gateway, provider_account, payment, key)
        if known is None:
            return RefundResult(
                status="failed", provider_reference="", detail="Xendit knows of no such refund"
            )
        return _to_refund_result(known)

    async def cancel(
        self, provider_account: ProviderAccount, reference: str, provider_reference: str
    ) -> None:
        """Expire the invoice. Xendit rejects that for a paid or ended one, which is ignored."""
        gateway = _client(provider_account)
        if not provider_reference:
            invoice = await _find_invoice(gateway, provider_account, reference)
            provider_reference = invoice.id if invoice is not None else ""
        if provider_reference:
            url = f"{_base_url(provider_account)}/invoices/{quote(provider_reference, safe='')}/expire!"
            answer = await gateway.request("POST", url)
            if answer.status in {401, 403}:
                raise gateway.build_error(answer)

    async def statement(
        self, provider_account: ProviderAccount, since: datetime, until: datetime
    ) -> ProviderStatement:
        return await fetch_statement(_client(provider_account), _base_url(provider_account), since, until)


def _client(provider_account: ProviderAccount) -> JsonClient:
    key = provider_account.secrets.get("secret_key", "")
    real = _base_url(provider_account) == LIVE_BASE_URLS["xendit"]
    if real and key.startswith("xnd_development_" if provider_account.live else "xnd_production_"):
        # with test keys a live cooperative would give goods away; with live keys a test would take real money
        raise ProviderError(
            f"the key of Xendit moves {'test' if provider_account.live else 'real'} money", transient=False
        )
    return JsonClient(name="Xendit", client=provider_account.client, key=key, parse_error=parse_error)


def _base_url(provider_account: ProviderAccount) -> str:
    return provider_account.base_url.rstrip("/")


async def _find_invoice(
    gateway: JsonClient, provider_account: ProviderAccount, reference: str
) -> XenditInvoice | None:
    query = {"external_id": reference}
    answer = gateway.require_success(
        await gateway.request("GET", f"{_base_url(provider_account)}/v2/invoices", query=query)
    )
    found = [each for each in gateway.parse(answer, parse_invoices) if each.external_id == reference]
    return min(
        found,
        key=lambda each: _STATUS_PRECEDENCE.index(each.status) if each.status in _STATUS_PRECEDENCE else -1,
        default=None,
    )


async def _list_refunds(
    gateway: JsonClient, provider_account: ProviderAccount, payment: ProviderStatus
) -> tuple[XenditRefund, ...]:
    query = {"invoice_id": payment.provider_reference, "limit": "100"}
    answer = gateway.require_success(
        await gateway.request("GET", f"{_base_url(provider_account)}/refunds", query=query)
    )
    return gateway.parse(answer, parse_refunds).data


async def _find_refund(
    gateway: JsonClient, provider_account: ProviderAccount, payment: ProviderStatus, key: str
) -> XenditRefund | None:
    refunds = await _list_refunds(gateway, provider_account, payment)
    return next((each for each in refunds if each.reference_id == key), None)


async def _to_provider_status(
    gateway: JsonClient, provider_account: ProviderAccount, invoice: XenditInvoice
) -> ProviderStatus:
    state = invoice.payment_status
    status = ProviderStatus(
        payment_status=state,
        reference=invoice.external_id,
        provider_reference=invoice.id,
        currency=invoice.currency or "IDR",
        detail=": ".join(
            part for part in (invoice.status, invoice.payment_method, invoice.payment_channel) if part
        ),
    )
    if state != "paid":
        return status
    paid = to_rupiah(invoice.amount if invoice.paid_amount is None else invoice.paid_amount)
    left = invoice.adjusted_received_amount
    return msgspec.structs.replace(
        status,
        amount=paid,
        fee=fee_in_rupiah(int(paid) - left) if left is not None else None,
        refunded=await _sum_refunded(gateway, provider_account, status),
        paid_at=invoice.paid_at,
    )


async def _sum_refunded(
    gateway: JsonClient, provider_account: ProviderAccount, status: ProviderStatus
) -> Rupiah:
    """Return the sum of completed refunds.

    A key without permission to read refunds must not block the payment's status: then the sum is 0.
    """
    try:
        refunds = await _list_refunds(gateway, provider_account, status)
    except ProviderError as fault:
        if fault.transient:
            raise
        return Rupiah(0)
    return Rupiah.total(to_rupiah(each.amount) for each in refunds if each.refund_status == "done")


def _to_refund_result(refund: XenditRefund) -> RefundResult:
    return RefundResult(
        status=refund.refund_status, provider_reference=refund.id, detail=refund.failure_code or ""
    )


def _invoice_params(provider_account: ProviderAccount, intent: Intent) -> dict[str, Any]:
    order: dict[str, Any] = {
        "external_id": intent.reference,
        "amount": int(intent.amount),
        "currency": "IDR",
        "description": intent.description[:250],
        "locale": "id",
        "customer": {"given_names": intent.buyer_name[:255], "mobile_number": intent.buyer_phone},
        "success_redirect_url": f"{intent.return_url}?hasil=selesai",  # makes the page fetch the status
        "failure_redirect_url": intent.return_url,
        "should_send_email": False,
    }
    channels = _CHANNELS.get(provider_account.settings.get("channels", "all"), ())
    if channels:
        order["payment_methods"] = list(channels)
    if intent.expires_at is not None:
        lasts = min(intent.expires_at - clock.now(), _MAX_DURATION)
        order["invoice_duration"] = max(1, lasts // timedelta(seconds=1))
    return order


register_provider(XenditProvider())
