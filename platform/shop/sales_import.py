"""Bring in past cash sales by member and day, so that a year's purchases count for its surplus.

The columns are date, member_number, sku, quantity. All lines of a member on a day are one receipt: an order that was handed over and
paid in cash that day, at the products' price. What it sold is bought at the products' cost and paid in cash in the same moment (Dr 1130
Cr 1101, then Dr 1101 Cr 4101 and Dr 5101 Cr 1130), so the counted stock stays as it is. The same product twice on a receipt is summed up.

A line is known by its date, member and product. Sent again it is unchanged, with another quantity it is refused, and a product that the
day's receipt lacks (a bad line that was mended, say) comes on a supplement of that receipt. A sale before the member's joining date is
taken: registers often bear the date of a later list, and the file says who bought.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from kernel.csv_files import CsvFile, Row
from kernel.database import Reader, reader_of
from kernel.errors import Refusal
from kernel.importing import SUM_TOO_LARGE, BadLine, Moved, Report, read_cell, text_cell, whole
from kernel.locks import one_at_a_time
from kernel.money import LARGEST, Rupiah
from kernel.parsing import parse_date, parse_number
from ledger.days import EARLIEST_DAY
from ledger.queries import closed_years
from shop import import_errors, import_queries
from shop.import_queries import KnownMember, PricedProduct
from shop.past_sales import BASE, SUPPLEMENT, Receipt, receipt_key, record_receipts
from ui.queries import today

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

COLUMNS: Final = ("date", "member_number", "sku", "quantity")
MOST_QUANTITY: Final = 1_000_000
KEYS_AT_ONCE: Final = 5_000

# Of one receipt: product -> quantity, and the lines of the file that say so.
Basket = dict[str, int]


class SalesPlan(msgspec.Struct):
    """What a file would do, found out without writing anything. ``receipts`` are new, in the order of days and members."""

    receipts: list[Receipt] = msgspec.field(default_factory=list)
    lines: int = 0
    unchanged: int = 0
    rejected: list[BadLine] = msgspec.field(default_factory=list)


async def import_sales(
    db: AsyncSession, actor: Actor, content: bytes | str, *, skip_bad: bool = False, moved: Moved | None = None
) -> tuple[CsvFile, Report]:
    """Bring past sales in, in the session's transaction; with bad lines and not ``skip_bad``, nothing is written.

    Raises Refusal: kernel.csv_….
    """
    await one_at_a_time(db, "import")
    file, plan = await plan_sales(await reader_of(db), content)
    if plan.rejected and not skip_bad:
        return file, Report(0, plan.unchanged, plan.rejected)
    if plan.receipts:
        await record_receipts(db, actor, plan.receipts, moved)
    return file, Report(plan.lines, plan.unchanged, plan.rejected)


async def plan_sales(ro: Reader, content: bytes | str) -> tuple[CsvFile, SalesPlan]:
    """Read a file and compare it with the orders and the books. Raises Refusal for a file that cannot be used at all."""
    file = CsvFile(content, COLUMNS)
    plan = SalesPlan()
    read = _Reading(file, await today(ro), await closed_years(ro))
    lines = read.lines(plan)
    members = await import_queries.members_by_number(ro, list({number for _, _, number, _, _ in lines}))
    products = await import_queries.priced_products(ro, list({sku for _, _, _, sku, _ in lines}))
    baskets, sources = _baskets(plan, lines, members, products)
    del lines
    await _compare(ro, plan, baskets, sources, members, products)
    plan.rejected.sort(key=lambda bad: bad.line)
    return file, plan


ReadLine = tuple[int, date, str, str, int]


class _Reading:
    """Reads lines; the few hundred dates and quantities that a file repeats are read once."""

    def __init__(self, file: CsvFile, today: date, closed: set[int]) -> None:
        self._file = file
        self._today = today
        self._closed = closed
        self._days: dict[str, date] = {}
        self._quantities: dict[str, int] = {}

    def lines(self, plan: SalesPlan) -> list[ReadLine]:
        """Return the good lines as (line, day, member number, sku, quantity); the others are rejected."""
        good = []
        for row in self._file.rows():
            try:
                good.append(self._line(row))
            except Refusal as reason:
                plan.rejected.append(BadLine(row.line, reason))
        return good

    def _line(self, row: Row) -> ReadLine:
        whole(row, self._file)
        day, number, sku, quantity = row.cells
        if day not in self._days:
            self._days[day] = self._day(day)
        if quantity not in self._quantities:
            self._quantities[quantity] = self._quantity(quantity)
        if not (number and sku):
            text_cell(number, "member_number", limit=200)
            text_cell(sku, "sku", limit=200)
        return row.line, self._days[day], number, sku, self._quantities[quantity]

    def _day(self, cell: str) -> date:
        day = read_cell(parse_date, cell, "date")
        if day > self._today:
            raise import_errors.DAY_AHEAD(day=day)
        if day < EARLIEST_DAY:
            raise import_errors.DAY_TOO_EARLY(year=day.year)
        if day.year in self._closed:
            raise import_errors.YEAR_IS_CLOSED(year=day.year)
        return day

    @staticmethod
    def _quantity(cell: str) -> int:
        quantity = read_cell(parse_number, cell, "quantity")
        if not 1 <= quantity <= MOST_QUANTITY:
            raise import_errors.SALE_QUANTITY(quantity=quantity, most=MOST_QUANTITY)
        return quantity


def _baskets(
    plan: SalesPlan, lines: list[ReadLine], members: dict[str, KnownMember], products: dict[str, PricedProduct]
) -> tuple[dict[tuple[date, str], Basket], dict[tuple[date, str, str], list[int]]]:
    """Sum the lines up into receipts, and keep which lines say what."""
    baskets: dict[tuple[date, str], Basket] = {}
    sources: dict[tuple[date, str, str], list[int]] = {}
    total = 0
    for line, day, number, sku, quantity in lines:
        member, product = members.get(number), products.get(sku)
        if member is None or member.status not in ("active", "left"):
            plan.rejected.append(BadLine(line, import_errors.UNKNOWN_MEMBER(number=number)))
        elif product is None:
            plan.rejected.append(BadLine(line, import_errors.UNKNOWN_PRODUCT(sku=sku)))
        elif total + max(product.price, product.cost) * quantity > LARGEST:
            plan.rejected.append(BadLine(line, SUM_TOO_LARGE(largest=Rupiah(LARGEST))))
        else:
            total += max(product.price, product.cost) * quantity
            basket = baskets.setdefault((day, number), {})
            basket[sku] = basket.get(sku, 0) + quantity
            sources.setdefault((day, number, sku), []).append(line)
    return baskets, sources


async def _compare(
    ro: Reader,
    plan: SalesPlan,
    baskets: dict[tuple[date, str], Basket],
    sources: dict[tuple[date, str, str], list[int]],
    members: dict[str, KnownMember],
    products: dict[str, PricedProduct],
) -> None:
    known, counts = await _known(ro, [receipt_key(*which) for which in baskets])
    for (day, number), basket in sorted(baskets.items()):
        key = receipt_key(day, number)
        recorded = known.get(key)
        if recorded is None:
            plan.receipts.append(_receipt(key, day, members[number], basket, products))
            plan.lines += sum(len(sources[day, number, sku]) for sku in basket)
            continue
        fresh: Basket = {}
        for sku, quantity in basket.items():
            before = recorded.get(products[sku].id)
            if before is None:
                fresh[sku] = quantity
                plan.lines += len(sources[day, number, sku])
            elif before == quantity:
                plan.unchanged += len(sources[day, number, sku])
            else:
                reason = import_errors.ANOTHER_QUANTITY(
                    sku=sku, number=number, day=day, recorded=before, quantity=quantity
                )
                plan.rejected += [BadLine(line, reason) for line in sources[day, number, sku]]
        if fresh:
            supplement = receipt_key(day, number, counts.get(key, 0) + 1)
            plan.receipts.append(_receipt(supplement, day, members[number], fresh, products))


async def _known(ro: Reader, keys: list[str]) -> tuple[dict[str, dict[object, int]], dict[str, int]]:
    """Return what is recorded under these receipts, supplements counted in, and how many supplements each has."""
    known: dict[str, dict[object, int]] = {}
    for at in range(0, len(keys), KEYS_AT_ONCE):
        for key, product, quantity in await import_queries.imported_sales(ro, keys[at : at + KEYS_AT_ONCE]):
            known.setdefault(key, {})[product] = quantity
    added: dict[str, set[str]] = {}
    for supplement, product, quantity in await import_queries.supplements(ro, SUPPLEMENT):
        key = f"{BASE}:{supplement.partition(':')[2]}"
        if key in known:
            known[key][product] = quantity
            added.setdefault(key, set()).add(supplement)
    return known, {key: len(supplements) for key, supplements in added.items()}


def _receipt(key: str, day: date, member: KnownMember, basket: Basket, products: dict[str, PricedProduct]) -> Receipt:
    return Receipt(key, day, member, [(products[sku], quantity) for sku, quantity in basket.items()])
