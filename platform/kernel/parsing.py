"""Parse the numbers and dates that people type, in the formats of Indonesian documents and spreadsheets.

Numbers are limited to 18 digits. Money is parsed by `Rupiah.parse`, phone numbers by `kernel.phone`.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from kernel.errors import ErrorType
from kernel.formats import truncate

NOT_A_NUMBER = ErrorType(
    "kernel.not_a_number",
    422,
    "“{text}” bukan bilangan bulat. Tulis seperti 1.250 atau 1250.",
)
NOT_A_PERCENTAGE = ErrorType(
    "kernel.not_a_percentage",
    422,
    "“{text}” bukan persen. Tulis seperti 25 atau 2,5.",
)
NOT_A_DATE = ErrorType(
    "kernel.not_a_date",
    422,
    "“{text}” bukan tanggal. Tulis seperti 24/11/2026 atau 2026-11-24.",
)

_NUMBER: Final = re.compile(r"(-?)([0-9]{1,3}(?:\.[0-9]{3}){1,5}|[0-9]{1,15})")
_PERCENTAGE: Final = re.compile(r"(-?[0-9]{1,6})(?:[.,]([0-9]{1,6}))?\s*%?")
_ISO_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_PAPER_DATE: Final = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")


def parse_number(text: str) -> int:
    """Parse a whole number: "1.250", "1250", "-3". Raises DomainError (422)."""
    typed = _NUMBER.fullmatch(text.strip())
    if typed is None:
        raise NOT_A_NUMBER(text=truncate(text))
    return int(typed[1] + typed[2].replace(".", ""))


def parse_percent(text: str) -> Decimal:
    """Parse a percentage: "25", "2,5", "2.5", "2,5 %". "25" gives Decimal(25), not 0.25.

    Percentages have no thousands separator, so comma and point are both decimal marks. Raises DomainError
    (422).
    """
    typed = _PERCENTAGE.fullmatch(text.strip())
    if typed is None:
        raise NOT_A_PERCENTAGE(text=truncate(text))
    return Decimal(f"{typed[1]}.{typed[2]}" if typed[2] else typed[1])


def parse_date(text: str) -> date:
    """Parse a date: "2026-11-24" from browsers; "24/11/2026", "24-11-2026", "24.11.2026" from people.

    Raises DomainError (422).
    """
    typed = text.strip()
    try:
        if iso := _ISO_DATE.fullmatch(typed):
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if paper := _PAPER_DATE.fullmatch(typed):
            return date(int(paper[3]), int(paper[2]), int(paper[1]))
    except ValueError:  # 31 February
        raise NOT_A_DATE(text=truncate(text)) from None
    raise NOT_A_DATE(text=truncate(text))
