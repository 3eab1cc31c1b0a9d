"""Pages on which a buyer changes the payment method of an unpaid order.

One page lists the available methods; a second page asks to confirm a method that debits the member.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from gateways.protocol import get_provider
from governance.queries import get_bylaws_on
from governance.rules import PAYMENT_METHOD_NAMES
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.translations import get_translations
from members.login_throttle import count_from_network
from payments import queries as payment_queries
from payments.method_choices import method_choices
from payments.methods import AvailableMethod, list_available_methods, pick_method
from payments.open_payment import insufficient_balance
from shop import checkout_pages, errors, order_pages, order_queries, presenters
from shop.forms import ChangeMethodForm
from shop.order_payments import ORDER, change_payment_method
from shop.order_queries import OrderView
from shop.verify_consent import verify_consent
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
from ui.guards import PUBLIC, WHEN_READ_ONLY

TEMPLATE: Final = "shop/change_method.html"
CONFIRM_TEMPLATE: Final = "shop/change_method_confirm.html"


@get("/pesanan/{number:int}/cara-bayar", opt=PUBLIC)
async def show_payment_methods(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    number: FromPath[int],
    kunci: FromQuery[str] = "",
) -> Response[Any]:
    """Show the payment methods that are available for this order."""
    order = await _require_own_order(ro, ctx, number, kunci)
    if order.status != "placed" or order.total == 0:
        return see_other(_order_url(order, kunci))
    if not await order_queries.can_change_method(ro, order.id):
        # that page says that a payment is processing
        return see_other(f"/bayar/{order.payment_reference}")
    offered = await _list_methods(ro, ctx, tenant, order)
    return render_page(request, TEMPLATE, form=None, **_context(ctx, order, offered, kunci))


@post("/pesanan/{number:int}/cara-bayar", status_code=200, opt=PUBLIC | WHEN_READ_ONLY)
async def submit_payment_method(
    request: AnyRequest,
    db: Db,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    number: FromPath[int],
) -> Response[Any]:
    """Cancel the order's open payment and open one with the chosen method.

    A method that debits the member (savings, wallet, credit) is confirmed on a second page first.
    """
    if ctx.viewer is None:
        await count_from_network(
            database,
            tenant,
            "checkout",
            ctx.client_ip,
            limit=checkout_pages.MAX_VISITOR_CHECKOUTS,
            window=checkout_pages.CHECKOUT_WINDOW,
        )
    form = await read_form(request, ChangeMethodForm)
    consent = await verify_consent(database, tenant, ctx, form)
    key = form.values.get("kunci", "")
    ro = as_reader(db)
    order = await _require_own_order(ro, ctx, number, key)
    offered = await _list_methods(ro, ctx, tenant, order)
    if isinstance(consent, DomainError):
        async with form.rerender_on_error(
            CONFIRM_TEMPLATE,
            **_confirm_context(ctx, order, pick_method(offered, form.data.payment_method), key),
        ):
            raise consent
    async with form.rerender_on_error(TEMPLATE, **_context(ctx, order, offered, key)):
        method = form.data.payment_method
        waiting = await payment_queries.find_latest_payment(db, ORDER, order.id)
        if waiting is not None and waiting.status == "awaiting" and waiting.method == method:
            # the method is unchanged, or the form was sent twice
            return see_other(_next_url(order, method, waiting.reference, key))
        offer = pick_method(offered, method)
        if order.status != "placed":
            raise errors.ALREADY_SETTLED(number=order.number)
        if not offer.sufficient:
            raise insufficient_balance(method, offer.balance or Rupiah(0), Rupiah(order.total))
        if get_provider(method).capabilities().confirmed_by == "books" and not form.data.confirmed:
            return render_page(
                request, CONFIRM_TEMPLATE, form=None, **_confirm_context(ctx, order, offer, key)
            )
        payment = await change_payment_method(
            db, ctx.actor, order.id, method, on=presenters.get_local_date(ctx), consent=consent
        )
    paid = get_translations(ctx.lang).gettext("Pesanan %(number)s sudah dibayar.") % {"number": order.number}
    address = _next_url(order, method, payment.reference if payment.status == "awaiting" else None, key)
    return see_other(address, flash=paid if payment.status == "paid" else None)


async def _require_own_order(ro: Reader, ctx: RequestContext, number: int, key: str) -> OrderView:
    """Return the viewer's own order. Raises DomainError shop.no_such_order."""
    order = await order_queries.find_order(ro, number) if 0 < number < presenters.MAX_ORDER_NUMBER else None
    if order is None or not order_pages.is_own_order(ctx, order, key):
        raise errors.NO_SUCH_ORDER()
    return order


async def _list_methods(
    ro: Reader, ctx: RequestContext, tenant: TenantRef, order: OrderView
) -> list[AvailableMethod]:
    bylaws = (await get_bylaws_on(ro, presenters.get_local_date(ctx))).bylaws
    return await list_available_methods(
        ro, tenant, bylaws, member_id=order.member_id, amount=Rupiah(order.total)
    )


def _order_url(order: OrderView, key: str) -> str:
    return f"/pesanan/{order.number}" + ("" if order.member_id else f"?kunci={key}")


def _next_url(order: OrderView, method: str, reference: str | None, key: str) -> str:
    """Return the address to open after the change: the payment's page, or for cash the order's."""
    return f"/bayar/{reference}" if reference and method != "cash" else _order_url(order, key)


def _context(
    ctx: RequestContext, order: OrderView, offered: list[AvailableMethod], key: str
) -> dict[str, Any]:
    return {
        "active_menu": "belanja",
        "order": order,
        "back": _order_url(order, key),
        "kunci": "" if order.member_id else key,
        "methods": method_choices(offered, ctx),
        "present": order.payment_method if order.payment_status == "awaiting" else None,
    }


def _confirm_context(
    ctx: RequestContext, order: OrderView, offer: AvailableMethod, key: str
) -> dict[str, Any]:
    method = offer.method.method
    return _context(ctx, order, [offer], key) | {
        "method": method,
        "method_name": PAYMENT_METHOD_NAMES[method].localize(ctx.lang),
        "asks_pin": offer.method.capabilities.requires_pin,
        "has": int(offer.balance or 0),
    }


routes: Final[list[Any]] = [show_payment_methods, submit_payment_method]
