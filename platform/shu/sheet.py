"""The shares as a CSV file that spreadsheets open without harm."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from shu.queries import PoolView, TotalRow

BYTE_ORDER_MARK: Final = "\ufeff"  # by it, Excel takes the file for UTF-8
_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write_csv(pools: Sequence[PoolView], rows: Iterable[TotalRow]) -> bytes:
    """One line a member: number, name, for each pool the basis and the share in rupiah, and the total. UTF-8 with a byte order mark."""
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\r\n")
    parts = [name for pool in pools for name in (f"{pool.code}_basis", f"{pool.code}_share")]
    sheet.writerow(["member_number", "name", *parts, "total"])
    for row in rows:
        figures = [figure for pair in zip(row.bases, row.amounts, strict=True) for figure in pair]
        sheet.writerow([_harmless(row.number), _harmless(row.name), *figures, row.total])
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def _harmless(text: str) -> str:
    """A name that begins like a formula would be run by the spreadsheet: an apostrophe makes it text."""
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
