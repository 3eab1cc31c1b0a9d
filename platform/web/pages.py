"""Pages of no business room: style guide, language switch, brand stylesheet, catch-all error pages."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Response, get, route
from litestar.params import FromPath, FromQuery

from kernel import clock
from kernel.translations import choose_language
from ui import AnyRequest, CurrentBrand, render_page, see_other
from ui import errors as ui_errors
from ui.cookies import LANGUAGE_COOKIE, LANGUAGE_MAX_AGE
from ui.guards import PUBLIC, WHEN_SUSPENDED
from ui.rendering import safe_redirect_path
from ui.swatches import list_swatches
from ui.themes import load_themes

YEAR_SECONDS = 31_536_000


@get("/gaya", sync_to_thread=False, opt=PUBLIC)
def show_style_guide(request: AnyRequest, brand: CurrentBrand) -> Response[bytes]:
    """Render every component of the theme."""
    return render_page(
        request,
        "gaya.html",
        themes=list(load_themes().values()),
        swatches=list_swatches(brand.theme),
        today=clock.today(brand.timezone),
    )


@get("/bahasa/{lang:str}", sync_to_thread=False, opt=PUBLIC | WHEN_SUSPENDED)
def switch_language(lang: FromPath[str], kembali: FromQuery[str] = "/") -> Response[Any]:
    """Store the language in a cookie and redirect back to a path on this host."""
    response = see_other(safe_redirect_path(kembali, "/"))
    chosen = choose_language(lang)
    response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=LANGUAGE_MAX_AGE, samesite="lax", path="/")
    return response


@get("/merek/{name:str}", sync_to_thread=False, opt=PUBLIC | WHEN_SUSPENDED)
def show_brand_stylesheet(name: FromPath[str], brand: CurrentBrand) -> Response[str]:
    """Serve the cooperative's own colours."""
    if brand.css_url != f"/merek/{name}":
        raise ui_errors.NOT_FOUND()
    return Response(
        brand.css,
        media_type=MediaType.CSS,
        headers={"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"},
    )


def catch_all_routes(template: str, status: int) -> list[Any]:
    """Return handlers that answer every path with one page."""

    @route(
        ["/", "/{rest:path}"],
        http_method=["GET", "POST", "PUT", "PATCH", "DELETE"],
        sync_to_thread=False,
        opt=PUBLIC,
    )
    def closed(request: AnyRequest) -> Response[bytes]:
        return render_page(request, template, status=status)

    return [closed, switch_language]


apex_routes = [show_style_guide, switch_language]
operator_routes = [switch_language]
cooperative_routes = [show_style_guide, switch_language, show_brand_stylesheet]
