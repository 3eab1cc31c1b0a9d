"""The whole books as a file to keep: CSV files in a ZIP, written a few thousand lines at a time so that
memory stays bounded.
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
from ledger import book_queries, queries

if TYPE_CHECKING:
    from kernel.database import Reader

IN_MEMORY: Final = 4_000_000
CHUNK: Final = 64 * 1024
# Without it Excel takes UTF-8 for something else.
MARK: Final = "\ufeff"

_JOURNALS: Final = ("number", "value_date", "description", "source_key", "reverses", "posted_by", "posted_at")
_LINES: Final = ("journal", "line", "account", "member_number", "debit", "credit", "balance")
_ACCOUNTS: Final = ("code", "name", "name_english", "kind", "normal_side")
_TOTALS: Final = ("code", "name", "opening", "debit", "credit", "closing")


async def export_books(ro: Reader) -> IO[bytes]:
    """Return a temporary file with accounts.csv, journals.csv, lines.csv and a trial balance for each year,
    from its beginning.
    """
    target = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by whoever streams it
    try:
        await _write_books(ro, target)
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return target


async def _write_books(ro: Reader, target: IO[bytes]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        accounts = [
            (each.code, each.name_id, each.name_en, each.kind, each.normal_side)
            for each in await book_queries.accounts(ro)
        ]
        await _write(archive, "accounts.csv", _ACCOUNTS, _once(accounts))
        await _write(archive, "journals.csv", _JOURNALS, book_queries.export_journals(ro))
        await _write(archive, "lines.csv", _LINES, book_queries.export_lines(ro))
        for year in await queries.years(ro):
            totals = [
                (each.code, each.name_id, each.opening, each.debit, each.credit, each.closing)
                for each in await queries.trial_balance(ro, year)
            ]
            await _write(archive, f"trial-balance-{year}.csv", _TOTALS, _once(totals))


async def stream(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Yield a file in pieces and close it."""
    with file:
        while piece := file.read(CHUNK):
            yield piece


async def _write(
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
        text.write(MARK)
        first = True
        async for batch in batches:
            putting = asyncio.create_task(asyncio.to_thread(_put, text, header if first else (), batch))
            try:
                await asyncio.shield(putting)
            except asyncio.CancelledError:
                await putting  # the file is closed next, and a thread must not be writing to it
                raise
            first = False
        if first:
            _put(text, header, [])


def _put(text: io.TextIOWrapper, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text.writelines(stream_csv(header, ([_plain(cell) for cell in row] for row in rows)))


def _plain(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, datetime) else cell


async def _once(rows: Iterable[Sequence[object]]) -> AsyncIterator[Iterable[Sequence[object]]]:
    yield rows
