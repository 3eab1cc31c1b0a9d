"""Domain errors: refusals of use cases, each with a stable code and a translated message.

The message is Indonesian; its translations are in `themes/base/locale/<language>/<room>.po`. A room declares
its error types once, in its errors.py, and raises them by calling them:

    STOCK_TOO_LOW = ErrorType("shop.stock_too_low", 409, "Stok {product} tinggal {left}.")
    raise STOCK_TOO_LOW(product="Beras 5 kg", left=2)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from string import Formatter
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

from kernel import formats
from kernel.formats import Lang
from kernel.translations import get_translations, list_languages

_CODE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_error_types: dict[str, "ErrorType"] = {}


@runtime_checkable
class Localizable(Protocol):
    """A value that can be written in a language: money, a translated text."""

    def localize(self, lang: Lang) -> str: ...


@dataclass(frozen=True, slots=True)
class LocalizedText:
    """An Indonesian text that is translated when it is shown; may be a parameter of an error.

    `context` distinguishes two translations of one text. `counted` names the parameter that selects the
    plural form.
    """

    text: str
    context: str = ""
    counted: str = ""
    params: tuple[tuple[str, object], ...] = ()

    def format(self, **params: object) -> "LocalizedText":
        """Return the same text with parameters for its placeholders; they are localized with it."""
        return replace(self, params=tuple(params.items()))

    def localize(self, lang: Lang) -> str:
        params = dict(self.params)
        template = _translate(self.text, self.context, params.get(self.counted), lang)
        return _fill(template, params, lang) if params else template


@dataclass(frozen=True, slots=True)
class StoredText:
    """A text stored in Indonesian and in English, in two columns."""

    indonesian: str
    english: str

    def localize(self, lang: Lang) -> str:
        return self.english if lang == "en" else get_translations(lang).gettext(self.indonesian)


@dataclass(frozen=True, slots=True)
class JoinedText:
    """Several values joined into one text; each is localized separately."""

    parts: tuple[object, ...]
    separator: str = ", "

    def localize(self, lang: Lang) -> str:
        return self.separator.join(_format_param(part, lang) for part in self.parts)


@dataclass(frozen=True, slots=True)
class ErrorType:
    """A type of domain error: a code that never changes, an HTTP status, and the Indonesian message.

    `context` and `counted` are those of LocalizedText. Raises ValueError for a malformed or duplicate code.
    """

    code: str
    status: int
    text: str
    context: str = field(default="", kw_only=True)
    counted: str = field(default="", kw_only=True)
    placeholders: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise ValueError(f"{self.code!r} is not a code like 'shop.stock_too_low'")
        if not 400 <= self.status <= 599:
            raise ValueError(f"{self.code} has status {self.status}; an error is 4xx or 5xx")
        named = _placeholders(self.text)
        if self.code in _error_types:
            raise ValueError(f"the code {self.code} is already taken")
        object.__setattr__(self, "placeholders", named)
        _error_types[self.code] = self

    def __call__(self, **params: object) -> "DomainError":
        """Return the error with its parameters.

        Raises TypeError when a placeholder of the message has no parameter; additional parameters are
        allowed.
        """
        missing = self.placeholders - params.keys()
        if missing:
            raise TypeError(f"{self.code} lacks {', '.join(sorted(missing))}")
        return DomainError(self, params)


class DomainError(Exception):
    """An error that a use case raises for its caller.

    The edge turns it into a page, a fragment, problem+json or a line on standard error.
    """

    def __init__(self, error_type: ErrorType, params: Mapping[str, object] | None = None) -> None:
        self.error_type: Final = error_type
        self._params: Final = dict(params or {})
        super().__init__(error_type.code)

    @property
    def code(self) -> str:
        """The stable code of the error type."""
        return self.error_type.code

    @property
    def status(self) -> int:
        """The HTTP status of the error type."""
        return self.error_type.status

    @property
    def params(self) -> dict[str, object]:
        """The parameters as JSON values: money as an int, dates as ISO text, decimals as text."""
        return {name: _json_value(value) for name, value in self._params.items()}

    def localize(self, lang: Lang) -> str:
        """Return the message in `lang`, with money and dates in that language's format.

        An error may be a parameter of another one ("line 4: …").
        """
        kind = self.error_type
        template = _translate(kind.text, kind.context, self._params.get(kind.counted), lang)
        return _fill(template, self._params, lang)

    def __str__(self) -> str:
        return self.localize("en")

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore_error, (self.code, self._params))


def _restore_error(code: str, params: Mapping[str, object]) -> DomainError:
    """Recreate a pickled error."""
    return DomainError(_error_types[code], params)


def _placeholders(template: str) -> frozenset[str]:
    """Return the names of the placeholders. Raises ValueError for one that is not a plain name."""
    names = set()
    for _, name, spec, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}}} must be a plain name: the type of a parameter decides its format")
        names.add(name)
    return frozenset(names)


def _translate(text: str, context: str, count: object, lang: Lang) -> str:
    """Return the translated text, in the plural form for ``count`` if it is an int."""
    translations = get_translations(lang)
    if isinstance(count, int):
        return translations.ngettext(text, text, count)
    return translations.pgettext(context, text) if context else translations.gettext(text)


def _fill(template: str, params: Mapping[str, object], lang: Lang) -> str:
    """Replace the placeholders of a message by the parameters, written in a language."""
    return template.format_map({name: _format_param(value, lang) for name, value in params.items()})


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
    if isinstance(value, DomainError):
        return {"code": value.code, "facts": value.params}
    if isinstance(value, Localizable):
        return {lang: value.localize(lang) for lang in list_languages()}
    if isinstance(value, Mapping):
        return {str(name): _json_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json_value(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be a parameter of an error: it has no JSON form")
