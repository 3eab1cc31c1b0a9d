"""The fields of a submitted form, as they were sent: taken apart no further than a form declares."""

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
from ui.bodies import LARGEST_FORM, LARGEST_OF_REFUSED, LARGEST_UPLOAD, LARGEST_WITH_FILE, body_of
from ui.viewer import visit_of

if TYPE_CHECKING:
    from litestar import Request

    from ui.bodies import Body

MOST_FIELDS: Final = 200
LONGEST_NAME: Final = 100
# Bytes of a value that take a millisecond to decode; longer ones are decoded in a thread.
DECODED_AT_ONCE: Final = 16 * 1024
_KEY: Final = "lumbung.fields"
# litestar's word for more parts than multipart_form_part_limit
_TOO_MANY_PARTS: Final = "Request Entity Too Large"


class SentFields:
    """What a form sent. The first value of a name counts."""

    def __init__(self, body: Body, sent: bytes | FormMultiDict) -> None:
        self._body = body
        self._sent = sent
        self._pieces: dict[str, bytes] | None = None

    def names(self, most: int = MOST_FIELDS) -> Sequence[str]:
        """The names in the order in which they came, each once. Raises DomainError ui.too_many_fields."""
        if isinstance(self._sent, FormMultiDict):
            return list(self._sent)
        if self._pieces is None:
            if self._sent.count(b"&") >= most:
                raise self._body.refused(errors.TOO_MANY_FIELDS(limit=most))
            self._pieces = {}
            for piece in self._sent.split(b"&"):
                name, _, value = piece.partition(b"=")
                if piece:
                    self._pieces.setdefault(_decoded(name[:LONGEST_NAME]), value)
        return list(self._pieces)

    async def get(self, name: str) -> str | UploadFile | None:
        """The value of a field, or None. Raises DomainError ui.too_many_fields."""
        if isinstance(self._sent, FormMultiDict):
            found: str | UploadFile | None = self._sent.get(name)
            return found
        self.names()
        raw = (self._pieces or {}).get(name)
        if raw is None:
            return None
        return _decoded(raw) if len(raw) <= DECODED_AT_ONCE else await asyncio.to_thread(_decoded, raw)

    async def csrf(self) -> str:
        """The token of the form, found without taking the rest apart."""
        if isinstance(self._sent, bytes):
            field = b"csrf="
            at = 0 if self._sent.startswith(field) else self._sent.find(b"&" + field) + 1
            if not self._sent.startswith(field, at):
                return ""
            return _decoded(self._sent[at + len(field) : at + LONGEST_NAME].partition(b"&")[0])
        token = await self.get("csrf")
        return token if isinstance(token, str) else ""

    def count_refused(self) -> None:
        """Count that this form sent what no page of ours sends."""
        self._body.refused(errors.UNREADABLE_FORM())


async def fields_of(request: Request[Any, Any, Any]) -> SentFields:
    """Receive the whole body of a form, once, within what its route allows.

    Raises DomainError: ui.body_too_large, .body_too_slow, .too_many_slow_bodies, .too_many_uploads,
    .too_many_refused_bodies, .too_many_fields, .unreadable_form.
    """
    kept: SentFields | None = request.scope.get(_KEY)  # type: ignore[assignment]
    if kept is None:
        kept = SentFields(body_of(request.scope), await _received(request))
        request.scope[_KEY] = kept  # type: ignore[typeddict-unknown-key]
    return kept


async def _received(request: Request[Any, Any, Any]) -> bytes | FormMultiDict:
    body, visit = body_of(request.scope), visit_of(request)
    limit = request.route_handler.resolve_request_max_body_size() or LARGEST_UPLOAD
    if visit.viewer is None and visit.operator is None and body.is_overrun and not _is_small(request):
        raise body.refused(errors.TOO_MANY_REFUSED_BODIES(minutes=1))
    if limit > LARGEST_FORM:
        body.expect_upload(visit.tenant.schema_name if visit.tenant else visit.nav)
    try:
        if request.content_type[0] == RequestEncodingType.MULTI_PART:
            form = await request.form()
            if any(isinstance(value, str) and _is_too_long(value, limit) for _, value in form.multi_items()):
                raise body.refused(errors.BODY_TOO_LARGE(limit=_size(LARGEST_FORM)))
            return form
        sent = await request.body()
    except DomainError:
        raise
    except HTTPException as error:
        if error.status_code == 413:
            raise body.refused(errors.BODY_TOO_LARGE(limit=_size(limit))) from error
        if error.detail == _TOO_MANY_PARTS:
            raise body.refused(errors.TOO_MANY_FIELDS(limit=MOST_FIELDS)) from error
        raise errors.UNREADABLE_FORM() from error
    except Exception as error:  # whatever a broken body raises
        raise errors.UNREADABLE_FORM() from error
    return sent if request.content_type[0] == RequestEncodingType.URL_ENCODED else b""


def _is_small(request: Request[Any, Any, Any]) -> bool:
    announced = request.headers.get("content-length", "")
    if not announced:
        return "transfer-encoding" not in request.headers
    return announced.isdecimal() and len(announced) < 10 and int(announced) <= LARGEST_OF_REFUSED


def _is_too_long(value: str, limit: int) -> bool:
    """Whether a field that is no file has more than a form may; one that carries a file back is as long as
    its route allows.
    """
    return limit > LARGEST_WITH_FILE and len(value.encode(errors="replace")) > LARGEST_FORM


def _size(limit: int) -> str:
    return f"{limit // 1024} kB" if limit < 1024 * 1024 else f"{limit // 1024 // 1024} MB"


def _decoded(raw: bytes) -> str:
    return unquote_plus(raw.decode("latin-1"))
