"""Indonesian mobile numbers, kept in E.164 ("+6281234567890") however they were typed.

Plausible is enough: national form 08 and 8 to 11 more digits. Which prefixes an operator has put to use
changes from year to year, and a member whose number our list does not know yet must not be turned away.
"""

import re
from typing import Final

from kernel.errors import ErrorType

NOT_A_MOBILE_NUMBER = ErrorType(
    "kernel.not_a_mobile_number",
    422,
    "“{text}” bukan nomor HP. Tulis seperti 0812-3456-7890.",
)

_SEPARATORS: Final = re.compile(r"[\s().\-\u2010-\u2015\u200e\u202a\u202c]+")
# With the trunk zero, with the country code (and the zero that some write after it), or bare: spreadsheets
# drop a leading zero.
_MOBILE: Final = re.compile(r"(?:0|\+?620?|)(8[0-9]{8,11})")


def parse_mobile(text: str) -> str:
    """From "0812-3456-7890", "62 812 3456 7890", "+6281234567890" to "+6281234567890".

    Raises DomainError (422) for anything else, land lines too.
    """
    typed = _MOBILE.fullmatch(_SEPARATORS.sub("", text))
    if typed is None:
        raise NOT_A_MOBILE_NUMBER(text=text.strip())
    return f"+62{typed[1]}"


def format_national(number: str) -> str:
    """From "+6281234567890" to "0812-3456-7890", as people read it aloud."""
    digits = f"0{number.removeprefix('+62')}"
    return f"{digits[:4]}-{digits[4:8]}-{digits[8:]}"
