"""Parse submitted forms into typed structs, with a message for each invalid field."""

from __future__ import annotations

import contextlib
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

import msgspec
from litestar.datastructures import UploadFile

from kernel import parsing, phone
from kernel.errors import DomainError
from kernel.money import Rupiah
from ui import errors
from ui.context import get_context
from ui.form_data import MAX_FIELDS, read_form_data
from ui.rendering import render_page

if TYPE_CHECKING:
    from litestar import Request, Response

T = TypeVar("T", bound=msgspec.Struct)

MAX_TEXT_LENGTH = 2_000


class MobileNumber(str):
    """A field for an Indonesian mobile number; the struct gets it in E.164."""

    __slots__ = ()


class EmptyForm(msgspec.Struct, forbid_unknown_fields=True):
    """A form without fields: only a button."""


class FormInvalid(Exception):
    """The form has errors: roll back and send ``response``, which shows it again."""

    def __init__(self, response: Response[Any]) -> None:
        super().__init__("the form came back")
        self.response = response


class Form(Generic[T]):
    """A submitted form: ``values`` as typed, ``errors`` by field, and ``data`` once there are none."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        values: dict[str, str],
        problems: dict[str, str],
        data: T | None,
    ) -> None:
        self._request = request
        self.values = values
        self.errors = problems
        self._data = data

    @property
    def data(self) -> T:
        """The parsed struct.

        Raises RuntimeError while there are errors: check ``errors`` or use ``rerender_on_error`` first.
        """
        if self._data is None or self.errors:
            msg = "this form has errors: show it again instead"
            raise RuntimeError(msg)
        return self._data

    def invalid(self, template: str, *, status: int = 422, **context: Any) -> FormInvalid:
        """Return an exception that rolls back and shows the form again with the submitted values."""
        return FormInvalid(render_page(self._request, template, status=status, form=self, **context))

    @contextlib.asynccontextmanager
    async def rerender_on_error(
        self,
        template: str,
        *,
        field: str = "",
        load_context: Callable[[], Awaitable[Mapping[str, Any]]] | None = None,
        **context: Any,
    ) -> AsyncIterator[None]:
        """Raise FormInvalid when the form has errors or the block raises a DomainError.

        The message of a DomainError is shown at its ``field`` parameter, else at ``field``; above the form if
        both are empty. ``load_context`` returns more context for the page and is called only when the form is
        shown again. It must use its own transaction, because the failed one may be unusable.
        """
        if self.errors:
            raise self.invalid(template, **context, **(await load_context() if load_context else {}))
        try:
            yield
        except DomainError as error:
            where = str(error.params.get("field") or field)
            self.errors[where] = error.localize(get_context(self._request).lang)
            loaded = await load_context() if load_context else {}
            again = self.invalid(template, status=error.status, **context, **loaded)
            again.response.headers.update(errors.retry_after_headers(error))
            raise again from error


async def read_form(request: Request[Any, Any, Any], form_type: type[T]) -> Form[T]:
    """Read a submitted form into ``form_type``, a struct whose fields define what may be sent.

    Types: str, MobileNumber, Rupiah, int, Decimal, date, bool (a checkbox), UUID, Literal, UploadFile, and
    any of them ``| None`` (may be left empty). ``Annotated[str, Meta(min_length=…, max_length=…)]`` and
    ``Annotated[int, Meta(ge=…, le=…)]`` bound them. An unknown field is an error, and the fields after it are
    not read. Raises DomainError: ui.too_many_fields (200, or more if ``form_type`` has more), and those of
    ``read_form_data``.
    """
    sent = await read_form_data(request)
    lang = get_context(request).lang
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    made: dict[str, Any] = {}
    hints = get_type_hints(form_type, include_extras=True)
    fields = {field.name: field for field in msgspec.structs.fields(form_type)}
    came: dict[str, str | UploadFile | None] = {}
    for name in sent.names(max(MAX_FIELDS, len(fields) + 1)):
        if name in fields:
            came[name] = await sent.get(name)
        elif name != "csrf":
            problems[""] = errors.UNKNOWN_FIELD(field=name[:40]).localize(lang)
            sent.count_rejection()
            break
    for name, field in fields.items():
        raw = came.get(name)
        if isinstance(raw, str):
            values[name] = raw
        try:
            made[name] = _convert(hints[name], raw, optional=not field.required)
        except _FieldAbsent:
            continue
        except DomainError as error:
            problems[name] = error.localize(lang)
    data = None
    if not problems:
        data = form_type(**made)
    return Form(request, values, problems, data)


class _FieldAbsent(Exception):
    """Marks a field that was not sent and has a default."""


def _convert(hint: Any, raw: object, *, optional: bool) -> Any:
    bounds: msgspec.Meta | None = None
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        bounds = next((extra for extra in extras if isinstance(extra, msgspec.Meta)), None)
    nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        nullable = len(options) < len(get_args(hint))
        hint = options[0]
        if get_origin(hint) is Annotated:
            return _convert(hint, raw, optional=True) if raw else None
    if hint is bool:
        return raw not in (None, "", "0", "false")
    if hint is UploadFile:
        if isinstance(raw, UploadFile) and raw.filename:
            return raw
        return _handle_empty(nullable, optional)
    if not isinstance(raw, str) or not (typed := raw.strip()):
        return _handle_empty(nullable, optional)
    if get_origin(hint) is Literal:
        if typed not in get_args(hint):
            raise errors.NOT_A_CHOICE()
        return typed
    value = _PARSERS[hint](typed)
    _check_bounds(value, bounds)
    return value


def _handle_empty(nullable: bool, optional: bool) -> None:
    if optional:
        raise _FieldAbsent
    if not nullable:
        raise errors.FIELD_REQUIRED()


def _check_bounds(value: object, bounds: msgspec.Meta | None) -> None:
    if isinstance(value, str):
        most = bounds.max_length if bounds and bounds.max_length else MAX_TEXT_LENGTH
        if len(value) > most:
            raise errors.FIELD_TOO_LONG(limit=most)
        if bounds and bounds.min_length and len(value) < bounds.min_length:
            raise errors.FIELD_TOO_SHORT(limit=bounds.min_length)
    elif bounds and isinstance(value, int | Decimal):
        least, most_value = bounds.ge, bounds.le
        if (least is not None and value < least) or (most_value is not None and value > most_value):
            raise errors.FIELD_OUT_OF_RANGE(
                least=least if least is not None else "…", most=most_value if most_value is not None else "…"
            )


def _clean_text(typed: str) -> str:
    return "".join(letter for letter in typed if letter.isprintable() or letter in "\n\t").replace(
        "\r\n", "\n"
    )


def _parse_uuid(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError as error:
        raise errors.NOT_A_CHOICE() from error


_PARSERS: dict[Any, Any] = {
    str: _clean_text,
    MobileNumber: lambda typed: MobileNumber(phone.parse_mobile(typed)),
    Rupiah: Rupiah.parse,
    int: parsing.parse_number,
    Decimal: parsing.parse_percent,
    date: parsing.parse_date,
    UUID: _parse_uuid,
}
