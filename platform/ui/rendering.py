"""From a template to an answer: the whole page, or one of its blocks when htmx asks for it."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from jinja2_fragments import render_block
from litestar import MediaType, Response
from litestar.response import Redirect
from markupsafe import Markup

from ui.places import places
from ui.themes import CSRF_MARK, environment
from ui.viewer import Visit, visit_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from litestar import Request

FLASH_COOKIE = "pesan"
CART_COOKIE = "keranjang"


def csrf_token(visit: Visit) -> str:
    """Return the token that this viewer's forms carry: bound to the cooperative, and to the session of who is
    signed in.
    """
    whose = visit.tenant.schema_name if visit.tenant else visit.nav
    session = b"visitor"
    if visit.viewer is not None:
        session = visit.viewer.session
    elif visit.operator is not None:
        session = visit.operator.session
    secret = visit.database.settings.secret_key.encode()
    return hmac.new(secret, b"form\0" + whose.encode() + b"\0" + session, hashlib.sha256).hexdigest()


def page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    block: str | None = None,
    status: int = 200,
    place: str | None = None,
    shared: bool = False,
    **context: Any,
) -> Response[bytes]:
    """Render ``template``; only ``block`` when htmx asked and a block is named.

    ``place`` is the current entry of the main menu. ``shared`` says that every visitor sees this alike: the
    doors keep it until the cooperative changes something. Context: see themes/README.md.
    """
    visit = visit_of(request)
    made = environment(visit.brand.theme, visit.lang)
    base = base_context(request, visit)
    base["place"] = place
    base.update(context)
    # the way back in a browser's history asks through htmx too, but for the whole page
    restores = request.headers.get("hx-history-restore-request") == "true"
    wants_block = block is not None and request.headers.get("hx-request") == "true" and not restores
    if wants_block and block is not None:
        text = render_block(made, template, block, **base)
    else:
        text = made.get_template(template).render(base)
    token = f'<input type="hidden" name="csrf" value="{csrf_token(visit)}">'
    response = Response(
        text.replace(CSRF_MARK, token).encode(),
        status_code=status,
        media_type=MediaType.HTML,
        headers={"Vary": "HX-Request, Cookie, Accept-Encoding"},
    )
    if visit.flash and not wants_block:
        response.delete_cookie(FLASH_COOKIE)
    if shared and status == 200 and visit.viewer is None and not visit.flash and not wants_block:
        request.scope["lumbung.shared"] = True  # type: ignore[typeddict-unknown-key]  # read by the doors
    return response


def base_context(request: Request[Any, Any, Any], visit: Visit) -> dict[str, Any]:
    """Return what every template may use."""
    nav = visit.nav
    path = request.scope["path"]
    if nav == "cooperative" and visit.tenant is not None and visit.tenant.unreleased:
        nav = "closed"  # nothing else of it opens, so nothing is led to
    elif nav == "cooperative":
        if visit.viewer is None:
            nav = "visitor"
        else:
            nav = "officer" if path.startswith("/pengurus") and visit.viewer.is_officer else "member"
    return {
        "tenant": visit.tenant,
        "brand": visit.brand,
        "viewer": visit.viewer or visit.operator,
        "path": path,
        "here": _here(request),
        "nav": nav,
        "places": places(nav, visit),
        "cart_count": cart_count(request),
        "flash": visit.flash,
    }


def _here(request: Request[Any, Any, Any]) -> str:
    """Return this page's address with its query: an order opens only with its key, a search is worth coming
    back to.
    """
    query = request.scope["query_string"].decode("latin-1")
    return request.scope["path"] + (f"?{query}" if query and request.method == "GET" else "")


async def shared_part(
    request: Request[Any, Any, Any], key: tuple[object, ...], make: Callable[[], Awaitable[str]]
) -> Markup:
    """Return a part that many viewers see alike: made once, kept until the cooperative changes something, and
    then nothing is asked of the database.

    ``key`` must hold all that the part depends on besides the cooperative, theme and language. ``make`` may
    raise a DomainError, and then nothing is kept.
    """
    visit = visit_of(request)
    if visit.pages is None or visit.tenant is None:
        return Markup(await make())  # noqa: S704 - rendered by autoescaping templates
    full = ("fragment", visit.brand.theme, visit.lang, *key)
    kept: Markup | None = visit.pages.get(visit.tenant.schema_name, full)
    if kept is None:
        generation = visit.pages.generation(visit.tenant.schema_name)
        kept = Markup(await make())  # noqa: S704
        visit.pages.keep(visit.tenant.schema_name, full, kept, len(kept), generation)
    return kept


def see_other(url: str, *, flash: str | None = None) -> Redirect:
    """Answer a form that did its work: go and look there, with a sentence to show once."""
    response = Redirect(url, status_code=303)
    if flash:
        response.set_cookie(FLASH_COOKIE, quote(flash), max_age=60, httponly=True, samesite="lax", path="/")
    return response


def read_flash(value: str | None) -> str | None:
    """Return the sentence that a redirect left for this page."""
    return unquote(value)[:500] if value else None


def cart_count(request: Request[Any, Any, Any]) -> int:
    """Return how many goods the cart cookie holds, for the badge in the menu; the cart page checks them
    properly.
    """
    total = 0
    for entry in request.cookies.get(CART_COOKIE, "").split(".")[:100]:
        count = entry.rpartition("-")[2]
        total += int(count) if count.isdecimal() and len(count) < 5 else 0
    return total


def local_path(text: str, default: str) -> str:
    """The path to go back to if it is one on this host, else ``default``: no other host, no scheme, nothing
    that a browser would bend.
    """
    bad = len(text) > 300 or "\\" in text or any(letter <= " " or letter == "\x7f" for letter in text)
    if bad or not text.startswith("/") or text.startswith("//"):
        return default
    return text
