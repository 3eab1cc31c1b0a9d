"""Import past cash sales by member and day, so that a year's purchases count for its surplus (SHU).

The columns are date, member_number, sku, quantity. All lines of one member and day make one receipt: an order
that was handed over and paid in cash that day, at the products' current price. The sold units are bought at
the products' cost and paid in cash at the same time (Dr 1130 Cr 1101, then Dr 1101 Cr 4101 and Dr 5101 Cr
1130), so the stock does not change. The quantities of a product that occurs twice on a receipt are added.

A line is identified by date, member and product. A line that was imported before is unchanged, or refused if
its quantity differs. A product that is missing from an imported receipt (a corrected line, for example) is
recorded on a supplement of that receipt. A sale before the member's joining date is accepted: registers often
have the date of a later list.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy.exc import IntegrityError

from cooperative.queries import get_timezone, get_today
from kernel import audit
from kernel.csv_files import CsvFile, CsvRow
from kernel.database import Reader, as_reader
from kernel.database_errors import UNIQUE_VIOLATION, get_sqlstate
from kernel.errors import DomainError
from kernel.file_import import (
    CHANGED_MEANWHILE,
    SUM_TOO_LARGE,
    ImportReport,
    PrefetchedBatches,
    ProgressCallback,
    RejectedLine,
    import_in_transaction,
    iter_in_thread,
    parse_cell,
    parse_text_cell,
    require_all_cells,
)
from kernel.ids import new_id
from kernel.money import MAX_AMOUNT, Rupiah
from kernel.parsing import parse_date, parse_number
from ledger.posting_dates import EARLIEST_POSTING_DATE
from ledger.year_queries import get_closed_years
from shop import errors, record_past_sales, sales_staging, staging_queries
from shop.record_past_sales import KEY_PREFIX, SUPPLEMENT_PREFIX
from shop.staging_queries import StagedReceipt

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

COLUMNS: Final = ("date", "member_number", "sku", "quantity")
SalesLine = tuple[int, date, str, str, int]
T = TypeVar("T")

MAX_QUANTITY: Final = 1_000_000


async def import_sales(
    db: AsyncSession,
    actor: Actor,
    content: bytes | str,
    *,
    skip_bad: bool = False,
    on_progress: ProgressCallback | None = None,
) -> tuple[CsvFile, ImportReport]:
    """Import past sales in the caller's transaction.

    If there are rejected lines and `skip_bad` is false, nothing is written. Raises DomainError: kernel.csv_….
    """
    return await import_in_transaction(
        db, SalesImport(actor), content, skip_bad=skip_bad, on_progress=on_progress
    )


class SalesImport:
    """The import of past sales in batches, a `kernel.file_import.BatchedImport`.

    The whole file is recorded at the prices read by `check`. Between batches the object stores where the next
    one begins.
    """

    name = "import of sales"

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._id = new_id()
        self._zone = ZoneInfo("UTC")
        self._lines = self._after = self._done = self._receipts = self._total = 0
        self._batches = PrefetchedBatches(
            self._read, functools.partial(record_past_sales.prepare_batch, by=actor.name)
        )

    async def check(self, db: AsyncSession, content: bytes | str) -> tuple[CsvFile, ImportReport]:
        """Stage the whole file and compare it with the recorded orders. Raises DomainError: kernel.csv_…."""
        ro = as_reader(db)
        file = await asyncio.to_thread(CsvFile, content, COLUMNS)
        read = _SalesReader(file, await get_today(ro), await get_closed_years(ro))
        self._zone = ZoneInfo(await get_timezone(ro))
        await sales_staging.stage_sales(db, self._id, iter_in_thread(read.lines()))
        rejected = read.rejected
        for line, number, sku, no_member in await staging_queries.list_unknown_lines(ro, self._id):
            rejected.append(
                RejectedLine(line, _unknown_member(number) if no_member else _unknown_product(sku))
            )
        large = SUM_TOO_LARGE(largest=Rupiah(MAX_AMOUNT))
        too_much = await staging_queries.list_excess_lines(ro, self._id)
        await sales_staging.delete_lines(db, self._id, too_much)
        rejected += [RejectedLine(line, large) for line in too_much]
        compared = await sales_staging.build_receipts(db, self._id, KEY_PREFIX, SUPPLEMENT_PREFIX)
        if compared.differing:
            rejected += await _list_quantity_errors(ro, self._id)
        rejected.sort(key=lambda bad: bad.line)
        self._lines = await staging_queries.count_receipt_lines(ro, self._id)
        return file, ImportReport(compared.fresh, compared.unchanged, rejected)

    async def begin(self, db: AsyncSession) -> None:
        """Record in the audit log that the import begins."""
        if self._lines:
            audit.record(
                db, self._actor, "shop.sales_import_begun", subject="orders", params={"lines": self._lines}
            )

    async def record_batch(self, db: AsyncSession) -> tuple[int, int] | None:
        """Record the next batch of receipts; return (lines done, lines in all), or None at the end.

        Raises DomainError: kernel.import_changed_meanwhile, and as `ledger.post_journal`.
        """
        batch = await self._batches.next_batch(db)
        if batch is None:
            if self._done < self._lines:  # staged rows have been deleted meanwhile
                raise CHANGED_MEANWHILE()
            return None
        try:
            await record_past_sales.record_receipts(db, self._actor, self._id, batch, self._zone)
        except (asyncpg.IntegrityConstraintViolationError, IntegrityError) as taken:
            if get_sqlstate(taken) != UNIQUE_VIOLATION:
                raise
            raise CHANGED_MEANWHILE() from taken  # somebody recorded the same receipt after the check
        self._receipts += len(batch.receipts)
        self._done += sum(receipt.lines for receipt in batch.receipts)
        self._total += sum(receipt.total for receipt in batch.receipts)
        return self._done, self._lines

    async def _read(self, db: AsyncSession) -> list[StagedReceipt]:
        ro = as_reader(db)
        receipts = await staging_queries.list_receipts(
            ro, self._id, self._after, record_past_sales.BATCH_SIZE
        )
        self._after += len(receipts)
        return receipts

    async def finish(self, db: AsyncSession) -> None:
        """Record the totals in the audit log and clear the staging tables."""
        if self._lines:
            params = {"receipts": self._receipts, "lines": self._lines, "total": self._total}
            audit.record(db, self._actor, "shop.sales_imported", subject="orders", params=params)
        await self.discard(db)

    async def discard(self, db: AsyncSession) -> None:
        """Clear the staging tables."""
        await sales_staging.clear_staging(db, self._id)


class _SalesReader:
    """Parses the lines of a sales file.

    Dates and quantities repeat often, so their parsed values and errors are cached.
    """

    def __init__(self, file: CsvFile, today: date, closed: set[int]) -> None:
        self.rejected: list[RejectedLine] = []
        self._file = file
        self._today = today
        self._closed = closed
        self._days: dict[str, date | DomainError] = {}
        self._quantities: dict[str, int | DomainError] = {}

    def lines(self) -> Iterator[SalesLine]:
        """Yield the valid lines as (line, day, member number, sku, quantity) and collect the others in
        `rejected`.
        """
        for row in self._file.rows():
            try:
                yield self._line(row)
            except DomainError as reason:
                self.rejected.append(RejectedLine(row.line, reason.with_traceback(None)))

    def _line(self, row: CsvRow) -> SalesLine:
        require_all_cells(row, self._file)
        day, number, sku, quantity = row.cells
        on = _parse_cached(self._days, day, self._day)
        pieces = _parse_cached(self._quantities, quantity, self._quantity)
        if not (number and sku):
            parse_text_cell(number, "member_number", limit=200)
            parse_text_cell(sku, "sku", limit=200)
        return row.line, on, number, sku, pieces

    def _day(self, cell: str) -> date:
        day = parse_cell(parse_date, cell, "date")
        if day > self._today:
            raise errors.DAY_AHEAD(day=day)
        if day < EARLIEST_POSTING_DATE:
            raise errors.DAY_TOO_EARLY(year=day.year)
        if day.year in self._closed:
            raise errors.YEAR_IS_CLOSED(year=day.year)
        return day

    @staticmethod
    def _quantity(cell: str) -> int:
        quantity = parse_cell(parse_number, cell, "quantity")
        if not 1 <= quantity <= MAX_QUANTITY:
            raise errors.SALE_QUANTITY(quantity=quantity, most=MAX_QUANTITY)
        return quantity


def _parse_cached(read: dict[str, T | DomainError], cell: str, reader: Callable[[str], T]) -> T:
    """Parse a cell, or return or raise the cached result of the same text."""
    if cell not in read:
        try:
            read[cell] = reader(cell)
        except DomainError as reason:
            read[cell] = reason
    found = read[cell]
    if isinstance(found, DomainError):
        raise found
    return found


@functools.lru_cache(maxsize=1_000)
def _unknown_member(number: str) -> DomainError:
    return errors.UNKNOWN_MEMBER(number=number)


@functools.lru_cache(maxsize=1_000)
def _unknown_product(sku: str) -> DomainError:
    return errors.UNKNOWN_PRODUCT(sku=sku)


async def _list_quantity_errors(ro: Reader, import_id: UUID) -> list[RejectedLine]:
    """Return the lines whose quantities differ from recorded sales, as rejected lines."""
    rejected = []
    for each in await staging_queries.list_quantity_conflicts(ro, import_id, KEY_PREFIX):
        reason = errors.ANOTHER_QUANTITY(
            sku=each.sku,
            number=each.member_number,
            day=each.day,
            recorded=each.recorded,
            quantity=each.quantity,
        )
        rejected += [RejectedLine(line, reason) for line in each.lines]
    return rejected
