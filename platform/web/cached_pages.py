"""Cache the responses that are the same for every visitor
(docs/adr/0009-page-cache.md).
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from litestar import Litestar
    from litestar.types import Receive, Send

    from web.page_cache import PageCache


async def serve_and_cache(
    pages: PageCache,
    app: Litestar,
    scope: Any,
    receive: Receive,
    send: Send,
    schema: str,
    key: tuple[object, ...],
    generation: int,
) -> None:
    """Serve a request; cache a 200 response without cookies that its handler marked cacheable."""
    started: dict[str, Any] = {}
    body: list[bytes] = []

    async def send_and_record(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        elif message["type"] == "http.response.body" and scope.get("lumbung.cacheable"):
            body.append(message.get("body", b""))
        await send(message)

    await app(scope, receive, send_and_record)
    has_cookie = any(name.lower() == b"set-cookie" for name, _ in started.get("headers", ()))
    if scope.get("lumbung.cacheable") and started.get("status") == 200 and not has_cookie:
        content = b"".join(body)
        packed = gzip.compress(content, 6, mtime=0)
        fixed = [(name, value) for name, value in started["headers"] if name.lower() != b"content-length"]
        cached = (
            [*fixed, (b"content-length", str(len(content)).encode())],
            content,
            [*fixed, (b"content-encoding", b"gzip"), (b"content-length", str(len(packed)).encode())],
            packed,
        )
        pages.set(schema, key, cached, len(content) + len(packed), generation)
