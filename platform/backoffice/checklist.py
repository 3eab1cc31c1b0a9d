"""The checklist of a new cooperative's first steps. Pure functions."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from backoffice.queries import SetupProgress
from kernel.errors import LocalizedText
from kernel.formats import Lang


class ChecklistStep(msgspec.Struct, frozen=True):
    """A step of the checklist; ``href`` is the page where it is done."""

    code: str
    title: str
    text: str
    action: str
    href: str
    done: bool


_STEPS: Final = (
    (
        "bylaws",
        LocalizedText("Cocokkan anggaran dasar"),
        LocalizedText(
            "Pembagian SHU, simpanan, dan harga anggota.",
            context="backoffice.checklist",
        ),
        LocalizedText("Periksa"),
        "/pengurus/anggaran-dasar",
    ),
    (
        "products",
        LocalizedText("Masukkan barang", context="backoffice.checklist"),
        LocalizedText("Satu per satu, atau sekaligus dari daftar CSV."),
        LocalizedText("Tambah barang"),
        "/pengurus/barang",
    ),
    (
        "members",
        LocalizedText("Daftarkan anggota"),
        LocalizedText(
            "Setiap anggota mendapat kode untuk masuk pertama kali.",
        ),
        LocalizedText("Tambah anggota", context="backoffice.checklist"),
        "/pengurus/anggota",
    ),
    (
        "appearance",
        LocalizedText("Pilih wajah toko"),
        LocalizedText("Tema, warna, dan lambang koperasi."),
        LocalizedText("Pilih"),
        "/pengurus/pengaturan/tampilan",
    ),
    (
        "sale",
        LocalizedText("Layani penjualan pertama"),
        LocalizedText(
            "Pesan sesuatu dari toko, lalu serahkan di sini.",
        ),
        LocalizedText("Buka toko"),
        "/",
    ),
)


def build_checklist(done: SetupProgress, lang: Lang) -> list[ChecklistStep]:
    """Return the checklist in its order, in the reader's language."""
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
    """Return the first moment of a day and of the next day, in the cooperative's time zone."""
    zone = ZoneInfo(timezone)
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)
