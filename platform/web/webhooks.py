"""``POST /webhooks/<endpoint>``: where payment providers send their messages.

Answered here, before any page machinery, once they are stored.

There is no viewer and no form: the message proves itself (payments.webhook_inbox). An unknown address is
answered 404 and nothing is written; a message that proves nothing, 400.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from gateways.protocol import WebhookVerificationError
from kernel.database_errors import summarize_error, unavailable_reason
from kernel.errors import DomainError
from payments.webhook_inbox import MAX_BODY_BYTES, UnknownEndpoint, WebhookInbox
from web.responses import send_status

if TYPE_CHECKING:
    from tenants.registry import TenantRef

log = structlog.get_logger()

PREFIX: Final = "/webhooks/"
# Providers have these addresses registered from before: they are answered for good.
FORMER_PREFIX: Final = "/kait/"
PREFIXES: Final = (PREFIX, FORMER_PREFIX)
RETRY_AFTER: Final = 10


async def receive_webhook(
    inbox: WebhookInbox, tenant: TenantRef, scope: Any, receive: Any, send: Any
) -> None:
    """Take one message and answer it."""
    if scope["method"] != "POST":
        await send_status(405, send)
        return
    try:
        body = await _read_body(receive)
    except DomainError as refused:  # it came too slowly
        await send_status(refused.status, send)
        return
    if body is None:
        await send_status(413, send)
        return
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    endpoint = scope["path"].removeprefix(FORMER_PREFIX).removeprefix(PREFIX)
    try:
        await inbox.receive(tenant, endpoint, headers, body)
    except UnknownEndpoint:
        await send_status(404, send)
    except WebhookVerificationError as error:
        log.warning("a message was not its provider's", cooperative=tenant.slug, why=str(error))
        await send_status(400, send)
    except RecursionError:
        log.warning(
            "a message was not its provider's", cooperative=tenant.slug, why="it is nested without end"
        )
        await send_status(400, send)
    except Exception as error:
        # the provider sends it again
        if (reason := unavailable_reason(error)) is not None:
            log.error(  # noqa: TRY400 - no traceback
                "a message could not be stored",
                cooperative=tenant.slug,
                reason=reason,
                error=summarize_error(error),
            )
        else:
            log.exception("a message could not be stored", cooperative=tenant.slug)
        await send_status(503, send, retry_after=RETRY_AFTER)
    else:
        await send_status(200, send)


async def _read_body(receive: Any) -> bytes | None:
    """Return the body, or None for one that is too large or whose sender hung up."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            return None
        if not message.get("more_body"):
            return b"".join(parts)
