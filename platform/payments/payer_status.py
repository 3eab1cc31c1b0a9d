"""What the page of a payment says: the state as its payer understands it, and the mark by which a waiting
page knows that something changed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from kernel import formats
from kernel.errors import LocalizedText
from kernel.formats import Lang
from payments.member_funds import CREDIT_METHODS
from payments.rules import STATUS_LABELS, is_expired

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

# As rules.STATUS_NAMES says them, and those that only a payer knows.
PAYER_STATUS_NAMES: Final[dict[str, LocalizedText]] = STATUS_LABELS | {
    "lapsed": LocalizedText("batas waktu lewat"),
    "processing": LocalizedText("uangnya sedang di jalan"),
    "checking": LocalizedText("sedang diperiksa pengurus"),
    "on_kasbon": LocalizedText("dicatat sebagai kasbon"),
    "on_payroll": LocalizedText("akan dipotong dari gaji"),
    "paid_late": STATUS_LABELS["paid"],
    "in_wallet": LocalizedText("masuk dompet Anda"),
    "owed": LocalizedText("disimpan untuk Anda"),
}
# The colour of each.
PAYER_STATUS_KINDS: Final[dict[PayerStatus, str]] = {
    "awaiting": "wait",
    "lapsed": "wait",
    "processing": "wait",
    "checking": "wait",
    "paid": "done",
    "on_kasbon": "go",
    "on_payroll": "go",
    "paid_late": "done",
    "in_wallet": "go",
    "owed": "go",
    "partly_refunded": "done",
    "refunded": "off",
    "failed": "wrong",
    "expired": "off",
    "cancelled": "off",
}
SETTLED_STATUSES: Final[frozenset[PayerStatus]] = frozenset(
    {"paid", "on_kasbon", "on_payroll", "paid_late", "in_wallet", "owed", "partly_refunded", "refunded"}
)
PENDING_STATUSES: Final[frozenset[PayerStatus]] = frozenset({"awaiting", "lapsed", "processing", "checking"})


def payer_status(payment: PayerPaymentView, now: datetime) -> PayerStatus:
    """Return the state in the payer's eyes.

    "lapsed": its time is up, and whether money came is still being asked; "processing": the payer has paid,
    and a bank takes its time; "checking": something did not fit, an officer looks at it; "on_kasbon",
    "on_payroll": the payer owes it now, and no money came; "paid_late": paid too late, and what it was for
    could still be had; "in_wallet", "owed": it was gone, and there the money lies.
    """
    if payment.status in ("partly_refunded", "refunded"):
        return payment.status  # type: ignore[return-value]  # just compared
    if payment.status == "paid":
        if payment.applied_to == "purpose" and payment.method in CREDIT_METHODS:
            return "on_kasbon" if payment.method == "kasbon" else "on_payroll"
        if payment.applied_to == "purpose":
            return "paid_late" if payment.late else "paid"
        return "in_wallet" if payment.applied_to == "wallet" else "owed"
    if payment.exceptions:
        return "checking"
    if payment.status == "awaiting":
        if payment.processing_since is not None:
            return "processing"
        return "lapsed" if is_expired(payment.expires_at, now) else "awaiting"
    return payment.status  # type: ignore[return-value]  # the column's check knows the states


def status_badge(state: PayerStatus, lang: Lang) -> tuple[str, str]:
    """Return a state as the words of its mark, and the mark's colour."""
    said = PAYER_STATUS_NAMES[state].localize(lang)
    return said[:1].upper() + said[1:], PAYER_STATUS_KINDS[state]


def view_version(payment: PayerPaymentView, refunds: Sequence[PayerRefundView], now: datetime) -> str:
    """Return a short text that changes when the page of this payment would look different."""
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
    """Return the whole seconds until its time is up, or None for one that waits for ever."""
    return max(0, int((payment.expires_at - now).total_seconds())) if payment.expires_at else None


def split_amount(payment: PayerPaymentView, lang: Lang) -> tuple[str, str] | None:
    """Return the amount as written, divided before the digits that tell it from others; None for a payment
    without a tail.
    """
    if not payment.unique_suffix:
        return None
    written = formats.rupiah(payment.amount, lang)
    return written[:-3], written[-3:]


def extract_account_number(account: str) -> str:
    """Return the digits of an account as officers wrote it ("BCA 123-456 7890 a.n.

    …"), for the button that copies; all of it where none are.
    """
    runs = [re.sub(r"\D", "", run) for run in re.findall(r"[0-9][0-9 .\-]{4,}[0-9]", account)]
    return max(runs, key=len, default=account)


def is_allowed_redirect(url: str | None, fake_gateway_url: str | None) -> bool:
    """Whether a payer may be led to this address of a provider: https, or the stand-in that the settings
    name.
    """
    if not url or any(letter <= " " or letter in "\"'<>\\" for letter in url):
        return False
    parts = urlsplit(url)
    if fake_gateway_url:
        theirs = urlsplit(fake_gateway_url)
        if (parts.scheme, parts.netloc) == (theirs.scheme, theirs.netloc):
            return True
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
