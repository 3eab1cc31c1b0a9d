"""Another way of paying for an order that still waits for its money: the offered ways as large choices, and
one page to confirm what is one's own.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from governance.queries import get_bylaws_on
from governance.rules import PAYMENT_METHOD_NAMES
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from members.login_throttle import count_from_network
from payments import queries as payment_queries
from payments.opening import too_low
from payments.payer.choosing import way_choices
from payments.provider import provider_of
from payments.ways import Offer, chosen, offers
from shop import checkout_pages, errors, order_pages, order_queries, showing
from shop.consenting import consent_of
from shop.forms import ChangeWayForm
from shop.order_queries import OrderView
from shop.paying import ORDER, change_way
from tenants.registry import TenantRef
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    Db,
    RequestContext,
    Ro,
    read_form,
    render_page,
    see_other,
)
from ui.translations import get_translations

TEMPLATE: Final = "shop/change_way.html"
CONFIRM: Final = "shop/change_way_confirm.html"


@get("/pesanan/{number:int}/cara-bayar")
async def change_way_page(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    number: FromPath[int],
    kunci: FromQuery[str] = "",
) -> Response[Any]:
    """Show the ways in which this order can be paid."""
    order = await _theirs(ro, ctx, number, kunci)
    if order.status != "placed" or order.total == 0:
        return see_other(_address(order, kunci))
    if not await order_queries.may_change_way(ro, order.id):
        return see_other(f"/bayar/{order.payment_reference}")  # where it says that money is under way
    offered = await _offers(ro, ctx, tenant, order)
    return render_page(request, TEMPLATE, form=None, **_context(ctx, order, offered, kunci))


@post("/pesanan/{number:int}/cara-bayar", status_code=200)
async def take_way(
    request: AnyRequest,
    db: Db,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    number: FromPath[int],
) -> Response[Any]:
    """Open a payment by the chosen way; the one before it waits no more.

    What is one's own is asked about once more.
    """
    if ctx.viewer is None:
        await count_from_network(
            database,
            tenant,
            "checkout",
            ctx.client_ip,
            limit=checkout_pages.VISITORS_CHECKOUTS,
            window=checkout_pages.CHECKOUT_WINDOW,
        )
    form = await read_form(request, ChangeWayForm)
    consent = await consent_of(database, tenant, ctx, form)
    key = form.values.get("kunci", "")
    ro = as_reader(db)
    order = await _theirs(ro, ctx, number, key)
    offered = await _offers(ro, ctx, tenant, order)
    if isinstance(consent, DomainError):
        async with form.rerender_on_error(
            CONFIRM, **_confirming(ctx, order, chosen(offered, form.data.payment_way), key)
        ):
            raise consent
    async with form.rerender_on_error(TEMPLATE, **_context(ctx, order, offered, key)):
        way = form.data.payment_way
        waiting = await payment_queries.latest_of(db, ORDER, order.id)
        if waiting is not None and waiting.status == "awaiting" and waiting.way == way:
            # nothing to change, or pressed twice
            return see_other(_after(order, way, waiting.reference, key))
        offer = chosen(offered, way)
        if order.status != "placed":
            raise errors.ALREADY_SETTLED(number=order.number)
        if not offer.enough:
            raise too_low(way, offer.has or Rupiah(0), Rupiah(order.total))
        if provider_of(way).capabilities().settles == "books" and not form.data.confirmed:
            return render_page(request, CONFIRM, form=None, **_confirming(ctx, order, offer, key))
        payment = await change_way(db, ctx.actor, order.id, way, on=showing.today_of(ctx), consent=consent)
    paid = get_translations(ctx.lang).gettext("Pesanan %(number)s sudah dibayar.") % {"number": order.number}
    address = _after(order, way, payment.reference if payment.status == "awaiting" else None, key)
    return see_other(address, flash=paid if payment.status == "paid" else None)


async def _theirs(ro: Reader, ctx: RequestContext, number: int, key: str) -> OrderView:
    order = await order_queries.order(ro, number) if 0 < number < showing.LARGEST_NUMBER else None
    if order is None or not order_pages.is_theirs(ctx, order, key):
        raise errors.NO_SUCH_ORDER()
    return order


async def _offers(ro: Reader, ctx: RequestContext, tenant: TenantRef, order: OrderView) -> list[Offer]:
    bylaws = (await get_bylaws_on(ro, showing.today_of(ctx))).bylaws
    return await offers(ro, tenant, bylaws, member_id=order.member_id, amount=Rupiah(order.total))


def _address(order: OrderView, key: str) -> str:
    return f"/pesanan/{order.number}" + ("" if order.member_id else f"?kunci={key}")


def _after(order: OrderView, way: str, reference: str | None, key: str) -> str:
    return f"/bayar/{reference}" if reference and way != "cash" else _address(order, key)


def _context(ctx: RequestContext, order: OrderView, offered: list[Offer], key: str) -> dict[str, Any]:
    return {
        "active_menu": "belanja",
        "order": order,
        "back": _address(order, key),
        "kunci": "" if order.member_id else key,
        "ways": way_choices(offered, ctx),
        "present": order.payment_way if order.payment_status == "awaiting" else None,
    }


def _confirming(ctx: RequestContext, order: OrderView, offer: Offer, key: str) -> dict[str, Any]:
    way = offer.way.way
    return _context(ctx, order, [offer], key) | {
        "way": way,
        "way_name": PAYMENT_METHOD_NAMES[way].localize(ctx.lang),
        "asks_pin": offer.way.capabilities.asks_pin,
        "has": int(offer.has or 0),
    }


routes: Final[list[Any]] = [change_way_page, take_way]
