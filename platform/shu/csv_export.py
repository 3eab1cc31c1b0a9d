"""The shares as a CSV file that spreadsheets open without harm."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kernel.csv_files import stream_csv
from shu.queries import MemberTotalRow, PoolView

BYTE_ORDER_MARK: Final = "\ufeff"  # by it, Excel takes the file for UTF-8


def write_csv(pools: Sequence[PoolView], rows: Iterable[MemberTotalRow]) -> bytes:
    """One line a member: number, name, for each pool the basis and the share in rupiah, and the total.

    UTF-8 with a byte order mark.
    """
    parts = [name for pool in pools for name in (f"{pool.code}_basis", f"{pool.code}_share")]
    header = ["member_number", "name", *parts, "total"]
    return (BYTE_ORDER_MARK + "".join(stream_csv(header, _lines(rows)))).encode()


def _lines(rows: Iterable[MemberTotalRow]) -> Iterator[list[object]]:
    for row in rows:
        figures = [figure for pair in zip(row.bases, row.amounts, strict=True) for figure in pair]
        yield [row.number, row.name, *figures, row.total]
