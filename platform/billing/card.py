"""Paying a plan by card: to Stripe's Checkout and portal, and a change of plan with the same sum to the
rupiah as without a card.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

from billing import queries
from billing.errors import BY_CARD, CARD_UNREACHABLE, NO_CARD_YET, NO_SUCH_PLAN, OWN_PLAN_BY_CARD, PAY_FIRST
from billing.invoicing import overdue
from billing.models import Subscription
from billing.periods import locked_subscription
from billing.plans import Every, catalogue
from billing.stripe_door import (
    Named,
    Page,
    cards_are_taken,
    coupon_of,
    customer_of,
    noon_of,
    price_of,
    stripe_of,
    tax_rate_of,
)
from billing.trail import record
from payments.provider import ProviderFault
from payments.providers.stripe_client import asked, read
from tenants.session import shared_session

if TYPE_CHECKING:
    import stripe

    from kernel.database import Database
    from tenants.registry import TenantRef

log = structlog.get_logger()

# Stripe wants two days at least between Checkout and the end of a trial; a shorter one is given away.
LEAST_TRIAL: Final = timedelta(days=3)


async def begin_checkout(
    database: Database, tenant: TenantRef, plan_code: str, every: Every, *, by: str, on: date, key: str
) -> str:
    """Return the address of Stripe's page that takes a card for this plan.

    What is paid or tried already is not paid again.

    Raises DomainError: billing.no_card_here, .no_such_plan, .own_plan_by_card, .pay_first, .by_card,
    .card_unreachable.
    """
    client = stripe_of(database)
    async with shared_session(database) as db:
        subscription = await locked_subscription(db, tenant.id, on)
        _refuse_unfit(subscription, plan_code, every)
        late = overdue(await queries.unpaid(db, tenant.id), on)
        if late is not None:
            raise PAY_FIRST(number=late.number)
        percent = await queries.coupon_percent(db, subscription.coupon) if subscription.coupon_left else 0
        record(db, tenant.id, "billing.card_begun", by=by, on=on, facts={"plan": plan_code, "every": every})
    try:
        customer = subscription.stripe_customer or await _new_customer(database, tenant, subscription)
        await _close_other_pages(client, customer, key)
        data: dict[str, Any] = {"metadata": {"cooperative": str(tenant.id)}}
        if subscription.period_end is not None and subscription.period_end >= on + LEAST_TRIAL:
            data["trial_end"] = noon_of(subscription.period_end)
        if (rate := await tax_rate_of(client, database.settings, on)) is not None:
            data["default_tax_rates"] = [rate]
        params: dict[str, Any] = {
            "mode": "subscription",
            "customer": customer,
            "client_reference_id": str(tenant.id),
            "metadata": {"key": key},
            "line_items": [{"price": await price_of(client, plan_code, every), "quantity": 1}],
            "subscription_data": data,
            "success_url": f"{_origin(database, tenant)}/pengurus/langganan/kartu/kembali",
            "cancel_url": f"{_origin(database, tenant)}/pengurus/langganan",
            "locale": "id",
        }
        if percent and subscription.coupon:
            coupon = await coupon_of(client, subscription.coupon, percent, every, subscription.coupon_left)
            params["discounts"] = [{"coupon": coupon}]
        made = await asked(
            client.v1.checkout.sessions.create_async(
                cast("Any", params), {"idempotency_key": f"checkout:{tenant.id}:{key}"}
            )
        )
        return str(read(made, Named).url)
    except ProviderFault as fault:
        log.warning("the card page could not be opened", said=str(fault), passing=fault.passing)
        raise CARD_UNREACHABLE() from fault


async def close_card_pages(database: Database, tenant: TenantRef) -> None:
    """Close the card pages that are still open, before a plan or a coupon is taken here: finished later, they
    would pay or discount a second time.

    Raises DomainError billing.card_unreachable: nothing has changed.
    """
    if not cards_are_taken(database.settings):
        return
    async with shared_session(database) as db:
        subscription = await queries.subscription(db, tenant.id)
    if subscription is None or subscription.stripe_customer is None:
        return
    try:
        await _close_other_pages(stripe_of(database), subscription.stripe_customer, key="")
    except ProviderFault as fault:
        log.warning("open card pages could not be closed", said=str(fault), passing=fault.passing)
        raise CARD_UNREACHABLE() from fault


async def open_portal(database: Database, tenant: TenantRef) -> str:
    """Return the address of Stripe's page where the card is changed and the subscription ended.

    Raises DomainError: billing.no_card_here, .no_card_yet, .card_unreachable.
    """
    client = stripe_of(database)
    async with shared_session(database) as db:
        subscription = await queries.subscription(db, tenant.id)
    if subscription is None or subscription.stripe_customer is None:
        raise NO_CARD_YET()
    try:
        made = await asked(
            client.v1.billing_portal.sessions.create_async(
                {
                    "customer": subscription.stripe_customer,
                    "return_url": f"{_origin(database, tenant)}/pengurus/langganan/kartu/kembali",
                }
            )
        )
        return str(read(made, Named).url)
    except ProviderFault as fault:
        raise CARD_UNREACHABLE() from fault


def _refuse_unfit(subscription: Subscription, plan_code: str, every: Every) -> None:
    plan = catalogue().of(plan_code) if plan_code == subscription.plan else catalogue().choosable(plan_code)
    if plan is None or plan.free:
        raise NO_SUCH_PLAN()
    if subscription.way == "card":
        raise BY_CARD()
    old = catalogue().of(subscription.plan)
    if (
        subscription.status != "trialing"
        and not old.free
        and (plan.code, every) != (old.code, subscription.every)
    ):
        raise OWN_PLAN_BY_CARD()


async def _new_customer(database: Database, tenant: TenantRef, subscription: Subscription) -> str:
    name = subscription.buyer_name or tenant.name
    customer = await customer_of(stripe_of(database), str(tenant.id), name, subscription.contact_email)
    async with shared_session(database) as db:
        kept = await queries.subscription_to_change(db, tenant.id)
        assert kept is not None
        kept.stripe_customer = customer
    return customer


async def _close_other_pages(client: stripe.StripeClient, customer: str, key: str) -> None:
    """Close the card pages that are still open from before: who finished two would pay two subscriptions.

    The one of ``key`` is this one.
    """
    found = await asked(
        client.v1.checkout.sessions.list_async({"customer": customer, "status": "open", "limit": 100})
    )
    for each in found.data:
        if read(each, Page).metadata.get("key") != key:
            await asked(client.v1.checkout.sessions.expire_async(str(each.id)))


def _origin(database: Database, tenant: TenantRef) -> str:
    settings = database.settings
    return f"{settings.scheme}://{tenant.slug}.{settings.base_domain}"
