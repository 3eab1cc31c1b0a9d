"""What the dispatcher reads of a request's head: its limits, its host and its cookies."""

from __future__ import annotations

import re
from typing import Any, Final

from litestar._parsers import parse_cookie_string

# Characters: no page has a longer path or query, and no browser sends more cookies.
MAX_PATH_LENGTH: Final = 2_000
MAX_QUERY_LENGTH: Final = 4_000
MAX_COOKIES_LENGTH: Final = 16_000
# A name or an address, and a port (RFC 9110, 7.2).
_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]*\]|[A-Za-z0-9._-]*)(?::[0-9]{0,5})?")
# Total length of cookies that may stay in the cache: a session and a small cart.
MAX_CACHED_COOKIES_LENGTH = 4_000


def check_request_head(scope: Any) -> int | None:
    """Return the status that rejects a request by its request line and headers, or None."""
    if len(scope["path"]) > MAX_PATH_LENGTH or len(scope["query_string"]) > MAX_QUERY_LENGTH:
        return 414
    hosts, cookies = [], 0
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value)
        elif name == b"cookie":
            cookies += len(value)
    if cookies > MAX_COOKIES_LENGTH:
        return 431
    if len(hosts) > 1:
        return 400  # a proxy may have chosen by the other one (RFC 9112, 3.2)
    if hosts and not _HOST.fullmatch(hosts[0]):
        # URLs are built from it: "melati.example:x@elsewhere" begins with a host of the platform but names
        # another host
        return 400
    return None


def cookies_length(scope: Any) -> int:
    """Return the total length of a request's Cookie headers, in bytes."""
    return sum(len(value) for header, value in scope["headers"] if header == b"cookie")


def clear_cookie_parser_cache(scope: Any) -> None:
    """Clear litestar's cache of parsed cookies after a request with large ones.

    It holds the last 1,024 Cookie headers of any size, which could exhaust the memory.
    """
    if cookies_length(scope) > MAX_CACHED_COOKIES_LENGTH:
        parse_cookie_string.cache_clear()


def parse_cookies(scope: Any) -> dict[str, str]:
    """Return the cookies of a request; the first of each name counts."""
    header = b"; ".join([value for name, value in scope["headers"] if name == b"cookie"])
    found: dict[str, str] = {}
    for part in header.decode("latin-1").split(";"):
        # must find every cookie that the pages find, or a personal page would be cached for everybody
        name, _, value = part.partition("=")
        if name := name.strip():
            found.setdefault(name, value.strip().strip('"'))
    return found
