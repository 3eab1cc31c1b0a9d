"""What Xendit answers, in the fields that we use.

Amounts are JSON numbers, read as Decimal so that no float is ever made of money.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Final, Literal

import msgspec

from kernel.money import MAX_DIGITS, Rupiah
from payments.provider import OutsideState, ProviderFault

RefundState = Literal["done", "pending", "failed"]

# SETTLED: the money of a paid invoice has reached the balance
STATES: Final[dict[str, OutsideState]] = {
    "PENDING": "awaiting",
    "PAID": "paid",
    "SETTLED": "paid",
    "EXPIRED": "expired",
}
REFUND_STATES: Final[dict[str, RefundState]] = {
    "SUCCEEDED": "done",
    "PENDING": "pending",
    "REQUIRES_ACTION": "pending",
    "FAILED": "failed",
    "CANCELLED": "failed",
}


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """``adjusted_received_amount`` is what is left after the fee, once it is known."""

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
    def state(self) -> OutsideState:
        """Raises ProviderFault for a state that we do not know."""
        state = STATES.get(self.status)
        if state is None:
            raise ProviderFault(
                f"Xendit told a state that we do not know: {self.status[:30]!r}", passing=False
            )
        return state


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: str
    amount: Decimal
    invoice_id: str | None = None
    reference_id: str | None = None
    failure_code: str | None = None

    @property
    def state(self) -> RefundState:
        """A state that we do not know is not done yet."""
        return REFUND_STATES.get(self.status, "pending")


class Refunds(msgspec.Struct, frozen=True, kw_only=True):
    data: tuple[Refund, ...]
    has_more: bool = False


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """The withheld taxes are deducted from the fee or added to it by the tax office's rules; Xendit tells
    them signed as they count.
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


class Movement(msgspec.Struct, frozen=True, kw_only=True):
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
    fee: Fee | None = None

    @property
    def charged(self) -> Decimal:
        """What was kept: told by the difference where a net amount is told, else by the parts of the fee."""
        if self.net_amount is not None and self.cashflow == "MONEY_IN":
            return self.amount - self.net_amount
        return self.fee.total if self.fee is not None else Decimal(0)


class Movements(msgspec.Struct, frozen=True, kw_only=True):
    data: tuple[Movement, ...]
    has_more: bool = False


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    balance: Decimal


class RefundNews(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: str = ""
    invoice_id: str | None = None


class News(msgspec.Struct, frozen=True, kw_only=True):
    """A callback: an invoice lies at its top (id, external_id, status), everything newer in ``data`` under
    the name of an event.
    """

    id: str | None = None
    external_id: str | None = None
    status: str | None = None
    payment_id: str | None = None
    event: str | None = None
    created: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    error_code: str | None = None
    message: str | None = None


INVOICE: Final = msgspec.json.Decoder(Invoice).decode
INVOICES: Final = msgspec.json.Decoder(tuple[Invoice, ...]).decode
REFUND: Final = msgspec.json.Decoder(Refund).decode
REFUNDS: Final = msgspec.json.Decoder(Refunds).decode
MOVEMENTS: Final = msgspec.json.Decoder(Movements).decode
BALANCE: Final = msgspec.json.Decoder(Balance).decode
NEWS: Final = msgspec.json.Decoder(News).decode
REFUND_NEWS: Final = msgspec.json.Decoder(RefundNews).decode


def whole_rupiah(amount: Decimal) -> Rupiah:
    """Raises ProviderFault for a fraction of a rupiah, and for a number that is none of money."""
    _check_size(amount)
    if amount != amount.to_integral_value():
        raise ProviderFault(f"Xendit told an amount that is not whole rupiah: {amount}", passing=False)
    return Rupiah(amount)


def fee_in_rupiah(fee: Decimal) -> Rupiah:
    """A fee rounded up: a percentage leaves a part of a rupiah, which Xendit keeps.

    Raises ProviderFault for a number that is none of money.
    """
    _check_size(fee)
    return Rupiah(int(fee.to_integral_value(rounding=ROUND_CEILING)))


def _check_size(amount: Decimal) -> None:
    # "1e999999" is short to send, and a million digits as a whole number
    if not amount.is_finite() or amount.adjusted() >= MAX_DIGITS:
        raise ProviderFault(f"Xendit told an amount that is none: {amount:.3e}", passing=False)


def sentence(body: bytes) -> str:
    """Xendit's own words for a refusal, or nothing."""
    try:
        said = msgspec.json.decode(body, type=Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return ": ".join(part for part in (said.error_code, said.message) if part)
