"""The bars of a chart of months, reckoned to whole units of its drawing; the table beside it says the same in
figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from kernel import formats

if TYPE_CHECKING:
    from billing.operator_queries import RevenueRow
    from kernel.formats import Lang

WIDTH: Final = 720
HEIGHT: Final = 200
_GAP: Final = 8


class Bar(msgspec.Struct, frozen=True):
    """One month: where its bar stands in the drawing, and what is written below."""

    x: int
    y: int
    width: int
    height: int
    label: str
    description: str


def build_chart(rows: Sequence[RevenueRow], lang: Lang) -> list[Bar]:
    """Return the bars, the highest as high as the drawing; months without a payment have none to see."""
    most = max((row.amount for row in rows), default=0)
    slot = WIDTH // max(len(rows), 1)
    bars = []
    for at, row in enumerate(rows):
        height = row.amount * HEIGHT // most if most else 0
        bars.append(
            Bar(
                at * slot + _GAP // 2,
                HEIGHT - height,
                slot - _GAP,
                height,
                formats.month(row.month, lang)[:3],
                f"{formats.month(row.month, lang)}: {formats.rupiah(row.amount, lang)}",
            )
        )
    return bars
