"""Pages of a buyer's own orders: a member signs in, a visitor uses the key in the address."""

import hmac
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from governance.rules import PAYMENT_METHOD_NAMES
from kernel import formats
from kernel.translations import get_translations
from payments.member_funds import CREDIT_METHODS
from shop import errors, order_queries, presenters, rules
from shop.order_queries import OrderLineView, OrderRow, OrderView
from ui import AnyRequest, CurrentContext, CurrentUser, RequestContext, Ro, render_page, require_member
from ui.guards import PUBLIC


@get("/pesanan/{number:int}", opt=PUBLIC)
async def show_order(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[int], kunci: FromQuery[str] = ""
) -> Response[bytes]:
    """Show an order to the buyer who placed it; others get shop.no_such_order."""
    order = await order_queries.find_order(ro, number) if 0 < number < presenters.MAX_ORDER_NUMBER else None
    if order is None or not is_own_order(ctx, order, kunci):
        raise errors.NO_SUCH_ORDER()
    lines = await order_queries.list_order_lines(ro, order.id)
    return render_page(
        request,
        "shop/order.html",
        active_menu="belanja",
        order=order,
        state=presenters.order_status_label(order, ctx),
        change_method_url=f"/pesanan/{number}/cara-bayar" + ("" if order.member_id else f"?kunci={kunci}"),
        **build_order_context(order, lines, ctx),
    )


@get("/anggota/pesanan", guards=[require_member])
async def list_my_orders(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, viewer: CurrentUser, halaman: FromQuery[str] = "1"
) -> Response[bytes]:
    """List the signed-in member's orders."""
    number = presenters.parse_page_number(halaman)
    assert viewer.member_id is not None  # the guard `require_member` ensures it
    rows, total = await order_queries.list_member_orders(ro, viewer.member_id, number)
    orders = [build_order_row(row, ctx, href=f"/pesanan/{row.number}") for row in rows]
    pages = -(-total // order_queries.PAGE_SIZE)
    return render_page(
        request, "shop/my_orders.html", active_menu="akun", orders=orders, number=number, pages=pages
    )


def build_order_row(
    row: OrderRow, ctx: RequestContext, *, href: str, who: str | None = None
) -> dict[str, Any]:
    """Return an order as the theme's order list component expects it."""
    say = get_translations(ctx.lang)
    what = say.ngettext("%(num)s macam barang", "%(num)s macam barang", row.goods) % {"num": row.goods}
    how = say.gettext("diantar") if row.fulfilment == "delivery" else say.gettext("diambil di toko")
    label, kind = presenters.order_status_label(row, ctx)
    return {
        "href": href,
        "number": row.number,
        "who": who,
        "when": formats.date_time(row.placed_at, ctx.lang, ctx.brand.timezone),
        "what": f"{what}, {how}",
        "total": row.total,
        "state": label,
        "state_kind": kind,
    }


def build_order_context(order: OrderView, lines: list[OrderLineView], ctx: RequestContext) -> dict[str, Any]:
    """Return the template context of an order's page: its steps with times, its details and receipt lines."""
    say = get_translations(ctx.lang).gettext

    def at(moment: Any) -> str | None:
        return formats.date_time(moment, ctx.lang, ctx.brand.timezone) if moment else None

    ordered = {"label": say("Dipesan"), "when": at(order.placed_at), "done": True}
    on_credit = order.payment_method in CREDIT_METHODS
    paid = {
        "label": say("Dicatat") if on_credit else say("Dibayar"),
        "when": at(order.paid_at),
        "done": order.paid_at is not None,
    }
    given = {
        "label": say("Diserahkan"),
        "when": at(order.handed_over_at),
        "done": order.handed_over_at is not None,
    }
    steps = [ordered, given] if order.payment_method == "cash" else [ordered, paid, given]
    if order.status == "returned":
        steps.append({"label": say("Dikembalikan"), "when": at(order.cancelled_at), "done": True})
    elif order.cancelled_at:
        steps = [step for step in steps if step["done"]]
    delivery = order.fulfilment == "delivery"
    params = [
        (say("Penerimaan"), f"{say('Diantar ke')} {order.address}" if delivery else say("Diambil di toko")),
        (say("Cara membayar"), PAYMENT_METHOD_NAMES[order.payment_method].localize(ctx.lang)),
        (say("Atas nama"), order.buyer_name),
    ]
    if order.note:
        params.append((say("Catatan"), order.note))
    if order.status == "returned" and order.cancel_reason:
        params.append((say("Alasan dikembalikan"), order.cancel_reason))
    sums = [
        (
            (
                f"{line.name}, {formats.number(line.quantity, ctx.lang)} × "
                f"{formats.rupiah(line.unit_price, ctx.lang)}"
            ),
            line.amount,
        )
        for line in lines
    ]
    paid_by = None
    if order.paid_at and not order.cancelled_at:
        method = PAYMENT_METHOD_NAMES[order.payment_method].localize(ctx.lang)
        # a purchase on credit is settled here and still owed by the member
        template = (
            say("Dicatat, belum lunas: %(method)s, %(when)s.")
            if on_credit
            else say("Lunas: %(method)s, %(when)s.")
        )
        paid_by = template % {"method": method, "when": at(order.paid_at)}
    stopped = None
    if order.status == "cancelled":
        unpaid = order.cancelled_for == "unpaid"
        why = rules.NOT_PAID_IN_TIME.localize(ctx.lang) if unpaid else order.cancel_reason
        stopped = f"{at(order.cancelled_at)}: {why}"
    return {"steps": steps, "stopped": stopped, "facts": params, "sums": sums, "paid_by": paid_by}


def is_own_order(ctx: RequestContext, order: OrderView, key: str) -> bool:
    """Return whether this viewer placed the order: the signed-in member, or a visitor with its key."""
    viewer = ctx.viewer
    if order.member_id is not None:
        return viewer is not None and viewer.member_id == order.member_id
    return hmac.compare_digest(key.encode(), presenters.sign_order_key(ctx, order.id).encode())


routes: Final[list[Any]] = [show_order, list_my_orders]
