"""Export the whole ledger as CSV files in a ZIP.

Rows are read in batches of some thousand, so that memory use stays bounded.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, Final

from kernel import clock
from kernel.csv_files import stream_csv
from ledger import report_queries, year_queries

if TYPE_CHECKING:
    from kernel.database import Reader

MAX_BYTES_IN_MEMORY: Final = 4_000_000
CHUNK_BYTES: Final = 64 * 1024
# Excel needs it to recognise UTF-8.
BYTE_ORDER_MARK: Final = "\ufeff"

_JOURNALS: Final = ("number", "value_date", "description", "source_key", "reverses", "posted_by", "posted_at")
_LINES: Final = ("journal", "line", "account", "member_number", "debit", "credit", "balance")
_ACCOUNTS: Final = ("code", "name", "name_english", "kind", "normal_side")
_TOTALS: Final = ("code", "name", "opening", "debit", "credit", "closing")


async def export_ledger(ro: Reader) -> IO[bytes]:
    """Return a temporary ZIP file with the whole ledger, positioned at its start.

    It contains accounts.csv, journals.csv, lines.csv and a trial balance for each year. The caller closes it.
    """
    target = tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY)  # noqa: SIM115 - closed by whoever streams it
    try:
        await _write_ledger(ro, target)
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return target


async def _write_ledger(ro: Reader, target: IO[bytes]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        accounts = [
            (each.code, each.name_id, each.name_en, each.kind, each.normal_side)
            for each in await report_queries.list_accounts(ro)
        ]
        await _write_csv(archive, "accounts.csv", _ACCOUNTS, _single_batch(accounts))
        await _write_csv(archive, "journals.csv", _JOURNALS, report_queries.export_journals(ro))
        await _write_csv(archive, "lines.csv", _LINES, report_queries.export_lines(ro))
        for year in await year_queries.list_years(ro):
            totals = [
                (each.code, each.name_id, each.opening, each.debit, each.credit, each.closing)
                for each in await year_queries.get_trial_balance(ro, year)
            ]
            await _write_csv(archive, f"trial-balance-{year}.csv", _TOTALS, _single_batch(totals))


async def stream_file(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Yield the content of a file in chunks, and close the file."""
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


async def _write_csv(
    archive: zipfile.ZipFile,
    name: str,
    header: Sequence[str],
    batches: AsyncIterator[Iterable[Sequence[object]]],
) -> None:
    info = zipfile.ZipInfo(name, clock.now().timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    with (
        archive.open(info, "w", force_zip64=True) as entry,
        io.TextIOWrapper(entry, encoding="utf-8", newline="") as text,
    ):
        text.write(BYTE_ORDER_MARK)
        first = True
        async for batch in batches:
            writing = asyncio.create_task(
                asyncio.to_thread(_write_rows, text, header if first else (), batch)
            )
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                await writing  # the caller closes the file, so the thread must end first
                raise
            first = False
        if first:
            _write_rows(text, header, [])


def _write_rows(text: io.TextIOWrapper, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text.writelines(stream_csv(header, ([_format_cell(cell) for cell in row] for row in rows)))


def _format_cell(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, datetime) else cell


async def _single_batch(rows: Iterable[Sequence[object]]) -> AsyncIterator[Iterable[Sequence[object]]]:
    yield rows
