"""Another way of paying for an order that still waits for its money: the offered ways as large choices, and
one page to confirm what is one's own.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from governance.queries import bylaws_on
from governance.rules import PAYMENT_WAY_NAMES
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from members.throttling import count_from_network
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
from ui import AnyRequest, Db, Ro, TheDatabase, TheTenant, TheVisit, Visit, page, read_form, see_other
from ui.words import words

TEMPLATE: Final = "shop/change_way.html"
CONFIRM: Final = "shop/change_way_confirm.html"


@get("/pesanan/{number:int}/cara-bayar")
async def change_way_page(
    request: AnyRequest,
    ro: Ro,
    visit: TheVisit,
    tenant: TheTenant,
    number: FromPath[int],
    kunci: FromQuery[str] = "",
) -> Response[Any]:
    """Show the ways in which this order can be paid."""
    order = await _theirs(ro, visit, number, kunci)
    if order.status != "placed" or order.total == 0:
        return see_other(_address(order, kunci))
    if not await order_queries.may_change_way(ro, order.id):
        return see_other(f"/bayar/{order.payment_reference}")  # where it says that money is under way
    offered = await _offers(ro, visit, tenant, order)
    return page(request, TEMPLATE, form=None, **_context(visit, order, offered, kunci))


@post("/pesanan/{number:int}/cara-bayar", status_code=200)
async def take_way(
    request: AnyRequest,
    db: Db,
    visit: TheVisit,
    database: TheDatabase,
    tenant: TheTenant,
    number: FromPath[int],
) -> Response[Any]:
    """Open a payment by the chosen way; the one before it waits no more.

    What is one's own is asked about once more.
    """
    if visit.viewer is None:
        await count_from_network(
            database,
            tenant,
            "checkout",
            visit.client_ip,
            most=checkout_pages.VISITORS_CHECKOUTS,
            window=checkout_pages.CHECKOUT_WINDOW,
        )
    form = await read_form(request, ChangeWayForm)
    consent = await consent_of(database, tenant, visit, form)
    key = form.values.get("kunci", "")
    ro = as_reader(db)
    order = await _theirs(ro, visit, number, key)
    offered = await _offers(ro, visit, tenant, order)
    if isinstance(consent, DomainError):
        async with form.or_again(
            CONFIRM, **_confirming(visit, order, chosen(offered, form.data.payment_way), key)
        ):
            raise consent
    async with form.or_again(TEMPLATE, **_context(visit, order, offered, key)):
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
            return page(request, CONFIRM, form=None, **_confirming(visit, order, offer, key))
        payment = await change_way(
            db, visit.actor, order.id, way, on=showing.today_of(visit), consent=consent
        )
    paid = words(visit.lang).gettext("Pesanan %(number)s sudah dibayar.") % {"number": order.number}
    address = _after(order, way, payment.reference if payment.status == "awaiting" else None, key)
    return see_other(address, flash=paid if payment.status == "paid" else None)


async def _theirs(ro: Reader, visit: Visit, number: int, key: str) -> OrderView:
    order = await order_queries.order(ro, number) if 0 < number < showing.LARGEST_NUMBER else None
    if order is None or not order_pages.is_theirs(visit, order, key):
        raise errors.NO_SUCH_ORDER()
    return order


async def _offers(ro: Reader, visit: Visit, tenant: TenantRef, order: OrderView) -> list[Offer]:
    bylaws = (await bylaws_on(ro, showing.today_of(visit))).bylaws
    return await offers(ro, tenant, bylaws, member_id=order.member_id, amount=Rupiah(order.total))


def _address(order: OrderView, key: str) -> str:
    return f"/pesanan/{order.number}" + ("" if order.member_id else f"?kunci={key}")


def _after(order: OrderView, way: str, reference: str | None, key: str) -> str:
    return f"/bayar/{reference}" if reference and way != "cash" else _address(order, key)


def _context(visit: Visit, order: OrderView, offered: list[Offer], key: str) -> dict[str, Any]:
    return {
        "place": "belanja",
        "order": order,
        "back": _address(order, key),
        "kunci": "" if order.member_id else key,
        "ways": way_choices(offered, visit),
        "present": order.payment_way if order.payment_status == "awaiting" else None,
    }


def _confirming(visit: Visit, order: OrderView, offer: Offer, key: str) -> dict[str, Any]:
    way = offer.way.way
    return _context(visit, order, [offer], key) | {
        "way": way,
        "way_name": PAYMENT_WAY_NAMES[way].localize(visit.lang),
        "asks_pin": offer.way.capabilities.asks_pin,
        "has": int(offer.has or 0),
    }


routes: Final[list[Any]] = [change_way_page, take_way]
