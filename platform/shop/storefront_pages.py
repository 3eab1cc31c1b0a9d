"""The shop's window: goods by page, category and search; one product; pictures.

Nothing here changes anything.
"""

from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from governance.queries import get_bylaws_on
from kernel.batching import read_batch
from kernel.database import Reader
from shop import errors, shelf_queries, showing
from shop.shelf_queries import PAGE_SIZE, Shelf
from tenants.session import coop_reader
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    OptionalUser,
    Ro,
    cached_fragment,
    render_page,
)
from ui.rendering import build_base_context
from ui.themes import get_environment

YEAR_SECONDS: Final = 31_536_000
LONGEST_SEARCH: Final = 60


@get("/")
async def storefront(
    request: AnyRequest,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    viewer: OptionalUser,
    kategori: FromQuery[str] = "",
    cari: FromQuery[str] = "",
    halaman: FromQuery[str] = "1",
) -> Response[bytes]:
    """Show the goods.

    Without a search their list is one shared part for each audience: a page that is kept asks the database
    nothing.
    """
    number, wanted = showing.page_number(halaman), showing.tidy(cari)[:LONGEST_SEARCH]
    if kategori and not kategori.isprintable():
        raise errors.NO_SUCH_SHELF()
    audience = showing.audience_of(viewer)

    async def find(ro: Reader) -> Shelf:
        if wanted:
            return await shelf_queries.search(ro, wanted, category=kategori or None, number=number)
        return await shelf_queries.shelf(ro, category=kategori or None, number=number)

    async def make() -> str:
        async with coop_reader(database, tenant) as ro:
            held, shelf = await read_batch(ro, lambda ro: get_bylaws_on(ro, showing.today_of(ctx)), find)
        if not wanted and not shelf.goods and (kategori or number > 1):
            raise errors.NO_SUCH_SHELF()
        cards = [showing.card(good, audience, held.bylaws) for good in shelf.goods]
        context = build_base_context(request, ctx) | _shelf_context(shelf, kategori, wanted, number)
        return (
            get_environment(ctx.brand.theme, ctx.lang)
            .get_template("shop/shelf.html")
            .render(context, cards=cards)
        )

    if wanted:
        return render_page(
            request,
            "shop/storefront.html",
            block="shelf_block",
            active_menu="belanja",
            shelf=Markup(await make()),  # noqa: S704 - rendered by an autoescaping template
            wanted=wanted,
            category=kategori,
            first=False,
        )
    key = ("shelf", audience, kategori, number, showing.today_of(ctx))
    shelf = await cached_fragment(request, key, make)
    plain = set(request.query_params) <= {"kategori", "halaman"}
    return render_page(
        request,
        "shop/storefront.html",
        block="shelf_block",
        active_menu="belanja",
        cacheable=plain,
        shelf=shelf,
        wanted="",
        category=kategori,
        first=number == 1 and not kategori,
    )


def _shelf_context(shelf: Shelf, category: str, wanted: str, number: int) -> dict[str, Any]:
    names = dict(shelf.categories)
    return {
        "categories": shelf.categories,
        "category": category,
        "category_name": names.get(category, ""),
        "wanted": wanted,
        "total": shelf.total,
        "number": number,
        "pages": -(-shelf.total // PAGE_SIZE),
    }


@get("/barang/{sku:path}")
async def product_page(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, viewer: OptionalUser, sku: FromPath[str]
) -> Response[bytes]:
    """Show one product."""
    if len(sku) > 60 or "\0" in sku:
        raise errors.NO_SUCH_PRODUCT()
    good, held = await read_batch(
        ro,
        lambda ro: shelf_queries.good_by_sku(ro, sku.removeprefix("/")),
        lambda ro: get_bylaws_on(ro, showing.today_of(ctx)),
    )
    if good is None:
        raise errors.NO_SUCH_PRODUCT()
    return render_page(
        request,
        "shop/product.html",
        active_menu="belanja",
        cacheable=not request.query_params,
        product=showing.card(good, showing.audience_of(viewer), held.bylaws, width=800),
        good=good,
    )


@get("/gambar/{name:str}")
async def picture(ro: Ro, name: FromPath[str]) -> Response[bytes]:
    """Serve a picture. Its name is the checksum of what it shows, so a browser may keep it for ever."""
    stem, _, ending = name.rpartition(".")
    checksum, _, width = stem.rpartition("-")
    known = ending == "webp" and width in ("320", "800") and len(checksum) == 32 and checksum.isalnum()
    content = await shelf_queries.picture(ro, checksum, int(width)) if known else None
    if content is None:
        raise errors.NO_SUCH_PICTURE()
    return Response(
        content,
        media_type="image/webp",
        headers={"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"},
    )


routes: Final[list[Any]] = [storefront, product_page, picture]
