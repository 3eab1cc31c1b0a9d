"""The first steps of a new cooperative, each with the one thing that finishes it.

Pure: what is done comes in, words go out.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from backoffice.queries import SetupProgress
from kernel.errors import LocalizedText
from kernel.formats import Lang


class ChecklistStep(msgspec.Struct, frozen=True):
    """A step of the checklist; ``href`` is where it is done."""

    code: str
    title: str
    text: str
    action: str
    href: str
    done: bool


_STEPS: Final = (
    (
        "bylaws",
        LocalizedText("Cocokkan anggaran dasar", "Match the bylaws"),
        LocalizedText(
            "Pembagian SHU, simpanan, dan harga anggota.",
            "The division of the surplus, deposits, and members' prices.",
        ),
        LocalizedText("Periksa", "Check"),
        "/pengurus/anggaran-dasar",
    ),
    (
        "products",
        LocalizedText("Masukkan barang", "Enter the goods"),
        LocalizedText(
            "Satu per satu, atau sekaligus dari daftar CSV.", "One by one, or all at once from a CSV list."
        ),
        LocalizedText("Tambah barang", "Add goods"),
        "/pengurus/barang",
    ),
    (
        "members",
        LocalizedText("Daftarkan anggota", "Enrol the members"),
        LocalizedText(
            "Setiap anggota mendapat kode untuk masuk pertama kali.",
            "Each member gets a code for the first sign-in.",
        ),
        LocalizedText("Tambah anggota", "Add members"),
        "/pengurus/anggota",
    ),
    (
        "look",
        LocalizedText("Pilih wajah toko", "Choose the face of the shop"),
        LocalizedText("Tema, warna, dan lambang koperasi.", "Theme, colours, and the cooperative's logo."),
        LocalizedText("Pilih", "Choose"),
        "/pengurus/pengaturan/tampilan",
    ),
    (
        "sale",
        LocalizedText("Layani penjualan pertama", "Serve the first sale"),
        LocalizedText(
            "Pesan sesuatu dari toko, lalu serahkan di sini.",
            "Order something from the shop, then hand it over here.",
        ),
        LocalizedText("Buka toko", "Open the shop"),
        "/",
    ),
)


def build_checklist(done: SetupProgress, lang: Lang) -> list[ChecklistStep]:
    """Return the checklist in its order."""
    return [
        ChecklistStep(
            code,
            title.localize(lang),
            text.localize(lang),
            action.localize(lang),
            href,
            done=bool(getattr(done, code)),
        )
        for code, title, text, action, href in _STEPS
    ]


def get_day_bounds(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Return the first moment of a day where the cooperative is, and the first of the next."""
    zone = ZoneInfo(timezone)
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)
