"""Detect secrets that a person made up instead of a generator: those can be guessed."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

MIN_SECRET_LENGTH: Final = 32
MIN_PASSWORD_LENGTH: Final = 16
MIN_DISTINCT_CHARACTERS: Final = 8
MIN_DISTINCT_BYTES: Final = 16
# The most common pairs of letters in Indonesian and English words: 7 of 100 random pairs are among them, and
# about half of the pairs in words.
_PAIRS: Final = frozenset(
    [
        *(
            "an",
            "ng",
            "er",
            "en",
            "in",
            "ka",
            "la",
            "ra",
            "si",
            "di",
            "at",
            "re",
            "on",
            "pe",
            "ar",
            "sa",
            "ma",
            "te",
        ),
        *(
            "is",
            "ti",
            "se",
            "al",
            "me",
            "or",
            "th",
            "he",
            "ha",
            "ta",
            "da",
            "ke",
            "ya",
            "as",
            "pa",
            "na",
            "ga",
            "ri",
        ),
        *("nd", "ou", "es", "it", "st", "to", "ed"),
    ]
)
_WORD: Final = re.compile(r"[A-Za-z]?[a-z]{2,}|[A-Z]{3,}")


def find_secret_weakness(secret: str) -> str | None:
    """Return what is wrong with a secret, as the end of a sentence; None when nothing is."""
    if len(secret) < MIN_SECRET_LENGTH:
        return f"is shorter than {MIN_SECRET_LENGTH} characters"
    return _find_pattern(secret)


def find_password_weakness(password: str) -> str | None:
    """Return what is wrong with the password of a database login, as the end of a sentence; else None."""
    if len(password) < MIN_PASSWORD_LENGTH:
        return f"is shorter than {MIN_PASSWORD_LENGTH} characters"
    return _find_pattern(password)


def find_key_weakness(key: bytes) -> str | None:
    """Return what is wrong with an encryption key of 32 bytes, as the end of a sentence; else None."""
    if len(set(key)) < MIN_DISTINCT_BYTES:
        return "has too few different bytes"
    if _is_repetitive(key):
        return "repeats itself"
    if _is_sequential(key):
        return "counts up or down"
    if all(32 <= byte < 127 for byte in key):
        return "is typed text"
    return None


def _find_pattern(secret: str) -> str | None:
    if len(set(secret)) < MIN_DISTINCT_CHARACTERS:
        return "has too few different characters"
    if _is_repetitive(secret):
        return "repeats itself"
    if _is_sequential([ord(character) for character in secret]):
        return "counts up or down"
    if _is_made_of_words(secret):
        return "is made of words"
    return None


def _is_repetitive(text: Sequence[object]) -> bool:
    """Return whether, for some period, most characters equal the one a period before."""
    for period in range(1, len(text) // 2 + 1):
        same = sum(text[at] == text[at - period] for at in range(period, len(text)))
        if same >= 0.8 * (len(text) - period):
            return True
    return False


def _is_sequential(codes: Sequence[int]) -> bool:
    """Return whether at least half of the neighbours are equal or consecutive, as in 123 or cba."""
    close = sum(abs(after - before) <= 1 for before, after in pairwise(codes))
    return close >= 0.5 * (len(codes) - 1)


def _is_made_of_words(text: str) -> bool:
    words = [word.lower() for word in _WORD.findall(text)]
    if sum(map(len, words)) < 0.5 * len(text):
        return False
    pairs = [word[at : at + 2] for word in words for at in range(len(word) - 1)]
    common = sum(pair in _PAIRS for pair in pairs)
    return common >= 8 and common >= 0.35 * len(pairs)
