"""Compare names of cooperatives by how alike they look on a phone: pure, and fast for thousands of names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import msgspec

# Percent, like pg_trgm's similarity: common trigrams divided by all trigrams of both names. "Mellati" and
# "Melati" score 66, "Karangan" and "Karanganyar" 61.
SIMILARITY_THRESHOLD: Final = 65
# Words that many names have, so they identify no cooperative. A name of such words alone is compared as a
# whole.
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
    """The name and address of an existing cooperative."""

    slug: str
    name: str


def normalize_name(name: str) -> str:
    """Return the part of a name that identifies it: lower-case Latin letters, no accents or common words."""
    letters = unicodedata.normalize("NFKD", name).casefold().translate(_HOMOGLYPHS)
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = [_fold_digits(word) for word in re.findall(r"[^\W_]+", letters)]
    known_by = [word for word in words if word not in _STOPWORDS]
    return " ".join(known_by or [word for word in words if word not in _PREFIX_WORDS] or words)


def similarity(one: frozenset[str], other: frozenset[str]) -> int:
    """Return the percentage of the trigrams of two names that both have."""
    both = len(one & other)
    return both * 100 // (len(one) + len(other) - both) if both else 0


def trigrams(plain: str) -> frozenset[str]:
    """Return the trigrams of a normalized name.

    Each word is padded with two blanks before it and one after it. The letters i and l count as one, because
    they look alike on a phone.
    """
    return frozenset(
        padded[at : at + 3]
        for word in plain.replace("i", "l").split()
        for padded in (f"  {word} ",)
        for at in range(len(padded) - 2)
    )


def find_similar_name(name: str, slug: str, existing: Iterable[CooperativeName]) -> str | None:
    """Return the existing cooperative's name that is most similar to this name or address, or None."""
    wanted = [trigrams(normalize_name(text)) for text in (name, slug)]
    best, closest = SIMILARITY_THRESHOLD, None
    for other in existing:
        other_trigrams = [trigrams(normalize_name(text)) for text in (other.name, other.slug)]
        near = max(similarity(one, another) for one in wanted for another in other_trigrams)
        if near >= best:
            best, closest = near, other.name
    return closest


def _fold_digits(word: str) -> str:
    """Replace digits among letters by the letters they look like; a word of digits stays."""
    return word if word.isdigit() else word.translate(_DIGIT_LOOKALIKES)
