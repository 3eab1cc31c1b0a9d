"""Checkout: one page to choose, one sentence before anything of the member's own moves, one order however
often it is sent.
"""

import secrets
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Response, get, post

from governance.queries import get_bylaws_on
from governance.rules import PAYMENT_METHOD_NAMES, Bylaws
from kernel.batching import read_batch
from kernel.database import Reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from members.login_throttle import count_from_network
from payments.credit.terms import Consent
from payments.opening import too_low
from payments.payer.choosing import way_choices
from payments.provider import provider_of
from payments.ways import Offer, Payer, chosen, offers_to, payer_of
from shop import cart, cart_pages, errors, order_queries, rules, showing
from shop.consenting import consent_of
from shop.forms import CheckoutForm
from shop.order_queries import BuyerView
from shop.placing import Buyer, Checkout, Placed, check_out, order_of_checkout
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    Db,
    Form,
    RequestContext,
    Ro,
    read_form,
    render_page,
    see_other,
)
from ui.translations import get_translations

VISITORS_CHECKOUTS: Final = 60  # a village shares one address behind its provider
CHECKOUT_WINDOW: Final = timedelta(hours=1)


class Choice(msgspec.Struct, frozen=True):
    """All that the checkout page shows, read anew each time.

    ``short`` is what some line lacks, as a sentence.
    """

    lines: list[cart_pages.CartLine]
    buyer: BuyerView
    bylaws: Bylaws
    offers: list[Offer]
    total: int
    shown: str
    short: str | None


