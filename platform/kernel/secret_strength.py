"""Whether a secret was drawn by a generator or made up by a person: the second kind is guessed."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

SHORTEST_SECRET: Final = 32
SHORTEST_PASSWORD: Final = 16
FEWEST_CHARACTERS: Final = 8
FEWEST_BYTES: Final = 16
# The commonest pairs of letters in Indonesian and English words. Of random pairs 7 in 100 are among them, of
# those in words about half.
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


def weakness(secret: str) -> str | None:
    """Say what is wrong with a secret, as the end of a sentence; None when nothing is."""
    if len(secret) < SHORTEST_SECRET:
        return f"is shorter than {SHORTEST_SECRET} characters"
    return _guessable(secret)


def password_weakness(password: str) -> str | None:
    """Say what is wrong with the password of a database login, which only machines type."""
    if len(password) < SHORTEST_PASSWORD:
        return f"is shorter than {SHORTEST_PASSWORD} characters"
    return _guessable(password)


def key_weakness(key: bytes) -> str | None:
    """Say what is wrong with an encryption key of 32 bytes; None when nothing is."""
    if len(set(key)) < FEWEST_BYTES:
        return "has too few different bytes"
    if _repeats(key):
        return "repeats itself"
    if _counts(key):
        return "counts up or down"
    if all(32 <= byte < 127 for byte in key):
        return "is typed text"
    return None


def _guessable(secret: str) -> str | None:
    if len(set(secret)) < FEWEST_CHARACTERS:
        return "has too few different characters"
    if _repeats(secret):
        return "repeats itself"
    if _counts([ord(character) for character in secret]):
        return "counts up or down"
    if _reads_like_words(secret):
        return "is made of words"
    return None


def _repeats(text: Sequence[object]) -> bool:
    """Whether most of it stands the same distance before, for some distance."""
    for period in range(1, len(text) // 2 + 1):
        same = sum(text[at] == text[at - period] for at in range(period, len(text)))
        if same >= 0.8 * (len(text) - period):
            return True
    return False


def _counts(codes: Sequence[int]) -> bool:
    """Whether most neighbours are equal or follow each other, as in 123 or cba."""
    close = sum(abs(after - before) <= 1 for before, after in pairwise(codes))
    return close >= 0.5 * (len(codes) - 1)


def _reads_like_words(text: str) -> bool:
    words = [word.lower() for word in _WORD.findall(text)]
    if sum(map(len, words)) < 0.5 * len(text):
        return False
    pairs = [word[at : at + 2] for word in words for at in range(len(word) - 1)]
    common = sum(pair in _PAIRS for pair in pairs)
    return common >= 8 and common >= 0.35 * len(pairs)
