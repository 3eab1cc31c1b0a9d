"""What a request brought: its cookies as the dispatcher reads them, and the framework's memory of them, which
is emptied.
"""

from __future__ import annotations

from typing import Any

from litestar._parsers import parse_cookie_string

from web.answers import length_of_cookies

# Letters of cookies that are worth being remembered: a session's, a small cart's.
SHORT_COOKIES = 4_000


def forget_what_was_sent(scope: Any) -> None:
    """Empty litestar's memory of the last 1,024 cookies, of any size, after large ones:
    they fill a machine.
    """
    if length_of_cookies(scope) > SHORT_COOKIES:
        parse_cookie_string.cache_clear()


def cookies_of(header: bytes) -> dict[str, str]:
    """The cookies of a header, the first of each name."""
    found: dict[str, str] = {}
    for part in header.decode("latin-1").split(";"):
        # a cookie that the pages would find must be found here too, else what they say to one is kept for all
        name, _, value = part.partition("=")
        if name := name.strip():
            found.setdefault(name, value.strip().strip('"'))
    return found
