"""The palette of a theme for the style guide: background colours with their contrast to text."""

from __future__ import annotations

import functools
import re
from decimal import ROUND_DOWN, Decimal

import msgspec

from ui.colours import contrast_ratio
from ui.themes import load_assets

# Background and text colour, by their names in the stylesheet.
COLOUR_PAIRS = (
    ("accent", "accent-ink"),
    ("header", "header-ink"),
    ("gold", "ink"),
    ("paper", "ink"),
    ("surface", "ink-soft"),
    ("sunk", "ink-soft"),
    ("gold-soft", "gold-ink"),
    ("ok-soft", "ok-ink"),
    ("info-soft", "info-ink"),
    ("warn-soft", "warn-ink"),
    ("danger-soft", "danger-ink"),
    ("danger", "danger-on"),
)
_COLOUR = re.compile(r"--([\w-]+):\s*(#[0-9a-fA-F]{6})\s*;")


class Swatch(msgspec.Struct, frozen=True):
    """A background colour of the palette, and its contrast with its text.

    The contrast is between 1 and 21, rounded down to a tenth.
    """

    name: str
    colour: str
    contrast: Decimal


@functools.cache
def list_swatches(theme: str) -> list[Swatch]:
    """Return the palette of a theme in the order of the style guide.

    Raises KeyError when a theme lacks a colour.
    """
    css = load_assets()[f"{theme}.css"].content.decode()
    colours = dict(_COLOUR.findall(re.sub(r"@media print \{.*?\n\}", "", css, flags=re.DOTALL)))
    return [
        Swatch(ground, colours[ground], _measure(colours[ground], colours[text]))
        for ground, text in COLOUR_PAIRS
    ]


def _measure(ground: str, text: str) -> Decimal:
    return Decimal(contrast_ratio(ground, text)).quantize(Decimal("0.1"), ROUND_DOWN)
