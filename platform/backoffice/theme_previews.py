"""Previews of the themes as small drawings of the shop, with the cooperative's own colours if it has any."""

from __future__ import annotations

import functools
import re
from typing import Final

from ui.colours import readable_text_colour
from ui.themes import load_themes

_TOKEN: Final = re.compile(r"--([a-z0-9-]+):\s*([^;]+);")
_VAR: Final = re.compile(r"var\(--([a-z0-9-]+)\)")


@functools.cache
def load_theme_tokens(theme: str) -> dict[str, str]:
    """Return the CSS variables that a theme sets on the root; a theme overrides its parents."""
    found: dict[str, str] = {}
    for folder in reversed(load_themes()[theme].folders):
        file = folder / "static" / "css" / "00-tokens.css"
        if file.exists():
            root = file.read_text("utf-8").partition("@media")[0]
            found.update({name: value.strip() for name, value in _TOKEN.findall(root)})
    return {name: _VAR.sub(lambda use: found.get(use[1], ""), value) for name, value in found.items()}


def render_theme_preview(theme: str, accent: str | None, header: str | None) -> str:
    """Return the SVG of a phone's screen in this theme.

    ``accent`` and ``header`` are colours as ``ui.colours.check_colour`` returns them, or None for the
    theme's.
    """
    tokens = load_theme_tokens(theme)
    accent, header = accent or tokens["accent"], header or tokens["header"]
    on_header = readable_text_colour(header) if header != tokens["header"] else tokens["header-ink"]
    on_accent = readable_text_colour(accent) if accent != tokens["accent"] else tokens["accent-ink"]
    corner, card = (min(int(tokens[name].removesuffix("px")), 12) for name in ("r1", "r2"))
    goods = "".join(_card(tokens, x, y, accent, on_accent, card, corner) for y in (74, 148) for x in (12, 92))
    band = "".join(
        f'<rect x="{x}" y="36" width="8" height="5" fill="{tokens["band-1" if at % 2 else "band-2"]}"/>'
        for at, x in enumerate(range(0, 168, 8))
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 168 224" width="168" height="224">'
        f'<rect width="168" height="224" fill="{tokens["paper"]}"/>'
        f'<rect width="168" height="36" fill="{header}"/>{band}'
        f'<circle cx="20" cy="18" r="8" fill="{tokens["gold"]}"/>'
        f'<rect x="36" y="14" width="66" height="8" rx="4" fill="{on_header}"/>'
        f'<rect x="12" y="52" width="92" height="9" rx="4" fill="{tokens["ink"]}"/>{goods}</svg>'
    )


def _card(tokens: dict[str, str], x: int, y: int, accent: str, on_accent: str, card: int, corner: int) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="64" height="66" rx="{card}" fill="{tokens["surface"]}" '
        f'stroke="{tokens["line"]}"/>'
        f'<circle cx="{x + 32}" cy="{y + 17}" r="10" fill="{tokens["leaf"]}"/>'
        f'<rect x="{x + 8}" y="{y + 34}" width="40" height="5" rx="2" fill="{tokens["ink-soft"]}"/>'
        f'<rect x="{x + 8}" y="{y + 45}" width="48" height="15" rx="{min(corner, 7)}" fill="{accent}"/>'
        f'<rect x="{x + 20}" y="{y + 51}" width="24" height="3" rx="1" fill="{on_accent}"/>'
    )
