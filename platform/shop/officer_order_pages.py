"""Pages on which officers manage orders: the list, one order, and a confirmation page for each step."""

from typing import Any, Final, get_args

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import formats
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.translations import get_translations
from payments.rules import nonrefundable_suffix, refundable_amount
from shop import errors, fulfilment, order_pages, order_queries, presenters, rules
from shop.forms import ReasonForm
from shop.order_queries import OrderFilter, OrderView
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentUser,
    Db,
    EmptyForm,
    Form,
    RequestContext,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY

HOME: Final = "/pengurus/pesanan"
# The steps that an officer confirms on a page of its own: payment, hand-over, cancellation, return of goods.
STEPS: Final = ("pembayaran", "penyerahan", "pembatalan", "pengembalian")


@get(HOME, guards=[may("orders.view")])
async def list_orders(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    keadaan: FromQuery[str] = "perlu",
    cari: FromQuery[str] = "",
    halaman: FromQuery[str] = "1",
) -> Response[bytes]:
    """List orders by filter, or search them by number, name or phone."""
    chip: OrderFilter = keadaan if keadaan in get_args(OrderFilter) else "perlu"  # type: ignore[assignment]
    wanted, number = presenters.normalize_search(cari)[:60], presenters.parse_page_number(halaman)
    counts = await order_queries.count_orders(ro)
    total: int = counts.bayar + counts.siap if chip == "perlu" else getattr(counts, chip)
    rows = (
        await order_queries.search_orders(ro, wanted)
        if wanted
        else await order_queries.list_orders(ro, chip, number)
    )
    orders = [
        order_pages.build_order_row(row, ctx, href=f"{HOME}/{row.number}", who=row.buyer_name)
        | {"next": _next_step(row.status, row.payment_method)}
        for row in rows
    ]
    return render_page(
        request,
        "shop/orders.html",
        block="list_block",
        active_menu="penjualan",
        orders=orders,
        counts=counts,
        chip=chip,
        wanted=wanted,
        number=number,
        pages=1 if wanted else -(-total // order_queries.PAGE_SIZE),
    )


@get(HOME + "/{number:int}", guards=[may("orders.view")])
async def show_order(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[int]
) -> Response[bytes]:
    """Show an order and the steps that an officer can take."""
    order = await _require_order(ro, number)
    lines = await order_queries.list_order_lines(ro, order.id)
    return render_page(
        request,
        "shop/order_office.html",
        active_menu="penjualan",
        order=order,
        lines=lines,
        state=presenters.order_status_label(order, ctx),
        next=_next_step(order.status, order.payment_method),
        can_cancel=rules.can_cancel(order.status),
        can_return=rules.can_return(order.status),
        **order_pages.build_order_context(order, lines, ctx),
    )


@get([f"{HOME}/{{number:int}}/{step}" for step in STEPS], guards=[may("orders.fulfil")])
async def show_step(request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[int]) -> Response[Any]:
    """Show the page that asks to confirm one of ``STEPS``."""
    step = request.url.path.rpartition("/")[2]
    order = await _require_order(ro, number)
    error = _step_error(step, order)
    if error is not None:
        return see_other(f"{HOME}/{number}", flash=error.localize(ctx.lang))
    return render_page(request, "shop/order_step.html", form=None, **_step_context(step, order, ctx))


@post(HOME + "/{number:int}/pembayaran", guards=[may("orders.fulfil")], opt=WHEN_READ_ONLY)
async def submit_payment_confirmation(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Confirm that the order's transfer or QRIS payment has arrived."""
    await _require_empty_form(request)
    await fulfilment.confirm_payment(
        db, viewer.as_officer(), _require_valid_number(number), on=presenters.get_local_date(ctx)
    )
    return _redirect_to_order(
        ctx, number, "Pembayaran pesanan %(number)s sudah dicatat. Barang siap diserahkan."
    )


@post(HOME + "/{number:int}/penyerahan", guards=[may("orders.fulfil")], opt=WHEN_READ_ONLY)
async def submit_hand_over(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Mark the order as handed over."""
    await _require_empty_form(request)
    await fulfilment.hand_over(
        db, viewer.as_officer(), _require_valid_number(number), on=presenters.get_local_date(ctx)
    )
    return _redirect_to_order(ctx, number, "Pesanan %(number)s sudah diserahkan dan masuk buku.")


@post(HOME + "/{number:int}/pembatalan", guards=[may("orders.cancel")], opt=WHEN_READ_ONLY)
async def submit_cancellation(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Cancel the order with the given reason."""
    form, context = await _read_reason_form(request, db, ctx, number, "pembatalan")
    async with form.rerender_on_error("shop/order_step.html", **context):
        await fulfilment.cancel_order(
            db, viewer.as_officer(), number, form.data.reason, on=presenters.get_local_date(ctx)
        )
    return _redirect_to_order(ctx, number, "Pesanan %(number)s dibatalkan. Stoknya bisa dijual lagi.")


@post(HOME + "/{number:int}/pengembalian", guards=[may("orders.cancel")], opt=WHEN_READ_ONLY)
async def submit_return(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Take back the order's goods with the given reason."""
    form, context = await _read_reason_form(request, db, ctx, number, "pengembalian")
    async with form.rerender_on_error("shop/order_step.html", **context):
        await fulfilment.return_order(
            db, viewer.as_officer(), number, form.data.reason, on=presenters.get_local_date(ctx)
        )
    return _redirect_to_order(
        ctx, number, "Barang pesanan %(number)s sudah kembali, uang dan bukunya dibalik."
    )


def _next_step(status: str, method: str) -> str | None:
    """Return the last path segment of the order's next step, or None."""
    if rules.awaits_confirmation(status, method):
        return "pembayaran"
    return "penyerahan" if rules.can_hand_over(status, method) else None


def _step_error(step: str, order: OrderView) -> DomainError | None:
    """Return the error that forbids this step now, or None."""
    kind, possible = {
        "pembayaran": (
            errors.NOT_AWAITING_PAYMENT,
            rules.awaits_confirmation(order.status, order.payment_method),
        ),
        "penyerahan": (errors.NOT_READY, rules.can_hand_over(order.status, order.payment_method)),
        "pembatalan": (errors.NOT_CANCELLABLE, rules.can_cancel(order.status)),
        "pengembalian": (errors.NOT_CANCELLABLE, rules.can_return(order.status)),
    }[step]
    return None if possible else kind(number=order.number, state=rules.STATUS_LABELS[order.status])


def _step_labels(step: str, order: OrderView, ctx: RequestContext) -> dict[str, Any]:
    """Return the texts of a step's confirmation page in the viewer's language."""
    say = get_translations(ctx.lang).gettext
    params = {
        "number": order.number,
        "amount": formats.rupiah(order.total, ctx.lang),
        "name": order.buyer_name,
    }
    back = say("Kalau keliru, pesanan masih bisa dibatalkan atau barangnya dikembalikan.")
    never = say("Langkah ini tidak bisa diurungkan; bila perlu, buat pesanan baru.")
    if step == "pembayaran":
        params["amount"] = formats.rupiah(order.payment_amount or order.total, ctx.lang)
        sentence = (
            say(
                "QRIS %(amount)s dari %(name)s untuk pesanan %(number)s sudah tampak di aplikasi penerimanya."
            )
            if order.payment_method == "qris"
            else say("Transfer %(amount)s dari %(name)s untuk pesanan %(number)s sudah masuk rekening.")
        )
        label, undo = say("Ya, sudah masuk"), back
    elif step == "penyerahan":
        cash = order.status == "placed"
        sentence = (
            say("%(name)s membayar %(amount)s tunai dan menerima barang pesanan %(number)s.")
            if cash
            else say("%(name)s menerima barang pesanan %(number)s, yang sudah dibayar %(amount)s.")
        )
        label, undo = (say("Terima uang dan serahkan") if cash else say("Serahkan barang")), back
    elif step == "pembatalan":
        sentence = say("Pesanan %(number)s dari %(name)s dibatalkan dan stoknya dilepas.")
        if order.status == "paid":
            params["amount"] = formats.rupiah(_refundable_amount(order), ctx.lang)
            sentence += " " + _refund_sentence(order, ctx)
        label, undo = say("Batalkan pesanan"), never
    else:
        params["amount"] = formats.rupiah(_refundable_amount(order), ctx.lang)
        sentence = (
            say("%(name)s mengembalikan barang pesanan %(number)s.") + " " + _refund_sentence(order, ctx)
        )
        label, undo = say("Terima barang kembali"), never
    titles = {
        "pembayaran": say("Pembayaran masuk"),
        "penyerahan": say("Serahkan barang"),
        "pembatalan": say("Batalkan pesanan"),
        "pengembalian": say("Barang dikembalikan"),
    }
    return {
        "step_title": titles[step],
        "sentence": sentence % params,
        "label": label,
        "undo": undo,
        "asks_reason": step in ("pembatalan", "pengembalian"),
        "gone_back": order.payment_refunded + order.payment_pending,
        "expected": order.payment_amount if step == "pembayaran" else None,
    }


def _refundable_amount(order: OrderView) -> Rupiah:
    """Return what a cancellation or return would still refund: the payment less completed and pending
    refunds.
    """
    if order.payment_amount is None:
        return Rupiah(order.total)  # an order older than the table of payments
    paid, nonrefundable = (
        Rupiah(order.payment_amount),
        nonrefundable_suffix(order.payment_unique_suffix, of_member=order.member_id is not None),
    )
    return refundable_amount(
        paid, nonrefundable, Rupiah(order.payment_refunded), Rupiah(order.payment_pending)
    )


def _refund_sentence(order: OrderView, ctx: RequestContext) -> str:
    """Return the sentence that says how the rest of an order's payment is refunded."""
    say = get_translations(ctx.lang).gettext
    if not _refundable_amount(order) and order.total:
        return say("Uangnya sudah dikembalikan semua, jadi tidak ada lagi yang perlu dikembalikan.")
    return {
        "cash": say("%(amount)s dikembalikan tunai dari kas."),
        "bank_transfer": say(
            "Transfer %(amount)s kepada %(name)s dari rekening koperasi; Lumbung tidak mengirimnya."
        ),
        "qris": say("Transfer %(amount)s kepada %(name)s dari rekening koperasi; Lumbung tidak mengirimnya."),
        "savings": say("Uang %(amount)s kembali ke simpanan sukarela %(name)s."),
        "wallet": say("Uang %(amount)s kembali ke dompet %(name)s."),
        "kasbon": say("Kasbon %(name)s berkurang %(amount)s."),
        "payroll": say("Potongan gaji %(name)s berkurang %(amount)s."),
    }.get(
        order.payment_method,
        say("Uang %(amount)s dikembalikan lewat penyedia pembayarannya kepada %(name)s."),
    )


def _step_context(step: str, order: OrderView, ctx: RequestContext) -> dict[str, Any]:
    return {"active_menu": "penjualan", "order": order, "step": step} | _step_labels(step, order, ctx)


async def _read_reason_form(
    request: AnyRequest, db: AsyncSession, ctx: RequestContext, number: int, step: str
) -> tuple[Form[ReasonForm], dict[str, Any]]:
    form = await read_form(request, ReasonForm)
    order = await _require_order(as_reader(db), number)
    return form, _step_context(step, order, ctx)


async def _require_empty_form(request: AnyRequest) -> None:
    form = await read_form(request, EmptyForm)
    if form.errors:
        raise errors.UNEXPECTED_FIELDS()


def _redirect_to_order(ctx: RequestContext, number: int, sentence: str) -> Response[Any]:
    return see_other(
        f"{HOME}/{number}", flash=get_translations(ctx.lang).gettext(sentence) % {"number": number}
    )


async def _require_order(ro: Reader, number: int) -> OrderView:
    order = await order_queries.find_order(ro, _require_valid_number(number))
    if order is None:
        raise errors.NO_SUCH_ORDER()
    return order


def _require_valid_number(number: int) -> int:
    if not 0 < number < presenters.MAX_ORDER_NUMBER:
        raise errors.NO_SUCH_ORDER()
    return number


routes: Final[list[Any]] = [
    list_orders,
    show_order,
    show_step,
    submit_payment_confirmation,
    submit_hand_over,
    submit_cancellation,
    submit_return,
]
