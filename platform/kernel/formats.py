"""Write numbers, money, percentages and dates in the format of a language.

The reverse, reading what people typed, is in `kernel.parsing`. `number` and `rupiah` are called for every
line of every list, so they do not use Babel (well under a microsecond each). Dates use Babel and a cache.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

# A language code: "id" (the source language) or the name of a folder in `locale/`; see `kernel.translations`.
Lang = str

NO_BREAK_SPACE: Final = "\u00a0"
MAX_QUOTED_LENGTH: Final = 40
JAKARTA: Final = "Asia/Jakarta"
ZONE_NAMES: Final = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Jayapura": "WIT",
}
_BABEL_LOCALE: Final = {"id": "id_ID", "en": "en_GB"}
_SWAP_SEPARATORS: Final = str.maketrans(",.", ".,")


def rupiah(amount: int, lang: Lang = "id") -> str:
    """Write whole rupiah: `12500` -> "Rp12.500" (id), "Rp12,500" (en); `-12500` -> "-Rp12.500"."""
    digits = f"{amount:,}"
    if lang == "id":
        digits = digits.replace(",", ".")
    elif lang != "en":
        digits = digits.translate(_separators(lang))
    return f"-Rp{digits[1:]}" if digits[0] == "-" else f"Rp{digits}"


def number(value: int | Decimal, lang: Lang = "id") -> str:
    """Write a number: `1234567` -> "1.234.567"; `Decimal("1234.50")` -> "1.234,5" (no trailing zeros)."""
    if isinstance(value, Decimal):
        text = f"{value:,f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    else:
        text = f"{value:,}"
    if lang == "en":
        return text
    return text.translate(_SWAP_SEPARATORS if lang == "id" else _separators(lang))


def decimal_mark(lang: Lang) -> str:
    """Return the decimal separator of a language: "," in Indonesian, "." in English."""
    return number(Decimal("0.5"), lang)[1]


def percent(value: int | Decimal, lang: Lang = "id") -> str:
    """Write a percentage with a no-break space: `Decimal("2.5")` -> "2,5 %".

    The value is in percent, not a fraction.
    """
    return f"{number(value, lang)}{NO_BREAK_SPACE}%"


@lru_cache(maxsize=4096)
def date_long(day: date, lang: Lang = "id") -> str:
    """Write a date: `date(2026, 11, 24)` -> "24 November 2026"; August is "Agustus" in Indonesian."""
    return format_date(day, "d MMMM y", locale=_locale(lang))


def month(day: date, lang: Lang = "id") -> str:
    """Write a month: `date(2026, 8, 4)` -> "Agustus 2026"."""
    return date_long(day, lang).split(" ", 1)[1]


def date_time(moment: datetime, lang: Lang = "id", zone: str = JAKARTA) -> str:
    """Write a time in its zone: "24 November 2026 14.05 WIB" (id), "24 November 2026 14:05 WIB" (en).

    Raises ValueError for a datetime without a time zone.
    """
    local = _in_zone(moment, zone)
    colon = _time_separator(lang)
    return (
        f"{date_long(local.date(), lang)} {local:%H}{colon}{local:%M} {ZONE_NAMES.get(zone, local.tzname())}"
    )


def truncate(text: str) -> str:
    """Shorten a typed text for use in a message; a shortened one ends in "…"."""
    return text if len(text) <= MAX_QUOTED_LENGTH else f"{text[:MAX_QUOTED_LENGTH]}…"


@lru_cache
def _locale(lang: Lang) -> Locale:
    """Return Babel's locale of a language, or the Indonesian one if Babel does not know the language."""
    try:
        return Locale.parse(_BABEL_LOCALE.get(lang, lang))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_BABEL_LOCALE["id"])


@lru_cache
def _separators(lang: Lang) -> dict[int, str]:
    """Return the translation table from Python's separators to those of a language."""
    symbols = _locale(lang).number_symbols["latn"]
    return str.maketrans({",": symbols["group"], ".": symbols["decimal"]})


@lru_cache
def _time_separator(lang: Lang) -> str:
    return "." if "." in _locale(lang).time_formats["short"].pattern else ":"


def _in_zone(moment: datetime, zone: str) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be shown: use kernel.clock")
    return moment.astimezone(ZoneInfo(zone))
