"""Operators' pages of billing: subscriptions, revenue, coupons, and one cooperative with its credit."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from billing import operator_invoice_pages, operator_queries, presenters, queries, usage_queries
from billing.coupons import create_coupon
from billing.errors import NO_SUCH_COOPERATIVE
from billing.forms import CreateCouponForm, GrantCreditForm
from billing.meter_queries import METERS
from billing.plans import catalogue
from billing.registry_sync import get_or_create_subscription
from billing.rules import add_months
from billing.settle_invoice import check_credit_amount, grant_credit
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.phone import format_national
from kernel.translations import get_translations
from ui import AnyRequest, CurrentContext, Db, Ro, read_form, render_page, require_operator, see_other

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.formats import Lang

SUBSCRIPTIONS_URL: Final = "/langganan"
ACTIVE_MENU: Final = "langganan"
TABS: Final = ("", "trialing", "paid", "free", "late")
MONTHS: Final = 12


@get(SUBSCRIPTIONS_URL, guards=[require_operator])
async def list_subscriptions(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    cari: FromQuery[str] = "",
    pilih: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """List, search and filter the subscriptions of all cooperatives."""
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    chosen = pilih if pilih in TABS else ""
    rows, total = await operator_queries.list_subscriptions(
        ro, search=search, status_filter=chosen, page=current
    )
    return render_page(
        request,
        "billing/operator_list.html",
        block="found",
        active_menu=ACTIVE_MENU,
        rows=rows,
        total=total,
        search=search,
        chosen=chosen,
        summary=await operator_queries.get_summary(ro),
        plans=_plan_names(ctx.lang),
        states=presenters.localize_labels(presenters.SUBSCRIPTION_STATUS_LABELS, ctx.lang),
        current=current,
        pages=-(-total // operator_queries.PAGE_SIZE),
        next_page=f"{SUBSCRIPTIONS_URL}?{urlencode({'cari': search, 'pilih': chosen})}&halaman=",
    )


@get(f"{SUBSCRIPTIONS_URL}/pendapatan", guards=[require_operator])
async def show_revenue(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show the revenue of the last twelve months as a chart and a table."""
    today = clock.today()
    rows = await operator_queries.list_monthly_revenue(
        ro, add_months(today.replace(day=1), 1 - MONTHS), today
    )
    return render_page(
        request,
        "billing/operator_revenue.html",
        active_menu=ACTIVE_MENU,
        rows=rows,
        total=sum(row.amount for row in rows),
    )


@get(f"{SUBSCRIPTIONS_URL}/kupon", guards=[require_operator])
async def list_coupons(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """List the coupons and show the form for a new one."""
    return render_page(
        request,
        "billing/operator_coupons.html",
        active_menu=ACTIVE_MENU,
        form=None,
        rows=await operator_queries.list_coupons(ro),
    )


@post(f"{SUBSCRIPTIONS_URL}/kupon", guards=[require_operator])
async def submit_coupon(request: AnyRequest, db: Db, ctx: CurrentContext) -> Response[Any]:
    """Create a coupon."""
    form = await read_form(request, CreateCouponForm)
    rows = await operator_queries.list_coupons(as_reader(db))
    async with form.rerender_on_error("billing/operator_coupons.html", active_menu=ACTIVE_MENU, rows=rows):
        new = form.data
        await create_coupon(
            db,
            code=new.code,
            percent=new.percent,
            invoices=new.invoices,
            max_uses=new.max_uses,
            until=new.until,
            reason=new.reason,
            by=ctx.operator.name,
        )
    return see_other(
        f"{SUBSCRIPTIONS_URL}/kupon", flash=get_translations(ctx.lang).gettext("Kupon sudah dibuat.")
    )


@get(f"{SUBSCRIPTIONS_URL}/koperasi/{{slug:str}}", guards=[require_operator])
async def show_cooperative(
    request: AnyRequest, db: Db, ctx: CurrentContext, slug: FromPath[str]
) -> Response[bytes]:
    """Show the billing of one cooperative. The first view of a cooperative without a subscription starts its
    trial.
    """
    return render_page(
        request,
        "billing/operator_one.html",
        active_menu=ACTIVE_MENU,
        form=None,
        **await _cooperative_context(db, ctx.lang, slug),
    )


@post(f"{SUBSCRIPTIONS_URL}/koperasi/{{slug:str}}/saldo", guards=[require_operator])
async def submit_credit(
    request: AnyRequest, db: Db, ctx: CurrentContext, slug: FromPath[str]
) -> Response[Any]:
    """Show a confirmation page with the amount, then grant credit."""
    form = await read_form(request, GrantCreditForm)
    context = await _cooperative_context(db, ctx.lang, slug)
    context["key"] = form.values.get("key") or context["key"]
    async with form.rerender_on_error(
        "billing/operator_one.html", field="amount", active_menu=ACTIVE_MENU, **context
    ):
        check_credit_amount(form.data.amount)
        if not form.data.confirmed:
            return render_page(
                request, "billing/operator_credit.html", active_menu=ACTIVE_MENU, given=form.data, **context
            )
        await grant_credit(
            db,
            context["buyer"].id,
            form.data.amount,
            reason=form.data.reason,
            by=ctx.operator.name,
            on=clock.today(),
            key=form.data.key,
        )
    return see_other(f"{SUBSCRIPTIONS_URL}/koperasi/{slug}")


async def _cooperative_context(db: AsyncSession, lang: Lang, slug: str) -> dict[str, Any]:
    ro = as_reader(db)
    found = await _require_cooperative_id(ro, slug)
    subscription = await get_or_create_subscription(db, found, clock.today())
    buyer = await queries.find_cooperative(db, found)
    assert buyer is not None
    plan = catalogue().get_plan(subscription.plan)
    usage = await usage_queries.get_latest_figures(ro, found)
    return {
        "buyer": buyer,
        "contact_phone": format_national(subscription.contact_phone or buyer.contact_phone),
        "subscription": subscription,
        "plans": _plan_names(lang),
        "states": presenters.localize_labels(presenters.SUBSCRIPTION_STATUS_LABELS, lang),
        "plan": plan,
        "credit": await queries.get_credit_balance(ro, found),
        "credits": await queries.list_credit_changes(ro, found, 5),
        "invoices": await queries.list_invoices(ro, found),
        "invoice_states": presenters.localize_labels(presenters.INVOICE_STATUS_LABELS, lang),
        "usage": [
            presenters.build_usage_view(meter, usage[meter], plan, lang) for meter in METERS if meter in usage
        ],
        "entries": [
            (entry.on_date, presenters.describe_event(entry, lang), entry.by)
            for entry in await queries.list_history(ro, found)
        ],
        "key": secrets.token_urlsafe(16),
    }


async def _require_cooperative_id(ro: Reader, slug: str) -> UUID:
    found = await operator_queries.find_cooperative_id(ro, slug)
    if found is None:
        raise NO_SUCH_COOPERATIVE(slug=slug[:40])
    return found


def _plan_names(lang: Lang) -> dict[str, str]:
    return {plan.code: plan.name.localize(lang) for plan in catalogue().plan}


routes: list[Any] = [
    list_subscriptions,
    show_revenue,
    list_coupons,
    submit_coupon,
    show_cooperative,
    submit_credit,
    *operator_invoice_pages.routes,
]
