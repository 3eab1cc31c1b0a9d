"""The two demo cooperatives. Everybody in them is invented."""

from __future__ import annotations

from typing import Final

import msgspec

from demo import goods, people
from kernel import clock, phone

PIN: Final = "270845"  # of the members who may owe
PASSWORD: Final = "coba-lumbung-2026"  # noqa: S105 - printed at every start; production refuses the demo


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """One of them.

    Phones are written as people write them; ``pays``: every way of paying is switched on, to try.
    """

    slug: str
    name: str
    tagline: str
    address: str
    bank_account: str
    timezone: str
    theme: str
    accent: str
    header: str
    bylaws: str
    chair: str
    chair_shown: str
    treasurer: str
    treasurer_shown: str
    names: str
    phones: str
    goods: str
    new_bylaws: bool
    pays: bool
    seed: int

    @property
    def key(self) -> str:
        """The founding key: the same cooperative however often the demo starts."""
        return f"demo:{self.slug}"

    @property
    def chair_phone(self) -> str:
        """In E.164."""
        return phone.parse_mobile(self.chair_shown)

    @property
    def people(self) -> list[tuple[str, str, str]]:
        """The register: (sex, name, phone)."""
        return people.register(self.names, self.phones)

    @property
    def member(self) -> str:
        """The member whose sign-in is told."""
        return self.people[0][1]

    @property
    def member_shown(self) -> str:
        """Their phone."""
        return self.people[0][2]

    def year(self) -> int:
        """The past year whose sales the books hold."""
        return clock.today(self.timezone).year - 1


COOPERATIVES: Final = (
    Demo(
        slug="melati",
        name="Koperasi Konsumen Melati",
        tagline="Belanja di toko sendiri, hasilnya kembali sendiri.",
        address="Jalan Contoh Melati 12, Kampung Karangan",
        bank_account="Bank Contoh 000-111-222 atas nama Koperasi Konsumen Melati",
        timezone="Asia/Jakarta",
        theme="sawah",
        accent="#7a3b12",
        header="#f0c75e",
        bylaws="konsumen",
        chair="Retno Palupi",
        chair_shown="0899-0000-1001",
        treasurer="Harun Basuki",
        treasurer_shown="0899-0000-1002",
        names=people.MELATI,
        phones="0899-0000-11",
        goods=goods.as_csv(goods.COMMON, goods.MELATI),
        new_bylaws=True,
        pays=True,
        seed=20_251,
    ),
    Demo(
        slug="mawar",
        name="Koperasi Desa Merah Putih Mawar",
        tagline="Hasil desa, untuk desa.",
        address="Balai Desa Karangan, Kecamatan Contoh",
        bank_account="Bank Contoh 000-333-444 atas nama KDMP Mawar",
        timezone="Asia/Makassar",
        theme="pesisir",
        accent="#9b1c2e",
        header="#5c1220",
        bylaws="desa-merah-putih",
        chair="Lalu Wiranata",
        chair_shown="0899-0000-2001",
        treasurer="Ni Made Suryani",
        treasurer_shown="0899-0000-2002",
        names=people.MAWAR,
        phones="0899-0000-22",
        goods=goods.as_csv(goods.COMMON, goods.MAWAR),
        new_bylaws=False,
        pays=False,
        seed=20_252,
    ),
)
