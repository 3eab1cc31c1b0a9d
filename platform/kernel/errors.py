"""Refusals: what Lumbung declines to do, each with a stable code and a sentence in both languages.

A room declares its kinds once, in its errors.py, and raises them by calling them:

    STOCK_TOO_LOW = ErrorType(
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
_error_types: dict[str, "ErrorType"] = {}


@runtime_checkable
class Localizable(Protocol):
    """A fact that knows how it is written in a sentence: money, a word in two languages."""

    def localize(self, lang: Lang) -> str: ...


@dataclass(frozen=True, slots=True)
class LocalizedText:
    """A piece of text in both languages, usable as a fact of a refusal."""

    id: str
    en: str

    def localize(self, lang: Lang) -> str:
        return self.id if lang == "id" else self.en


@dataclass(frozen=True, slots=True)
class ErrorType:
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
        if self.code in _error_types:
            raise ValueError(f"the code {self.code} is already taken")
        object.__setattr__(self, "placeholders", named)
        _error_types[self.code] = self

    def __call__(self, **params: object) -> "DomainError":
        """The refusal with its facts; more facts than the sentence names are allowed,
        fewer raise TypeError.
        """
        missing = self.placeholders - params.keys()
        if missing:
            raise TypeError(f"{self.code} lacks {', '.join(sorted(missing))}")
        return DomainError(self, params)


class DomainError(Exception):
    """The business says no.

    The edge turns it into a page, a fragment, problem+json or a line on standard error.
    """

    def __init__(self, error_type: ErrorType, params: Mapping[str, object] | None = None) -> None:
        self.error_type: Final = error_type
        self._params: Final = dict(params or {})
        super().__init__(error_type.code)

    @property
    def code(self) -> str:
        return self.error_type.code

    @property
    def status(self) -> int:
        return self.error_type.status

    @property
    def params(self) -> dict[str, object]:
        """The facts as JSON can carry them: money as an int, dates as ISO text, decimals as text."""
        return {name: _json_value(value) for name, value in self._params.items()}

    def message(self, lang: Lang) -> str:
        """The sentence for a reader of `lang`, money and dates written as that reader writes them."""
        template = self.error_type.id if lang == "id" else self.error_type.en
        return template.format_map({name: _format_param(value, lang) for name, value in self._params.items()})

    def localize(self, lang: Lang) -> str:
        """A refusal may itself be a fact of another ("line 4: …")."""
        return self.message(lang)

    def __str__(self) -> str:
        return self.message("en")

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore_error, (self.code, self._params))


def error_types() -> Mapping[str, ErrorType]:
    """Every kind declared by the modules imported so far, by code."""
    return dict(_error_types)


def _restore_error(code: str, params: Mapping[str, object]) -> DomainError:
    return DomainError(_error_types[code], params)


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


def _format_param(value: object, lang: Lang) -> str:
    if isinstance(value, Localizable):
        return value.localize(lang)
    if isinstance(value, datetime):
        return formats.date_time(value, lang)
    if isinstance(value, date):
        return formats.date_long(value, lang)
    if isinstance(value, Decimal):
        return formats.number(value, lang)
    if isinstance(value, list | tuple):
        return ", ".join(_format_param(item, lang) for item in value)
    return str(value)


def _json_value(value: object) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, LocalizedText):
        return {"id": value.id, "en": value.en}
    if isinstance(value, DomainError):
        return {"code": value.code, "facts": value.params}
    if isinstance(value, Mapping):
        return {str(name): _json_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json_value(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be a fact of a refusal: JSON has no such thing")
