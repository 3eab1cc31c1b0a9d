"""Officers' pages of their plan.

They open their own sessions on schema ``shared``, where subscriptions are stored, instead of the
cooperative's.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from billing import (
    card_pages,
    contact_pages,
    invoice_pages,
    operator_pages,
    presenters,
    queries,
    stripe_webhook,
    usage_pages,
    usage_queries,
)
from billing.card_checkout import expire_checkout_sessions
from billing.change_card_plan import change_card_plan
from billing.coupons import redeem_coupon
from billing.forms import ChoosePlanForm, RedeemCouponForm
from billing.manage_subscription import (
    cancel_subscription,
    choose_plan,
    quote_plan,
    resume_subscription,
)
from billing.models import Subscription
from billing.plans import INTERVALS, Interval, Plan, catalogue
from billing.registry_sync import get_or_create_subscription
from billing.rules import is_upgrade
from kernel import clock
from kernel.database import as_reader
from kernel.translations import get_translations
from tenants.changes import invalidate_local, registry_topic
from tenants.session import shared_session
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    RequestContext,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.errors import NOT_FOUND
from ui.guards import WHEN_READ_ONLY, WHEN_SUSPENDED

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

SUBSCRIPTION_URL: Final = "/pengurus/langganan"
ACTIVE_MENU: Final = "pengaturan"


@get(SUBSCRIPTION_URL, guards=[may("subscription.view")], opt=WHEN_SUSPENDED)
async def show_plans(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    database: CurrentDatabase,
    tiap: FromQuery[str] = "",
) -> Response[bytes]:
    """Show the current plan, the plan that follows it, and all plans for comparison."""
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        subscription = await get_or_create_subscription(db, tenant.id, on)
        shown = await _plans_context(db, ctx, subscription, tiap)
    return render_page(request, "billing/plans.html", active_menu=ACTIVE_MENU, form=None, **shown)


@get(
    f"{SUBSCRIPTION_URL}/paket/{{code:str}}",
    guards=[may("subscription.change")],
    opt=WHEN_SUSPENDED,
)
async def show_plan_form(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    database: CurrentDatabase,
    code: FromPath[str],
    tiap: FromQuery[str] = "month",
) -> Response[bytes]:
    """Show what choosing this plan does and costs, before the officer confirms."""
    if tiap not in INTERVALS:
        raise NOT_FOUND()
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        quote = await quote_plan(db, database.settings, tenant.id, code, tiap, on)
        subscription = await get_or_create_subscription(db, tenant.id, on)
        old = catalogue().get_plan(subscription.plan)
    return render_page(
        request,
        "billing/choose.html",
        active_menu=ACTIVE_MENU,
        offer=quote,
        last=quote.ends - timedelta(days=1) if quote.ends else None,
        by_card=subscription.method == "card",
        old=old.name.localize(ctx.lang),
        new=quote.plan.name.localize(ctx.lang),
        lines=presenters.list_plan_features(quote.plan, ctx.lang),
        stops=presenters.list_lost_features(old, quote.plan, ctx.lang),
        pkp=database.settings.billing_pkp,
        due_days=catalogue().invoices.due_after_days,
        key=secrets.token_urlsafe(16),
    )


@post(
    f"{SUBSCRIPTION_URL}/paket/{{code:str}}",
    guards=[may("subscription.change")],
    opt=WHEN_READ_ONLY,
)
async def submit_plan(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    database: CurrentDatabase,
    code: FromPath[str],
) -> Response[Any]:
    """Choose the plan: at Stripe for a card subscription, by invoice otherwise."""
    form = await read_form(request, ChoosePlanForm)
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        shown = await _plans_context(db, ctx, await get_or_create_subscription(db, tenant.id, on), "")
    async with form.rerender_on_error("billing/plans.html", active_menu=ACTIVE_MENU, **shown):
        if shown["subscription"].method == "card":
            await change_card_plan(
                database, tenant, code, form.data.interval, by=viewer.name, on=on, key=form.data.key
            )
        else:
            await expire_checkout_sessions(database, tenant)
            async with shared_session(database) as db:
                await choose_plan(
                    db,
                    database.settings,
                    tenant.id,
                    code,
                    form.data.interval,
                    by=viewer.name,
                    on=on,
                    key=form.data.key,
                )
    invalidate_local(database, registry_topic(tenant.schema_name))
    return see_other(
        SUBSCRIPTION_URL, flash=get_translations(ctx.lang).gettext("Pilihan paket sudah dicatat.")
    )


@get(f"{SUBSCRIPTION_URL}/berhenti", guards=[may("subscription.change")], opt=WHEN_SUSPENDED)
async def show_cancellation_form(
    request: AnyRequest, ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[Any]:
    """Show what cancelling does and from when, before the officer confirms."""
    async with shared_session(database) as db:
        subscription = await get_or_create_subscription(db, tenant.id, clock.today(ctx.brand.timezone))
    if subscription.period_end is None:
        return see_other(SUBSCRIPTION_URL)
    free, old = catalogue().get_plan(catalogue().trial.plan_after), catalogue().get_plan(subscription.plan)
    return render_page(
        request,
        "billing/cancel.html",
        active_menu=ACTIVE_MENU,
        ends_on=subscription.period_end,
        old=old.name.localize(ctx.lang),
        free=free.name.localize(ctx.lang),
        lines=presenters.list_plan_features(free, ctx.lang),
        stops=presenters.list_lost_features(old, free, ctx.lang),
    )


@post(f"{SUBSCRIPTION_URL}/berhenti", guards=[may("subscription.change")], opt=WHEN_SUSPENDED)
async def submit_cancellation(
    ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser, database: CurrentDatabase
) -> Response[Any]:
    """Cancel the plan at the end of its period."""
    async with shared_session(database) as db:
        await cancel_subscription(db, tenant.id, by=viewer.name, on=clock.today(ctx.brand.timezone))
    invalidate_local(database, registry_topic(tenant.schema_name))
    return see_other(SUBSCRIPTION_URL)


@post(f"{SUBSCRIPTION_URL}/lanjut", guards=[may("subscription.change")], opt=WHEN_READ_ONLY)
async def submit_resumption(
    ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser, database: CurrentDatabase
) -> Response[Any]:
    """Undo a cancellation or a planned change of plan."""
    async with shared_session(database) as db:
        await resume_subscription(db, tenant.id, by=viewer.name, on=clock.today(ctx.brand.timezone))
    invalidate_local(database, registry_topic(tenant.schema_name))
    return see_other(SUBSCRIPTION_URL)


@post(f"{SUBSCRIPTION_URL}/kupon", guards=[may("subscription.change")], opt=WHEN_READ_ONLY)
async def submit_coupon(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    database: CurrentDatabase,
) -> Response[Any]:
    """Redeem a coupon code."""
    form = await read_form(request, RedeemCouponForm)
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        shown = await _plans_context(db, ctx, await get_or_create_subscription(db, tenant.id, on), "")
    async with form.rerender_on_error("billing/plans.html", field="code", active_menu=ACTIVE_MENU, **shown):
        await expire_checkout_sessions(database, tenant)
        async with shared_session(database) as db:
            await redeem_coupon(db, tenant.id, form.data.code, by=viewer.name, on=on)
    return see_other(
        SUBSCRIPTION_URL, flash=get_translations(ctx.lang).gettext("Kupon berlaku mulai tagihan berikutnya.")
    )


async def _plans_context(
    db: AsyncSession, ctx: RequestContext, subscription: Subscription, tiap: str
) -> dict[str, Any]:
    ro = as_reader(db)
    found, lang = catalogue(), ctx.lang
    interval: Interval = tiap if tiap in INTERVALS else _renewal_interval(subscription)
    plan = found.get_plan(subscription.plan)
    next_plan = found.get_plan(subscription.next_plan) if subscription.next_plan else None
    usage = await usage_queries.get_latest_figures(db, subscription.cooperative_id)
    status, kind = presenters.SUBSCRIPTION_STATUS_LABELS[subscription.status]
    return {
        "subscription": subscription,
        "plan": plan,
        "plan_name": plan.name.localize(lang),
        "status_label": (status.localize(lang), kind),
        "next_plan": next_plan.name.localize(lang) if next_plan else None,
        "next_price": (next_plan or plan).price_for(_renewal_interval(subscription)),
        "next_interval": _renewal_interval(subscription),
        "ends": next_plan is not None and next_plan.free,
        "interval": interval,
        "plans": [
            _plan_card(each, subscription, interval, lang)
            for each in found.plan
            if each.sold or each.code == plan.code
        ],
        "stops": presenters.list_lost_features(plan, next_plan, lang) if next_plan else [],
        "open": [
            each
            for each in await queries.list_invoices(ro, subscription.cooperative_id)
            if each.status == "open"
        ],
        "credit": await queries.get_credit_balance(db, subscription.cooperative_id),
        "usage": [
            presenters.build_usage_view(meter, usage[meter], plan, lang)
            for meter in presenters.LIMIT_LABELS
            if meter in usage
        ],
        "coupon_percent": await queries.get_coupon_percent(db, subscription.coupon)
        if subscription.coupon_left
        else 0,
        "cards": bool(ctx.database.settings.billing_stripe_key),
        "card_key": secrets.token_urlsafe(16),
        "grace_days": found.invoices.grace_days,
    }


def _renewal_interval(subscription: Subscription) -> Interval:
    """Return the billing interval of the next period."""
    return cast("Interval", subscription.next_interval or subscription.interval)


def _plan_card(plan: Plan, subscription: Subscription, interval: Interval, lang: Any) -> dict[str, Any]:
    current = plan.code == subscription.plan and (plan.free or interval == subscription.interval)
    # a trial continues in the free plan unless another is chosen
    stays = plan.code == (subscription.next_plan or subscription.plan) and (
        plan.free or interval == _renewal_interval(subscription)
    )
    old = catalogue().get_plan(subscription.plan)
    at_once = is_upgrade(old, cast("Interval", subscription.interval), plan, interval)
    return {
        "code": plan.code,
        "name": plan.name.localize(lang),
        "lead": plan.lead.localize(lang),
        "price": plan.price_for(interval),
        "lines": presenters.list_plan_features(plan, lang),
        "current": current,
        "is_next": plan.code == subscription.next_plan
        and (plan.free or interval == subscription.next_interval),
        "open": plan.sold
        and not stays
        and (not current or subscription.status == "trialing")
        and (subscription.method != "card" or at_once),
        "at_once": at_once,
        "by_card": not plan.free
        and subscription.method != "card"
        and subscription.status in ("trialing", "active")
        and (old.free or current or subscription.status == "trialing"),
    }


cooperative_routes: list[Any] = [
    show_plans,
    show_plan_form,
    submit_plan,
    show_cancellation_form,
    submit_cancellation,
    submit_resumption,
    submit_coupon,
    *contact_pages.routes,
    *invoice_pages.routes,
    *usage_pages.routes,
    *card_pages.routes,
]

apex_routes: list[Any] = stripe_webhook.routes

operator_routes: list[Any] = operator_pages.routes
