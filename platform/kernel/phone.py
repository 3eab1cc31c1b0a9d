"""Indonesian mobile numbers, stored in E.164 format ("+6281234567890").

Any plausible number is accepted: 08 and 8 to 11 more digits in national form. The prefixes in use change
every year, and a list of them could refuse a valid number of a member.
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
# With the trunk zero, with the country code (some write a zero after it), or without both: spreadsheets drop
# leading zeros.
_MOBILE: Final = re.compile(r"(?:0|\+?620?|)(8[0-9]{8,11})")


def parse_mobile(text: str) -> str:
    """Return a typed mobile number in E.164 format: "0812-3456-7890" -> "+6281234567890".

    Accepts also "62 812 3456 7890" and "+6281234567890". Raises DomainError (422) for anything else,
    including landline numbers.
    """
    typed = _MOBILE.fullmatch(_SEPARATORS.sub("", text))
    if typed is None:
        raise NOT_A_MOBILE_NUMBER(text=text.strip())
    return f"+62{typed[1]}"


def format_national(number: str) -> str:
    """Return a number in national format: "+6281234567890" -> "0812-3456-7890"."""
    digits = f"0{number.removeprefix('+62')}"
    return f"{digits[:4]}-{digits[4:8]}-{digits[8:]}"
