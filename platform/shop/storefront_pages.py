"""Public pages of the shop: products by page, category and search; one product; pictures.

They are read-only.
"""

from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from governance.queries import get_bylaws_on
from kernel.batching import read_batch
from kernel.database import Reader
from shop import errors, presenters, storefront_queries
from shop.storefront_queries import PAGE_SIZE, StorefrontPage
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
from ui.guards import PUBLIC, WHEN_SUSPENDED
from ui.rendering import build_base_context
from ui.themes import get_environment

YEAR_SECONDS: Final = 31_536_000
MAX_SEARCH_LENGTH: Final = 60


@get("/", opt=PUBLIC)
async def show_storefront(
    request: AnyRequest,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    viewer: OptionalUser,
    kategori: FromQuery[str] = "",
    cari: FromQuery[str] = "",
    halaman: FromQuery[str] = "1",
) -> Response[bytes]:
    """Show the products.

    Without a search text, the list is cached as one fragment per audience, so that a cached page needs no
    query.
    """
    number, wanted = (
        presenters.parse_page_number(halaman),
        presenters.normalize_search(cari)[:MAX_SEARCH_LENGTH],
    )
    if kategori and not kategori.isprintable():
        raise errors.NO_SUCH_SHELF()
    audience = presenters.get_audience(viewer)

    async def find(ro: Reader) -> StorefrontPage:
        if wanted:
            return await storefront_queries.search_products(
                ro, wanted, category=kategori or None, number=number
            )
        return await storefront_queries.list_products(ro, category=kategori or None, number=number)

    async def make() -> str:
        async with coop_reader(database, tenant) as ro:
            adopted, shelf = await read_batch(
                ro, lambda ro: get_bylaws_on(ro, presenters.get_local_date(ctx)), find
            )
        if not wanted and not shelf.goods and (kategori or number > 1):
            raise errors.NO_SUCH_SHELF()
        cards = [presenters.build_product_card(good, audience, adopted.bylaws) for good in shelf.goods]
        context = build_base_context(request, ctx) | _storefront_context(shelf, kategori, wanted, number)
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
    key = ("shelf", audience, kategori, number, presenters.get_local_date(ctx))
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


def _storefront_context(shelf: StorefrontPage, category: str, wanted: str, number: int) -> dict[str, Any]:
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


@get("/barang/{sku:path}", opt=PUBLIC)
async def show_product(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, viewer: OptionalUser, sku: FromPath[str]
) -> Response[bytes]:
    """Show one product."""
    if len(sku) > 60 or "\0" in sku:
        raise errors.NO_SUCH_PRODUCT()
    good, adopted = await read_batch(
        ro,
        lambda ro: storefront_queries.find_product_by_sku(ro, sku.removeprefix("/")),
        lambda ro: get_bylaws_on(ro, presenters.get_local_date(ctx)),
    )
    if good is None:
        raise errors.NO_SUCH_PRODUCT()
    return render_page(
        request,
        "shop/product.html",
        active_menu="belanja",
        cacheable=not request.query_params,
        product=presenters.build_product_card(
            good, presenters.get_audience(viewer), adopted.bylaws, width=800
        ),
        good=good,
    )


@get("/gambar/{name:str}", opt=PUBLIC | WHEN_SUSPENDED)
async def serve_picture(ro: Ro, name: FromPath[str]) -> Response[bytes]:
    """Serve a picture. Its name has the checksum of its content, so that browsers may cache it for a year."""
    stem, _, ending = name.rpartition(".")
    checksum, _, width = stem.rpartition("-")
    known = ending == "webp" and width in ("320", "800") and len(checksum) == 32 and checksum.isalnum()
    content = await storefront_queries.find_picture(ro, checksum, int(width)) if known else None
    if content is None:
        raise errors.NO_SUCH_PICTURE()
    return Response(
        content,
        media_type="image/webp",
        headers={"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"},
    )


routes: Final[list[Any]] = [show_storefront, show_product, serve_picture]
