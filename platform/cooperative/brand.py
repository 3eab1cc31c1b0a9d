"""The brand of a cooperative on every page: name, theme, and its own colours as a stylesheet."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cooperative.queries import get_profile
from ui.colours import readable_text_colour
from ui.context import Brand
from ui.themes import load_themes

if TYPE_CHECKING:
    from kernel.database import Reader


async def read_brand(ro: Reader) -> Brand:
    """Return the cooperative's brand.

    Raises LookupError when its profile is missing because its founding was not completed.
    """
    row = await get_profile(ro)
    if row is None:
        msg = "this cooperative has no profile"
        raise LookupError(msg)
    css = build_stylesheet(row.accent, row.header)
    return Brand(
        name=row.name,
        tagline=row.tagline,
        theme=row.theme if row.theme in load_themes() else "base",
        logo_url=f"/gambar/{row.logo}-320.webp" if row.logo else None,
        css_url=f"/merek/{hashlib.sha256(css.encode()).hexdigest()[:12]}.css" if css else None,
        css=css,
        address=row.address,
        phone=row.phone,
        bank_account=row.bank_account,
        timezone=row.timezone,
        shop_open=row.shop_open,
    )


def build_stylesheet(accent: str | None, header: str | None) -> str:
    """Return the CSS for a cooperative's own colours; empty when it uses those of its theme."""
    lines = []
    if accent:
        lines.append(f"--accent:{accent};--accent-ink:{readable_text_colour(accent)}")
    if header:
        lines.append(f"--header:{header};--header-ink:{readable_text_colour(header)}")
    return f":root{{{';'.join(lines)}}}" if lines else ""
