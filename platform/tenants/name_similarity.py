"""Which names look like each other to somebody who reads them on a phone: pure, and quick enough for
thousands of names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import msgspec

# Percent, as pg_trgm counts: equal trigrams of all that two names have. "Mellati" and "Melati" share 66,
# "Karangan" and "Karanganyar" 61.
SIMILARITY_THRESHOLD: Final = 65
# What many cooperatives are called, and none is known by. Where nothing else is left, the whole name is
# compared.
_STOPWORDS: Final = frozenset(
    [
        "koperasi",
        "kop",
        "kopdes",
        "kopdeskel",
        "kopkel",
        "kopkar",
        "ksp",
        "kspps",
        "ksu",
        "kud",
        "kpri",
        "primkop",
        "desa",
        "kelurahan",
        "merah",
        "putih",
        "konsumen",
        "produsen",
        "jasa",
        "pemasaran",
        "simpan",
        "pinjam",
        "serba",
        "usaha",
        "unit",
        "karyawan",
        "pegawai",
        "syariah",
        "the",
        "dan",
        "di",
    ]
)
_PREFIX_WORDS: Final = frozenset({"koperasi", "kop"})
# Letters of other alphabets that look like Latin ones, and digits that are read as letters.
_HOMOGLYPHS: Final = str.maketrans("аеорсухіјѕһԁԛԝαορνικτ", "aeopcyxijshdqwaopvikt")
_DIGIT_LOOKALIKES: Final = str.maketrans("013457", "oleast")


class CooperativeName(msgspec.Struct, frozen=True):
    """A cooperative that is there already."""

    slug: str
    name: str


def normalize_name(name: str) -> str:
    """Return what a name is known by: small Latin letters without accents, without the words that all of them
    have.
    """
    letters = unicodedata.normalize("NFKD", name).casefold().translate(_HOMOGLYPHS)
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = [_fold_digits(word) for word in re.findall(r"[^\W_]+", letters)]
    known_by = [word for word in words if word not in _STOPWORDS]
    return " ".join(known_by or [word for word in words if word not in _PREFIX_WORDS] or words)


def similarity(one: frozenset[str], other: frozenset[str]) -> int:
    """Return how many percent of all trigrams of two names both have."""
    both = len(one & other)
    return both * 100 // (len(one) + len(other) - both) if both else 0


def trigrams(plain: str) -> frozenset[str]:
    """Return the trigrams of a plain name, each word with two blanks before it and one behind; i and l read
    alike on a phone.
    """
    return frozenset(
        padded[at : at + 3]
        for word in plain.replace("i", "l").split()
        for padded in (f"  {word} ",)
        for at in range(len(padded) - 2)
    )


def find_similar_name(name: str, slug: str, existing: Iterable[CooperativeName]) -> str | None:
    """Return the name of the existing cooperative that this name or address looks most like, or None when it
    looks like none.
    """
    wanted = [trigrams(normalize_name(text)) for text in (name, slug)]
    best, closest = SIMILARITY_THRESHOLD, None
    for other in existing:
        other_trigrams = [trigrams(normalize_name(text)) for text in (other.name, other.slug)]
        near = max(similarity(one, another) for one in wanted for another in other_trigrams)
        if near >= best:
            best, closest = near, other.name
    return closest


def _fold_digits(word: str) -> str:
    """A digit among letters is read as the letter it looks like; a number is a number."""
    return word if word.isdigit() else word.translate(_DIGIT_LOOKALIKES)
