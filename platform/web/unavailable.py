"""What is answered while the database is away, full or too slow: 503, a number that the log knows, and when
to come again.

The same for a handler that met it (web.failures) and for the dispatcher itself, which asks the database
before any application is there.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import structlog
from litestar import Litestar, MediaType, Request, Response, route

from billing import hook_pages
from kernel.database_errors import UnavailableReason, summarize_error, unavailable_reason
from kernel.errors import ErrorType
from ui.bodies import LARGEST_FORM
from ui.rendering import page
from ui.viewer import KEY, visit_of
from web import hook
from web.answers import answer_nothing
from web.headers import with_headers

if TYPE_CHECKING:
    from kernel.settings import Settings

log = structlog.get_logger()

FAILURE: Final = "lumbung.failure"
RETRY_AFTER: Final[dict[UnavailableReason, int]] = {"away": 10, "full": 5, "slow": 30}
UNAVAILABLE: Final[dict[UnavailableReason, ErrorType]] = {
    "away": ErrorType(
        "web.database_away",
        503,
        id="Penyimpanan data kami sedang tidak bisa dihubungi. Coba lagi sebentar lagi.",
        en="Our data store cannot be reached at the moment. Try again in a moment.",
    ),
    "full": ErrorType(
        "web.no_connection_free",
        503,
        id="Sedang ramai sekali. Coba lagi sebentar lagi.",
        en="It is very busy at the moment. Try again in a moment.",
    ),
    "slow": ErrorType(
        "web.took_too_long",
        503,
        id="Ini makan waktu terlalu lama, jadi kami hentikan. Coba lagi sebentar lagi.",
        en="This took too long, so we stopped it. Try again in a moment.",
    ),
}


def unavailable(
    request: Request[Any, Any, Any], error: BaseException, reason: UnavailableReason
) -> Response[Any]:
    """Answer a request that the database could not serve; one line in the log, under the same number."""
    number = note(error, reason, request.scope)
    retry_after = {"Retry-After": str(RETRY_AFTER[reason])}
    path = request.scope["path"]
    if is_webhook(path):
        return Response(b"", status_code=503, headers=retry_after, media_type=MediaType.TEXT)
    lang = visit_of(request).lang
    accept = request.headers.get("accept", "")
    if "json" in accept and "html" not in accept:
        kind = UNAVAILABLE[reason]
        return Response(
            {
                "type": f"urn:lumbung:{kind.code}",
                "title": kind().message(lang),
                "status": 503,
                "facts": {"number": number, "retry_after": RETRY_AFTER[reason]},
            },
            status_code=503,
            media_type="application/problem+json",
            headers=retry_after,
        )
    response = page(
        request, "errors/unavailable.html", block="fragment", status=503, number=number, reason=reason
    )
    response.headers["Retry-After"] = retry_after["Retry-After"]
    return response


def note(error: BaseException, reason: UnavailableReason, scope: Any) -> str:
    """Write the one line, and return its number."""
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
    """Whether machines send their messages there, which look at nothing but the status."""
    return path.startswith(hook.PREFIX) or path == hook_pages.PATH


def failed_app(settings: Settings, answer: Any) -> Litestar:
    """The application that answers for the dispatcher: by ``answer(request, error)``, whatever was asked and
    however.
    """

    @route(["/", "/{rest:path}"], http_method=["GET", "POST", "PUT", "PATCH", "DELETE"], sync_to_thread=False)
    def failed(request: Request[Any, Any, Any]) -> Response[Any]:
        scope: Any = request.scope
        answered: Response[Any] = answer(request, scope[FAILURE])
        return answered

    return Litestar(
        route_handlers=[failed],
        request_max_body_size=LARGEST_FORM,  # none is read here
        before_send=[with_headers(settings)],
        openapi_config=None,
        logging_config=None,
        signature_namespace={"Request": Request},
    )


class Watched:
    """``send`` that knows whether the answer has begun: a second one cannot be given."""

    __slots__ = ("_send", "started")

    def __init__(self, send: Any) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Any) -> None:
        self.started = True
        await self._send(message)


async def answer_failure(app: Litestar, scope: Any, receive: Any, send: Watched, error: Exception) -> None:
    """Answer what the dispatcher itself could not serve; ``scope`` holds the visit.

    What has begun to be answered is only logged.
    """
    reason = unavailable_reason(error)
    if send.started:
        if reason is None:
            raise error
        note(error, reason, scope)
    elif reason is not None and is_webhook(scope["path"]):
        note(error, reason, scope)
        await answer_nothing(503, send, retry_after=RETRY_AFTER[reason])
    else:
        assert KEY in scope
        scope[FAILURE] = error
        await app(scope, receive, send)
