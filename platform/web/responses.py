"""Responses that the dispatcher sends itself, without an application."""

from typing import Any

from ui.themes import load_assets


async def send_status(status: int, send: Any, *, retry_after: int | None = None) -> None:
    """Send a response without a body; ``retry_after`` is in seconds."""
    headers = [(b"content-length", b"0")]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def strip_body(send: Any) -> Any:
    """Wrap ``send`` for a HEAD request: GET's headers without its body (RFC 9110, 9.3.2)."""

    async def send_head(message: Any) -> None:
        await send(message | {"body": b""} if message["type"] == "http.response.body" else message)

    return send_head


def add_retry_after(send: Any, seconds: int) -> Any:
    """Wrap ``send`` to add a Retry-After header, in seconds (RFC 9110, 10.2.3)."""

    async def send_with_wait(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"retry-after", str(seconds).encode())]
        await send(message)

    return send_with_wait


async def send_cached(cached: Any, headers: dict[bytes, bytes], send: Any) -> None:
    """Send a cached page, gzipped if the client accepts gzip."""
    at = 2 if b"gzip" in headers.get(b"accept-encoding", b"") else 0
    await send({"type": "http.response.start", "status": 200, "headers": cached[at]})
    await send({"type": "http.response.body", "body": cached[at + 1], "more_body": False})


async def serve_asset(path: str, request_headers: dict[bytes, bytes], send: Any) -> None:
    """Send a static file; its URL contains its checksum, so it may be cached forever."""
    checksum, _, name = path.removeprefix("/aset/").partition("/")
    asset = load_assets().get(name)
    if asset is None or asset.checksum != checksum:
        await send_status(404, send)
        return
    takes_gzip = b"gzip" in request_headers.get(b"accept-encoding", b"")
    content = asset.gzipped if asset.gzipped is not None and takes_gzip else asset.content
    headers = [
        (b"content-type", asset.media_type.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"vary", b"accept-encoding"),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    ]
    if content is not asset.content:
        headers.append((b"content-encoding", b"gzip"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
