"""Midtrans's transaction object, and its conversion to our status.

Times are WIB without a time zone; amounts are text such as "24145.00".
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import msgspec

from gateways.protocol import ProviderError, ProviderPaymentStatus, ProviderStatus
from kernel.money import Rupiah

MIDTRANS_ZONE: Final = timezone(timedelta(hours=7))

_WHOLE: Final = re.compile(r"([0-9]{1,15})(?:\.0{1,2})?")

# https://docs.midtrans.com/docs/transaction-status-cycle; a capture is judged by its fraud status, see
# status_of
_STATES: Final[dict[str, ProviderPaymentStatus]] = {
    "pending": "awaiting",
    "authorize": "awaiting",
    "settlement": "paid",
    "capture": "paid",
    "refund": "paid",
    "partial_refund": "paid",
    "chargeback": "paid",
    "partial_chargeback": "paid",
    "deny": "failed",
    "failure": "failed",
    "cancel": "cancelled",
    "expire": "expired",
}
_DISPUTED: Final = frozenset({"chargeback", "partial_chargeback"})


class MidtransRefund(msgspec.Struct, frozen=True):
    refund_amount: str = "0"
    refund_key: str = ""
    refund_chargeback_id: int | str = ""


class MidtransVirtualAccount(msgspec.Struct, frozen=True):
    bank: str = ""
    va_number: str = ""


class MidtransTransaction(msgspec.Struct, frozen=True):
    """The fields of an answer or a notification that we use.

    ``gross_amount`` stays text: the signature covers it as sent.
    """

    status_code: str = ""
    status_message: str = ""
    transaction_id: str = ""
    order_id: str = ""
    transaction_status: str = ""
    fraud_status: str = ""
    gross_amount: str = ""
    currency: str = "IDR"
    payment_type: str = ""
    transaction_time: str = ""
    settlement_time: str = ""
    signature_key: str = ""
    refund_amount: str | None = None
    refund_key: str = ""
    refunds: tuple[MidtransRefund, ...] = ()
    va_numbers: tuple[MidtransVirtualAccount, ...] = ()
    permata_va_number: str = ""
    biller_code: str = ""
    bill_key: str = ""

    @property
    def code(self) -> int:
        return int(self.status_code) if self.status_code.isdecimal() and len(self.status_code) == 3 else 0

    def find_refund(self, key: str) -> MidtransRefund | None:
        """Return the refund requested under this key, if it was granted."""
        return next((refund for refund in self.refunds if refund.refund_key == key), None)

    def instructions(self) -> dict[str, Any]:
        """Return the virtual account to pay to, once the buyer has chosen one.

        Midtrans returns a QR code only once, so it is never here.
        """
        if self.va_numbers:
            return {"va_bank": self.va_numbers[0].bank.upper(), "va_number": self.va_numbers[0].va_number}
        if self.permata_va_number:
            return {"va_bank": "PERMATA", "va_number": self.permata_va_number}
        if self.bill_key:
            return {"va_bank": "MANDIRI", "va_number": f"{self.biller_code} {self.bill_key}"}
        return {}


def parse_transaction(body: bytes) -> MidtransTransaction:
    """Parse an answer or a notification; null fields count as missing.

    Raises msgspec.DecodeError for anything else.
    """
    decoded = msgspec.json.decode(body)
    if not isinstance(decoded, dict):
        raise msgspec.ValidationError("not an object")
    return msgspec.convert(
        {name: value for name, value in decoded.items() if value is not None}, MidtransTransaction
    )


def to_provider_status(transaction: MidtransTransaction) -> ProviderStatus:
    """Return the provider status of a transaction.

    Raises ProviderError for an unknown status, and for an amount that is not whole rupiah.
    """
    state = _payment_status(transaction)
    refunded = _refunded(transaction)
    return ProviderStatus(
        payment_status=state,
        reference=transaction.order_id,
        provider_reference=transaction.transaction_id,
        amount=parse_rupiah(transaction.gross_amount) if state == "paid" else Rupiah(0),
        currency=transaction.currency or "IDR",
        refunded=refunded if state == "paid" else Rupiah(0),
        paid_at=_parse_time(transaction.settlement_time or transaction.transaction_time)
        if state == "paid"
        else None,
        processing=state == "awaiting" and transaction.transaction_status == "capture",
        disputed=transaction.transaction_status in _DISPUTED,
        dispute_ids=_dispute_ids(transaction),
        detail=": ".join(part for part in (transaction.transaction_status, transaction.payment_type) if part),
    )


def parse_rupiah(text: str) -> Rupiah:
    """Parse an amount such as "24145.00".

    Raises ProviderError for a fraction of a rupiah and for anything else.
    """
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise ProviderError(
            f"Midtrans told an amount that is not whole rupiah: {text[:30]!r}", transient=False
        )
    return Rupiah(int(found[1]))


def _payment_status(transaction: MidtransTransaction) -> ProviderPaymentStatus:
    state = _STATES.get(transaction.transaction_status)
    if state is None:
        raise ProviderError(
            f"Midtrans told a state that we do not know: {transaction.transaction_status[:30]!r}",
            transient=False,
        )
    if transaction.transaction_status == "capture" and transaction.fraud_status in {"challenge", "deny"}:
        # challenged: no goods until the cooperative has approved it at Midtrans
        return "awaiting" if transaction.fraud_status == "challenge" else "failed"
    return state


def _refunded(transaction: MidtransTransaction) -> Rupiah:
    """Return the refunded amount. A full chargeback contains no amount."""
    if transaction.transaction_status not in {"refund", "partial_refund", "chargeback", "partial_chargeback"}:
        return Rupiah(0)
    if transaction.refunds:
        return Rupiah.total(parse_rupiah(refund.refund_amount) for refund in transaction.refunds)
    if transaction.refund_amount:
        return parse_rupiah(transaction.refund_amount)
    return (
        parse_rupiah(transaction.gross_amount)
        if transaction.transaction_status in {"refund", "chargeback"}
        else Rupiah(0)
    )


def _dispute_ids(transaction: MidtransTransaction) -> tuple[str, ...]:
    """Return Midtrans's chargeback id: while the status is a chargeback, that of the newest refund."""
    newest = (
        transaction.refunds[-1].refund_chargeback_id
        if transaction.transaction_status in _DISPUTED and transaction.refunds
        else ""
    )
    return (str(newest),) if newest else ()


def _parse_time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=MIDTRANS_ZONE)
    except ValueError:
        return None
