"""Generate members and a year of sales for the demo: some members buy weekly, others twice a month.

Seeded, so every demo is the same.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta


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
