"""Words of the pages: Indonesian in the templates, English from ``locale/en/*.po``, one small file a room."""

from __future__ import annotations

import functools
from gettext import NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from kernel.formats import Lang

THEMES_DIR = Path(__file__).resolve().parents[2] / "themes"


class PoTranslations(NullTranslations):
    """Translations read straight from .po files: nothing to compile, nothing to forget to compile."""

    def __init__(self, files: list[Path]) -> None:
        super().__init__()
        self.messages: dict[str, Any] = {}
        self.contextual_messages: dict[tuple[str, str], str] = {}
        for file in files:
            with file.open("rb") as source:
                for message in read_po(source):
                    if message.id and message.string and not message.fuzzy:
                        key = message.id[0] if isinstance(message.id, tuple | list) else message.id
                        if message.context:
                            self.contextual_messages[message.context, key] = str(message.string)
                        else:
                            self.messages[key] = message.string

    def gettext(self, message: str) -> str:
        """Return the English of an Indonesian sentence, or the sentence itself."""
        found = self.messages.get(message, message)
        return found if isinstance(found, str) else found[0]

    def pgettext(self, context: str, message: str) -> str:
        """Return the English of a word that has another one elsewhere: ``context`` says which is meant."""
        return self.contextual_messages.get((context, message)) or self.gettext(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Return the English of a counted sentence; Indonesian has one form for every number."""
        found = self.messages.get(singular)
        if found is None:
            return singular if n == 1 else plural
        return found if isinstance(found, str) else found[0 if n == 1 else 1]


@functools.cache
def get_translations(lang: Lang) -> NullTranslations:
    """Return the words of a language; Indonesian is what the templates say."""
    if lang == "id":
        return PoTranslations([])
    return PoTranslations(sorted(THEMES_DIR.glob(f"*/locale/{lang}/*.po")))
