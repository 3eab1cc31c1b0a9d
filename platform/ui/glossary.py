"""Explanations of cooperative terms, shown by the question mark beside a term."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from kernel.formats import Lang
from kernel.translations import get_translations

_FILE: Final = Path(__file__).with_name("glossary.toml")


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One term: its name in the code and its explanation in Indonesian."""

    code: str
    text: str


@cache
def load_terms() -> dict[str, Term]:
    """Return every term by the Indonesian word that pages use, in alphabetical order."""
    return msgspec.convert(tomllib.loads(_FILE.read_text("utf-8")), dict[str, Term])


def glossary(term: str, lang: Lang = "id") -> str:
    """Return the explanation of a term.

    Raises KeyError for a term that ``glossary.toml`` lacks: add it there.
    """
    known = load_terms()
    found = known.get(term) or known[term[:1].upper() + term[1:]]
    return get_translations(lang).gettext(found.text)
