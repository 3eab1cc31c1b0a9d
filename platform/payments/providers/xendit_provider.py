"""Xendit: an invoice with a page on which the buyer chooses QRIS or a virtual account; we hear of it by
callback and read the state back.

Xendit takes any number of invoices for one reference, so whoever asks again is given the invoice that is
there. Its callbacks carry the account's token and no signature: they prove that Xendit speaks, and not what
it says. The address for callbacks is set on its dashboard.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode
from kernel import clock
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from ledger.chart import XENDIT
from payments.provider import (
    REAL_ADDRESSES,
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
from payments.providers.asking import Gateway
from payments.providers.xendit_answers import (
    INVOICE,
    INVOICES,
    REFUND,
    REFUNDS,
    Invoice,
    Refund,
    fee_in_rupiah,
    sentence,
    whole_rupiah,
)
from payments.providers.xendit_events import event_of
from payments.providers.xendit_statement import statement_of

_VIRTUAL_ACCOUNTS: Final = ("BCA", "BNI", "BRI", "MANDIRI", "PERMATA", "BSI", "CIMB")
_CHANNELS: Final[dict[str, tuple[str, ...]]] = {
    "all": (),
    "qris": ("QRIS",),
    "va": _VIRTUAL_ACCOUNTS,
    "qris_va": ("QRIS", *_VIRTUAL_ACCOUNTS),
}
# of several invoices of one reference, the one that money is in comes first
_FIRST: Final = ("SETTLED", "PAID", "PENDING", "EXPIRED")
_LONGEST: Final = timedelta(days=365)

_SETTINGS: Final = (
    Setting(
        name="channels",
        label=LocalizedText("Cara yang ditawarkan", "Channels offered"),
        hint=LocalizedText(
            "Cara itu harus aktif di akun Xendit Anda.", "They must be active in your Xendit account."
        ),
        default="all",
        choices=(
            ("all", LocalizedText("Semua yang aktif di Xendit", "All that are active at Xendit")),
            ("qris", LocalizedText("QRIS saja", "QRIS only")),
            ("va", LocalizedText("Rekening virtual saja", "Virtual accounts only")),
            ("qris_va", LocalizedText("QRIS dan rekening virtual", "QRIS and virtual accounts")),
        ),
    ),
    Setting(
        name="secret_key",
        label=LocalizedText("Secret Key", "Secret key"),
        hint=LocalizedText(
            "Di Xendit: Settings › API Keys, dengan izin Money-in write dan Balance serta Transaction read.",
            "At Xendit: Settings › API Keys, with permission Money-in write, and Balance and "
            "Transaction read.",
        ),
        secret=True,
        begins=("xnd_",),
        real=("xnd_production_",),
    ),
    Setting(
        name="callback_token",
        label=LocalizedText("Webhook Verification Token", "Webhook verification token"),
        hint=LocalizedText(
            "Di Xendit: Settings › Webhooks. Pasang juga alamat pesan di sana, untuk Invoices dan Refund.",
            "At Xendit: Settings › Webhooks. Also put the address for messages there, for Invoices and "
            "Refund.",
        ),
        secret=True,
    ),
)


class XenditProvider:
    """See the head of this file. ``provider_reference`` is the invoice's id."""

    way: PaymentMethodCode = "xendit"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            label=PAYMENT_METHOD_NAMES["xendit"],
            settles="provider",
            clearing=XENDIT,
            refunds=True,
            partial_refunds=True,
            calls_back=True,
            tells_fees=True,
            lasts=timedelta(hours=24),
            entitlement="gateways",
            company="Xendit",
            hint=LocalizedText(
                "Halaman pembayaran Xendit terbuka sesudah ini", "Xendit’s payment page opens next"
            ),
            messages=("Invoices paid", "Refund"),
            settings=_SETTINGS,
        )

    async def create(self, means: Means, intent: Intent) -> Started:
        """Give the invoice of this reference, and make it where there is none: an answer that got lost must
        not leave two to pay.
        """
        gateway = _gateway(means)
        invoice = await _find(gateway, means, intent.reference)
        if invoice is None:
            answer = await gateway.ask("POST", f"{_address(means)}/v2/invoices", body=_order(means, intent))
            invoice = gateway.read(gateway.accepted(answer), INVOICE)
        return Started(
            provider_reference=invoice.id,
            redirect_url=invoice.invoice_url,
            expires_at=invoice.expiry_date or intent.expires_at,
        )

    async def status(self, means: Means, reference: str, provider_reference: str) -> Status:
        """Read the state, and what was given back once it is paid.

        Without an id the invoice is looked for by the reference.
        """
        gateway = _gateway(means)
        if provider_reference:
            url = f"{_address(means)}/v2/invoices/{quote(provider_reference, safe='')}"
            invoice: Invoice | None = gateway.read(gateway.accepted(await gateway.ask("GET", url)), INVOICE)
        else:
            invoice = await _find(gateway, means, reference)
        if invoice is None:
            return Status(state="awaiting", reference=reference, provider_reference="")
        return await _status_of(gateway, means, invoice)

    def verify(self, means: Means, headers: Mapping[str, str], body: bytes) -> Event:
        """Read a callback.

        Its token is the account's own and the same every time, so nothing in the body is believed before it
        is read back.
        """
        token = means.secrets.get("callback_token", "")
        told = headers.get("x-callback-token", "")
        if not token or not hmac.compare_digest(token.encode(), told.encode()):
            raise Unverified("the token of this callback is not ours")
        try:
            return event_of(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Unverified("not a callback of Xendit") from None

    async def refund(self, means: Means, payment: Status, amount: Rupiah, key: str, reason: str) -> Refunded:
        """Give back over the channel that was paid by; virtual accounts cannot, which Xendit then says."""
        gateway = _gateway(means)
        answer = await gateway.ask(
            "POST",
            f"{_address(means)}/refunds",
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
        if answer.refused:
            # the same key may be refused when it was done before and the answer got lost: the list tells
            known = next(
                (each for each in await _refunds(gateway, means, payment) if each.reference_id == key), None
            )
            if known is None:
                raise gateway.fault(answer)
            return _refunded(known)
        return _refunded(gateway.read(answer, REFUND))

    async def refund_status(self, means: Means, payment: Status, refund_reference: str, key: str) -> Refunded:
        """Read one refund by its id, or by our key where its id never reached us.

        One that is not there never began: failed.
        """
        gateway = _gateway(means)
        if refund_reference:
            url = f"{_address(means)}/refunds/{quote(refund_reference, safe='')}"
            return _refunded(gateway.read(gateway.accepted(await gateway.ask("GET", url)), REFUND))
        known = next(
            (each for each in await _refunds(gateway, means, payment) if each.reference_id == key), None
        )
        if known is None:
            return Refunded(state="failed", provider_reference="", detail="Xendit knows of no such refund")
        return _refunded(known)

    async def cancel(self, means: Means, reference: str, provider_reference: str) -> None:
        """Let the invoice expire. One that is paid or over refuses, which is no harm: the status tells."""
        gateway = _gateway(means)
        if not provider_reference:
            invoice = await _find(gateway, means, reference)
            provider_reference = invoice.id if invoice is not None else ""
        if provider_reference:
            url = f"{_address(means)}/invoices/{quote(provider_reference, safe='')}/expire!"
            answer = await gateway.ask("POST", url)
            if answer.status in {401, 403}:
                raise gateway.fault(answer)

    async def statement(self, means: Means, since: datetime, until: datetime) -> Statement:
        return await statement_of(_gateway(means), _address(means), since, until)


def _gateway(means: Means) -> Gateway:
    key = means.secrets.get("secret_key", "")
    real = _address(means) == REAL_ADDRESSES["xendit"]
    if real and key.startswith("xnd_development_" if means.live else "xnd_production_"):
        # test money of a live cooperative would sell goods for nothing; real money behind a trial would be
        # taken in earnest
        raise ProviderFault(
            f"the key of Xendit moves {'test' if means.live else 'real'} money", passing=False
        )
    return Gateway(name="Xendit", client=means.client, key=key, worded=sentence)


def _address(means: Means) -> str:
    return means.address.rstrip("/")


async def _find(gateway: Gateway, means: Means, reference: str) -> Invoice | None:
    query = {"external_id": reference}
    answer = gateway.accepted(await gateway.ask("GET", f"{_address(means)}/v2/invoices", query=query))
    found = [each for each in gateway.read(answer, INVOICES) if each.external_id == reference]
    return min(
        found, key=lambda each: _FIRST.index(each.status) if each.status in _FIRST else -1, default=None
    )


async def _refunds(gateway: Gateway, means: Means, payment: Status) -> tuple[Refund, ...]:
    query = {"invoice_id": payment.provider_reference, "limit": "100"}
    answer = gateway.accepted(await gateway.ask("GET", f"{_address(means)}/refunds", query=query))
    return gateway.read(answer, REFUNDS).data


async def _status_of(gateway: Gateway, means: Means, invoice: Invoice) -> Status:
    state = invoice.state
    status = Status(
        state=state,
        reference=invoice.external_id,
        provider_reference=invoice.id,
        currency=invoice.currency or "IDR",
        detail=": ".join(
            part for part in (invoice.status, invoice.payment_method, invoice.payment_channel) if part
        ),
    )
    if state != "paid":
        return status
    paid = whole_rupiah(invoice.amount if invoice.paid_amount is None else invoice.paid_amount)
    left = invoice.adjusted_received_amount
    return msgspec.structs.replace(
        status,
        amount=paid,
        fee=fee_in_rupiah(int(paid) - left) if left is not None else None,
        refunded=await _given_back(gateway, means, status),
        paid_at=invoice.paid_at,
    )


async def _given_back(gateway: Gateway, means: Means, status: Status) -> Rupiah:
    """The sum of refunds done.

    A key that may not read refunds must not keep a payment from being seen as paid: then none are known.
    """
    try:
        refunds = await _refunds(gateway, means, status)
    except ProviderFault as fault:
        if fault.passing:
            raise
        return Rupiah(0)
    return Rupiah.total(whole_rupiah(each.amount) for each in refunds if each.state == "done")


def _refunded(refund: Refund) -> Refunded:
    return Refunded(state=refund.state, provider_reference=refund.id, detail=refund.failure_code or "")


def _order(means: Means, intent: Intent) -> dict[str, Any]:
    order: dict[str, Any] = {
        "external_id": intent.reference,
        "amount": int(intent.amount),
        "currency": "IDR",
        "description": intent.description[:250],
        "locale": "id",
        "customer": {"given_names": intent.buyer_name[:255], "mobile_number": intent.buyer_phone},
        "success_redirect_url": f"{intent.return_to}?hasil=selesai",  # the page asks us at once
        "failure_redirect_url": intent.return_to,
        "should_send_email": False,
    }
    channels = _CHANNELS.get(means.settings.get("channels", "all"), ())
    if channels:
        order["payment_methods"] = list(channels)
    if intent.expires_at is not None:
        lasts = min(intent.expires_at - clock.now(), _LONGEST)
        order["invoice_duration"] = max(1, lasts // timedelta(seconds=1))
    return order


register(XenditProvider())
