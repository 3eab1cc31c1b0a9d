"""Officers' pages of their plan.

The cooperative's own transaction is not used: the subscription stands in schema ``shared``.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from billing import card_pages, invoice_pages, queries, showing, usage_pages, usage_queries
from billing.card import close_card_pages
from billing.card_changing import change_by_card
from billing.coupons import enter_coupon
from billing.forms import ChoiceForm, ContactForm, CouponEntry
from billing.models import Subscription
from billing.plans import EVERY, Every, Plan, catalogue
from billing.registering import subscription_of
from billing.rules import is_upgrade
from billing.subscribing import Contact, cancel, choose, offer, resume, set_contact
from kernel import clock
from kernel.database import as_reader
from kernel.phone import format_national
from tenants.changes import REGISTRY, invalidate_local
from tenants.session import shared_session
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    RequestContext,
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.errors import NOT_FOUND
from ui.translations import get_translations

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

HOME: Final = "/pengurus/langganan"
PLACE: Final = "pengaturan"


@get(HOME, guards=[require_officer])
async def show_plans(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    database: CurrentDatabase,
    tiap: FromQuery[str] = "",
) -> Response[bytes]:
    """Show the plan of now, what comes after it, and all plans side by side."""
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        subscription = await subscription_of(db, tenant.id, on)
        shown = await _home(db, ctx, subscription, tiap)
    return render_page(request, "billing/plans.html", active_menu=PLACE, form=None, **shown)


@get(f"{HOME}/paket/{{code:str}}", guards=[require_officer])
async def ask_for_plan(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    database: CurrentDatabase,
    code: FromPath[str],
    tiap: FromQuery[str] = "month",
) -> Response[bytes]:
    """Say in a sentence what choosing this plan does and costs, to the rupiah."""
    if tiap not in EVERY:
        raise NOT_FOUND()
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        made = await offer(db, database.settings, tenant.id, code, tiap, on)
        subscription = await subscription_of(db, tenant.id, on)
        old = catalogue().of(subscription.plan)
    return render_page(
        request,
        "billing/choose.html",
        active_menu=PLACE,
        offer=made,
        last=made.ends - timedelta(days=1) if made.ends else None,
        by_card=subscription.way == "card",
        old=old.name.localize(ctx.lang),
        new=made.plan.name.localize(ctx.lang),
        lines=showing.limit_lines(made.plan, ctx.lang),
        stops=showing.stopping_lines(old, made.plan, ctx.lang),
        pkp=database.settings.billing_pkp,
        due_days=catalogue().invoices.due_after_days,
        key=secrets.token_urlsafe(16),
    )


@post(f"{HOME}/paket/{{code:str}}", guards=[require_officer])
async def take_plan(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    database: CurrentDatabase,
    code: FromPath[str],
) -> Response[Any]:
    """Choose it."""
    form = await read_form(request, ChoiceForm)
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        shown = await _home(db, ctx, await subscription_of(db, tenant.id, on), "")
    async with form.rerender_on_error("billing/plans.html", active_menu=PLACE, **shown):
        if shown["subscription"].way == "card":
            await change_by_card(
                database, tenant, code, form.data.every, by=viewer.name, on=on, key=form.data.key
            )
        else:
            await close_card_pages(database, tenant)
            async with shared_session(database) as db:
                await choose(
                    db,
                    database.settings,
                    tenant.id,
                    code,
                    form.data.every,
                    by=viewer.name,
                    on=on,
                    key=form.data.key,
                )
    invalidate_local(database, REGISTRY)
    return see_other(HOME, flash=get_translations(ctx.lang).gettext("Pilihan paket sudah dicatat."))


@get(f"{HOME}/berhenti", guards=[require_officer])
async def ask_to_cancel(
    request: AnyRequest, ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[Any]:
    """Say what stopping does, and when."""
    async with shared_session(database) as db:
        subscription = await subscription_of(db, tenant.id, clock.today(ctx.brand.timezone))
    if subscription.period_end is None:
        return see_other(HOME)
    free, old = catalogue().of(catalogue().trial.then), catalogue().of(subscription.plan)
    return render_page(
        request,
        "billing/cancel.html",
        active_menu=PLACE,
        ends_on=subscription.period_end,
        old=old.name.localize(ctx.lang),
        free=free.name.localize(ctx.lang),
        lines=showing.limit_lines(free, ctx.lang),
        stops=showing.stopping_lines(old, free, ctx.lang),
    )


@post(f"{HOME}/berhenti", guards=[require_officer])
async def take_cancellation(
    ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser, database: CurrentDatabase
) -> Response[Any]:
    """Stop at the end of the period."""
    async with shared_session(database) as db:
        await cancel(db, tenant.id, by=viewer.name, on=clock.today(ctx.brand.timezone))
    invalidate_local(database, REGISTRY)
    return see_other(HOME)


@post(f"{HOME}/lanjut", guards=[require_officer])
async def take_resumption(
    ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser, database: CurrentDatabase
) -> Response[Any]:
    """Go on after all."""
    async with shared_session(database) as db:
        await resume(db, tenant.id, by=viewer.name, on=clock.today(ctx.brand.timezone))
    invalidate_local(database, REGISTRY)
    return see_other(HOME)


@post(f"{HOME}/kupon", guards=[require_officer])
async def take_coupon(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    database: CurrentDatabase,
) -> Response[Any]:
    """Enter a code."""
    form = await read_form(request, CouponEntry)
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        shown = await _home(db, ctx, await subscription_of(db, tenant.id, on), "")
    async with form.rerender_on_error("billing/plans.html", field="code", active_menu=PLACE, **shown):
        await close_card_pages(database, tenant)
        async with shared_session(database) as db:
            await enter_coupon(db, tenant.id, form.data.code, by=viewer.name, on=on)
    return see_other(
        HOME, flash=get_translations(ctx.lang).gettext("Kupon berlaku mulai tagihan berikutnya.")
    )


@get(f"{HOME}/kontak", guards=[require_officer])
async def show_contact(
    request: AnyRequest, ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[bytes]:
    """Show who gets the invoices."""
    async with shared_session(database) as db:
        subscription = await subscription_of(db, tenant.id, clock.today(ctx.brand.timezone))
    return render_page(
        request, "billing/contact.html", active_menu=PLACE, form=None, **_contact(subscription)
    )


@post(f"{HOME}/kontak", guards=[require_officer])
async def take_contact(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    database: CurrentDatabase,
) -> Response[Any]:
    """Change it."""
    form = await read_form(request, ContactForm)
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        subscription = await subscription_of(db, tenant.id, on)
        async with form.rerender_on_error(
            "billing/contact.html", active_menu=PLACE, **_contact(subscription)
        ):
            typed = form.data
            contact = Contact(
                typed.name,
                typed.email,
                typed.phone or "",
                typed.buyer_name,
                typed.buyer_address,
                typed.buyer_tax_number,
            )
            await set_contact(db, tenant.id, contact, by=viewer.name, on=on)
    return see_other(HOME, flash=get_translations(ctx.lang).gettext("Kontak tagihan sudah disimpan."))


def _contact(subscription: Subscription) -> dict[str, Any]:
    return {
        "contact": subscription,
        "phone": format_national(subscription.contact_phone) if subscription.contact_phone else "",
    }


async def _home(
    db: AsyncSession, ctx: RequestContext, subscription: Subscription, tiap: str
) -> dict[str, Any]:
    ro = as_reader(db)
    found, lang = catalogue(), ctx.lang
    every: Every = tiap if tiap in EVERY else _rhythm(subscription)
    plan = found.of(subscription.plan)
    coming = found.of(subscription.next_plan) if subscription.next_plan else None
    usage = await usage_queries.latest(db, subscription.cooperative_id)
    status, kind = showing.STATUS[subscription.status]
    return {
        "subscription": subscription,
        "plan": plan,
        "plan_name": plan.name.localize(lang),
        "standing": (status.localize(lang), kind),
        "coming": coming.name.localize(lang) if coming else None,
        "coming_price": (coming or plan).price_for(_rhythm(subscription)),
        "coming_every": _rhythm(subscription),
        "ends": coming is not None and coming.free,
        "every": every,
        "plans": [
            _card(each, subscription, every, lang)
            for each in found.plan
            if each.sold or each.code == plan.code
        ],
        "stops": showing.stopping_lines(plan, coming, lang) if coming else [],
        "open": [
            each for each in await queries.invoices(ro, subscription.cooperative_id) if each.state == "open"
        ],
        "credit": await queries.credit_of(db, subscription.cooperative_id),
        "usage": [
            showing.usage_of(meter, usage[meter], plan, lang) for meter in showing.LIMITED if meter in usage
        ],
        "coupon_percent": await queries.coupon_percent(db, subscription.coupon)
        if subscription.coupon_left
        else 0,
        "cards": bool(ctx.database.settings.billing_stripe_key),
        "card_key": secrets.token_urlsafe(16),
        "grace_days": found.invoices.grace_days,
    }


def _rhythm(subscription: Subscription) -> Every:
    """Return how the period after this one is billed."""
    return cast("Every", subscription.next_every or subscription.every)


def _card(plan: Plan, subscription: Subscription, every: Every, lang: Any) -> dict[str, Any]:
    current = plan.code == subscription.plan and (plan.free or every == subscription.every)
    # a trial of a plan goes on in the free one, unless somebody chooses
    stays = plan.code == (subscription.next_plan or subscription.plan) and (
        plan.free or every == _rhythm(subscription)
    )
    old = catalogue().of(subscription.plan)
    at_once = is_upgrade(old, cast("Every", subscription.every), plan, every)
    return {
        "code": plan.code,
        "name": plan.name.localize(lang),
        "lead": plan.lead.localize(lang),
        "price": plan.price_for(every),
        "lines": showing.limit_lines(plan, lang),
        "current": current,
        "coming": plan.code == subscription.next_plan and (plan.free or every == subscription.next_every),
        "open": plan.sold
        and not stays
        and (not current or subscription.status == "trialing")
        and (subscription.way != "card" or at_once),
        "at_once": at_once,
        "by_card": not plan.free
        and subscription.way != "card"
        and subscription.status in ("trialing", "active")
        and (old.free or current or subscription.status == "trialing"),
    }


routes: list[Any] = [
    show_plans,
    ask_for_plan,
    take_plan,
    ask_to_cancel,
    take_cancellation,
    take_resumption,
    take_coupon,
    show_contact,
    take_contact,
    *invoice_pages.routes,
    *usage_pages.routes,
    *card_pages.routes,
]
