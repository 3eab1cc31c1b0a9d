"""Every pair of text and background in every theme reaches the contrast of WCAG 2.2 AA, and text is never too
small.
"""

from __future__ import annotations

import gzip
import re
import tomllib
from pathlib import Path

import pytest

THEMES = Path(__file__).resolve().parents[2] / "themes"
NAMES = sorted(file.parent.name for file in THEMES.glob("*/theme.toml"))

# Text on its background, 4.5 : 1 (WCAG 2.2, 1.4.3).
TEXT = [
    ("ink", "paper"),
    ("ink", "surface"),
    ("ink", "sunk"),
    ("ink", "gold-soft"),
    ("ink-soft", "paper"),
    ("ink-soft", "surface"),
    ("ink-soft", "sunk"),
    ("ink-soft", "gold-soft"),
    ("accent-ink", "accent"),
    ("accent", "paper"),
    ("accent", "surface"),
    ("accent", "sunk"),
    ("header-ink", "header"),
    ("gold-ink", "gold-soft"),
    ("gold-ink", "surface"),
    ("gold-ink", "sunk"),
    ("ok-ink", "ok-soft"),
    ("info-ink", "info-soft"),
    ("warn-ink", "warn-soft"),
    ("danger-ink", "danger-soft"),
    ("ink", "gold"),
    ("danger-ink", "paper"),
    ("danger-ink", "surface"),
    ("ok-ink", "paper"),
    ("danger-on", "danger"),
    ("paper", "ink"),
]
# Borders of controls, marks and the focus ring, 3 : 1 (WCAG 2.2, 1.4.11).
SHAPES = [
    ("line-strong", "paper"),
    ("line-strong", "surface"),
    ("leaf", "surface"),
    ("danger", "surface"),
    ("accent", "gold-soft"),
    ("ink", "paper"),
    ("gold", "ink"),
]


def stylesheet(theme: str) -> str:
    """Return the parts that a theme is served with, its parents' first."""
    parent = tomllib.loads((THEMES / theme / "theme.toml").read_text("utf-8")).get("parent")
    own = "\n".join(
        part.read_text("utf-8") for part in sorted((THEMES / theme / "static" / "css").glob("*.css"))
    )
    return (stylesheet(parent) + "\n" if parent else "") + own


def tokens(theme: str) -> dict[str, str]:
    """Return the colours of a theme by name; a later declaration wins, as in a browser."""
    screen = stylesheet(theme).split("@media print")
    after_print = "".join(re.sub(r"\A.*?\n}\n", "", part, flags=re.DOTALL) for part in screen[1:])
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]{6})\s*;", screen[0] + after_print))


def luminance(colour: str) -> float:
    """Relative luminance by the definition of WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_agrees_with_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", NAMES)
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_is_readable(theme: str, text: str, ground: str) -> None:
    colour = tokens(theme)
    assert contrast(colour[text], colour[ground]) >= 4.5


@pytest.mark.parametrize("theme", NAMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_are_visible(theme: str, shape: str, ground: str) -> None:
    colour = tokens(theme)
    assert contrast(colour[shape], colour[ground]) >= 3


@pytest.mark.parametrize("theme", NAMES)
def test_the_description_names_the_colours_of_the_stylesheet(theme: str) -> None:
    colour = tokens(theme)
    brand = tomllib.loads((THEMES / theme / "theme.toml").read_text("utf-8"))["brand"]
    assert brand == {
        key: colour[key.replace("_", "-")] for key in ("accent", "accent_ink", "header", "header_ink")
    }


@pytest.mark.parametrize("theme", NAMES)
def test_type_is_never_below_fourteen_pixels(theme: str) -> None:
    css = stylesheet(theme)
    sizes = re.findall(r"(?:--t-[\w-]+|font-size):\s*([\d.]+)rem", css)
    sizes += re.findall(r"\bfont:[^;]*?([\d.]+)rem/", css)
    assert sizes
    assert min(float(size) * 16 for size in sizes) >= 14
    assert not re.search(r"font(-size)?:[^;]*\d(px)\b", css)


@pytest.mark.parametrize("theme", NAMES)
def test_a_stylesheet_is_light_and_fetches_nothing(theme: str) -> None:
    css = stylesheet(theme)
    assert len(gzip.compress(css.encode(), 9)) < 16_000
    assert "url(" not in css
    assert "@import" not in css
    assert "@font-face" not in css


def test_the_script_is_small() -> None:
    assert len(gzip.compress((THEMES / "base/static/lumbung.js").read_bytes(), 9)) < 4_000
