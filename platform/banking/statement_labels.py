"""Labels of statement lines: status and reason."""

from __future__ import annotations

from typing import Final

from banking.matching_rules import LINE_STATUS_NAMES, LineReason
from kernel.errors import LocalizedText
from kernel.formats import Lang, decimal_mark, rupiah
from kernel.money import Rupiah

# The status badge of a line, and its colour.
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
    ),
    "amount": LocalizedText(
        "Jumlahnya pas, dan tidak ada pembayaran lain sejumlah itu.",
    ),
    "two_lines": LocalizedText(
        "Ada dua baris sejumlah ini untuk satu pembayaran. Pilih yang benar.",
    ),
    "seen_before": LocalizedText(
        "Baris dengan tanggal dan jumlah yang sama sudah pernah masuk. Mungkin ini baris itu juga, "
        "dengan keterangan lain.",
    ),
    "several": LocalizedText(
        "Lebih dari satu pembayaran bisa cocok. Pilih yang benar.",
    ),
    "amount_differs": LocalizedText("Jumlahnya tidak sama dengan yang ditagih."),
    "outside_days": LocalizedText(
        "Jumlahnya pas, tetapi uangnya datang di luar hari-hari pembayaran itu.",
    ),
    "no_unique_suffix": LocalizedText(
        "Jumlahnya pas tetapi bulat, dan nomor pembayarannya tidak tertulis.",
    ),
    "by_hand": LocalizedText("Dicocokkan oleh pengurus."),
}


def line_status_badge(state: str, lang: Lang) -> tuple[str, str]:
    """Return a line's status as the text and the colour of its badge."""
    label = LINE_STATUS_NAMES[state].localize(lang)
    return label[:1].upper() + label[1:], LINE_STATUS_KINDS[state]


def line_reason_text(reason: str | None, sen: int | None, note: str, lang: Lang) -> str:
    """Return the reason of a line's status: sen, the reason's sentence, or its note; may be empty."""
    if sen is not None:
        whole, part = divmod(abs(sen), 100)
        amount = f"{rupiah(Rupiah(whole), lang)}{decimal_mark(lang)}{part:02}"
        return (
            LocalizedText(
                "Memuat sen ({amount}), misalnya bunga bank. Pembayaran selalu rupiah bulat.",
            )
            .format(amount=amount)
            .localize(lang)
        )
    label = MATCH_REASON_LABELS.get(reason)  # type: ignore[call-overload]  # the column's check knows the reasons
    return label.localize(lang) if label is not None else note
