"""What a request brought: its cookies as the dispatcher reads them, and the framework's memory of them, which
is emptied.
"""

from __future__ import annotations

from typing import Any

from litestar._parsers import parse_cookie_string

from web.responses import cookies_length

# Letters of cookies that are worth being remembered: a session's, a small cart's.
MAX_CACHED_COOKIES_LENGTH = 4_000


def clear_cookie_parser_cache(scope: Any) -> None:
    """Empty litestar's memory of the last 1,024 cookies, of any size, after large ones:
    they fill a machine.
    """
    if cookies_length(scope) > MAX_CACHED_COOKIES_LENGTH:
        parse_cookie_string.cache_clear()


def parse_cookies(header: bytes) -> dict[str, str]:
    """The cookies of a header, the first of each name."""
    found: dict[str, str] = {}
    for part in header.decode("latin-1").split(";"):
        # a cookie that the pages would find must be found here too, else what they say to one is kept for all
        name, _, value = part.partition("=")
        if name := name.strip():
            found.setdefault(name, value.strip().strip('"'))
    return found
