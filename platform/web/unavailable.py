"""Responses while the database is away, full or too slow: 503, a log number, and Retry-After.

Used for failures in a handler (web.error_handlers) and in the dispatcher, which queries the database before
it calls an application.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import structlog
from litestar import Litestar, MediaType, Request, Response, route

from billing import stripe_webhook
from kernel.database_errors import UnavailableReason, summarize_error, unavailable_reason
from kernel.errors import ErrorType
from ui.context import CONTEXT_KEY, get_context
from ui.rendering import render_page
from ui.request_body import MAX_FORM_BYTES
from web import webhooks
from web.headers import build_security_headers
from web.responses import send_status

if TYPE_CHECKING:
    from kernel.settings import Settings

log = structlog.get_logger()

ERROR_KEY: Final = "lumbung.failure"
RETRY_AFTER: Final[dict[UnavailableReason, int]] = {"away": 10, "full": 5, "slow": 30}
UNAVAILABLE: Final[dict[UnavailableReason, ErrorType]] = {
    "away": ErrorType(
        "web.database_away",
        503,
        "Penyimpanan data kami sedang tidak bisa dihubungi. Coba lagi sebentar lagi.",
    ),
    "full": ErrorType(
        "web.no_connection_free",
        503,
        "Sedang ramai sekali. Coba lagi sebentar lagi.",
    ),
    "slow": ErrorType(
        "web.took_too_long",
        503,
        "Ini makan waktu terlalu lama, jadi kami hentikan. Coba lagi sebentar lagi.",
    ),
}


def respond_unavailable(
    request: Request[Any, Any, Any], error: BaseException, reason: UnavailableReason
) -> Response[Any]:
    """Answer 503 when the database could not serve a request, and log one line with the same number."""
    number = log_unavailable(error, reason, request.scope)
    retry_after = {"Retry-After": str(RETRY_AFTER[reason])}
    path = request.scope["path"]
    if is_webhook(path):
        return Response(b"", status_code=503, headers=retry_after, media_type=MediaType.TEXT)
    lang = get_context(request).lang
    accept = request.headers.get("accept", "")
    if "json" in accept and "html" not in accept:
        kind = UNAVAILABLE[reason]
        return Response(
            {
                "type": f"urn:lumbung:{kind.code}",
                "title": kind().localize(lang),
                "status": 503,
                "facts": {"number": number, "retry_after": RETRY_AFTER[reason]},
            },
            status_code=503,
            media_type="application/problem+json",
            headers=retry_after,
        )
    response = render_page(
        request, "errors/unavailable.html", block="fragment", status=503, number=number, reason=reason
    )
    response.headers["Retry-After"] = retry_after["Retry-After"]
    return response


def log_unavailable(error: BaseException, reason: UnavailableReason, scope: Any) -> str:
    """Log one line about the failure, and return its number."""
    number = secrets.token_hex(4)
    log.error(
        "database unavailable",
        number=number,
        reason=reason,
        path=scope["path"],
        method=scope["method"],
        error=summarize_error(error),
    )
    return number


def is_webhook(path: str) -> bool:
    """Whether the path belongs to a webhook, whose sender reads only the status."""
    return path.startswith(webhooks.PREFIXES) or path in stripe_webhook.PATHS


def build_failure_app(settings: Settings, answer: Any) -> Litestar:
    """Build the application that answers every path and method with ``answer(request, error)``."""

    @route(["/", "/{rest:path}"], http_method=["GET", "POST", "PUT", "PATCH", "DELETE"], sync_to_thread=False)
    def failed(request: Request[Any, Any, Any]) -> Response[Any]:
        scope: Any = request.scope
        answered: Response[Any] = answer(request, scope[ERROR_KEY])
        return answered

    return Litestar(
        route_handlers=[failed],
        request_max_body_size=MAX_FORM_BYTES,  # none is read here
        before_send=[build_security_headers(settings)],
        openapi_config=None,
        logging_config=None,
        signature_namespace={"Request": Request},
    )


class TrackedSend:
    """A ``send`` that records whether the response has started; a second one cannot be sent."""

    __slots__ = ("_send", "started")

    def __init__(self, send: Any) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Any) -> None:
        self.started = True
        await self._send(message)


async def respond_to_failure(
    app: Litestar, scope: Any, receive: Any, send: TrackedSend, error: Exception
) -> None:
    """Answer an exception of the dispatcher; ``scope`` holds the request context.

    If the response has started, a database failure is only logged, and any other error is raised.
    """
    reason = unavailable_reason(error)
    if send.started:
        if reason is None:
            raise error
        log_unavailable(error, reason, scope)
    elif reason is not None and is_webhook(scope["path"]):
        log_unavailable(error, reason, scope)
        await send_status(503, send, retry_after=RETRY_AFTER[reason])
    else:
        assert CONTEXT_KEY in scope
        scope[ERROR_KEY] = error
        await app(scope, receive, send)
