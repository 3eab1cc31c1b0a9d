"""Pages of the cart: add, change and remove products.

The cart is stored in the browser only; stock is reserved at checkout.
"""

import json
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from governance.queries import get_bylaws_on
from kernel.batching import read_batch
from kernel.database import Reader
from kernel.errors import DomainError
from kernel.translations import get_translations
from shop import cart, errors, presenters, rules, storefront_queries
from shop.forms import AddToCartForm, CartLineForm
from ui import AnyRequest, CurrentContext, EmptyForm, RequestContext, Ro, read_form, render_page, see_other
from ui.guards import PUBLIC
from ui.rendering import CART_COOKIE


class CartLine(msgspec.Struct, frozen=True):
    """A line of the cart as the theme's components expect it.

    `price` and `total` are in rupiah, at this viewer's prices.
    """

    id: UUID
    href: str
    name: str
    unit: str
    category: str
    picture: str | None
    price: int
    quantity: int
    total: int
    stock: int
    error: str | None


async def price_cart(ro: Reader, ctx: RequestContext, goods: dict[UUID, int]) -> tuple[list[CartLine], int]:
    """Return the cart's lines at this viewer's prices of today, and how many of its products are no longer
    sold.
    """
    if not goods:
        return [], 0
    today = presenters.get_local_date(ctx)
    found, adopted = await read_batch(
        ro,
        lambda ro: storefront_queries.get_products_by_id(ro, list(goods)),
        lambda ro: get_bylaws_on(ro, today),
    )
    audience = presenters.get_audience(ctx.viewer)
    lines = []
    for product, quantity in goods.items():
        if product not in found:
            continue
        card = presenters.build_product_card(found[product], audience, adopted.bylaws)
        short = errors.STOCK_TOO_LOW(product=card.name, left=card.stock) if card.stock < quantity else None
        lines.append(
            CartLine(
                id=product,
                href=card.href,
                name=card.name,
                unit=card.unit,
                category=card.category,
                picture=card.picture,
                price=card.price,
                quantity=quantity,
                total=card.price * quantity,
                stock=min(card.stock, rules.MAX_QUANTITY),
                error=short.localize(ctx.lang) if short else None,
            )
        )
    return lines, len(goods) - len(lines)


@get("/keranjang", opt=PUBLIC)
async def show_cart(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[bytes]:
    """Show the cart."""
    return await _render_cart(request, ro, ctx, cart.read_cart(request))


@post("/keranjang", opt=PUBLIC)
async def submit_cart_item(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[Any]:
    """Add a product to the cart, or increase its quantity."""
    form = await read_form(request, AddToCartForm)
    goods = cart.read_cart(request)
    say = get_translations(ctx.lang).gettext
    if form.errors:
        return _respond_with_message(request, ctx, goods, next(iter(form.errors.values())))
    product, quantity = form.data.product, form.data.quantity
    good = (await storefront_queries.get_products_by_id(ro, [product])).get(product)
    try:
        if good is None:
            raise errors.NO_SUCH_PRODUCT()
        if quantity < 1:
            raise errors.QUANTITY_OUT_OF_RANGE(most=rules.MAX_QUANTITY)
        if goods.get(product, 0) + quantity > good.stock:
            raise errors.STOCK_TOO_LOW(product=good.name, left=good.stock)
        goods = cart.with_quantity(goods, product, goods.get(product, 0) + quantity)
    except DomainError as error:
        if error.status == 404:
            raise
        return _respond_with_message(request, ctx, goods, error.localize(ctx.lang))
    return _respond_with_message(request, ctx, goods, say("%(name)s masuk keranjang.") % {"name": good.name})


@post("/keranjang/{product_id:uuid}", status_code=200, opt=PUBLIC)
async def submit_quantity(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, product_id: FromPath[UUID]
) -> Response[Any]:
    """Set the quantity of a product in the cart: the typed number, plus or minus one for the step buttons."""
    form = await read_form(request, CartLineForm)
    goods = cart.read_cart(request)
    error = None
    if form.errors:
        error = next(iter(form.errors.values()))
    elif product_id in goods:
        quantity = form.data.quantity + int(form.data.step or 0)
        try:
            goods = cart.with_quantity(goods, product_id, max(0, quantity) if form.data.step else quantity)
        except DomainError as refused:
            error = refused.localize(ctx.lang)
    return await _respond(request, ro, ctx, goods, error)


@post("/keranjang/{product_id:uuid}/keluar", status_code=200, opt=PUBLIC)
async def submit_removal(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, product_id: FromPath[UUID]
) -> Response[Any]:
    """Take a product out of the cart."""
    await read_form(request, EmptyForm)
    return await _respond(request, ro, ctx, cart.with_quantity(cart.read_cart(request), product_id, 0), None)


def _respond_with_message(
    request: AnyRequest, ctx: RequestContext, goods: dict[UUID, int], sentence: str
) -> Response[Any]:
    """Set the cart cookie and answer with a short message.

    With htmx the answer is an event with the message and the new count; without it, a redirect to the cart
    page that shows the message.
    """
    response: Response[Any]
    if request.headers.get("hx-request") == "true":
        event = {"lumbung:cart": {"count": sum(goods.values()), "text": sentence}}
        response = Response(b"", status_code=204, headers={"HX-Trigger": json.dumps(event)})
    else:
        response = see_other("/keranjang", flash=sentence)
    cart.set_cart_cookie(response, goods, secure=ctx.is_secure)
    return response


async def _respond(
    request: AnyRequest, ro: Reader, ctx: RequestContext, goods: dict[UUID, int], error: str | None
) -> Response[Any]:
    if request.headers.get("hx-request") == "true" or error:
        return await _render_cart(request, ro, ctx, goods, error)
    response = see_other("/keranjang")
    cart.set_cart_cookie(response, goods, secure=ctx.is_secure)
    return response


async def _render_cart(
    request: AnyRequest, ro: Reader, ctx: RequestContext, goods: dict[UUID, int], error: str | None = None
) -> Response[bytes]:
    lines, gone = await price_cart(ro, ctx, goods)
    response = render_page(
        request,
        "shop/cart.html",
        block="cart_block",
        active_menu="keranjang",
        lines=lines,
        gone=gone,
        error=error,
        total=sum(line.total for line in lines),
        short=any(line.error for line in lines),
        cart_count=sum(line.quantity for line in lines),
    )
    quantities = {line.id: line.quantity for line in lines}
    response.headers["HX-Trigger"] = json.dumps({"lumbung:cart": {"count": sum(quantities.values())}})
    if quantities or request.cookies.get(CART_COOKIE):
        cart.set_cart_cookie(response, quantities, secure=ctx.is_secure)
    return response


routes: Final[list[Any]] = [show_cart, submit_cart_item, submit_quantity, submit_removal]
