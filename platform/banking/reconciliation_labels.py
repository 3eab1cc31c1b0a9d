"""What reconciliation says of a difference: why it is there, and what to do about one that nobody can
explain.
"""

from __future__ import annotations

from typing import Final

from banking.reconciliation_rules import EntryRole, ReconciliationReason
from kernel.errors import LocalizedText
from kernel.formats import Lang

REASON_LABELS: Final[dict[ReconciliationReason, LocalizedText]] = {
    "equal": LocalizedText("Cocok", "Equal"),
    "other_day": LocalizedText("Dicatat pada hari lain", "Booked on another day"),
    "fee_untold": LocalizedText(
        "Biaya belum diberitahukan sampai selesai", "The fee is not told or booked to the end yet"
    ),
    "payout_under_way": LocalizedText("Pencairan sedang berjalan", "The payout is under way"),
    "refund_pending": LocalizedText("Pengembalian sedang berjalan", "The refund is under way"),
    "trial": LocalizedText("Pembayaran uji coba, tidak masuk buku", "A trial payment, not in the books"),
    "aside": LocalizedText("Disisihkan pengurus", "Set aside by an officer"),
    "not_told": LocalizedText(
        "Belum terlihat di sana, biasanya menyusul", "Not seen there yet, it usually follows"
    ),
    "by_hand": LocalizedText("Dicatat dengan tangan", "Entered by hand"),
    "reversed": LocalizedText("Catatan yang dibalik", "An entry that was reversed"),
    "opening": LocalizedText("Saldo awal, dicatat dengan tangan", "The opening balance, entered by hand"),
    "rounding": LocalizedText("Pecahan rupiah", "Parts of a rupiah"),
    "amount": LocalizedText("Jumlahnya berbeda", "The amounts differ"),
    "not_booked": LocalizedText("Sudah dibayar di sana, belum lunas di sini", "Paid there, not paid here"),
    "unknown": LocalizedText("Tidak ada pembayaran yang cocok", "No payment fits"),
    "fee_unbooked": LocalizedText("Biaya tanpa pembayaran kita", "A fee of no payment of ours"),
    "refund_unheard": LocalizedText(
        "Dikembalikan di sana, belum tercatat di sini", "Given back there, not booked here"
    ),
    "payout_unbooked": LocalizedText("Pencairan belum tercatat", "A payout that is not booked"),
    "other": LocalizedText("Catatan lain di penyedia", "Another movement at the provider"),
    "missing": LocalizedText("Ada di buku, tidak terlihat di sana", "In the books, not seen there"),
    "hand": LocalizedText("Catatan tangan tanpa pasangan", "An entry by hand that answers nothing"),
    "rest": LocalizedText(
        "Selisih saldo tanpa catatan yang menjelaskannya", "A difference that no movement tells of"
    ),
}
REASON_HINTS: Final[dict[ReconciliationReason, LocalizedText]] = {
    "amount": LocalizedText(
        "Bandingkan dengan layar penyedia, lalu catat selisihnya di halaman Buku.",
        "Compare with the provider's screen, then enter the difference on the page Books.",
    ),
    "not_booked": LocalizedText(
        "Buka pembayarannya dan tekan “Tanyakan kepada penyedia”.",
        "Open the payment and press “Ask the provider”.",
    ),
    "unknown": LocalizedText(
        "Mungkin uang dari tempat lain. Catat di halaman Buku dengan jumlah yang sama.",
        "Perhaps money from elsewhere. Enter it on the page Books with the same amount.",
    ),
    "fee_unbooked": LocalizedText(
        "Catat biayanya di halaman Buku dengan jumlah yang sama.",
        "Enter the fee on the page Books, the same amount.",
    ),
    "refund_unheard": LocalizedText(
        "Buka pembayarannya dan tekan “Tanyakan kepada penyedia”.",
        "Open the payment and press “Ask the provider”.",
    ),
    "payout_unbooked": LocalizedText("Tekan “Ambil sekarang”.", "Press “Fetch now”."),
    "other": LocalizedText(
        "Lihat keterangannya di layar penyedia, lalu catat di halaman Buku dengan jumlah yang sama.",
        "See on the provider's screen what it is, then enter it on the page Books with the same amount.",
    ),
    "missing": LocalizedText(
        "Periksa apakah uangnya benar-benar masuk. Kalau tidak, balik catatannya.",
        "Check whether the money really came. If not, reverse the entry.",
    ),
    "hand": LocalizedText(
        "Periksa catatannya. Kalau keliru, balik.", "Check the entry. If it is wrong, reverse it."
    ),
    "rest": LocalizedText(
        "Lebih banyak di penyedia: biasanya uang yang sudah ada sebelum dipakai di sini; catat sebagai "
        "saldo awal di halaman Buku. Lebih sedikit: tanyakan dulu kepada penyedia.",
        "More at the provider: usually money from before it was used here; enter it as an opening "
        "balance on the page Books. Less: ask the provider first.",
    ),
}
ROLE_LABELS: Final[dict[EntryRole, LocalizedText]] = {
    "payment": LocalizedText("Pembayaran", "Payment"),
    "fee": LocalizedText("Biaya", "Fee"),
    "refund": LocalizedText("Pengembalian", "Refund"),
    "payout": LocalizedText("Pencairan ke bank", "Payout to the bank"),
    "other": LocalizedText("Lain-lain", "Other"),
    "hand": LocalizedText("Catatan tangan", "Entry by hand"),
}


def reason_label(reason: ReconciliationReason, lang: Lang) -> str:
    """Why a difference is there, in words."""
    return REASON_LABELS[reason].localize(lang)
