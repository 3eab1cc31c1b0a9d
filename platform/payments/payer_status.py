"""The payment's status as its payer sees it, and the version by which a polling page detects changes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from kernel import formats
from kernel.formats import Lang
from payments.rules import CREDIT_STATUSES, STATUS_COLOURS, STATUS_LABELS, is_expired

if TYPE_CHECKING:
    from payments.payer_queries import PayerPaymentView, PayerRefundView

PayerStatus = Literal[
    "awaiting",
    "lapsed",
    "processing",
    "checking",
    "paid",
    "on_kasbon",
    "on_payroll",
    "paid_late",
    "in_wallet",
    "owed",
    "partly_refunded",
    "refunded",
    "failed",
    "expired",
    "cancelled",
]

SETTLED_STATUSES: Final[frozenset[PayerStatus]] = frozenset(
    {"paid", "on_kasbon", "on_payroll", "paid_late", "in_wallet", "owed", "partly_refunded", "refunded"}
)
PENDING_STATUSES: Final[frozenset[PayerStatus]] = frozenset({"awaiting", "lapsed", "processing", "checking"})


def payer_status(payment: PayerPaymentView, now: datetime) -> PayerStatus:
    """Return the payment's status as the payer sees it.

    "lapsed": it has expired and the provider has not confirmed yet whether it was paid. "processing": the
    payer has paid and a bank is transferring the money. "checking": an officer checks an exception.
    "on_kasbon", "on_payroll": the payer owes the amount; no money was received. "paid_late": paid after its
    expiry and still applied to its purpose. "in_wallet", "owed": the purpose no longer accepted the money,
    which was credited to the payer's wallet or is owed to the payer.
    """
    if payment.status in ("partly_refunded", "refunded"):
        return payment.status  # type: ignore[return-value]  # compared above
    if payment.status == "paid":
        if payment.applied_to == "purpose" and payment.method in CREDIT_STATUSES:
            return CREDIT_STATUSES[payment.method]
        if payment.applied_to == "purpose":
            return "paid_late" if payment.late else "paid"
        return "in_wallet" if payment.applied_to == "wallet" else "owed"
    if payment.exceptions:
        return "checking"
    if payment.status == "awaiting":
        if payment.processing_since is not None:
            return "processing"
        return "lapsed" if is_expired(payment.expires_at, now) else "awaiting"
    return payment.status  # type: ignore[return-value]  # CHECK allows only these


def status_badge(state: PayerStatus, lang: Lang) -> tuple[str, str]:
    """Return a status as the text and the colour of its badge."""
    label = STATUS_LABELS[state].localize(lang)
    return label[:1].upper() + label[1:], STATUS_COLOURS[state]


def view_version(payment: PayerPaymentView, refunds: Sequence[PayerRefundView], now: datetime) -> str:
    """Return a short hash that changes when the payment's page would look different."""
    params = (
        payer_status(payment, now),
        payment.refunded,
        payment.exceptions,
        payment.redirect_url,
        payment.instructions,
        payment.expires_at,
        payment.payer_claimed_at,
        *((each.amount, each.status) for each in refunds),
    )
    return hashlib.sha256(repr(params).encode()).hexdigest()[:16]


def seconds_left(payment: PayerPaymentView, now: datetime) -> int | None:
    """Return the whole seconds until the payment expires, or None when it does not."""
    return max(0, int((payment.expires_at - now).total_seconds())) if payment.expires_at else None


def split_amount(payment: PayerPaymentView, lang: Lang) -> tuple[str, str] | None:
    """Return the formatted amount, split before the unique suffix's digits; None without a suffix."""
    if not payment.unique_suffix:
        return None
    written = formats.rupiah(payment.amount, lang)
    return written[:-3], written[-3:]


def extract_account_number(account: str) -> str:
    """Return the digits of a bank account as officers wrote it, for the copy button.

    The text looks like "BCA 123-456 7890 a.n. …"; without digits, all of it is returned.
    """
    runs = [re.sub(r"\D", "", run) for run in re.findall(r"[0-9][0-9 .\-]{4,}[0-9]", account)]
    return max(runs, key=len, default=account)


def is_allowed_redirect(url: str | None, fake_gateway_url: str | None) -> bool:
    """Return whether a payer may be sent to this provider URL: https, or the configured fake gateway."""
    if not url or any(letter <= " " or letter in "\"'<>\\" for letter in url):
        return False
    parts = urlsplit(url)
    if fake_gateway_url:
        gateway = urlsplit(fake_gateway_url)
        if (parts.scheme, parts.netloc) == (gateway.scheme, gateway.netloc):
            return True
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
