"""Render a template into a response: the whole page, or one block for an htmx request."""

from __future__ import annotations

import functools
import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from jinja2_fragments import render_block
from litestar import MediaType, Response
from litestar.response import Redirect
from markupsafe import Markup

from ui.context import RequestContext, get_context
from ui.link_permissions import may_open
from ui.navigation import build_menu
from ui.themes import CSRF_PLACEHOLDER, get_environment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from litestar import Request

FLASH_COOKIE = "pesan"
CART_COOKIE = "keranjang"


def csrf_token(ctx: RequestContext) -> str:
    """Return the CSRF token of this viewer's forms.

    It is an HMAC over the cooperative's schema (or the kind of host) and the session.
    """
    whose = ctx.tenant.schema_name if ctx.tenant else ctx.host_kind
    session = b"visitor"
    if ctx.viewer is not None:
        session = ctx.viewer.session
    elif ctx.operator is not None:
        session = ctx.operator.session
    secret = ctx.database.settings.secret_key.encode()
    return hmac.new(secret, b"form\0" + whose.encode() + b"\0" + session, hashlib.sha256).hexdigest()


def render_page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    block: str | None = None,
    status: int = 200,
    active_menu: str | None = None,
    cacheable: bool = False,
    **context: Any,
) -> Response[bytes]:
    """Render ``template``, or only its ``block`` for an htmx request.

    ``active_menu`` is the current entry of the main menu. ``cacheable`` states that every visitor sees the
    same page: the dispatcher caches it until the cooperative changes something. For ``context`` see
    themes/README.md.
    """
    ctx = get_context(request)
    made = get_environment(ctx.brand.theme, ctx.lang)
    base = build_base_context(request, ctx)
    base["active_menu"] = active_menu
    base.update(context)
    # htmx also restores a browser's history, but that needs the whole page
    restores = request.headers.get("hx-history-restore-request") == "true"
    wants_block = block is not None and request.headers.get("hx-request") == "true" and not restores
    if wants_block and block is not None:
        text = render_block(made, template, block, **base)
    else:
        text = made.get_template(template).render(base)
    token = f'<input type="hidden" name="csrf" value="{csrf_token(ctx)}">'
    response = Response(
        text.replace(CSRF_PLACEHOLDER, token).encode(),
        status_code=status,
        media_type=MediaType.HTML,
        headers={"Vary": "HX-Request, Cookie, Accept-Encoding"},
    )
    if ctx.flash and not wants_block:
        response.delete_cookie(FLASH_COOKIE)
    if cacheable and status == 200 and ctx.viewer is None and not ctx.flash and not wants_block:
        request.scope["lumbung.cacheable"] = True  # type: ignore[typeddict-unknown-key]  # read by the dispatcher
    return response


def build_base_context(request: Request[Any, Any, Any], ctx: RequestContext) -> dict[str, Any]:
    """Return the context variables of every template."""
    nav = ctx.host_kind
    path = request.scope["path"]
    if nav == "cooperative" and ctx.tenant is not None and ctx.tenant.unapproved:
        nav = "closed"  # no other page is available, so the menu is empty
    elif nav == "cooperative":
        if ctx.viewer is None:
            nav = "visitor"
        else:
            nav = "officer" if path.startswith("/pengurus") and ctx.viewer.is_officer else "member"
    return {
        "tenant": ctx.tenant,
        "brand": ctx.brand,
        "viewer": ctx.viewer or ctx.operator,
        "path": path,
        "may_open": functools.partial(may_open, request, ctx.viewer),
        "current_url": _current_url(request),
        "nav": nav,
        "menu": build_menu(nav, ctx),
        "cart_count": count_cart_items(request),
        "flash": ctx.flash,
    }


def _current_url(request: Request[Any, Any, Any]) -> str:
    """Return this page's path, with its query for a GET request.

    The query holds the key of an order or the terms of a search, which a link back to the page needs.
    """
    query = request.scope["query_string"].decode("latin-1")
    return request.scope["path"] + (f"?{query}" if query and request.method == "GET" else "")


async def cached_fragment(
    request: Request[Any, Any, Any], key: tuple[object, ...], render: Callable[[], Awaitable[str]]
) -> Markup:
    """Return a fragment that many viewers share, from the page cache or from ``render``.

    The cache drops it when the cooperative changes something. ``key`` must hold everything the fragment
    depends on besides the cooperative, theme and language. When ``render`` raises, nothing is cached.
    """
    ctx = get_context(request)
    if ctx.page_cache is None or ctx.tenant is None:
        return Markup(await render())  # noqa: S704 - rendered by autoescaping templates
    full = ("fragment", ctx.brand.theme, ctx.lang, *key)
    cached: Markup | None = ctx.page_cache.get(ctx.tenant.schema_name, full)
    if cached is None:
        generation = ctx.page_cache.generation(ctx.tenant.schema_name)
        cached = Markup(await render())  # noqa: S704
        ctx.page_cache.set(ctx.tenant.schema_name, full, cached, len(cached), generation)
    return cached


def see_other(url: str, *, flash: str | None = None) -> Redirect:
    """Redirect (303) after a successful form; ``flash`` is a message that the next page shows once."""
    response = Redirect(url, status_code=303)
    if flash:
        response.set_cookie(FLASH_COOKIE, quote(flash), max_age=60, httponly=True, samesite="lax", path="/")
    return response


def decode_flash(value: str | None) -> str | None:
    """Return the flash message from its cookie, at most 500 characters; None if there is none."""
    return unquote(value)[:500] if value else None


def count_cart_items(request: Request[Any, Any, Any]) -> int:
    """Return how many goods the cart cookie lists, for the badge in the menu.

    The cart page validates them.
    """
    total = 0
    for entry in request.cookies.get(CART_COOKIE, "").split(".")[:100]:
        count = entry.rpartition("-")[2]
        total += int(count) if count.isdecimal() and len(count) < 5 else 0
    return total


def safe_redirect_path(text: str, default: str) -> str:
    """Return ``text`` if it is a safe path on this host, else ``default``.

    Prevents open redirects: no other host, no scheme, no character that a browser would normalize.
    """
    bad = len(text) > 300 or "\\" in text or any(letter <= " " or letter == "\x7f" for letter in text)
    if bad or not text.startswith("/") or text.startswith("//"):
        return default
    return text
