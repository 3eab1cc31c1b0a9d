"""Every icon and drawing that a template or the menu names is in its sprite."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ui.navigation import _MENUS

THEMES = Path(__file__).resolve().parents[2] / "themes"
TEMPLATES = sorted(THEMES.glob("*/templates/**/*.html"))


def symbols(sprite: str) -> set[str]:
    """Return the names in a sprite; a duplicate name is an error."""
    names = [node.get("id") or "" for node in ET.parse(THEMES / "base/static" / sprite).getroot()]
    assert len(names) == len(set(names))
    return set(names)


def named_icons(text: str) -> set[str]:
    """Return the icons that a template asks for by a plain name."""
    return set(re.findall(r'\bicon\("([\w-]+)"', text)) | set(re.findall(r'\bsymbol="([\w-]+)"', text))


def test_icons_are_drawn() -> None:
    assert TEMPLATES
    drawn = symbols("icons.svg")
    missing = {
        f"{file.relative_to(THEMES)}: {name}"
        for file in TEMPLATES
        for name in named_icons(file.read_text("utf-8")) - drawn
    }
    assert not missing


def test_the_menu_is_drawn() -> None:
    drawn = symbols("icons.svg")
    assert {icon for entries in _MENUS.values() for _, _, icon, _ in entries} <= drawn


def test_pictures_of_goods_are_drawn() -> None:
    chosen = set(
        re.findall(
            r'": "([a-z-]+)"', (THEMES / "base/templates/components/placeholder.html").read_text("utf-8")
        )
    )
    assert "rice" in chosen
    assert chosen | {"goods"} <= symbols("pictures.svg")


@pytest.mark.parametrize("sprite", ["icons.svg", "pictures.svg"])
def test_sprites_hold_no_script_and_fetch_nothing(sprite: str) -> None:
    text = (THEMES / "base/static" / sprite).read_text("utf-8")
    assert "<script" not in text
    assert "href" not in text
    assert "style=" not in text
