"""The sentence that explains a word of the cooperative, for the small question mark beside it."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from kernel.formats import Lang
from kernel.translations import get_translations

_FILE: Final = Path(__file__).with_name("glossary.toml")


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One word: its name in the code and its plain sentence in Indonesian."""

    code: str
    text: str


@cache
def load_terms() -> dict[str, Term]:
    """Every term by the Indonesian word that pages use, in alphabetical order."""
    return msgspec.convert(tomllib.loads(_FILE.read_text("utf-8")), dict[str, Term])


def glossary(term: str, lang: Lang = "id") -> str:
    """The sentence of a term.

    Raises KeyError for a word that the glossary lacks: add it rather than explain it on a page.
    """
    known = load_terms()
    found = known.get(term) or known[term[:1].upper() + term[1:]]
    return get_translations(lang).gettext(found.text)
