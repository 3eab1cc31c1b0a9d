"""Billing's requests to Stripe for the platform's own account, through the client that payments uses too.

Amounts are converted between rupiah and Stripe's hundredths here alone.

Plans are Products and Prices, found by ``lookup_key`` and created where missing. A changed price gets a new
Price under the same key; existing subscribers keep the old one until they change.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
import stripe

from billing.errors import NO_CARD_HERE
from billing.plans import INTERVALS, Interval, catalogue
from gateways.protocol import LIVE_BASE_URLS
from gateways.stripe_amounts import CURRENCY, to_stripe
from gateways.stripe_client import StripeProviderError, build_client, call_stripe, parse_object
from kernel.formats import JAKARTA
from kernel.money import Rupiah

if TYPE_CHECKING:
    from kernel.database import Database
    from kernel.settings import Settings

_PREFIX: Final = "lumbung"
_ZONE: Final = ZoneInfo(JAKARTA)


class StripeRecurring(msgspec.Struct, frozen=True):
    """The billing interval of a Price."""

    interval: str


class StripePrice(msgspec.Struct, frozen=True):
    """A Price of Stripe; ``unit_amount`` in hundredths of a rupiah, ``product`` an id."""

    id: str
    unit_amount: int
    product: str
    recurring: StripeRecurring | None = None


class StripeSubscriptionItem(msgspec.Struct, frozen=True):
    """The price of a subscription and its current period, as Unix timestamps."""

    id: str
    price: StripePrice
    current_period_start: int
    current_period_end: int


class StripeSubscriptionItems(msgspec.Struct, frozen=True):
    """The items of a subscription."""

    data: list[StripeSubscriptionItem]


class StripeSubscription(msgspec.Struct, frozen=True):
    """A subscription as Stripe returns it."""

    id: str
    status: str
    created: int
    cancel_at_period_end: bool
    items: StripeSubscriptionItems


class StripeLineAmount(msgspec.Struct, frozen=True):
    """An amount of discount or tax, in hundredths of a rupiah."""

    amount: int


class StripeInvoiceLine(msgspec.Struct, frozen=True):
    """A line of an invoice, in hundredths of a rupiah."""

    amount: int
    description: str | None = None


class StripeInvoiceLines(msgspec.Struct, frozen=True):
    """The lines of an invoice."""

    data: list[StripeInvoiceLine]


class StripeStatusTransitions(msgspec.Struct, frozen=True):
    """When an invoice was finalized and paid, as Unix timestamps."""

    finalized_at: int | None = None
    paid_at: int | None = None


class StripeInvoice(msgspec.Struct, frozen=True):
    """An invoice as Stripe returns it; amounts in hundredths of a rupiah."""

    id: str
    status: str | None
    created: int
    currency: str
    subtotal: int
    total: int
    amount_due: int
    lines: StripeInvoiceLines
    status_transitions: StripeStatusTransitions
    period_start: int
    period_end: int
    total_discount_amounts: list[StripeLineAmount] | None = None
    total_taxes: list[StripeLineAmount] | None = None


class StripeTaxRate(msgspec.Struct, frozen=True):
    """A tax rate of Stripe; its metadata holds the day from which it applies."""

    id: str
    metadata: dict[str, str] | None = None


class StripeCheckoutSession(msgspec.Struct, frozen=True):
    """A Checkout session; its metadata holds the key of the form that opened it."""

    metadata: dict[str, str]


class StripeObject(msgspec.Struct, frozen=True):
    """Any Stripe object by its id, with its ``url`` if it is a page."""

    id: str
    url: str | None = None


def cards_enabled(settings: Settings) -> bool:
    """Return whether this installation bills by card."""
    return bool(settings.billing_stripe_key)


def get_stripe_client(database: Database) -> stripe.StripeClient:
    """Return the Stripe client of the platform's own account. Raises DomainError billing.no_card_here."""
    settings = database.settings
    if not cards_enabled(settings):
        raise NO_CARD_HERE()
    return build_client(
        key=settings.billing_stripe_key,
        base_url=settings.fake_gateway_url("stripe") or LIVE_BASE_URLS["stripe"],
        http=database.services.http_client,
    )


def to_date(seconds: int) -> date:
    """Return the day in Jakarta of a Unix timestamp."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(_ZONE).date()


def noon_timestamp(day: date) -> int:
    """Return noon of a day in Jakarta as a Unix timestamp; rounding by hours does not change the day."""
    return int(datetime.combine(day, time(12), _ZONE).timestamp())


def lookup_key(plan: str, interval: Interval) -> str:
    """Return the key under which a plan's current Price is found."""
    return f"{_PREFIX}_{plan}_{interval}"


def find_plan_by_price(price: StripePrice) -> tuple[str, Interval] | None:
    """Return the plan code and interval of a Price, or None for a Price that is not ours.

    Looks at the Product, because an old Price has lost its lookup key to a newer one.
    """
    for plan in catalogue().plan:
        for interval in INTERVALS:
            if (
                price.product == product_id(plan.code)
                and price.recurring
                and price.recurring.interval == interval
            ):
                return plan.code, interval
    return None


def product_id(plan: str) -> str:
    """Return the id of a plan's Product."""
    return f"{_PREFIX}_{plan}"


