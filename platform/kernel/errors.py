"""Refusals: what Lumbung declines to do, each with a stable code and a sentence in both languages.

A room declares its kinds once, in its errors.py, and raises them by calling them:

    STOCK_TOO_LOW = Kind(
        "shop.stock_too_low", 409, id="Stok {product} tinggal {left}.", en="Only {left} of {product} left."
    )
    raise STOCK_TOO_LOW(product="Beras 5 kg", left=2)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from string import Formatter
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

from kernel import formats
from kernel.formats import Lang

_CODE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_kinds: dict[str, "Kind"] = {}


@runtime_checkable
class Worded(Protocol):
    """A fact that knows how it is written in a sentence: money, a word in two languages."""

    def worded(self, lang: Lang) -> str: ...


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of text in both languages, usable as a fact of a refusal."""

    id: str
    en: str

    def worded(self, lang: Lang) -> str:
        return self.id if lang == "id" else self.en


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to be refused: a code that never changes, an HTTP status, and the sentence in Indonesian and
    English.

    Raises ValueError when the code is malformed or taken, or the two sentences do not name the same facts.
    """

    code: str
    status: int
    id: str = field(kw_only=True)
    en: str = field(kw_only=True)
    placeholders: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise ValueError(f"{self.code!r} is not a code like 'shop.stock_too_low'")
        if not 400 <= self.status <= 599:
            raise ValueError(f"{self.code} has status {self.status}; a refusal is 4xx or 5xx")
        named, named_in_english = _placeholders(self.id), _placeholders(self.en)
        if named != named_in_english:
            raise ValueError(
                f"{self.code} names {sorted(named)} in Indonesian and {sorted(named_in_english)} in English"
            )
        if self.code in _kinds:
            raise ValueError(f"the code {self.code} is already taken")
        object.__setattr__(self, "placeholders", named)
        _kinds[self.code] = self

    def __call__(self, **facts: object) -> "Refusal":
        """The refusal with its facts; more facts than the sentence names are allowed,
        fewer raise TypeError.
        """
        missing = self.placeholders - facts.keys()
        if missing:
            raise TypeError(f"{self.code} lacks {', '.join(sorted(missing))}")
        return Refusal(self, facts)


class Refusal(Exception):
    """The business says no.

    The edge turns it into a page, a fragment, problem+json or a line on standard error.
    """

    def __init__(self, kind: Kind, facts: Mapping[str, object] | None = None) -> None:
        self.kind: Final = kind
        self._facts: Final = dict(facts or {})
        super().__init__(kind.code)

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def status(self) -> int:
        return self.kind.status

    @property
    def facts(self) -> dict[str, object]:
        """The facts as JSON can carry them: money as an int, dates as ISO text, decimals as text."""
        return {name: _plain(value) for name, value in self._facts.items()}

    def sentence(self, lang: Lang) -> str:
        """The sentence for a reader of `lang`, money and dates written as that reader writes them."""
        template = self.kind.id if lang == "id" else self.kind.en
        return template.format_map({name: _written(value, lang) for name, value in self._facts.items()})

    def worded(self, lang: Lang) -> str:
        """A refusal may itself be a fact of another ("line 4: …")."""
        return self.sentence(lang)

    def __str__(self) -> str:
        return self.sentence("en")

    def __reduce__(self) -> tuple[object, ...]:
        return (_refusal_of, (self.code, self._facts))


def kinds() -> Mapping[str, Kind]:
    """Every kind declared by the modules imported so far, by code."""
    return dict(_kinds)


def _refusal_of(code: str, facts: Mapping[str, object]) -> Refusal:
    return Refusal(_kinds[code], facts)


def _placeholders(template: str) -> frozenset[str]:
    names = set()
    for _, name, spec, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(
                f"{{{name}}} must be a plain name: facts are written by their type, not by the sentence"
            )
        names.add(name)
    return frozenset(names)


def _written(value: object, lang: Lang) -> str:
    if isinstance(value, Worded):
        return value.worded(lang)
    if isinstance(value, datetime):
        return formats.date_time(value, lang)
    if isinstance(value, date):
        return formats.date_long(value, lang)
    if isinstance(value, Decimal):
        return formats.number(value, lang)
    if isinstance(value, list | tuple):
        return ", ".join(_written(item, lang) for item in value)
    return str(value)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, Words):
        return {"id": value.id, "en": value.en}
    if isinstance(value, Refusal):
        return {"code": value.code, "facts": value.facts}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be a fact of a refusal: JSON has no such thing")
