"""``POST /webhooks/<endpoint>``: receive the webhooks of payment providers.

The dispatcher calls this before it loads a viewer or an application; 200 means that the message is stored.

A message is authenticated by its signature (payments.webhook_inbox). An unknown endpoint is answered 404 and
nothing is written; a message that fails verification, 400.
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
# Providers may still have these former addresses registered: they stay valid.
FORMER_PREFIX: Final = "/kait/"
PREFIXES: Final = (PREFIX, FORMER_PREFIX)
RETRY_AFTER: Final = 10


async def receive_webhook(
    inbox: WebhookInbox, tenant: TenantRef, scope: Any, receive: Any, send: Any
) -> None:
    """Store one webhook message and answer with a status."""
    if scope["method"] != "POST":
        await send_status(405, send)
        return
    try:
        body = await _read_body(receive)
    except DomainError as refused:  # the body arrived too slowly
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
    """Return the body, or None if it is too large or the sender disconnected."""
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
