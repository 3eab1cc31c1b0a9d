"""Generate members and a year of sales for the demo: some members buy weekly, others twice a month.

Seeded, so every demo is the same. Any resemblance to real people is accidental; the phone numbers are not
assigned to anybody.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final


def generate_register_csv(
    people: Sequence[tuple[str, str, str]], seed: int, last_year: int, principal: int, monthly: int
) -> str:
    """Return the register as CSV in the format of the members' import.

    The deposits are as of the beginning of ``last_year``, in rupiah.
    """
    rng = random.Random(seed)
    rows = ["member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit"]
    for at, (sex, name, phone) in enumerate(people, start=1):
        joined = date(last_year - 1 - rng.randrange(4), rng.randrange(1, 13), rng.randrange(1, 28))
        months = (last_year - joined.year) * 12 - joined.month + 1
        voluntary = rng.choice((0, 0, 150_000, 250_000, 400_000, 600_000, 1_250_000))
        rows.append(f"{at:04d},{name},{sex},{phone},{joined},{principal},{monthly * months},{voluntary}")
    return "\n".join(rows) + "\n"


def generate_sales_csv(
    numbers: Sequence[str], skus: Sequence[str], seed: int, first: date, last: date
) -> str:
    """Return the receipts from ``first`` to ``last`` as CSV in the format of the sales import."""
    rng = random.Random(seed)
    liking = [rng.choice((1, 1, 2, 3, 5)) for _ in skus]
    rows = ["date,member_number,sku,quantity"]
    for number in numbers:
        every = rng.choice((6, 8, 11, 15, 21, 34))
        day = first + timedelta(days=rng.randrange(every))
        while day <= last:
            basket = dict.fromkeys(rng.choices(skus, liking, k=rng.randrange(1, 6)))
            rows += [f"{day},{number},{sku},{rng.choice((1, 1, 1, 2, 2, 3))}" for sku in basket]
            day += timedelta(days=max(1, round(every * rng.uniform(0.6, 1.4))))
    return "\n".join(rows) + "\n"


MELATI: Final = """
P Sri Wahyuni|L Agus Setiawan|P Dewi Kartikasari|L Bambang Sutrisno|P Endang Purwanti|L Hendra Wijayanto
P Yuliana Safitri|L Joko Prasetyo
P Ratna Puspitasari|L Eko Nugroho|P Siti Maesaroh|L Dwi Haryanto|P Lilis Suryani|L Rudi Hermawan
P Nining Rahayu|L Slamet Widodo
P Tutik Handayani|L Wahyu Kurniawan|P Murni Astuti|L Teguh Santoso|P Umi Kulsum|L Taufik Hidayatullah
P Wiwin Indarti|L Yanto Subagyo
P Puji Lestari|L Arif Rahmanto|P Kartini Susilo|L Budi Cahyono|P Rina Marlinda|L Dedi Supriyadi
P Nur Azizah|L Gunawan Saputra
P Sulistyowati Ningrum|L Heri Purnomo|P Fitriani Amalia|L Imam Mustofa|P Winarsih Utami|L Kurnia Ramadhan
""".replace("\n", "|").strip("|")

MAWAR: Final = """
P Ni Wayan Sekarini|L I Made Darmawan|P Baiq Nurhasanah|L Lalu Wirajaya|P Ni Kadek Ariani
L I Ketut Suardika|P Rohani Zulfa|L Amaq Sahrul
P Hasnah Mardiana|L I Nyoman Partha|P Inaq Saodah|L Muhammad Rifai|P Ni Luh Purnami|L I Gede Sujana
P Zaenab Fatmawati|L Abdul Karim
P Marlina Safrida|L Sahabudin Noor|P Komang Trisna|L Putu Adnyana|P Hapsah Rahimi|L Mahrip Hasan
P Ni Made Rustini|L I Wayan Lanus
P Sakinah Umami|L Jumahir Saleh|P Raehanun Fitri|L Nengah Sukarta|P Kalsum Hayati|L Suparlan Hadi
P Desak Puspa|L Lalu Hamzah
P Aminah Juliati|L I Komang Yasa|P Mawaddah Sari|L Munawir Haris|P Baiq Suryaningsih|L Ahmad Fauzan
""".replace("\n", "|").strip("|")


def list_people(names: str, phone_prefix: str) -> list[tuple[str, str, str]]:
    """Return (sex, name, phone) of each person; phones count up from the prefix."""
    people = [each.strip().partition(" ") for each in names.split("|")]
    return [(sex, name, f"{phone_prefix}{at:02d}") for at, (sex, _, name) in enumerate(people, start=10)]
