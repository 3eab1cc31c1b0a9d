"""The two demo cooperatives. All people in them are invented."""

from __future__ import annotations

from typing import Final

import msgspec

from demo import goods, sample_csv
from kernel import clock, phone

PIN: Final = "270845"  # of the members with credit
PASSWORD: Final = "coba-lumbung-2026"  # noqa: S105 - printed at every start; production refuses the demo


class DemoCooperative(msgspec.Struct, frozen=True, kw_only=True):
    """The data of one demo cooperative.

    Phone numbers are written as people write them. ``accepts_payments``: every payment method is enabled.
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
    chair_phone_display: str
    treasurer: str
    treasurer_phone_display: str
    names: str
    phone_prefix: str
    products_csv: str
    has_amended_bylaws: bool
    accepts_payments: bool
    random_seed: int

    @property
    def founding_key(self) -> str:
        """The key that makes founding idempotent: each start of the demo finds the same cooperative."""
        return f"demo:{self.slug}"

    @property
    def chair_phone(self) -> str:
        """The chair's phone number in E.164."""
        return phone.parse_mobile(self.chair_phone_display)

    @property
    def people(self) -> list[tuple[str, str, str]]:
        """The people of the register: (sex, name, phone)."""
        return sample_csv.list_people(self.names, self.phone_prefix)

    @property
    def member_name(self) -> str:
        """The name of the member whose login the demo prints."""
        return self.people[0][1]

    @property
    def member_phone_display(self) -> str:
        """That member's phone number."""
        return self.people[0][2]

    def sales_year(self) -> int:
        """Return the past year that has sales in the books."""
        return clock.today(self.timezone).year - 1


COOPERATIVES: Final = (
    DemoCooperative(
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
        chair_phone_display="0899-0000-1001",
        treasurer="Harun Basuki",
        treasurer_phone_display="0899-0000-1002",
        names=sample_csv.MELATI,
        phone_prefix="0899-0000-11",
        products_csv=goods.format_products_csv(goods.COMMON, goods.MELATI),
        has_amended_bylaws=True,
        accepts_payments=True,
        random_seed=20_251,
    ),
    DemoCooperative(
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
        chair_phone_display="0899-0000-2001",
        treasurer="Ni Made Suryani",
        treasurer_phone_display="0899-0000-2002",
        names=sample_csv.MAWAR,
        phone_prefix="0899-0000-22",
        products_csv=goods.format_products_csv(goods.COMMON, goods.MAWAR),
        has_amended_bylaws=False,
        accepts_payments=False,
        random_seed=20_252,
    ),
)
