"""Compute the bars of the revenue chart, in whole units of the drawing.

The table next to the chart gives the same figures as text.
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


class ChartBar(msgspec.Struct, frozen=True):
    """The bar of one month: its position in the drawing, its label and its description."""

    x: int
    y: int
    width: int
    height: int
    label: str
    description: str


def build_revenue_chart(rows: Sequence[RevenueRow], lang: Lang) -> list[ChartBar]:
    """Return one bar per month; the highest fills the drawing, a month without payments has height 0."""
    most = max((row.amount for row in rows), default=0)
    slot = WIDTH // max(len(rows), 1)
    bars = []
    for at, row in enumerate(rows):
        height = row.amount * HEIGHT // most if most else 0
        bars.append(
            ChartBar(
                at * slot + _GAP // 2,
                HEIGHT - height,
                slot - _GAP,
                height,
                formats.month(row.month, lang)[:3],
                f"{formats.month(row.month, lang)}: {formats.rupiah(row.amount, lang)}",
            )
        )
    return bars
