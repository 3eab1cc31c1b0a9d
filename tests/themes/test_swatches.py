"""The palette that the style guide shows is the palette that the browser gets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ui.colours import contrast, readable_ink
from ui.swatches import PAIRS, swatches
from ui.themes import themes


@pytest.mark.parametrize("theme", sorted(themes()))
def test_every_theme_has_every_colour_with_readable_text(theme: str) -> None:
    found = swatches(theme)
    assert [swatch.name for swatch in found] == [ground for ground, _ in PAIRS]
    assert all(swatch.contrast >= Decimal("4.5") for swatch in found)


@pytest.mark.parametrize("theme", sorted(themes()))
def test_a_theme_shows_its_own_colours(theme: str) -> None:
    shown = {swatch.name: swatch.colour for swatch in swatches(theme)}
    assert (shown["accent"], shown["header"]) == (
        themes()[theme].brand["accent"],
        themes()[theme].brand["header"],
    )


@pytest.mark.parametrize("lightness", range(256))
def test_words_on_any_header_are_readable(lightness: int) -> None:
    grey = f"#{lightness:02x}{lightness:02x}{lightness:02x}"
    assert contrast(grey, readable_ink(grey)) >= 4.5
