"""What billing asks of Stripe: the platform's own account, by the door that payments uses too.

Rupiah become hundredths here alone.

Plans are Products and Prices, found by ``lookup_key`` and made where they are missing; a price that has
changed gets a new Price under the same key, and who subscribed before keeps the old one until they change.
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
    interval: str


class StripePrice(msgspec.Struct, frozen=True):
    """A Price of Stripe; ``unit_amount`` in hundredths of a rupiah, ``product`` an id."""

    id: str
    unit_amount: int
    product: str
    recurring: StripeRecurring | None = None


class StripeSubscriptionItem(msgspec.Struct, frozen=True):
    """What a subscription is of, and its period in seconds."""

    id: str
    price: StripePrice
    current_period_start: int
    current_period_end: int


class StripeSubscriptionItems(msgspec.Struct, frozen=True):
    data: list[StripeSubscriptionItem]


class StripeSubscription(msgspec.Struct, frozen=True):
    """A subscription as Stripe tells it."""

    id: str
    status: str
    created: int
    cancel_at_period_end: bool
    items: StripeSubscriptionItems


class StripeLineAmount(msgspec.Struct, frozen=True):
    amount: int


class StripeInvoiceLine(msgspec.Struct, frozen=True):
    """A line of an invoice, in hundredths."""

    amount: int
    description: str | None = None


class StripeInvoiceLines(msgspec.Struct, frozen=True):
    data: list[StripeInvoiceLine]


class StripeStatusTransitions(msgspec.Struct, frozen=True):
    finalized_at: int | None = None
    paid_at: int | None = None


class StripeInvoice(msgspec.Struct, frozen=True):
    """An invoice as Stripe tells it, in hundredths."""

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
    """A tax rate, known by the day in its metadata."""

    id: str
    metadata: dict[str, str] | None = None


class StripeCheckoutSession(msgspec.Struct, frozen=True):
    """A card page, known by the key of the form that opened it."""

    metadata: dict[str, str]


class StripeObject(msgspec.Struct, frozen=True):
    """Anything of Stripe by its id, with where to go if it is a page."""

    id: str
    url: str | None = None


def cards_enabled(settings: Settings) -> bool:
    """Whether this installation bills by card."""
    return bool(settings.billing_stripe_key)


def get_stripe_client(database: Database) -> stripe.StripeClient:
    """The client for the platform's own account. Raises DomainError billing.no_card_here."""
    settings = database.settings
    if not cards_enabled(settings):
        raise NO_CARD_HERE()
    return build_client(
        key=settings.billing_stripe_key,
        base_url=settings.fake_gateway_url("stripe") or LIVE_BASE_URLS["stripe"],
        http=database.services.http_client,
    )


def to_date(seconds: int) -> date:
    """The day of a moment of Stripe's on the calendar of Jakarta."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(_ZONE).date()


def noon_timestamp(day: date) -> int:
    """A moment in the middle of a day, in seconds: a rounding of hours leaves it on that day."""
    return int(datetime.combine(day, time(12), _ZONE).timestamp())


def lookup_key(plan: str, interval: Interval) -> str:
    """The key under which a plan's present Price is found."""
    return f"{_PREFIX}_{plan}_{interval}"


def find_plan_by_price(price: StripePrice) -> tuple[str, Interval] | None:
    """The plan and rhythm of a Price, or None for one that is not ours.

    By its Product: an old Price has lost its key to a newer one.
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
    """The id of a plan's Product."""
    return f"{_PREFIX}_{plan}"


async def ensure_price(client: stripe.StripeClient, plan: str, interval: Interval) -> str:
    """Return the id of the Price of a plan, in step with plans.toml. Raises StripeProviderError."""
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
    """Return the id of the tax of a day at Stripe, or None where the platform is no PKP."""
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
    """Return a coupon of Stripe that takes ``percent`` off the next ``invoices`` invoices."""
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
        if fault.code != "resource_already_exists":  # the name says all of it: who has it, has the same
            raise
    return name


async def create_customer(client: stripe.StripeClient, cooperative_id: str, name: str, email: str) -> str:
    """Make the customer that stands for a cooperative; asked twice it is the same one."""
    params: Any = {"name": name, "metadata": {"cooperative": cooperative_id}}
    if email:
        params["email"] = email
    made = await call_stripe(
        client.v1.customers.create_async(params, {"idempotency_key": f"customer:{cooperative_id}"})
    )
    return str(made.id)


async def list_subscriptions(client: stripe.StripeClient, customer: str) -> list[StripeSubscription]:
    """Return all subscriptions of a customer, also those that ended, newest first."""
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
    """Whole rupiah.

    What Stripe prorates by the second may have a part of a rupiah: it is rounded to the nearest, half up.
    """
    return Rupiah((hundredths + 50) // 100)
