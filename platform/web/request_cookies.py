"""Parse a request's cookies for the dispatcher, and bound the framework's cache of parsed cookies."""

from __future__ import annotations

from typing import Any

from litestar._parsers import parse_cookie_string

from web.responses import cookies_length

# Total length of cookies that may stay in the cache: a session and a small cart.
MAX_CACHED_COOKIES_LENGTH = 4_000


def clear_cookie_parser_cache(scope: Any) -> None:
    """Clear litestar's cache of parsed cookies after a request with large ones.

    It holds the last 1,024 Cookie headers of any size, which could exhaust the memory.
    """
    if cookies_length(scope) > MAX_CACHED_COOKIES_LENGTH:
        parse_cookie_string.cache_clear()


def parse_cookies(header: bytes) -> dict[str, str]:
    """Return the cookies of a header; the first of each name counts."""
    found: dict[str, str] = {}
    for part in header.decode("latin-1").split(";"):
        # must find every cookie that the pages find, or a personal page would be cached for everybody
        name, _, value = part.partition("=")
        if name := name.strip():
            found.setdefault(name, value.strip().strip('"'))
    return found
