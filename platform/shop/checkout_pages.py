"""Pages of the checkout: choose how to receive and pay, confirm, place the order.

A payment method that debits the member is confirmed on a second page. Sending the form again leads to the
same order.
"""

import secrets
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Response, get, post

from gateways.protocol import get_provider
from governance.queries import get_bylaws_on
from governance.rules import PAYMENT_METHOD_NAMES, Bylaws
from kernel.batching import read_batch
from kernel.database import Reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.translations import get_translations
from members.login_throttle import count_from_network
from payments.member_funds import Consent
from payments.method_choices import method_choices
from payments.methods import (
    AvailableMethod,
    PayerMethods,
    load_payer_methods,
    pick_method,
    select_available_methods,
)
from payments.open_payment import insufficient_balance
from shop import cart, cart_pages, errors, order_queries, presenters, rules
from shop.forms import CheckoutForm
from shop.order_queries import BuyerView
from shop.place_order import Buyer, Checkout, PlacedOrder, process_checkout, require_placed_order
from shop.verify_consent import verify_consent
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
from ui.guards import PUBLIC

MAX_VISITOR_CHECKOUTS: Final = 60  # a whole village may share one IP address
CHECKOUT_WINDOW: Final = timedelta(hours=1)


class CheckoutView(msgspec.Struct, frozen=True):
    """Everything the checkout page shows, read again for each request.

    `total` is in rupiah; `shortage` says why the cart cannot be ordered, or is None.
    """

    lines: list[cart_pages.CartLine]
    buyer: BuyerView
    bylaws: Bylaws
    offers: list[AvailableMethod]
    total: int
    fingerprint: str
    shortage: str | None


