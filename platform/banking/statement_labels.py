"""How the pages of statements say what became of a line, and why."""

from __future__ import annotations

from typing import Final

from banking.matching_rules import LINE_STATUS_NAMES, LineReason
from kernel.errors import LocalizedText
from kernel.formats import Lang, rupiah
from kernel.money import Rupiah

# The state, as a small word on a line, and its colour.
LINE_STATUS_KINDS: Final = {
    "unmatched": "wait",
    "doubtful": "wait",
    "matched": "done",
    "set_aside": "off",
    "outgoing": "off",
}

MATCH_REASON_LABELS: Final[dict[LineReason, LocalizedText]] = {
    "reference": LocalizedText(
        "Nomor pembayarannya tertulis di keterangan, dan jumlahnya pas.",
        "Its text names the payment, and the amount is right.",
    ),
    "amount": LocalizedText(
        "Jumlahnya pas, dan tidak ada pembayaran lain sejumlah itu.",
        "The amount is right, and no other payment has it.",
    ),
    "two_lines": LocalizedText(
        "Ada dua baris sejumlah ini untuk satu pembayaran. Pilih yang benar.",
        "Two lines have this amount for one payment. Choose the right one.",
    ),
    "seen_before": LocalizedText(
        "Baris dengan tanggal dan jumlah yang sama sudah pernah masuk. Mungkin ini baris itu juga, "
        "dengan keterangan lain.",
        "A line of the same date and amount came before. This may be that line in other words.",
    ),
    "several": LocalizedText(
        "Lebih dari satu pembayaran bisa cocok. Pilih yang benar.",
        "More than one payment may fit. Choose the right one.",
    ),
    "amount_differs": LocalizedText(
        "Jumlahnya tidak sama dengan yang ditagih.", "The amount is not the one asked for."
    ),
    "outside_days": LocalizedText(
        "Jumlahnya pas, tetapi uangnya datang di luar hari-hari pembayaran itu.",
        "The amount is right, but the money came outside the days of that payment.",
    ),
    "no_unique_suffix": LocalizedText(
        "Jumlahnya pas tetapi bulat, dan nomor pembayarannya tidak tertulis.",
        "The amount is right but round, and the text names no payment.",
    ),
    "by_hand": LocalizedText("Dicocokkan oleh pengurus.", "Matched by an officer."),
}


def line_status_badge(state: str, lang: Lang) -> tuple[str, str]:
    """The state in a word that begins a line, and the kind of its mark."""
    said = LINE_STATUS_NAMES[state].localize(lang)
    return said[:1].upper() + said[1:], LINE_STATUS_KINDS[state]


def line_reason_text(reason: str | None, sen: int | None, note: str, lang: Lang) -> str:
    """Why a line stands as it does: that it holds sen, the sentence of its reason, or what was written about
    it; empty where nothing is.
    """
    if sen is not None:
        whole, part = divmod(abs(sen), 100)
        amount = f"{rupiah(Rupiah(whole), lang)}{',' if lang == 'id' else '.'}{part:02}"
        return LocalizedText(
            f"Memuat sen ({amount}), misalnya bunga bank. Pembayaran selalu rupiah bulat.",
            f"It holds sen ({amount}), like interest of the bank. Payments are whole rupiah.",
        ).localize(lang)
    told = MATCH_REASON_LABELS.get(reason)  # type: ignore[call-overload]  # the column's check knows the reasons
    return told.localize(lang) if told is not None else note
