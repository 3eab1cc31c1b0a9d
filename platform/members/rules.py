"""Pure rules of the register and of sign-in: numbers, activation codes, lifetimes."""

from __future__ import annotations

import re
import secrets
from datetime import date, timedelta
from typing import Final

from kernel import phone
from kernel.errors import DomainError

MEMBER_SESSION_LIFETIME: Final = timedelta(days=30)
OFFICER_SESSION_LIFETIME: Final = timedelta(hours=12)
CODE_LIFETIME: Final = timedelta(days=14)

# No vowels (no words), and none of 0/O, 1/I/L, 2/Z, 5/S, 8/B: codes are read aloud and typed by somebody
# else.
CODE_ALPHABET: Final = "CDFGHJKMNPQRTVWXY34679"
CODE_LENGTH: Final = 8
FIRST_NUMBER: Final = "0001"
MAX_NUMBER_LENGTH: Final = 18
EARLIEST_JOINING_YEAR: Final = 1900  # old registers are imported with the dates they have
_NUMBER: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z./-]*[0-9A-Za-z])?")


def parse_phone_or_none(text: str) -> str | None:
    """Return the mobile number in E.164, or None if the text is not a mobile number."""
    try:
        return phone.parse_mobile(text)
    except DomainError:
        return None


def normalize_identity(text: str) -> str:
    """Return a typed phone or member number in the form under which attempts are counted."""
    return parse_phone_or_none(text) or text.strip().casefold()


def generate_code() -> str:
    """Generate an activation code of 8 letters and digits.

    Its 35 bits cannot be guessed, because attempts are throttled and the hash is argon2id.
    """
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def is_joined_too_early(joined_on: date) -> bool:
    """Return whether a joining date is before `EARLIEST_JOINING_YEAR`."""
    return joined_on.year < EARLIEST_JOINING_YEAR


def format_code(code: str) -> str:
    """Return a code with a dash in the middle: CDFG3467 becomes CDFG-3467."""
    return f"{code[:4]}-{code[4:]}"


def normalize_code(typed: str) -> str:
    """Return a typed code in upper case, without dashes and spaces."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def is_valid_number(text: str) -> bool:
    """Return whether a text can be a member number, which is printed on cards and used in addresses."""
    return len(text) <= MAX_NUMBER_LENGTH and _NUMBER.fullmatch(text) is not None


def next_number(largest: str | None) -> str:
    """Return the next free member number: the largest numeric one plus one, padded to the same width."""
    if largest is None:
        return FIRST_NUMBER
    return str(int(largest) + 1).zfill(len(largest))


def is_same_name(one: str, other: str) -> bool:
    """Return whether two names are equal, ignoring case and spaces."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
