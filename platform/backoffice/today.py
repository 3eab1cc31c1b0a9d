"""The first steps of a new cooperative, each with the one thing that finishes it.

Pure: what is done comes in, words go out.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from backoffice.queries import Beginnings
from kernel.errors import Words
from kernel.formats import Lang


class Step(msgspec.Struct, frozen=True):
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
        Words("Cocokkan anggaran dasar", "Match the bylaws"),
        Words(
            "Pembagian SHU, simpanan, dan harga anggota.",
            "The division of the surplus, deposits, and members' prices.",
        ),
        Words("Periksa", "Check"),
        "/pengurus/anggaran-dasar",
    ),
    (
        "products",
        Words("Masukkan barang", "Enter the goods"),
        Words(
            "Satu per satu, atau sekaligus dari daftar CSV.", "One by one, or all at once from a CSV list."
        ),
        Words("Tambah barang", "Add goods"),
        "/pengurus/barang",
    ),
    (
        "members",
        Words("Daftarkan anggota", "Enrol the members"),
        Words(
            "Setiap anggota mendapat kode untuk masuk pertama kali.",
            "Each member gets a code for the first sign-in.",
        ),
        Words("Tambah anggota", "Add members"),
        "/pengurus/anggota",
    ),
    (
        "look",
        Words("Pilih wajah toko", "Choose the face of the shop"),
        Words("Tema, warna, dan lambang koperasi.", "Theme, colours, and the cooperative's logo."),
        Words("Pilih", "Choose"),
        "/pengurus/pengaturan/tampilan",
    ),
    (
        "sale",
        Words("Layani penjualan pertama", "Serve the first sale"),
        Words(
            "Pesan sesuatu dari toko, lalu serahkan di sini.",
            "Order something from the shop, then hand it over here.",
        ),
        Words("Buka toko", "Open the shop"),
        "/",
    ),
)


def steps(done: Beginnings, lang: Lang) -> list[Step]:
    """Return the checklist in its order."""
    return [
        Step(
            code,
            title.worded(lang),
            text.worded(lang),
            action.worded(lang),
            href,
            done=bool(getattr(done, code)),
        )
        for code, title, text, action, href in _STEPS
    ]


def day_of(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Return the first moment of a day where the cooperative is, and the first of the next."""
    zone = ZoneInfo(timezone)
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)
