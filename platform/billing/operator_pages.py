"""Operators' pages of billing: who pays what, who does not, what came in, and the few things that are done by
hand.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from billing import operator_invoice_pages, operator_queries, queries, showing, usage_queries
from billing.coupons import make_coupon
from billing.errors import NO_SUCH_COOPERATIVE
from billing.forms import CouponForm, CreditForm
from billing.meter_queries import METERS
from billing.operator_chart import chart_of
from billing.plans import catalogue
from billing.registering import subscription_of
from billing.rules import months_after
from billing.settling import check_credit, give_credit
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.phone import format_national
from ui import AnyRequest, CurrentContext, Db, Ro, read_form, render_page, require_operator, see_other
from ui.translations import get_translations

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.formats import Lang

HOME: Final = "/langganan"
PLACE: Final = "langganan"
TABS: Final = ("", "trialing", "paid", "free", "late")
MONTHS: Final = 12


@get(HOME, guards=[require_operator])
async def list_subscriptions(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    cari: FromQuery[str] = "",
    pilih: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """List and search subscriptions."""
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    chosen = pilih if pilih in TABS else ""
    rows, total = await operator_queries.subscriptions(ro, search=search, chosen=chosen, page=current)
    return render_page(
        request,
        "billing/operator_list.html",
        block="found",
        active_menu=PLACE,
        rows=rows,
        total=total,
        search=search,
        chosen=chosen,
        summary=await operator_queries.summary(ro),
        plans=_plan_names(ctx.lang),
        states=showing.in_words(showing.STATUS, ctx.lang),
        current=current,
        pages=-(-total // operator_queries.PAGE),
        next_page=f"{HOME}?{urlencode({'cari': search, 'pilih': chosen})}&halaman=",
    )


@get(f"{HOME}/pendapatan", guards=[require_operator])
async def show_revenue(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[bytes]:
    """Show what came in, month by month, as a chart and as a table."""
    today = clock.today()
    rows = await operator_queries.revenue(ro, months_after(today.replace(day=1), 1 - MONTHS), today)
    return render_page(
        request,
        "billing/operator_revenue.html",
        active_menu=PLACE,
        rows=rows,
        chart=chart_of(rows, ctx.lang),
        total=sum(row.amount for row in rows),
    )


@get(f"{HOME}/kupon", guards=[require_operator])
async def list_coupons(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """List the coupons, and ask for a new one."""
    return render_page(
        request,
        "billing/operator_coupons.html",
        active_menu=PLACE,
        form=None,
        rows=await operator_queries.coupons(ro),
    )


@post(f"{HOME}/kupon", guards=[require_operator])
async def take_new_coupon(request: AnyRequest, db: Db, ctx: CurrentContext) -> Response[Any]:
    """Make one."""
    form = await read_form(request, CouponForm)
    rows = await operator_queries.coupons(as_reader(db))
    async with form.rerender_on_error("billing/operator_coupons.html", active_menu=PLACE, rows=rows):
        new = form.data
        await make_coupon(
            db,
            code=new.code,
            percent=new.percent,
            invoices=new.invoices,
            most=new.most,
            until=new.until,
            reason=new.reason,
            by=ctx.operator.name,
        )
    return see_other(f"{HOME}/kupon", flash=get_translations(ctx.lang).gettext("Kupon sudah dibuat."))


@get(f"{HOME}/koperasi/{{slug:str}}", guards=[require_operator])
async def show_one(request: AnyRequest, db: Db, ctx: CurrentContext, slug: FromPath[str]) -> Response[bytes]:
    """Show one cooperative's billing; the first look begins its trial."""
    return render_page(
        request, "billing/operator_one.html", active_menu=PLACE, form=None, **await _one(db, ctx.lang, slug)
    )


@post(f"{HOME}/koperasi/{{slug:str}}/saldo", guards=[require_operator])
async def take_credit(request: AnyRequest, db: Db, ctx: CurrentContext, slug: FromPath[str]) -> Response[Any]:
    """Ask once more with the sum in a sentence, then give credit."""
    form = await read_form(request, CreditForm)
    context = await _one(db, ctx.lang, slug)
    context["key"] = form.values.get("key") or context["key"]
    async with form.rerender_on_error(
        "billing/operator_one.html", field="amount", active_menu=PLACE, **context
    ):
        check_credit(form.data.amount)
        if not form.data.confirmed:
            return render_page(
                request, "billing/operator_credit.html", active_menu=PLACE, given=form.data, **context
            )
        await give_credit(
            db,
            context["buyer"].id,
            form.data.amount,
            reason=form.data.reason,
            by=ctx.operator.name,
            on=clock.today(),
            key=form.data.key,
        )
    return see_other(f"{HOME}/koperasi/{slug}")


async def _one(db: AsyncSession, lang: Lang, slug: str) -> dict[str, Any]:
    ro = as_reader(db)
    found = await _cooperative(ro, slug)
    subscription = await subscription_of(db, found, clock.today())
    buyer = await queries.buyer(db, found)
    assert buyer is not None
    plan = catalogue().of(subscription.plan)
    usage = await usage_queries.latest(ro, found)
    return {
        "buyer": buyer,
        "contact_phone": format_national(subscription.contact_phone or buyer.contact_phone),
        "subscription": subscription,
        "plans": _plan_names(lang),
        "states": showing.in_words(showing.STATUS, lang),
        "plan": plan,
        "credit": await queries.credit_of(ro, found),
        "credits": await queries.credit_rows(ro, found, 5),
        "invoices": await queries.invoices(ro, found),
        "invoice_states": showing.in_words(showing.INVOICE, lang),
        "usage": [showing.usage_of(meter, usage[meter], plan, lang) for meter in METERS if meter in usage],
        "entries": [
            (entry.on_date, showing.deed(entry, lang), entry.by) for entry in await queries.entries(ro, found)
        ],
        "key": secrets.token_urlsafe(16),
    }


async def _cooperative(ro: Reader, slug: str) -> UUID:
    found = await operator_queries.cooperative_id(ro, slug)
    if found is None:
        raise NO_SUCH_COOPERATIVE(slug=slug[:40])
    return found


def _plan_names(lang: Lang) -> dict[str, str]:
    return {plan.code: plan.name.localize(lang) for plan in catalogue().plan}


routes: list[Any] = [
    list_subscriptions,
    show_revenue,
    list_coupons,
    take_new_coupon,
    show_one,
    take_credit,
    *operator_invoice_pages.routes,
]
