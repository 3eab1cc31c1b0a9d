"""Orders as officers see them: the list of what waits, one order, and each step with its sentence before it
happens.
"""

from typing import Any, Final, get_args

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import formats
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from payments.rules import refundable, tail_kept
from shop import errors, handling, order_pages, order_queries, rules, showing
from shop.forms import ReasonForm
from shop.order_queries import Chip, OrderView
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentUser,
    Db,
    EmptyForm,
    Form,
    RequestContext,
    Ro,
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.translations import get_translations

HOME: Final = "/pengurus/pesanan"


@get(HOME, guards=[require_officer])
async def list_orders(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    keadaan: FromQuery[str] = "perlu",
    cari: FromQuery[str] = "",
    halaman: FromQuery[str] = "1",
) -> Response[bytes]:
    """List orders by what they wait for, or those of a number or a name."""
    chip: Chip = keadaan if keadaan in get_args(Chip) else "perlu"  # type: ignore[assignment]
    wanted, number = showing.tidy(cari)[:60], showing.page_number(halaman)
    counts = await order_queries.counts(ro)
    total: int = counts.bayar + counts.siap if chip == "perlu" else getattr(counts, chip)
    rows = (
        await order_queries.search_orders(ro, wanted)
        if wanted
        else await order_queries.orders(ro, chip, number)
    )
    orders = [
        order_pages.order_row(row, ctx, href=f"{HOME}/{row.number}", who=row.buyer_name)
        | {"next": _next_step(row.status, row.payment_way)}
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


@get(HOME + "/{number:int}", guards=[require_officer])
async def one_order(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[int]
) -> Response[bytes]:
    """Show an order and what can be done with it."""
    order = await _find(ro, number)
    lines = await order_queries.lines(ro, order.id)
    return render_page(
        request,
        "shop/order_office.html",
        active_menu="penjualan",
        order=order,
        lines=lines,
        state=showing.state_words(order, ctx),
        next=_next_step(order.status, order.payment_way),
        can_cancel=rules.can_cancel(order.status),
        can_return=rules.can_return(order.status),
        **order_pages.told(order, lines, ctx),
    )


@get(HOME + "/{number:int}/pembayaran", guards=[require_officer])
async def ask_payment(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[int]
) -> Response[Any]:
    """Say what confirming the transfer will do."""
    return await _ask(request, ro, ctx, number, "pembayaran")


@get(HOME + "/{number:int}/penyerahan", guards=[require_officer])
async def ask_hand_over(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[int]
) -> Response[Any]:
    """Say what handing over will do."""
    return await _ask(request, ro, ctx, number, "penyerahan")


@get(HOME + "/{number:int}/pembatalan", guards=[require_officer])
async def ask_cancel(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[int]
) -> Response[Any]:
    """Say what calling off will do, and ask why."""
    return await _ask(request, ro, ctx, number, "pembatalan")


@get(HOME + "/{number:int}/pengembalian", guards=[require_officer])
async def ask_return(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[int]
) -> Response[Any]:
    """Say what taking back will do, and ask why."""
    return await _ask(request, ro, ctx, number, "pengembalian")


@post(HOME + "/{number:int}/pembayaran", guards=[require_officer])
async def confirm_payment(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Confirm that the transfer has come."""
    await _no_fields(request)
    await handling.confirm_payment(db, viewer.as_officer(), _sane(number), on=showing.today_of(ctx))
    return _done(ctx, number, "Pembayaran pesanan %(number)s sudah dicatat. Barang siap diserahkan.")


@post(HOME + "/{number:int}/penyerahan", guards=[require_officer])
async def hand_over(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Hand the goods over."""
    await _no_fields(request)
    await handling.hand_over(db, viewer.as_officer(), _sane(number), on=showing.today_of(ctx))
    return _done(ctx, number, "Pesanan %(number)s sudah diserahkan dan masuk buku.")


@post(HOME + "/{number:int}/pembatalan", guards=[require_officer])
async def cancel(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Call the order off."""
    form, context = await _reasoned(request, db, ctx, number, "pembatalan")
    async with form.rerender_on_error("shop/order_step.html", **context):
        await handling.cancel_order(
            db, viewer.as_officer(), number, form.data.reason, on=showing.today_of(ctx)
        )
    return _done(ctx, number, "Pesanan %(number)s dibatalkan. Stoknya bisa dijual lagi.")


@post(HOME + "/{number:int}/pengembalian", guards=[require_officer])
async def take_back(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Take the goods back."""
    form, context = await _reasoned(request, db, ctx, number, "pengembalian")
    async with form.rerender_on_error("shop/order_step.html", **context):
        await handling.return_order(
            db, viewer.as_officer(), number, form.data.reason, on=showing.today_of(ctx)
        )
    return _done(ctx, number, "Barang pesanan %(number)s sudah kembali, uang dan bukunya dibalik.")


def _next_step(status: str, way: str) -> str | None:
    """Return the one next step of an order, as the end of its address."""
    if rules.awaits_officer(status, way):
        return "pembayaran"
    return "penyerahan" if rules.can_hand_over(status, way) else None


def _refusal_of(step: str, order: OrderView) -> DomainError | None:
    """Return why this step cannot be taken now, or None."""
    kind, possible = {
        "pembayaran": (errors.NOT_AWAITING_PAYMENT, rules.awaits_officer(order.status, order.payment_way)),
        "penyerahan": (errors.NOT_READY, rules.can_hand_over(order.status, order.payment_way)),
        "pembatalan": (errors.NOT_CANCELLABLE, rules.can_cancel(order.status)),
        "pengembalian": (errors.NOT_CANCELLABLE, rules.can_return(order.status)),
    }[step]
    return None if possible else kind(number=order.number, state=rules.STATUS_NAMES[order.status])


def _step_words(step: str, order: OrderView, ctx: RequestContext) -> dict[str, Any]:
    """Return the sentence, the button and the hint of a step, in the viewer's language."""
    say = get_translations(ctx.lang).gettext
    facts = {
        "number": order.number,
        "amount": formats.rupiah(order.total, ctx.lang),
        "name": order.buyer_name,
    }
    back = say("Kalau keliru, pesanan masih bisa dibatalkan atau barangnya dikembalikan.")
    never = say("Langkah ini tidak bisa diurungkan; bila perlu, buat pesanan baru.")
    if step == "pembayaran":
        facts["amount"] = formats.rupiah(order.payment_amount or order.total, ctx.lang)
        sentence = (
            say(
                "QRIS %(amount)s dari %(name)s untuk pesanan %(number)s sudah tampak di aplikasi penerimanya."
            )
            if order.payment_way == "qris"
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
            facts["amount"] = formats.rupiah(_left_of(order), ctx.lang)
            sentence += " " + _money_back(order, ctx)
        label, undo = say("Batalkan pesanan"), never
    else:
        facts["amount"] = formats.rupiah(_left_of(order), ctx.lang)
        sentence = say("%(name)s mengembalikan barang pesanan %(number)s.") + " " + _money_back(order, ctx)
        label, undo = say("Terima barang kembali"), never
    titles = {
        "pembayaran": say("Pembayaran masuk"),
        "penyerahan": say("Serahkan barang"),
        "pembatalan": say("Batalkan pesanan"),
        "pengembalian": say("Barang dikembalikan"),
    }
    return {
        "step_title": titles[step],
        "sentence": sentence % facts,
        "label": label,
        "undo": undo,
        "asks_reason": step in ("pembatalan", "pengembalian"),
        "gone_back": order.payment_refunded + order.payment_pending,
        "expected": order.payment_amount if step == "pembayaran" else None,
    }


def _left_of(order: OrderView) -> Rupiah:
    """Return what an order's step still gives back: what was paid, less what went back before or is on its
    way.
    """
    if order.payment_amount is None:
        return Rupiah(order.total)  # sold before payments had rows of their own
    paid, kept = (
        Rupiah(order.payment_amount),
        tail_kept(order.payment_tail, of_member=order.member_id is not None),
    )
    return refundable(paid, kept, Rupiah(order.payment_refunded), Rupiah(order.payment_pending))


def _money_back(order: OrderView, ctx: RequestContext) -> str:
    """Return the sentence that says how what is left of an order's money goes back."""
    say = get_translations(ctx.lang).gettext
    if not _left_of(order) and order.total:
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
        order.payment_way, say("Uang %(amount)s dikembalikan lewat penyedia pembayarannya kepada %(name)s.")
    )


def _step_context(step: str, order: OrderView, ctx: RequestContext) -> dict[str, Any]:
    return {"active_menu": "penjualan", "order": order, "step": step} | _step_words(step, order, ctx)


async def _ask(request: AnyRequest, ro: Reader, ctx: RequestContext, number: int, step: str) -> Response[Any]:
    order = await _find(ro, number)
    refusal = _refusal_of(step, order)
    if refusal is not None:
        return see_other(f"{HOME}/{number}", flash=refusal.message(ctx.lang))
    return render_page(request, "shop/order_step.html", form=None, **_step_context(step, order, ctx))


async def _reasoned(
    request: AnyRequest, db: AsyncSession, ctx: RequestContext, number: int, step: str
) -> tuple[Form[ReasonForm], dict[str, Any]]:
    form = await read_form(request, ReasonForm)
    order = await _find(as_reader(db), number)
    return form, _step_context(step, order, ctx)


async def _no_fields(request: AnyRequest) -> None:
    form = await read_form(request, EmptyForm)
    if form.errors:
        raise errors.UNEXPECTED_FIELDS()


def _done(ctx: RequestContext, number: int, sentence: str) -> Response[Any]:
    return see_other(
        f"{HOME}/{number}", flash=get_translations(ctx.lang).gettext(sentence) % {"number": number}
    )


async def _find(ro: Reader, number: int) -> OrderView:
    order = await order_queries.order(ro, _sane(number))
    if order is None:
        raise errors.NO_SUCH_ORDER()
    return order


def _sane(number: int) -> int:
    if not 0 < number < showing.LARGEST_NUMBER:
        raise errors.NO_SUCH_ORDER()
    return number


routes: Final[list[Any]] = [
    list_orders,
    one_order,
    ask_payment,
    ask_hand_over,
    ask_cancel,
    ask_return,
    confirm_payment,
    hand_over,
    cancel,
    take_back,
]
