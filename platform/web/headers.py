"""Security headers of every response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ui.context import CONTEXT_KEY

if TYPE_CHECKING:
    from litestar.types import Message, Scope

    from kernel.settings import Settings


def build_security_headers(settings: Settings) -> Callable[[Message, Scope], Awaitable[None]]:
    """Return a before-send hook that adds security and Cache-Control headers to a response."""
    # a form at the apex ends, by redirect, on the new cooperative's subdomain: browsers hold redirects to the
    # policy too
    family = f"{settings.scheme}://*.{settings.base_domain}"
    policy = (
        b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors "
        b"'none';"
        b" form-action 'self'"
    )
    apex_policy = policy + b" " + family.encode()
    transport = b"max-age=31536000; includeSubDomains" if settings.scheme == "https" else None

    async def complete(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers: list[tuple[bytes, bytes]] = list(message["headers"])
        ctx: Any = scope.get(CONTEXT_KEY)
        headers += [
            (
                b"content-security-policy",
                apex_policy if ctx is not None and ctx.host_kind == "apex" else policy,
            ),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        ]
        if transport:
            headers.append((b"strict-transport-security", transport))
        if not any(name.lower() == b"cache-control" for name, _ in headers):
            # personal pages are never stored; a public page may be stored, but must be revalidated
            headers.append((b"cache-control", b"no-cache" if scope.get("lumbung.cacheable") else b"no-store"))
        message["headers"] = headers

    return complete
