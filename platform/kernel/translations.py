"""Translations for templates and Python.

The Indonesian sentence in the code is the key; other languages are in ``themes/*/locale/<language>/*.po``,
one file for each room. A language exists if it has such a folder; missing translations are shown in
Indonesian.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from gettext import NullTranslations, c2py
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from kernel.formats import Lang

THEMES_DIR = Path(__file__).resolve().parents[2] / "themes"
SOURCE_LANGUAGE = "id"
PluralRule = Callable[[int], int]


class PoTranslations(NullTranslations):
    """Translations read directly from .po files, without compiling them."""

    def __init__(self, files: list[Path]) -> None:
        super().__init__()
        self.messages: dict[tuple[str | None, str], str] = {}
        self.plurals: dict[str, tuple[tuple[str, ...], PluralRule]] = {}
        for file in files:
            with file.open("rb") as source:
                catalog = read_po(source)
            rule: PluralRule = c2py(catalog.plural_expr)
            for message in catalog:
                if not message.id or message.fuzzy:
                    continue
                if isinstance(message.id, str):
                    if message.string:
                        self.messages[message.context, message.id] = str(message.string)
                elif message.string and all(message.string):
                    self.plurals[message.id[0]] = (tuple(message.string), rule)

    def gettext(self, message: str) -> str:
        """Return the translation of an Indonesian sentence, or the sentence itself."""
        found = self.messages.get((None, message))
        if found is None and message in self.plurals:
            return self.plurals[message][0][0]
        return message if found is None else found

    def pgettext(self, context: str, message: str) -> str:
        """Return the translation of a text in a context, for texts with several translations."""
        return self.messages.get((context, message)) or self.gettext(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Return the translation of a sentence in the plural form for ``n``."""
        found = self.plurals.get(singular)
        if found is not None:
            forms, rule = found
            return forms[rule(n)]
        return self.messages.get((None, singular)) or (singular if n == 1 else plural)


@functools.cache
def get_translations(lang: Lang) -> PoTranslations:
    """Return the translations into a language; none are needed for Indonesian."""
    if lang == SOURCE_LANGUAGE:
        return PoTranslations([])
    return PoTranslations(sorted(THEMES_DIR.glob(f"*/locale/{lang}/*.po")))


@functools.cache
def list_languages() -> tuple[Lang, ...]:
    """Return the codes of all languages: Indonesian, then each folder in ``locale/``."""
    folders = {folder.name for folder in THEMES_DIR.glob("*/locale/*") if folder.is_dir()}
    return (SOURCE_LANGUAGE, *sorted(folders - {SOURCE_LANGUAGE}))


def choose_language(asked: str | None) -> Lang:
    """Return the requested language if it exists, else Indonesian."""
    return asked if asked is not None and asked in list_languages() else SOURCE_LANGUAGE


def language_name(lang: Lang) -> str:
    """Return a language's name in that language.

    It is the translation of "Bahasa Indonesia" in the context "language", else Babel's name, else the code.
    """
    own = get_translations(lang).messages.get(("language", "Bahasa Indonesia"))
    if own is not None:
        return own
    if lang == SOURCE_LANGUAGE:
        return "Bahasa Indonesia"
    try:
        return Locale.parse(lang).get_display_name() or lang
    except (UnknownLocaleError, ValueError):
        return lang
