"""The raw fields of a submitted form; values are decoded only when they are read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

from litestar.datastructures import FormMultiDict, UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException

from kernel.errors import DomainError
from ui import errors
from ui.context import get_context
from ui.request_body import (
    MAX_BLOCKED_NETWORK_BYTES,
    MAX_FORM_BYTES,
    MAX_FORM_WITH_FILE_BYTES,
    MAX_UPLOAD_BYTES,
    get_body,
)

if TYPE_CHECKING:
    from litestar import Request

    from ui.request_body import RequestBody

MAX_FIELDS: Final = 200
MAX_NAME_LENGTH: Final = 100
# Bytes of a value that take a millisecond to decode; longer ones are decoded in a thread.
MAX_INLINE_DECODE_BYTES: Final = 16 * 1024
_KEY: Final = "lumbung.fields"
# litestar's message for more parts than multipart_form_part_limit
_TOO_MANY_PARTS: Final = "Request Entity Too Large"


class FormData:
    """The fields of a submitted form. The first value of a name counts."""

    def __init__(self, body: RequestBody, content: bytes | FormMultiDict) -> None:
        self._body = body
        self._content = content
        self._raw_values: dict[str, bytes] | None = None

    def names(self, limit: int = MAX_FIELDS) -> Sequence[str]:
        """Return the distinct names in the order received. Raises DomainError ui.too_many_fields."""
        if isinstance(self._content, FormMultiDict):
            return list(self._content)
        if self._raw_values is None:
            if self._content.count(b"&") >= limit:
                raise self._body.count_rejection(errors.TOO_MANY_FIELDS(limit=limit))
            self._raw_values = {}
            for piece in self._content.split(b"&"):
                name, _, value = piece.partition(b"=")
                if piece:
                    self._raw_values.setdefault(_decode(name[:MAX_NAME_LENGTH]), value)
        return list(self._raw_values)

    async def get(self, name: str) -> str | UploadFile | None:
        """Return the value of a field, or None. Raises DomainError ui.too_many_fields."""
        if isinstance(self._content, FormMultiDict):
            found: str | UploadFile | None = self._content.get(name)
            return found
        self.names()
        raw = (self._raw_values or {}).get(name)
        if raw is None:
            return None
        return _decode(raw) if len(raw) <= MAX_INLINE_DECODE_BYTES else await asyncio.to_thread(_decode, raw)

    async def csrf_token(self) -> str:
        """Return the form's CSRF token without decoding the other fields."""
        if isinstance(self._content, bytes):
            field = b"csrf="
            at = 0 if self._content.startswith(field) else self._content.find(b"&" + field) + 1
            if not self._content.startswith(field, at):
                return ""
            return _decode(self._content[at + len(field) : at + MAX_NAME_LENGTH].partition(b"&")[0])
        token = await self.get("csrf")
        return token if isinstance(token, str) else ""

    def count_rejection(self) -> None:
        """Count that this form contained something that our pages never send."""
        self._body.count_rejection(errors.UNREADABLE_FORM())


async def read_form_data(request: Request[Any, Any, Any]) -> FormData:
    """Receive the whole body of a form, once, within the limits of its route.

    Raises DomainError: ui.body_too_large, .body_too_slow, .too_many_slow_bodies, .too_many_uploads,
    .too_many_refused_bodies, .too_many_fields, .unreadable_form.
    """
    cached: FormData | None = request.scope.get(_KEY)  # type: ignore[assignment]
    if cached is None:
        cached = FormData(get_body(request.scope), await _receive_form(request))
        request.scope[_KEY] = cached  # type: ignore[typeddict-unknown-key]
    return cached


async def _receive_form(request: Request[Any, Any, Any]) -> bytes | FormMultiDict:
    body, ctx = get_body(request.scope), get_context(request)
    limit = request.route_handler.resolve_request_max_body_size() or MAX_UPLOAD_BYTES
    if ctx.viewer is None and ctx.operator is None and body.is_blocked and not _is_small(request):
        raise body.count_rejection(errors.TOO_MANY_REFUSED_BODIES(minutes=1))
    if limit > MAX_FORM_BYTES:
        body.start_upload(ctx.tenant.schema_name if ctx.tenant else ctx.host_kind)
    try:
        if request.content_type[0] == RequestEncodingType.MULTI_PART:
            form = await request.form()
            if any(isinstance(value, str) and _is_too_long(value, limit) for _, value in form.multi_items()):
                raise body.count_rejection(errors.BODY_TOO_LARGE(limit=_format_size(MAX_FORM_BYTES)))
            return form
        sent = await request.body()
    except DomainError:
        raise
    except HTTPException as error:
        if error.status_code == 413:
            raise body.count_rejection(errors.BODY_TOO_LARGE(limit=_format_size(limit))) from error
        if error.detail == _TOO_MANY_PARTS:
            raise body.count_rejection(errors.TOO_MANY_FIELDS(limit=MAX_FIELDS)) from error
        raise errors.UNREADABLE_FORM() from error
    except Exception as error:  # a malformed body may raise any error
        raise errors.UNREADABLE_FORM() from error
    return sent if request.content_type[0] == RequestEncodingType.URL_ENCODED else b""


def _is_small(request: Request[Any, Any, Any]) -> bool:
    announced = request.headers.get("content-length", "")
    if not announced:
        return "transfer-encoding" not in request.headers
    return announced.isdecimal() and len(announced) < 10 and int(announced) <= MAX_BLOCKED_NETWORK_BYTES


def _is_too_long(value: str, limit: int) -> bool:
    """Whether a text field is longer than a whole form may be; only routes for uploaded text allow more."""
    return limit > MAX_FORM_WITH_FILE_BYTES and len(value.encode(errors="replace")) > MAX_FORM_BYTES


def _format_size(limit: int) -> str:
    return f"{limit // 1024} kB" if limit < 1024 * 1024 else f"{limit // 1024 // 1024} MB"


def _decode(raw: bytes) -> str:
    return unquote_plus(raw.decode("latin-1"))
