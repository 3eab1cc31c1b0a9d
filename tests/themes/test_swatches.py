"""The palette of the style guide equals the palette of the stylesheet."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ui.colours import contrast_ratio, readable_text_colour
from ui.swatches import COLOUR_PAIRS, list_swatches
from ui.themes import load_themes


@pytest.mark.parametrize("theme", sorted(load_themes()))
def test_every_theme_has_every_colour_with_readable_text(theme: str) -> None:
    found = list_swatches(theme)
    assert [swatch.name for swatch in found] == [ground for ground, _ in COLOUR_PAIRS]
    assert all(swatch.contrast >= Decimal("4.5") for swatch in found)


@pytest.mark.parametrize("theme", sorted(load_themes()))
def test_a_theme_shows_its_own_colours(theme: str) -> None:
    shown = {swatch.name: swatch.colour for swatch in list_swatches(theme)}
    assert (shown["accent"], shown["header"]) == (
        load_themes()[theme].brand["accent"],
        load_themes()[theme].brand["header"],
    )


@pytest.mark.parametrize("lightness", range(256))
def test_words_on_any_header_are_readable(lightness: int) -> None:
    grey = f"#{lightness:02x}{lightness:02x}{lightness:02x}"
    assert contrast_ratio(grey, readable_text_colour(grey)) >= 4.5
