"""Labels of reconciliation: the reason of a difference, and what to do about an unexplained one."""

from __future__ import annotations

from typing import Final

from banking.reconciliation_rules import EntryRole, ReconciliationReason
from kernel.errors import LocalizedText
from kernel.formats import Lang

REASON_LABELS: Final[dict[ReconciliationReason, LocalizedText]] = {
    "equal": LocalizedText("Cocok", context="banking.reconciliation_labels"),
    "other_day": LocalizedText("Dicatat pada hari lain"),
    "fee_untold": LocalizedText("Biaya belum diberitahukan sampai selesai"),
    "payout_under_way": LocalizedText("Pencairan sedang berjalan"),
    "refund_pending": LocalizedText("Pengembalian sedang berjalan"),
    "trial": LocalizedText("Pembayaran uji coba, tidak masuk buku"),
    "aside": LocalizedText("Disisihkan pengurus"),
    "not_told": LocalizedText("Belum terlihat di sana, biasanya menyusul"),
    "by_hand": LocalizedText("Dicatat dengan tangan"),
    "reversed": LocalizedText("Catatan yang dibalik"),
    "opening": LocalizedText("Saldo awal, dicatat dengan tangan"),
    "rounding": LocalizedText("Pecahan rupiah"),
    "amount": LocalizedText("Jumlahnya berbeda"),
    "not_booked": LocalizedText("Sudah dibayar di sana, belum lunas di sini"),
    "unknown": LocalizedText("Tidak ada pembayaran yang cocok"),
    "fee_unbooked": LocalizedText("Biaya tanpa pembayaran kita"),
    "refund_unheard": LocalizedText("Dikembalikan di sana, belum tercatat di sini"),
    "payout_unbooked": LocalizedText("Pencairan belum tercatat"),
    "other": LocalizedText("Catatan lain di penyedia"),
    "missing": LocalizedText("Ada di buku, tidak terlihat di sana"),
    "hand": LocalizedText("Catatan tangan tanpa pasangan"),
    "rest": LocalizedText("Selisih saldo tanpa catatan yang menjelaskannya"),
}
REASON_HINTS: Final[dict[ReconciliationReason, LocalizedText]] = {
    "amount": LocalizedText(
        "Bandingkan dengan layar penyedia, lalu catat selisihnya di halaman Buku.",
    ),
    "not_booked": LocalizedText(
        "Buka pembayarannya dan tekan “Tanyakan kepada penyedia”.",
    ),
    "unknown": LocalizedText(
        "Mungkin uang dari tempat lain. Catat di halaman Buku dengan jumlah yang sama.",
    ),
    "fee_unbooked": LocalizedText(
        "Catat biayanya di halaman Buku dengan jumlah yang sama.",
    ),
    "refund_unheard": LocalizedText(
        "Buka pembayarannya dan tekan “Tanyakan kepada penyedia”.",
    ),
    "payout_unbooked": LocalizedText("Tekan “Ambil sekarang”."),
    "other": LocalizedText(
        "Lihat keterangannya di layar penyedia, lalu catat di halaman Buku dengan jumlah yang sama.",
    ),
    "missing": LocalizedText(
        "Periksa apakah uangnya benar-benar masuk. Kalau tidak, balik catatannya.",
    ),
    "hand": LocalizedText("Periksa catatannya. Kalau keliru, balik."),
    "rest": LocalizedText(
        "Lebih banyak di penyedia: biasanya uang yang sudah ada sebelum dipakai di sini; catat sebagai "
        "saldo awal di halaman Buku. Lebih sedikit: tanyakan dulu kepada penyedia.",
    ),
}
ROLE_LABELS: Final[dict[EntryRole, LocalizedText]] = {
    "payment": LocalizedText("Pembayaran"),
    "fee": LocalizedText("Biaya"),
    "refund": LocalizedText("Pengembalian", context="banking.reconciliation_labels"),
    "payout": LocalizedText("Pencairan ke bank"),
    "other": LocalizedText("Lain-lain"),
    "hand": LocalizedText("Catatan tangan"),
}


def reason_label(reason: ReconciliationReason, lang: Lang) -> str:
    """Return the text for a difference's reason."""
    return REASON_LABELS[reason].localize(lang)
