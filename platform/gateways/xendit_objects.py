"""The fields of Xendit's answers that we use.

Amounts are JSON numbers, parsed as Decimal, so that money is never a float.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Final, Literal

import msgspec

from gateways.protocol import ProviderError, ProviderPaymentStatus, WebhookEvent
from kernel.money import MAX_DIGITS, Rupiah

XenditRefundStatus = Literal["done", "pending", "failed"]

# SETTLED: the money of a paid invoice has reached the balance
INVOICE_STATUSES: Final[dict[str, ProviderPaymentStatus]] = {
    "PENDING": "awaiting",
    "PAID": "paid",
    "SETTLED": "paid",
    "EXPIRED": "expired",
}
REFUND_STATUSES: Final[dict[str, XenditRefundStatus]] = {
    "SUCCEEDED": "done",
    "PENDING": "pending",
    "REQUIRES_ACTION": "pending",
    "FAILED": "failed",
    "CANCELLED": "failed",
}


class XenditInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice. ``adjusted_received_amount`` is the amount less the fee, once it is known."""

    id: str
    external_id: str
    status: str
    amount: Decimal
    invoice_url: str | None = None
    expiry_date: datetime | None = None
    paid_amount: Decimal | None = None
    adjusted_received_amount: Decimal | None = None
    currency: str | None = "IDR"
    paid_at: datetime | None = None
    payment_method: str | None = None
    payment_channel: str | None = None

    @property
    def payment_status(self) -> ProviderPaymentStatus:
        """Return our payment status. Raises ProviderError for an unknown status."""
        state = INVOICE_STATUSES.get(self.status)
        if state is None:
            raise ProviderError(
                f"Xendit told a state that we do not know: {self.status[:30]!r}", transient=False
            )
        return state


class XenditRefund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: str
    amount: Decimal
    invoice_id: str | None = None
    reference_id: str | None = None
    failure_code: str | None = None

    @property
    def refund_status(self) -> XenditRefundStatus:
        """Return our refund status; an unknown one counts as pending."""
        return REFUND_STATUSES.get(self.status, "pending")


class XenditRefundPage(msgspec.Struct, frozen=True, kw_only=True):
    data: tuple[XenditRefund, ...]
    has_more: bool = False


class XenditFee(msgspec.Struct, frozen=True, kw_only=True):
    """A fee and its taxes.

    Tax rules either add withheld taxes to the fee or deduct them; Xendit reports them with their sign.
    """

    xendit_fee: Decimal | None = None
    value_added_tax: Decimal | None = None
    xendit_withholding_tax: Decimal | None = None
    third_party_withholding_tax: Decimal | None = None

    @property
    def total(self) -> Decimal:
        parts = (
            self.xendit_fee,
            self.value_added_tax,
            self.xendit_withholding_tax,
            self.third_party_withholding_tax,
        )
        return sum((part for part in parts if part is not None), Decimal(0))


class XenditTransaction(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    status: str
    amount: Decimal
    cashflow: str
    created: datetime
    currency: str | None = "IDR"
    net_amount: Decimal | None = None
    reference_id: str | None = None
    channel_code: str | None = None
    settlement_status: str | None = None
    fee: XenditFee | None = None

    @property
    def total_fee(self) -> Decimal:
        """Return what Xendit withheld: amount less net amount if there is one, else the sum of the fee's
        parts.
        """
        if self.net_amount is not None and self.cashflow == "MONEY_IN":
            return self.amount - self.net_amount
        return self.fee.total if self.fee is not None else Decimal(0)


class XenditTransactionPage(msgspec.Struct, frozen=True, kw_only=True):
    data: tuple[XenditTransaction, ...]
    has_more: bool = False


class XenditBalance(msgspec.Struct, frozen=True, kw_only=True):
    balance: Decimal


class XenditRefundCallback(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: str = ""
    invoice_id: str | None = None


class XenditCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback of Xendit, in its older or its newer form.

    An invoice's fields are at the top level (id, external_id, status); newer events are in ``data``.
    """

    id: str | None = None
    external_id: str | None = None
    status: str | None = None
    payment_id: str | None = None
    event: str | None = None
    created: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class XenditError(msgspec.Struct, frozen=True, kw_only=True):
    error_code: str | None = None
    message: str | None = None


parse_invoice: Final = msgspec.json.Decoder(XenditInvoice).decode
parse_invoices: Final = msgspec.json.Decoder(tuple[XenditInvoice, ...]).decode
parse_refund: Final = msgspec.json.Decoder(XenditRefund).decode
parse_refunds: Final = msgspec.json.Decoder(XenditRefundPage).decode
parse_transactions: Final = msgspec.json.Decoder(XenditTransactionPage).decode
parse_balance: Final = msgspec.json.Decoder(XenditBalance).decode
parse_callback: Final = msgspec.json.Decoder(XenditCallback).decode
parse_refund_callback: Final = msgspec.json.Decoder(XenditRefundCallback).decode


def to_rupiah(amount: Decimal) -> Rupiah:
    """Return an amount as rupiah. Raises ProviderError for a fraction of a rupiah or an invalid number."""
    _check_size(amount)
    if amount != amount.to_integral_value():
        raise ProviderError(f"Xendit told an amount that is not whole rupiah: {amount}", transient=False)
    return Rupiah(amount)


def fee_in_rupiah(fee: Decimal) -> Rupiah:
    """Return a fee in whole rupiah, rounded up, because Xendit withholds the fraction.

    Raises ProviderError for an invalid number.
    """
    _check_size(fee)
    return Rupiah(int(fee.to_integral_value(rounding=ROUND_CEILING)))


def _check_size(amount: Decimal) -> None:
    # "1e999999" is short, but as an integer it has a million digits
    """Raise ProviderError for a number that is no amount."""
    if not amount.is_finite() or amount.adjusted() >= MAX_DIGITS:
        raise ProviderError(f"Xendit told an amount that is none: {amount:.3e}", transient=False)


def parse_error(body: bytes) -> str:
    """Return Xendit's own error message, or an empty string."""
    try:
        error_body = msgspec.json.decode(body, type=XenditError)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return ": ".join(part for part in (error_body.error_code, error_body.message) if part)


def parse_event(body: bytes) -> WebhookEvent:
    """Parse a callback, whose content is never trusted: the status is fetched. Raises msgspec.DecodeError.

    An event about neither an invoice nor a refund is only stored.
    """
    news = parse_callback(body)
    if news.event is None and news.id and news.external_id and news.status:
        parts = ("invoice", news.id, news.status, news.payment_id)
        return WebhookEvent(
            event_id=":".join(part for part in parts if part),
            event_type=f"invoice.{news.status.lower()}",
            subject="payment",
            reference=news.external_id,
            provider_reference=news.id,
        )
    if news.event is not None and news.event.startswith("refund."):
        refund = parse_refund_callback(bytes(news.data))
        return WebhookEvent(
            event_id=f"refund:{refund.id}:{refund.status or news.event}",
            event_type=news.event,
            subject="payment" if refund.invoice_id else "nothing",
            provider_reference=refund.invoice_id,
        )
    kind = news.event or "other"
    return WebhookEvent(
        event_id=f"{kind}:{news.id or news.created or ''}", event_type=kind, subject="nothing"
    )
