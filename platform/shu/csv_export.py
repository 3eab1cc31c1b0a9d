"""Write the shares as a CSV file for spreadsheets."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kernel.csv_files import stream_csv
from shu.queries import MemberTotalRow, PoolView

BYTE_ORDER_MARK: Final = "\ufeff"  # Excel needs it to recognise UTF-8


def write_csv(pools: Sequence[PoolView], rows: Iterable[MemberTotalRow]) -> bytes:
    """Return a CSV with one line for each member: number, name, basis and share of each pool, and total.

    Amounts are in rupiah. UTF-8 with a byte order mark.
    """
    parts = [name for pool in pools for name in (f"{pool.code}_basis", f"{pool.code}_share")]
    header = ["member_number", "name", *parts, "total"]
    return (BYTE_ORDER_MARK + "".join(stream_csv(header, _iter_rows(rows)))).encode()


def _iter_rows(rows: Iterable[MemberTotalRow]) -> Iterator[list[object]]:
    for row in rows:
        figures = [figure for pair in zip(row.bases, row.amounts, strict=True) for figure in pair]
        yield [row.number, row.name, *figures, row.total]
