"""Ways of paying as a buyer reads them: each with the one sentence that tells it from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kernel import formats
from ui.words import words

if TYPE_CHECKING:
    from payments.ways import Offer
    from ui.viewer import Visit


def way_choices(offers: Sequence[Offer], visit: Visit) -> list[tuple[str, str, str | None]]:
    """Return (way, name, hint) of each offer, as the radio buttons of a form take them."""
    return [(offer.way.way, offer.way.label.worded(visit.lang), hint_of(offer, visit)) for offer in offers]


def hint_of(offer: Offer, visit: Visit) -> str | None:
    """Return what a buyer should know before choosing; what is theirs comes with its amount."""
    say = words(visit.lang).gettext
    if offer.has is not None:
        amount = {"amount": formats.rupiah(offer.has, visit.lang)}
        owed = offer.way.way in ("kasbon", "payroll")
        told = (say("Sisa batas Anda %(amount)s") if owed else say("Saldo Anda %(amount)s")) % amount
        return told if offer.enough else f"{told}. {say('Belum cukup.')}"
    return {
        "cash": None,
        "bank_transfer": say("Nomor rekening kami tunjukkan sesudah memesan"),
        "qris": say("Pindai dengan aplikasi bank atau dompet digital apa pun"),
        "stripe": say("Halaman pembayaran Stripe terbuka sesudah memesan"),
        "midtrans": say("Halaman pembayaran Midtrans terbuka sesudah memesan"),
        "xendit": say("Halaman pembayaran Xendit terbuka sesudah memesan"),
    }.get(offer.way.way)
