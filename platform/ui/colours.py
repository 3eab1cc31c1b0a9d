"""Validation of colours, and their contrast with text (WCAG 2.2)."""

from __future__ import annotations

import re

from kernel.errors import ErrorType

COLOUR_PATTERN = re.compile(r"#[0-9a-f]{6}")
PAPER_COLOUR = "#fbf6ea"
MIN_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3

NOT_A_COLOUR = ErrorType(
    "ui.not_a_colour",
    422,
    "“{text}” bukan warna. Tulis seperti #1f6b45.",
)
COLOUR_TOO_PALE = ErrorType(
    "ui.colour_too_pale",
    422,
    "Warna {colour} terlalu pucat di atas kertas: tulisan sukar dibaca. Pilih yang lebih tua.",
)


def check_accent(text: str) -> str:
    """Return the accent colour in lower case.

    Raises DomainError ui.not_a_colour, or ui.colour_too_pale when its contrast with the page background is
    below 4.5 to 1.
    """
    colour = check_colour(text)
    if contrast_ratio(colour, PAPER_COLOUR) < MIN_CONTRAST:
        raise COLOUR_TOO_PALE(colour=colour)
    return colour


def check_colour(text: str) -> str:
    """Return the colour in lower case. Raises DomainError ui.not_a_colour."""
    colour = text.strip().lower()
    if not COLOUR_PATTERN.fullmatch(colour):
        raise NOT_A_COLOUR(text=text[:20])
    return colour


def readable_text_colour(background: str) -> str:
    """Return white or black, whichever has the higher contrast with the background.

    One of them always reaches 4.5 to 1.
    """
    return max(("#ffffff", "#000000"), key=lambda ink: contrast_ratio(background, ink))


def contrast_ratio(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21, by the WCAG definition of relative luminance."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
