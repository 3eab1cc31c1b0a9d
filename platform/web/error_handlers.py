"""Exception handlers: turn each exception into a response that says what to do.

A visitor never sees a stack trace; the log has it under the number that the page shows.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import asyncpg
import structlog
from litestar import MediaType, Request, Response
from litestar.datastructures import URL
from litestar.exceptions import HTTPException
from sqlalchemy.exc import DBAPIError

from kernel.database_errors import get_sqlstate, unavailable_reason
from kernel.errors import DomainError, ErrorType
from kernel.formats import Lang
from kernel.translations import get_translations
from ui.context import get_context
from ui.disconnects import ClientDisconnected
from ui.errors import TOO_MANY_ATTEMPTS, retry_after_headers
from ui.forms import FormInvalid
from ui.guards import SignInRequired
from ui.rendering import render_page, see_other
from web.unavailable import RETRY_AFTER, respond_unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

BUSY = ErrorType(
    "web.busy",
    503,
    "Sedang ramai: data ini sedang dipakai orang lain. Tunggu sebentar, lalu coba lagi. Tidak ada yang "
    "berubah.",
)
_OUT_OF_RANGE = "22003"
_LOCK_NOT_AVAILABLE = frozenset({"55P03", "40P01", "40001"})


def _wants_json(request: Request[Any, Any, Any]) -> bool:
    accept = request.headers.get("accept", "")
    return "json" in accept and "html" not in accept


def handle_domain_error(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    """Render a domain error as a page, a fragment for htmx, or problem+json."""
    ctx = get_context(request)
    sentence = error.localize(ctx.lang)
    if _wants_json(request):
        return Response(
            {
                "type": f"urn:lumbung:{error.code}",
                "title": sentence,
                "status": error.status,
                "facts": error.params,
            },
            status_code=error.status,
            media_type="application/problem+json",
            headers=retry_after_headers(error),
        )
    template = "errors/404.html" if error.status == 404 else "errors/refusal.html"
    if error.error_type is TOO_MANY_ATTEMPTS:
        template = "errors/429.html"  # speaks of passwords
    block = "fragment" if template == "errors/refusal.html" else None
    response = render_page(
        request,
        template,
        block=block,
        status=error.status,
        sentence=sentence,
        wait=_format_wait(error, ctx.lang),
    )
    response.headers.update(retry_after_headers(error))
    if error.status == 408:
        # the rest of this body must not be parsed as a request (RFC 9110, 15.5.9)
        response.headers["Connection"] = "close"
    return response


def _format_wait(error: DomainError, lang: Lang) -> str | None:
    """Return the waiting time as translated text, or None if the error has no ``minutes``."""
    minutes = error.params.get("minutes")
    if not isinstance(minutes, int):
        return None
    return get_translations(lang).ngettext("%(count)s menit", "%(count)s menit", minutes) % {"count": minutes}


def handle_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Render an error of the framework: unknown page, unsupported method, body too large."""
    if error.status_code == 400:
        return handle_domain_error(request, UNREADABLE_ADDRESS())  # the framework's message names internals
    if _wants_json(request):
        return Response(
            {"type": "about:blank", "title": error.detail, "status": error.status_code},
            status_code=error.status_code,
            media_type="application/problem+json",
        )
    if error.status_code == 405 and request.method == "GET":
        # the URL of a form's POST opened by GET (a reload, a bookmark, the redirect after signing in):
        # redirect to the parent page, which has the form
        return see_other(
            "/" + request.scope["path"].rpartition("/")[0].lstrip("/")
        )  # a path that begins with // would be another host
    if error.status_code in (404, 405):
        return render_page(request, "errors/404.html", status=error.status_code)
    if error.status_code < 500:
        return render_page(request, "errors/refusal.html", status=error.status_code, sentence=error.detail)
    return handle_unexpected_error(request, error)


UNREADABLE_ADDRESS = ErrorType(
    "web.unreadable_address",
    400,
    "Alamat halaman ini tidak terbaca. Kembali ke halaman sebelumnya, lalu coba lagi.",
)


NUMBER_TOO_LARGE = ErrorType(
    "web.number_too_large",
    422,
    "Salah satu angkanya terlalu besar. Periksa jumlah angkanya, lalu coba lagi. Tidak ada yang berubah.",
)


def _is_too_large(error: Exception) -> bool:
    """Whether the driver or the server rejected a number as out of range for its column.

    Form input is limited before; this happens for computed sums and products.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    known = getattr(cause, "__cause__", None) or cause
    if getattr(known, "sqlstate", None) == _OUT_OF_RANGE:
        return True
    return isinstance(known, asyncpg.DataError) and "value out of int" in str(known)


def handle_unexpected_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Render an unexpected error with the number of its log entry, without internals.

    Lock conflicts, database outages and numbers out of range get their own pages.
    """
    if isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        return handle_exception(request, error.exceptions[0])
    if get_sqlstate(error) in _LOCK_NOT_AVAILABLE:
        response = handle_domain_error(request, BUSY())
        response.headers["Retry-After"] = str(RETRY_AFTER["full"])
        return response
    if (reason := unavailable_reason(error)) is not None:
        try:
            return respond_unavailable(request, error, reason)
        except Exception:
            log.exception("error page failed")
            return Response("503", status_code=503, media_type=MediaType.TEXT)
    if _is_too_large(error):
        log.warning(
            "a number was too large", path=request.scope["path"], method=request.method, why=str(error)[:200]
        )
        return handle_domain_error(request, NUMBER_TOO_LARGE())
    number = secrets.token_hex(4)
    log.error(
        "request failed", number=number, path=request.scope["path"], method=request.method, exc_info=error
    )
    try:
        return render_page(request, "errors/500.html", status=500, number=number)
    except Exception:  # the error page itself failed: answer with plain text
        log.exception("error page failed")
        return Response(f"Maaf, ada yang salah ({number}).", status_code=500, media_type=MediaType.TEXT)


def redirect_to_sign_in(request: Request[Any, Any, Any], _: SignInRequired) -> Response[Any]:
    """Redirect to the sign-in page, with this page (or the page of the submitted form) to return to."""
    here = request.url if request.method == "GET" else URL(request.headers.get("referer", ""))
    back = f"{here.path}?{here.query}" if here.query else here.path
    known = here.netloc == request.headers.get("host") and here.path not in ("", "/masuk")
    target = f"/masuk?kembali={quote(back, safe='')}" if known else "/masuk"
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=200, headers={"HX-Redirect": target})
    return see_other(target)


def rerender_form(_: Request[Any, Any, Any], error: FormInvalid) -> Response[Any]:
    """Return the response of a form that is shown again with its errors."""
    return error.response


def handle_disconnect(_: Request[Any, Any, Any], error: ClientDisconnected) -> Response[Any]:
    """Answer 499 for a client that closed its connection."""
    return Response(b"", status_code=499)


def handle_exception(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Handle an exception by the handler of its type."""
    for kind, handler in EXCEPTION_HANDLERS.items():
        if isinstance(kind, type) and kind is not Exception and isinstance(error, kind):
            return handler(request, error)
    return handle_unexpected_error(request, error)


EXCEPTION_HANDLERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]] = {
    DomainError: handle_domain_error,
    FormInvalid: rerender_form,
    SignInRequired: redirect_to_sign_in,
    ClientDisconnected: handle_disconnect,
    HTTPException: handle_http_exception,
    Exception: handle_unexpected_error,
}
