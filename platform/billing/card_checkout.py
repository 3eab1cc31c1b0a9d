"""Card payments on Stripe's own pages: start a Checkout session for a plan, or open the customer portal."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

from billing import queries
from billing.errors import BY_CARD, CARD_UNREACHABLE, NO_CARD_YET, NO_SUCH_PLAN, OWN_PLAN_BY_CARD, PAY_FIRST
from billing.history import record_event
from billing.invoicing import find_overdue_invoice
from billing.models import Subscription
from billing.periods import lock_subscription
from billing.plans import Interval, catalogue
from billing.stripe_gateway import (
    StripeCheckoutSession,
    StripeObject,
    cards_enabled,
    create_customer,
    ensure_coupon,
    ensure_price,
    ensure_tax_rate,
    get_stripe_client,
    noon_timestamp,
)
from gateways.protocol import ProviderError
from gateways.stripe_client import call_stripe, parse_object
from tenants.session import shared_session

if TYPE_CHECKING:
    import stripe

    from kernel.database import Database
    from tenants.registry import TenantRef

log = structlog.get_logger()

# Stripe needs at least two days between Checkout and the end of a trial. When less than this remains of the
# current period, the card is charged at once.
MIN_TRIAL: Final = timedelta(days=3)


async def create_checkout_session(
    database: Database, tenant: TenantRef, plan_code: str, interval: Interval, *, by: str, on: date, key: str
) -> str:
    """Create a Stripe Checkout session for a plan and return its address.

    The card is first charged when the current period or trial ends, unless that is less than ``MIN_TRIAL``
    away.

    Raises DomainError: billing.no_card_here, .no_such_plan, .own_plan_by_card, .pay_first, .by_card,
    .card_unreachable.
    """
    client = get_stripe_client(database)
    async with shared_session(database) as db:
        subscription = await lock_subscription(db, tenant.id, on)
        _require_eligible(subscription, plan_code, interval)
        late = find_overdue_invoice(await queries.list_unpaid_invoices(db, tenant.id), on)
        if late is not None:
            raise PAY_FIRST(number=late.number)
        percent = await queries.get_coupon_percent(db, subscription.coupon) if subscription.coupon_left else 0
        record_event(
            db,
            tenant.id,
            "billing.card_begun",
            by=by,
            on=on,
            params={"plan": plan_code, "interval": interval},
        )
    try:
        customer = subscription.stripe_customer or await _create_customer(database, tenant, subscription)
        await _expire_open_sessions(client, customer, key)
        data: dict[str, Any] = {"metadata": {"cooperative": str(tenant.id)}}
        if subscription.period_end is not None and subscription.period_end >= on + MIN_TRIAL:
            data["trial_end"] = noon_timestamp(subscription.period_end)
        if (rate := await ensure_tax_rate(client, database.settings, on)) is not None:
            data["default_tax_rates"] = [rate]
        params: dict[str, Any] = {
            "mode": "subscription",
            "customer": customer,
            "client_reference_id": str(tenant.id),
            "metadata": {"key": key},
            "line_items": [{"price": await ensure_price(client, plan_code, interval), "quantity": 1}],
            "subscription_data": data,
            "success_url": f"{_origin(database, tenant)}/pengurus/langganan/kartu/kembali",
            "cancel_url": f"{_origin(database, tenant)}/pengurus/langganan",
            "locale": "id",
        }
        if percent and subscription.coupon:
            coupon = await ensure_coupon(
                client, subscription.coupon, percent, interval, subscription.coupon_left
            )
            params["discounts"] = [{"coupon": coupon}]
        made = await call_stripe(
            client.v1.checkout.sessions.create_async(
                cast("Any", params), {"idempotency_key": f"checkout:{tenant.id}:{key}"}
            )
        )
        return str(parse_object(made, StripeObject).url)
    except ProviderError as fault:
        log.warning("the card page could not be opened", error=str(fault), transient=fault.transient)
        raise CARD_UNREACHABLE() from fault


async def expire_checkout_sessions(database: Database, tenant: TenantRef) -> None:
    """Expire the cooperative's open Checkout sessions before it chooses a plan or enters a coupon here.

    A session that is completed later would pay or discount a second time. Does nothing where cards are not
    enabled.

    Raises DomainError billing.card_unreachable; nothing has changed then.
    """
    if not cards_enabled(database.settings):
        return
    async with shared_session(database) as db:
        subscription = await queries.find_subscription(db, tenant.id)
    if subscription is None or subscription.stripe_customer is None:
        return
    try:
        await _expire_open_sessions(get_stripe_client(database), subscription.stripe_customer, key="")
    except ProviderError as fault:
        log.warning("open card pages could not be closed", error=str(fault), transient=fault.transient)
        raise CARD_UNREACHABLE() from fault


async def create_portal_session(database: Database, tenant: TenantRef) -> str:
    """Create a Stripe portal session, where the card is changed or the subscription ended; return its
    address.

    Raises DomainError: billing.no_card_here, .no_card_yet, .card_unreachable.
    """
    client = get_stripe_client(database)
    async with shared_session(database) as db:
        subscription = await queries.find_subscription(db, tenant.id)
    if subscription is None or subscription.stripe_customer is None:
        raise NO_CARD_YET()
    try:
        made = await call_stripe(
            client.v1.billing_portal.sessions.create_async(
                {
                    "customer": subscription.stripe_customer,
                    "return_url": f"{_origin(database, tenant)}/pengurus/langganan/kartu/kembali",
                }
            )
        )
        return str(parse_object(made, StripeObject).url)
    except ProviderError as fault:
        raise CARD_UNREACHABLE() from fault


def _require_eligible(subscription: Subscription, plan_code: str, interval: Interval) -> None:
    """Raise DomainError unless the subscription may start a card payment for this plan and interval."""
    plan = (
        catalogue().get_plan(plan_code)
        if plan_code == subscription.plan
        else catalogue().find_sold_plan(plan_code)
    )
    if plan is None or plan.free:
        raise NO_SUCH_PLAN()
    if subscription.method == "card":
        raise BY_CARD()
    old = catalogue().get_plan(subscription.plan)
    if (
        subscription.status != "trialing"
        and not old.free
        and (plan.code, interval) != (old.code, subscription.interval)
    ):
        raise OWN_PLAN_BY_CARD()


async def _create_customer(database: Database, tenant: TenantRef, subscription: Subscription) -> str:
    name = subscription.buyer_name or tenant.name
    customer = await create_customer(
        get_stripe_client(database), str(tenant.id), name, subscription.contact_email
    )
    async with shared_session(database) as db:
        locked = await queries.find_subscription_for_update(db, tenant.id)
        assert locked is not None
        locked.stripe_customer = customer
    return customer


async def _expire_open_sessions(client: stripe.StripeClient, customer: str, key: str) -> None:
    """Expire the customer's open Checkout sessions except the one of ``key``.

    A customer who completes two sessions would pay two subscriptions.
    """
    found = await call_stripe(
        client.v1.checkout.sessions.list_async({"customer": customer, "status": "open", "limit": 100})
    )
    for each in found.data:
        if parse_object(each, StripeCheckoutSession).metadata.get("key") != key:
            await call_stripe(client.v1.checkout.sessions.expire_async(str(each.id)))


def _origin(database: Database, tenant: TenantRef) -> str:
    settings = database.settings
    return f"{settings.scheme}://{tenant.slug}.{settings.base_domain}"