@get("/pesan", opt=PUBLIC)
async def show_checkout(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[Any]:
    """Show the cart's lines and ask how to receive and pay the order."""
    choice = await _load_checkout(request, ro, ctx)
    if not choice.lines or choice.shortage or not ctx.brand.shop_open:
        return see_other("/keranjang")
    return render_page(request, "shop/checkout.html", form=None, **_context(ctx, choice))


@post("/pesan", status_code=200, opt=PUBLIC)
async def submit_checkout(
    request: AnyRequest, db: Db, ctx: CurrentContext, database: CurrentDatabase, tenant: CurrentTenant
) -> Response[Any]:
    """Place the order.

    A method that debits the member is confirmed on a second page first; a method on credit also asks for the
    PIN.
    """
    if ctx.viewer is None:
        # an order reserves stock for days: limit visitors, so that nobody reserves all of it
        await count_from_network(
            database, tenant, "checkout", ctx.client_ip, limit=MAX_VISITOR_CHECKOUTS, window=CHECKOUT_WINDOW
        )
    form = await read_form(request, CheckoutForm)
    consent = await verify_consent(database, tenant, ctx, form)
    key = form.values.get("key", "")[:200]
    made, choice = await read_batch(
        db, lambda ro: _is_already_placed(ro, ctx, key), lambda ro: _load_checkout(request, ro, ctx)
    )
    if made:
        return _redirect_after_order(ctx, await require_placed_order(db, key))
    if not choice.lines:
        return see_other("/keranjang")
    if isinstance(consent, DomainError):
        async with form.rerender_on_error(
            "shop/checkout_confirm.html", **_confirm_context(form, choice, ctx)
        ):
            raise consent
    async with form.rerender_on_error("shop/checkout.html", **_context(ctx, choice)):
        if not ctx.brand.shop_open:
            raise errors.SHOP_CLOSED()
        presenters.require_own_checkout(ctx, key)
        if _debits_member(form.data.payment_method) and not form.data.confirmed:
            return _render_confirmation(request, form, choice, ctx)
        checkout = _build_checkout(form.data, choice, consent)
        placed = await process_checkout(
            db, ctx.actor, checkout, on=presenters.get_local_date(ctx), bylaws=choice.bylaws
        )
    return _redirect_after_order(ctx, placed)


def _debits_member(method: str) -> bool:
    """Return whether the method is settled from the member's savings, wallet or credit."""
    return get_provider(method).capabilities().confirmed_by == "books"


def _render_confirmation(
    request: AnyRequest, form: Form[CheckoutForm], choice: CheckoutView, ctx: RequestContext
) -> Response[bytes]:
    """Show the page that asks to confirm a payment from the member's savings, wallet or credit."""
    offer = pick_method(choice.offers, form.data.payment_method)
    if not offer.sufficient:
        raise insufficient_balance(offer.method.method, offer.balance or Rupiah(0), Rupiah(choice.total))
    if form.data.fulfilment == "delivery" and not form.data.address:
        raise errors.ADDRESS_NEEDED(field="address")
    if form.data.shown != choice.fingerprint:
        raise errors.CHANGED_SINCE_SHOWN()
    return render_page(
        request, "shop/checkout_confirm.html", form=None, **_confirm_context(form, choice, ctx)
    )


def _confirm_context(form: Form[CheckoutForm], choice: CheckoutView, ctx: RequestContext) -> dict[str, Any]:
    sent = {
        name: form.values.get(name, "")
        for name in ("key", "shown", "fulfilment", "payment_method", "address", "note")
    }
    method = sent["payment_method"]
    offer = next((each for each in choice.offers if each.method.method == method), None)
    has = int(offer.balance or 0) if offer else 0
    return {
        "active_menu": "keranjang",
        "sent": sent,
        "method": method,
        "method_name": PAYMENT_METHOD_NAMES[method].localize(ctx.lang),
        "asks_pin": get_provider(method).capabilities().requires_pin,
        "buyer": choice.buyer,
        "has": has,
        "total": choice.total,
    }


def _build_checkout(data: CheckoutForm, choice: CheckoutView, consent: Consent | None) -> Checkout:
    member = choice.buyer.member_id is not None
    return Checkout(
        goods={line.id: line.quantity for line in choice.lines},
        buyer=Buyer(
            name=choice.buyer.name if member else data.name,
            phone=choice.buyer.phone if member else str(data.phone or ""),
            member_id=choice.buyer.member_id,
        ),
        fulfilment=data.fulfilment,
        payment_method=data.payment_method,
        address=data.address,
        note=data.note,
        key=data.key,
        fingerprint=data.shown,
        total=Rupiah(choice.total),
        consent=consent,
    )


async def _is_already_placed(ro: Reader, ctx: RequestContext, key: str) -> bool:
    """Return whether this checkout has already made an order, so that a second submit leads to the same
    order.
    """
    try:
        presenters.require_own_checkout(ctx, key)
    except DomainError:
        return False
    return await order_queries.is_placed(ro, key)


def _redirect_after_order(ctx: RequestContext, placed: PlacedOrder) -> Response[Any]:
    """Redirect to the payment page, or to the order when there is nothing to pay now."""
    order, payment = placed.order, placed.payment
    address = f"/pesanan/{order.number}"
    if order.member_id is None:
        address += f"?kunci={presenters.sign_order_key(ctx, order.id)}"
    if payment is not None and payment.status == "awaiting" and payment.method != "cash":
        address = f"/bayar/{payment.reference}"
    say = get_translations(ctx.lang).gettext
    response = see_other(
        address, flash=say("Pesanan %(number)s sudah kami terima.") % {"number": order.number}
    )
    cart.set_cart_cookie(response, {}, secure=ctx.is_secure)
    return response


async def _load_checkout(request: AnyRequest, ro: Reader, ctx: RequestContext) -> CheckoutView:
    """Read the cart, the buyer, the bylaws and the payment methods for the checkout page."""
    viewer, today = ctx.viewer, presenters.get_local_date(ctx)
    (lines, gone), buyer, adopted, payer = await read_batch(
        ro,
        lambda ro: cart_pages.price_cart(ro, ctx, cart.read_cart(request)),
        lambda ro: _load_buyer(ro, ctx),
        lambda ro: get_bylaws_on(ro, today),
        lambda ro: load_payer_methods(ro, viewer.member_id if viewer else None),
    )
    total = sum(line.total for line in lines)
    assert ctx.tenant is not None  # this route is served only to cooperatives
    if buyer.member_id is None:  # the member has left the cooperative while signed in
        payer = PayerMethods(payer.methods, None)
    short = next((line.error for line in lines if line.error), None)
    if gone:
        short = errors.NO_SUCH_PRODUCT().localize(ctx.lang)
    return CheckoutView(
        lines=lines,
        buyer=buyer,
        bylaws=adopted.bylaws,
        offers=select_available_methods(payer, ctx.tenant, adopted.bylaws, Rupiah(total)),
        total=total,
        fingerprint=rules.checkout_fingerprint(
            presenters.get_audience(ctx.viewer), [(line.id, line.quantity, line.price) for line in lines]
        ),
        shortage=short,
    )


async def _load_buyer(ro: Reader, ctx: RequestContext) -> BuyerView:
    """Return the signed-in member's data for checkout, or empty data for a visitor."""
    viewer = ctx.viewer
    if viewer is not None and viewer.member_id is not None:
        known = await order_queries.find_buyer(ro, viewer.member_id)
        if known is not None:
            return known
    return BuyerView(None, viewer.name if viewer else "", "", "", 0)


def _context(ctx: RequestContext, choice: CheckoutView) -> dict[str, Any]:
    return {
        "active_menu": "keranjang",
        "lines": choice.lines,
        "buyer": choice.buyer,
        "methods": method_choices(choice.offers, ctx),
        "total": choice.total,
        "shown": choice.fingerprint,
        "key": presenters.new_checkout_key(ctx, secrets.token_hex(16)),
    }


routes: Final[list[Any]] = [show_checkout, submit_checkout]