async def ensure_price(client: stripe.StripeClient, plan: str, interval: Interval) -> str:
    """Return the id of a plan's Price at the amount of plans.toml; create it where it is missing.

    Raises StripeProviderError.
    """
    key, wanted = lookup_key(plan, interval), to_stripe(catalogue().get_plan(plan).price_for(interval))
    found = await call_stripe(client.v1.prices.list_async({"lookup_keys": [key], "active": True, "limit": 1}))
    for each in found.data:
        price = parse_object(each, StripePrice)
        if price.unit_amount == wanted:
            return price.id
    product = await _ensure_product(client, plan)
    made = await call_stripe(
        client.v1.prices.create_async(
            {
                "product": product,
                "currency": CURRENCY,
                "unit_amount": wanted,
                "recurring": {"interval": interval},
                "lookup_key": key,
                "transfer_lookup_key": True,
                "tax_behavior": "exclusive",
            },
            {"idempotency_key": f"price:{key}:{wanted}"},
        )
    )
    return str(made.id)


async def _ensure_product(client: stripe.StripeClient, plan: str) -> str:
    name = product_id(plan)
    found = await call_stripe(client.v1.products.list_async({"ids": [name], "limit": 1}))
    if not found.data:
        await call_stripe(
            client.v1.products.create_async(
                {"id": name, "name": f"Lumbung {catalogue().get_plan(plan).name.localize('id')}"},
                {"idempotency_key": f"product:{name}"},
            )
        )
    return name


async def ensure_tax_rate(client: stripe.StripeClient, settings: Settings, on: date) -> str | None:
    """Return the id of the Stripe tax rate of a day; create it where it is missing.

    None where the platform is not registered for VAT (PKP) or no tax applies yet.
    """
    tax = catalogue().find_tax(on) if settings.billing_pkp else None
    if tax is None:
        return None
    hundredfold = tax.fraction * 100
    percentage = f"{(Decimal(hundredfold.numerator) / Decimal(hundredfold.denominator)).normalize():f}"
    found = await call_stripe(
        client.v1.tax_rates.list_async({"active": True, "inclusive": False, "limit": 100})
    )
    for each in found.data:
        rate = parse_object(each, StripeTaxRate)
        if (rate.metadata or {}).get("lumbung") == str(tax.since):
            return rate.id
    made = await call_stripe(
        client.v1.tax_rates.create_async(
            {
                "display_name": "PPN",
                "percentage": percentage,  # type: ignore[typeddict-item]  # sent as it is written
                "inclusive": False,
                "country": "ID",
                "description": tax.label.localize("id"),
                "metadata": {"lumbung": str(tax.since)},
            },
            {"idempotency_key": f"tax:{tax.since}"},
        )
    )
    return str(made.id)


async def ensure_coupon(
    client: stripe.StripeClient, code: str, percent: int, interval: Interval, invoices: int
) -> str:
    """Return the id of a Stripe coupon with ``percent`` off the next ``invoices`` invoices; create it if
    missing.
    """
    name = f"{code}-{interval}-{invoices}"
    made = client.v1.coupons.create_async(
        {
            "id": name,
            "percent_off": percent,
            "duration": "repeating",
            "duration_in_months": invoices * (1 if interval == "month" else 12),
        },
        {"idempotency_key": f"coupon:{name}"},
    )
    try:
        await call_stripe(made)
    except StripeProviderError as fault:
        if fault.code != "resource_already_exists":  # the id contains all terms: it is the same coupon
            raise
    return name


async def create_customer(client: stripe.StripeClient, cooperative_id: str, name: str, email: str) -> str:
    """Create the Stripe customer of a cooperative and return its id; repeated, it is the same customer."""
    params: Any = {"name": name, "metadata": {"cooperative": cooperative_id}}
    if email:
        params["email"] = email
    made = await call_stripe(
        client.v1.customers.create_async(params, {"idempotency_key": f"customer:{cooperative_id}"})
    )
    return str(made.id)


async def list_subscriptions(client: stripe.StripeClient, customer: str) -> list[StripeSubscription]:
    """Return all subscriptions of a customer, also ended ones, newest first."""
    found = await call_stripe(
        client.v1.subscriptions.list_async({"customer": customer, "status": "all", "limit": 100})
    )
    fetched = [parse_object(each, StripeSubscription) for each in found.data]
    return sorted(fetched, key=lambda each: each.created, reverse=True)


async def list_invoices(client: stripe.StripeClient, customer: str) -> list[StripeInvoice]:
    """Return the latest hundred invoices of a customer, the oldest first."""
    found = await call_stripe(client.v1.invoices.list_async({"customer": customer, "limit": 100}))
    return sorted((parse_object(each, StripeInvoice) for each in found.data), key=lambda each: each.created)


LIVE_STATUSES: Final[frozenset[Literal["trialing", "active", "past_due", "unpaid"]]] = frozenset(
    ("trialing", "active", "past_due", "unpaid")
)


def to_rupiah(hundredths: int) -> Rupiah:
    """Convert hundredths to whole rupiah, rounded to the nearest, half up.

    Stripe's proration by the second may give fractions of a rupiah.
    """
    return Rupiah((hundredths + 50) // 100)
