"""Rules of the register and of the door: numbers, codes, waits, ways back.

Nothing here asks a clock or a database.
"""

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

# No vowels (no words), and none of 0/O, 1/I/L, 2/Z, 5/S, 8/B: read aloud over a counter, typed by someone
# else.
CODE_ALPHABET: Final = "CDFGHJKMNPQRTVWXY34679"
CODE_LENGTH: Final = 8
FIRST_NUMBER: Final = "0001"
MAX_NUMBER_LENGTH: Final = 18
EARLIEST_JOINING_YEAR: Final = 1900  # the year; old registers are typed in with the days that stand in them
_NUMBER: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z./-]*[0-9A-Za-z])?")


def parse_phone_or_none(text: str) -> str | None:
    """The mobile number in E.164 if the text is one."""
    try:
        return phone.parse_mobile(text)
    except DomainError:
        return None


def normalize_identity(text: str) -> str:
    """What someone typed as phone or member number, in the one form that tries are counted under."""
    return parse_phone_or_none(text) or text.strip().casefold()


def generate_code() -> str:
    """A new activation code: 8 letters and digits, 35 bits, useless for guessing behind the throttle and
    argon2id.
    """
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def is_joined_too_early(joined_on: date) -> bool:
    """Whether nobody of a living register can have joined then."""
    return joined_on.year < EARLIEST_JOINING_YEAR


def format_code(code: str) -> str:
    """With a dash in the middle: CDFG3467 becomes CDFG-3467."""
    return f"{code[:4]}-{code[4:]}"


def normalize_code(typed: str) -> str:
    """The code as it was made, however it was typed."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def is_valid_number(text: str) -> bool:
    """Whether this can be a member's number: it stands on cards and in addresses."""
    return len(text) <= MAX_NUMBER_LENGTH and _NUMBER.fullmatch(text) is not None


def next_number(largest: str | None) -> str:
    """The next free member number: one more than the largest numeric one, as wide as that."""
    if largest is None:
        return FIRST_NUMBER
    return str(int(largest) + 1).zfill(len(largest))


def is_same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for letters' case and spaces."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
