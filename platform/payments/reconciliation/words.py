"""What reconciliation says of a difference: why it is there, and what to do about one that nobody can
explain.
"""

from __future__ import annotations

from typing import Final

from kernel.errors import Words
from kernel.formats import Lang
from payments.reconciliation.rules import Role, Why

WHYS: Final[dict[Why, Words]] = {
    "equal": Words("Cocok", "Equal"),
    "other_day": Words("Dicatat pada hari lain", "Booked on another day"),
    "fee_untold": Words(
        "Biaya belum diberitahukan sampai selesai", "The fee is not told or booked to the end yet"
    ),
    "payout_under_way": Words("Pencairan sedang berjalan", "The payout is under way"),
    "refund_pending": Words("Pengembalian sedang berjalan", "The refund is under way"),
    "trial": Words("Pembayaran uji coba, tidak masuk buku", "A trial payment, not in the books"),
    "aside": Words("Disisihkan pengurus", "Set aside by an officer"),
    "not_told": Words("Belum terlihat di sana, biasanya menyusul", "Not seen there yet, it usually follows"),
    "by_hand": Words("Dicatat dengan tangan", "Entered by hand"),
    "reversed": Words("Catatan yang dibalik", "An entry that was reversed"),
    "opening": Words("Saldo awal, dicatat dengan tangan", "The opening balance, entered by hand"),
    "rounding": Words("Pecahan rupiah", "Parts of a rupiah"),
    "amount": Words("Jumlahnya berbeda", "The amounts differ"),
    "not_booked": Words("Sudah dibayar di sana, belum lunas di sini", "Paid there, not paid here"),
    "unknown": Words("Tidak ada pembayaran yang cocok", "No payment fits"),
    "fee_unbooked": Words("Biaya tanpa pembayaran kita", "A fee of no payment of ours"),
    "refund_unheard": Words(
        "Dikembalikan di sana, belum tercatat di sini", "Given back there, not booked here"
    ),
    "payout_unbooked": Words("Pencairan belum tercatat", "A payout that is not booked"),
    "other": Words("Catatan lain di penyedia", "Another movement at the provider"),
    "missing": Words("Ada di buku, tidak terlihat di sana", "In the books, not seen there"),
    "hand": Words("Catatan tangan tanpa pasangan", "An entry by hand that answers nothing"),
    "rest": Words(
        "Selisih saldo tanpa catatan yang menjelaskannya", "A difference that no movement tells of"
    ),
}
HINTS: Final[dict[Why, Words]] = {
    "amount": Words(
        "Bandingkan dengan layar penyedia, lalu catat selisihnya di halaman Buku.",
        "Compare with the provider's screen, then enter the difference on the page Books.",
    ),
    "not_booked": Words(
        "Buka pembayarannya dan tekan “Tanyakan kepada penyedia”.",
        "Open the payment and press “Ask the provider”.",
    ),
    "unknown": Words(
        "Mungkin uang dari tempat lain. Catat di halaman Buku dengan jumlah yang sama.",
        "Perhaps money from elsewhere. Enter it on the page Books with the same amount.",
    ),
    "fee_unbooked": Words(
        "Catat biayanya di halaman Buku dengan jumlah yang sama.",
        "Enter the fee on the page Books, the same amount.",
    ),
    "refund_unheard": Words(
        "Buka pembayarannya dan tekan “Tanyakan kepada penyedia”.",
        "Open the payment and press “Ask the provider”.",
    ),
    "payout_unbooked": Words("Tekan “Ambil sekarang”.", "Press “Fetch now”."),
    "other": Words(
        "Lihat keterangannya di layar penyedia, lalu catat di halaman Buku dengan jumlah yang sama.",
        "See on the provider's screen what it is, then enter it on the page Books with the same amount.",
    ),
    "missing": Words(
        "Periksa apakah uangnya benar-benar masuk. Kalau tidak, balik catatannya.",
        "Check whether the money really came. If not, reverse the entry.",
    ),
    "hand": Words("Periksa catatannya. Kalau keliru, balik.", "Check the entry. If it is wrong, reverse it."),
    "rest": Words(
        "Lebih banyak di penyedia: biasanya uang yang sudah ada sebelum dipakai di sini; catat sebagai "
        "saldo awal di halaman Buku. Lebih sedikit: tanyakan dulu kepada penyedia.",
        "More at the provider: usually money from before it was used here; enter it as an opening "
        "balance on the page Books. Less: ask the provider first.",
    ),
}
ROLES: Final[dict[Role, Words]] = {
    "payment": Words("Pembayaran", "Payment"),
    "fee": Words("Biaya", "Fee"),
    "refund": Words("Pengembalian", "Refund"),
    "payout": Words("Pencairan ke bank", "Payout to the bank"),
    "other": Words("Lain-lain", "Other"),
    "hand": Words("Catatan tangan", "Entry by hand"),
}


def words_of(why: Why, lang: Lang) -> str:
    """Why a difference is there, in words."""
    return WHYS[why].worded(lang)
