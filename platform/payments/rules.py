"""Pure rules of a payment: transitions, unique suffixes, fees, refundable amounts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from kernel.errors import LocalizedText
from kernel.money import Rupiah
from ledger.chart import (
    BANK,
    CASH,
    GATEWAYS,
    MEMBER_RECEIVABLES,
    MIDTRANS,
    PAYROLL_RECEIVABLES,
    STRIPE,
    VOLUNTARY_SAVINGS,
    WALLETS,
    XENDIT,
)

PaymentStatus = Literal["awaiting", "paid", "failed", "expired", "cancelled", "partly_refunded", "refunded"]
UnpaidStatus = Literal["failed", "expired", "cancelled"]
RefundDestination = Literal["original_method", "wallet", "by_hand"]
# Outcome of a fetched status or a webhook event: a transition, nothing new, an exception, or no payment of
# ours.
ProcessingOutcome = Literal[
    "settled", "known", "awaiting", "failed", "expired", "cancelled", "exception", "unknown", "nothing"
]
ExceptionReason = Literal[
    "amount",
    "currency",
    "reference",
    "refund_failed",
    "refund_not_covered",
    "refund_waits",
    "fault",
    "unheard_refund",
    "charged_back",
]

# Transitions by status. Late money is never lost: a closed payment can still be paid, and is then marked
# late.
TRANSITIONS: Final[Mapping[str, frozenset[PaymentStatus]]] = {
    "awaiting": frozenset({"paid", "failed", "expired", "cancelled"}),
    "failed": frozenset({"paid"}),
    "expired": frozenset({"paid"}),
    "cancelled": frozenset({"paid"}),
    "paid": frozenset({"partly_refunded", "refunded"}),
    "partly_refunded": frozenset({"partly_refunded", "refunded"}),
    "refunded": frozenset(),
}
SETTLED: Final[frozenset[PaymentStatus]] = frozenset({"paid", "partly_refunded", "refunded"})

# Why Lumbung itself closed an unpaid payment or order. The audit log stores the code as ``cause``; what an
# officer or a provider said is ``why``.
CLOSING_CAUSES: Final[dict[str, LocalizedText]] = {
    "unpaid": LocalizedText("Tidak dibayar sampai batas waktunya"),
    "other_method_chosen": LocalizedText("cara lain dipilih"),
    "paid_by_other_method": LocalizedText("sudah dibayar dengan cara lain"),
    "demo_restarted": LocalizedText("layanan uji coba dimulai lagi"),
}
# The label of every status that is shown, and the colour of its badge. The stored statuses come first; the
# others are derived: on_… from the method (CREDIT_STATUSES), the rest for the payer alone (payer_status).
STATUS_LABELS: Final[dict[str, LocalizedText]] = {
    "awaiting": LocalizedText("menunggu pembayaran"),
    "paid": LocalizedText("sudah dibayar"),
    "failed": LocalizedText("gagal"),
    "expired": LocalizedText("lewat batas waktu"),
    "cancelled": LocalizedText("dibatalkan"),
    "partly_refunded": LocalizedText("dikembalikan sebagian"),
    "refunded": LocalizedText("dikembalikan"),
    "on_kasbon": LocalizedText("dicatat sebagai kasbon"),
    "on_payroll": LocalizedText("akan dipotong dari gaji"),
    "lapsed": LocalizedText("batas waktu lewat"),
    "processing": LocalizedText("uangnya sedang di jalan"),
    "checking": LocalizedText("sedang diperiksa pengurus"),
    "paid_late": LocalizedText("sudah dibayar"),
    "in_wallet": LocalizedText("masuk dompet Anda"),
    "owed": LocalizedText("disimpan untuk Anda"),
}
STATUS_COLOURS: Final[dict[str, str]] = {
    "awaiting": "wait",
    "paid": "done",
    "failed": "wrong",
    "expired": "off",
    "cancelled": "off",
    "partly_refunded": "go",
    "refunded": "off",
    "on_kasbon": "go",
    "on_payroll": "go",
    "lapsed": "wait",
    "processing": "wait",
    "checking": "wait",
    "paid_late": "done",
    "in_wallet": "go",
    "owed": "go",
}
# A payment by these methods is not called paid while the payer owes it.
CREDIT_STATUSES: Final[Mapping[str, Literal["on_kasbon", "on_payroll"]]] = {
    "kasbon": "on_kasbon",
    "payroll": "on_payroll",
}
EXCEPTION_LABELS: Final[dict[str, LocalizedText]] = {
    "amount": LocalizedText("Jumlah yang dibayar tidak sama dengan tagihannya."),
    "currency": LocalizedText("Dibayar dalam mata uang lain."),
    "reference": LocalizedText(
        "Penyedia menyebut pembayaran lain untuk nomor ini.",
    ),
    "refund_failed": LocalizedText("Pengembalian uang gagal di penyedia."),
    "refund_not_covered": LocalizedText(
        "Penyedia sudah mengembalikan uangnya, tetapi saldo dompet pembayarnya sudah terpakai. Minta "
        "pembayarnya mengisi dompet.",
    ),
    "refund_waits": LocalizedText(
        "Pengembalian uang sudah dua minggu belum selesai di penyedia. Tanyakan kepada penyedianya.",
    ),
    "fault": LocalizedText("Jawaban penyedia tidak bisa dipakai."),
    "unheard_refund": LocalizedText(
        "Penyedia mengembalikan lebih banyak daripada yang bisa dicatat.",
    ),
    "charged_back": LocalizedText("Pembeli menyanggah pembayaran ini."),
}

# The account that holds a method's money until it is in hand; by member where the method is their own.
CLEARING_ACCOUNTS: Final[Mapping[str, str]] = {
    "cash": CASH,
    "bank_transfer": BANK,
    "qris": GATEWAYS,
    "stripe": STRIPE,
    "midtrans": MIDTRANS,
    "xendit": XENDIT,
    "savings": VOLUNTARY_SAVINGS,
    "wallet": WALLETS,
    "kasbon": MEMBER_RECEIVABLES,
    "payroll": PAYROLL_RECEIVABLES,
}
MAX_UNIQUE_SUFFIX: Final = 999
# A unique suffix stays reserved this long after its payment ended: transfers arrive late over weekends and
# holidays.
UNIQUE_SUFFIX_COOLDOWN: Final = timedelta(days=7)
REFERENCE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # read aloud without I, L, O and U


# Whoever opened an account with a code may not be its owner. The owner gets this time to notice before
# anybody can agree to debts in their name.
PIN_COOLDOWN_AFTER_CODE: Final = timedelta(days=1)


def pin_blocked_until(code_used_at: datetime | None, now: datetime) -> datetime | None:
    """Return until when no PIN may be set, or None when one may.

    ``code_used_at`` is when a code last opened the account.
    """
    until = code_used_at + PIN_COOLDOWN_AFTER_CODE if code_used_at is not None else now
    return until if until > now else None


def can_transition(now: str, then: PaymentStatus) -> bool:
    """Return whether a payment may go from status ``now`` to ``then``."""
    return then in TRANSITIONS[now]


def available_suffixes(amount: Rupiah, taken: Collection[int]) -> Sequence[int]:
    """Return the unique suffixes 1..999 whose total ``amount`` + suffix is not in ``taken`` (rupiah)."""
    used = set(taken)
    return [
        unique_suffix
        for unique_suffix in range(1, MAX_UNIQUE_SUFFIX + 1)
        if int(amount) + unique_suffix not in used
    ]


def calculate_fee(amount: Rupiah, percent: Decimal, fixed: Rupiah) -> Rupiah:
    """Return the fee in rupiah: percent of the amount, rounded half up, plus a fixed sum.

    Never more than the amount.
    """
    if percent < 0 or fixed < 0:
        raise ValueError("a fee is not negative")
    fee = amount.times(percent / Decimal(100), rounding="half_up") + fixed
    return min(fee, amount)


def nonrefundable_suffix(unique_suffix: int, *, of_member: bool) -> int:
    """Return how much of the unique suffix is not refunded, in rupiah.

    A member's suffix is credited as the bylaws say and not refunded. Bylaws do not bind a visitor, who gets
    it back.
    """
    return unique_suffix if of_member else 0


def suffix_in_refund(amount: Rupiah, unique_suffix: int, refunded: Rupiah, refund: Rupiah) -> Rupiah:
    """Return how much of a refund is unique suffix, in rupiah; the suffix is refunded last.

    `refunded` is the sum of the refunds before this one.
    """
    price = int(amount) - unique_suffix
    return Rupiah(max(0, int(refunded) + int(refund) - price) - max(0, int(refunded) - price))


def refundable_amount(amount: Rupiah, nonrefundable: int, refunded: Rupiah, pending: Rupiah) -> Rupiah:
    """Return what can still be refunded: the amount less ``nonrefundable``, ``refunded`` and ``pending``."""
    return Rupiah(max(0, int(amount) - nonrefundable - int(refunded) - int(pending)))


def status_after_refund(amount: Rupiah, nonrefundable: int, refunded: Rupiah) -> PaymentStatus:
    """Return the status once ``refunded`` has been refunded in all."""
    return "refunded" if int(refunded) >= int(amount) - nonrefundable else "partly_refunded"


def is_expired(expires_at: datetime | None, now: datetime) -> bool:
    """Return whether the expiry time has passed."""
    return expires_at is not None and expires_at <= now
