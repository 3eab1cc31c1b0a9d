"""Validates request parameters against the typed parameters of the `stripe` package.

Names that the package does not know are rejected here too. The package's types are generated from the API's
own description: required parameters are required here, a number must be a number, and a value of a list of
literals must be one of them. Handlers check what types cannot express (amounts, currencies, combinations).
"""

from __future__ import annotations

import functools
import re
import sys
import types
import typing
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NotRequired, Union

from stripe import RequestOptions
from typing_extensions import is_typeddict

from fakes.fake_stripe.errors import StripeApiError, invalid, missing

PIECES = re.compile(r"[^\[\]]+|(?<=\[)(?=\])")
PAYMENT_METHOD_TYPES = re.compile(r"payment_method_types\]?\[\d+\]$")
NOT_SENT = frozenset(RequestOptions.__annotations__)  # options of a call, which the package sends as headers


class Params(dict[str, Any]):
    """Validated parameters.

    Records which of them a handler reads; the others were accepted and had no effect.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.used: set[str] = {"expand"}

    def __getitem__(self, name: str) -> Any:
        self.used.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.used.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.used.add(str(name))
        return super().__contains__(name)

    @property
    def unused(self) -> Iterator[str]:
        return (name for name in self if name not in self.used)


def parse_nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Parse `a[b][0]=x` into {"a": {"b": {"0": "x"}}}; the types decide later which of these are lists."""
    whole: dict[str, Any] = {}
    for name, value in pairs:
        pieces = PIECES.findall(name) or [name]
        inner = whole
        for piece in pieces[:-1]:
            inner = inner.setdefault(piece, {})
            if not isinstance(inner, dict):
                raise invalid("Invalid request: parameters contradict each other", param=name)
        inner[pieces[-1] or str(len(inner))] = value
    return whole


def validate(raw: dict[str, Any], typed: type) -> Params:
    """Convert the parameters to their types.

    Raises StripeApiError, with the API's message, for the first invalid one.
    """
    return Params(_typed_dict(raw, typed, ""))


@functools.cache
def fields(typed: type) -> dict[str, tuple[Any, bool]]:
    """Return each parameter's type, and whether it is required."""
    own = {name: hint for name, hint in typed.__annotations__.items() if name not in NOT_SENT}
    bare = type(typed.__name__, (), {"__annotations__": own})
    hints = typing.get_type_hints(bare, globalns=vars(sys.modules[typed.__module__]), include_extras=True)
    return {
        name: (typing.get_args(hint)[0], False) if typing.get_origin(hint) is NotRequired else (hint, True)
        for name, hint in hints.items()
    }


def _typed_dict(raw: dict[str, Any], typed: type, path: str) -> dict[str, Any]:
    known = fields(typed)
    unknown = [_join(path, name) for name in raw if name not in known]
    if unknown:
        several = "s" if len(unknown) > 1 else ""
        raise invalid(
            f"Received unknown parameter{several}: {', '.join(unknown)}",
            param=unknown[0],
            code="parameter_unknown",
        )
    for name, (_, required) in known.items():
        if required and name not in raw:
            raise missing(_join(path, name))
    return {name: _value(value, known[name][0], _join(path, name)) for name, value in raw.items()}


def literals(hint: Any) -> frozenset[str]:
    """Return all literal values in a type, at any depth."""
    if typing.get_origin(hint) is Literal:
        return frozenset(str(word) for word in typing.get_args(hint))
    return frozenset().union(*(literals(part) for part in typing.get_args(hint)))


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _choices(hint: Any) -> list[Any]:
    if typing.get_origin(hint) in {Union, types.UnionType}:
        return [choice for part in typing.get_args(hint) for choice in _choices(part)]
    return [hint]


def _value(value: Any, hint: Any, path: str) -> Any:
    choices = _choices(hint)
    words = [
        word for choice in choices if typing.get_origin(choice) is Literal for word in typing.get_args(choice)
    ]
    rest = [choice for choice in choices if typing.get_origin(choice) is not Literal]
    if value == "":
        if "" in words:
            return ""
        raise invalid(
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a "
            f"parameter; however "
            f"'{path}' cannot be unset. You should remove '{path}' from your request or supply a "
            f"non-empty value.",
            param=path,
            code="parameter_invalid_empty",
        )
    named = [str(word) for word in words if word != ""]
    if PAYMENT_METHOD_TYPES.search(path):
        named = []  # it depends on the account: `resolve_payment_methods` checks it
    if isinstance(value, str) and value in named:
        return value
    # the package writes `Literal[…] | str` to stay open for future values; today's API knows only the
    # literals
    if named:
        rest = [choice for choice in rest if choice is not str]
        if not rest:
            raise _not_one_of(value, named, path)
    failure: StripeApiError | None = None
    for choice in rest:
        try:
            return _single(value, choice, path)
        except StripeApiError as refused:
            failure = failure or refused
    raise failure or _not_one_of(value, named, path)


def _not_one_of(value: Any, named: list[str], path: str) -> StripeApiError:
    choices = f"{', '.join(named[:-1])}, or {named[-1]}" if len(named) > 1 else "".join(named)
    return invalid(f"Invalid {path}: must be one of {choices}", param=path)


def _single(value: Any, hint: Any, path: str) -> Any:
    origin = typing.get_origin(hint) or hint
    if origin in {list, tuple}:
        return _list(value, typing.get_args(hint)[0], path)
    if is_typeddict(hint):
        if not isinstance(value, dict):
            raise invalid("Invalid object", param=path)
        return _typed_dict(value, hint, path)
    if isinstance(value, dict):
        if origin is str or origin in {int, bool, float, Decimal}:
            raise invalid(f"Invalid {_word(origin)}: must not be an object", param=path)
        return _free(value, path)
    return _scalar(value, origin, path)


def _list(value: Any, of: Any, path: str) -> list[Any]:
    if not isinstance(value, dict) or not all(key.isdigit() for key in value):
        raise invalid("Invalid array", param=path)
    return [_value(value[key], of, f"{path}[{key}]") for key in sorted(value, key=int)]


def _free(value: dict[str, Any], path: str) -> dict[str, Any]:
    """Validate a free-form object such as metadata, by the limits of https://docs.stripe.com/api/metadata."""
    if "metadata" in path:
        if len(value) > 50:
            raise invalid("You cannot have more than 50 metadata keys.", param=path)
        for key, text in value.items():
            if len(key) > 40:
                raise invalid(
                    f"Metadata keys can have up to 40 characters, but '{key}' is longer.", param=path
                )
            if not isinstance(text, str) or len(text) > 500:
                raise invalid("Metadata values can have up to 500 characters.", param=path)
    return value


def _scalar(value: str, kind: Any, path: str) -> Any:
    if kind is bool:
        if value not in {"true", "false"}:
            raise invalid(f"Invalid boolean: {value}", param=path)
        return value == "true"
    if kind is int:
        if not re.fullmatch(r"-?\d{1,18}", value):
            raise invalid(f"Invalid integer: {value}", param=path, code="parameter_invalid_integer")
        return int(value)
    if kind in {float, Decimal}:
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise invalid(f"Invalid decimal: {value}", param=path) from None
        return float(number) if kind is float else str(number)
    if kind is not str and kind is not Any:
        raise invalid("Invalid hash", param=path)  # a string instead of metadata
    return value


def _word(kind: Any) -> str:
    return {str: "string", int: "integer", bool: "boolean"}.get(kind, "decimal")
