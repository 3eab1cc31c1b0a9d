"""How numbers, money, percentages and dates are written, for a reader of each language.

Pure text out; reading what people typed is `kernel.parsing`. `number` and `rupiah` stand in every line of
every list, so they are written by hand (well under a microsecond); dates go through Babel, and the few
hundred that a page repeats are remembered.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

# The code of a language that has a folder in `locale/`; "id" is the source. See `kernel.translations`.
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
    """`12500` -> "Rp12.500" (id), "Rp12,500" (en); `-12500` -> "-Rp12.500". The amount is in whole rupiah."""
    digits = f"{amount:,}"
    if lang == "id":
        digits = digits.replace(",", ".")
    elif lang != "en":
        digits = digits.translate(_separators(lang))
    return f"-Rp{digits[1:]}" if digits[0] == "-" else f"Rp{digits}"


def number(value: int | Decimal, lang: Lang = "id") -> str:
    """`1234567` -> "1.234.567"; `Decimal("1234.50")` -> "1.234,5" (zeros that say nothing are dropped)."""
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
    """The sign before the fraction of a number: "," in Indonesian, "." in English."""
    return number(Decimal("0.5"), lang)[1]


def percent(value: int | Decimal, lang: Lang = "id") -> str:
    """`Decimal("2.5")` -> "2,5 %" with a space that does not break.

    The value is in percent, not a fraction.
    """
    return f"{number(value, lang)}{NO_BREAK_SPACE}%"


@lru_cache(maxsize=4096)
def date_long(day: date, lang: Lang = "id") -> str:
    """`date(2026, 11, 24)` -> "24 November 2026"; August is "Agustus" in Indonesian."""
    return format_date(day, "d MMMM y", locale=_locale(lang))


def month(day: date, lang: Lang = "id") -> str:
    """`date(2026, 8, 4)` -> "Agustus 2026"."""
    return date_long(day, lang).split(" ", 1)[1]


def date_time(moment: datetime, lang: Lang = "id", zone: str = JAKARTA) -> str:
    """An aware moment as the clock on the wall there: "24 November 2026 14.05 WIB" (id), "24 November 2026
    14:05 WIB" (en).

    Raises ValueError for a moment without a time zone.
    """
    local = _in_zone(moment, zone)
    colon = _time_separator(lang)
    return (
        f"{date_long(local.date(), lang)} {local:%H}{colon}{local:%M} {ZONE_NAMES.get(zone, local.tzname())}"
    )


def truncate(text: str) -> str:
    """What somebody typed, as a sentence repeats it: long ones end in "…"."""
    return text if len(text) <= MAX_QUOTED_LENGTH else f"{text[:MAX_QUOTED_LENGTH]}…"


@lru_cache
def _locale(lang: Lang) -> Locale:
    """What Babel knows of a language; Indonesian for one that it does not know."""
    try:
        return Locale.parse(_BABEL_LOCALE.get(lang, lang))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_BABEL_LOCALE["id"])


@lru_cache
def _separators(lang: Lang) -> dict[int, str]:
    """The table that turns the separators of Python into those of a language."""
    symbols = _locale(lang).number_symbols["latn"]
    return str.maketrans({",": symbols["group"], ".": symbols["decimal"]})


@lru_cache
def _time_separator(lang: Lang) -> str:
    return "." if "." in _locale(lang).time_formats["short"].pattern else ":"


def _in_zone(moment: datetime, zone: str) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be shown: use kernel.clock")
    return moment.astimezone(ZoneInfo(zone))