@get("/pesan")
async def checkout_page(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[Any]:
    """Show what will be ordered, and ask how to receive and to pay it."""
    choice = await _read(request, ro, ctx)
    if not choice.lines or choice.short or not ctx.brand.shop_open:
        return see_other("/keranjang")
    return render_page(request, "shop/checkout.html", form=None, **_context(ctx, choice))


@post("/pesan", status_code=200)
async def order_goods(
    request: AnyRequest, db: Db, ctx: CurrentContext, database: CurrentDatabase, tenant: CurrentTenant
) -> Response[Any]:
    """Place the order; what is taken from the member's own is asked about once more first,
    and credit by PIN.
    """
    if ctx.viewer is None:
        # an order keeps stock for days: a stranger cannot empty the shelf by ordering without end
        await count_from_network(
            database, tenant, "checkout", ctx.client_ip, limit=VISITORS_CHECKOUTS, window=CHECKOUT_WINDOW
        )
    form = await read_form(request, CheckoutForm)
    consent = await consent_of(database, tenant, ctx, form)
    key = form.values.get("key", "")[:200]
    made, choice = await read_batch(
        db, lambda ro: _made_before(ro, ctx, key), lambda ro: _read(request, ro, ctx)
    )
    if made:
        return _done(ctx, await order_of_checkout(db, key))
    if not choice.lines:
        return see_other("/keranjang")
    if isinstance(consent, DomainError):
        async with form.rerender_on_error("shop/checkout_confirm.html", **_confirming(form, choice, ctx)):
            raise consent
    async with form.rerender_on_error("shop/checkout.html", **_context(ctx, choice)):
        if not ctx.brand.shop_open:
            raise errors.SHOP_CLOSED()
        showing.require_own_checkout(ctx, key)
        if _takes_from_own(form.data.payment_way) and not form.data.confirmed:
            return _ask(request, form, choice, ctx)
        checkout = _checkout(form.data, choice, consent)
        placed = await check_out(db, ctx.actor, checkout, on=showing.today_of(ctx), bylaws=choice.bylaws)
    return _done(ctx, placed)


def _takes_from_own(way: str) -> bool:
    return provider_of(way).capabilities().settles == "books"


def _ask(
    request: AnyRequest, form: Form[CheckoutForm], choice: Choice, ctx: RequestContext
) -> Response[bytes]:
    """Show the sentence that says what will happen to what is the member's own."""
    offer = chosen(choice.offers, form.data.payment_way)
    if not offer.enough:
        raise too_low(offer.way.way, offer.has or Rupiah(0), Rupiah(choice.total))
    if form.data.fulfilment == "delivery" and not form.data.address:
        raise errors.ADDRESS_NEEDED(field="address")
    if form.data.shown != choice.shown:
        raise errors.CHANGED_SINCE_SHOWN()
    return render_page(request, "shop/checkout_confirm.html", form=None, **_confirming(form, choice, ctx))


def _confirming(form: Form[CheckoutForm], choice: Choice, ctx: RequestContext) -> dict[str, Any]:
    sent = {
        name: form.values.get(name, "")
        for name in ("key", "shown", "fulfilment", "payment_way", "address", "note")
    }
    way = sent["payment_way"]
    offer = next((each for each in choice.offers if each.way.way == way), None)
    has = int(offer.has or 0) if offer else 0
    return {
        "active_menu": "keranjang",
        "sent": sent,
        "way": way,
        "way_name": PAYMENT_METHOD_NAMES[way].localize(ctx.lang),
        "asks_pin": provider_of(way).capabilities().asks_pin,
        "buyer": choice.buyer,
        "has": has,
        "total": choice.total,
    }


def _checkout(data: CheckoutForm, choice: Choice, consent: Consent | None) -> Checkout:
    member = choice.buyer.member_id is not None
    return Checkout(
        goods={line.id: line.quantity for line in choice.lines},
        buyer=Buyer(
            name=choice.buyer.name if member else data.name,
            phone=choice.buyer.phone if member else str(data.phone or ""),
            member_id=choice.buyer.member_id,
        ),
        fulfilment=data.fulfilment,
        payment_way=data.payment_way,
        address=data.address,
        note=data.note,
        key=data.key,
        shown=data.shown,
        total=Rupiah(choice.total),
        consent=consent,
    )


async def _made_before(ro: Reader, ctx: RequestContext, key: str) -> bool:
    """Whether this page has made its order already: the second press of a button leads where the first one
    led.
    """
    try:
        showing.require_own_checkout(ctx, key)
    except DomainError:
        return False
    return await order_queries.is_placed(ro, key)


def _done(ctx: RequestContext, placed: Placed) -> Response[Any]:
    """Lead to where the order is paid, or to the order itself when nothing is to be done now."""
    order, payment = placed.order, placed.payment
    address = f"/pesanan/{order.number}"
    if order.member_id is None:
        address += f"?kunci={showing.order_key(ctx, order.id)}"
    if payment is not None and payment.status == "awaiting" and payment.way != "cash":
        address = f"/bayar/{payment.reference}"
    say = get_translations(ctx.lang).gettext
    response = see_other(
        address, flash=say("Pesanan %(number)s sudah kami terima.") % {"number": order.number}
    )
    cart.keep(response, {}, secure=ctx.is_secure)
    return response


async def _read(request: AnyRequest, ro: Reader, ctx: RequestContext) -> Choice:
    viewer, today = ctx.viewer, showing.today_of(ctx)
    (lines, gone), buyer, held, payer = await read_batch(
        ro,
        lambda ro: cart_pages.priced(ro, ctx, cart.cart_of(request)),
        lambda ro: _buyer(ro, ctx),
        lambda ro: get_bylaws_on(ro, today),
        lambda ro: payer_of(ro, viewer.member_id if viewer else None),
    )
    total = sum(line.total for line in lines)
    assert ctx.tenant is not None  # pages of a cooperative alone
    if buyer.member_id is None:  # a member who left a moment ago
        payer = Payer(payer.ways, None)
    short = next((line.trouble for line in lines if line.trouble), None)
    if gone:
        short = errors.NO_SUCH_PRODUCT().message(ctx.lang)
    return Choice(
        lines=lines,
        buyer=buyer,
        bylaws=held.bylaws,
        offers=offers_to(payer, ctx.tenant, held.bylaws, Rupiah(total)),
        total=total,
        shown=rules.fingerprint(
            showing.audience_of(ctx.viewer), [(line.id, line.quantity, line.price) for line in lines]
        ),
        short=short,
    )


async def _buyer(ro: Reader, ctx: RequestContext) -> BuyerView:
    viewer = ctx.viewer
    if viewer is not None and viewer.member_id is not None:
        known = await order_queries.buyer(ro, viewer.member_id)
        if known is not None:
            return known
    return BuyerView(None, viewer.name if viewer else "", "", "", 0)


def _context(ctx: RequestContext, choice: Choice) -> dict[str, Any]:
    return {
        "active_menu": "keranjang",
        "lines": choice.lines,
        "buyer": choice.buyer,
        "ways": way_choices(choice.offers, ctx),
        "total": choice.total,
        "shown": choice.shown,
        "key": showing.new_checkout_key(ctx, secrets.token_hex(16)),
    }


routes: Final[list[Any]] = [checkout_page, order_goods]
