"""Read an account's balance movements in a period, and its balance, from Stripe."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import stripe

from gateways.protocol import ProviderBalanceMovement, ProviderError, ProviderStatement
from gateways.stripe_amounts import CURRENCY, MINOR_UNITS, fee_from_stripe, round_down_from_stripe
from gateways.stripe_client import call_stripe, parse_object
from gateways.stripe_objects import StripeBalance, StripeBalanceTransaction
from kernel.money import Rupiah

_PAGE_SIZE: Final = 100
# docs.stripe.com/reports/balance-transaction-types; unlisted types are "other", described by their own name.
_KINDS: Final[Mapping[str, str]] = {
    "charge": "payment",
    "payment": "payment",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund",
    "payment_failure_refund": "refund",
    "payout": "payout",
    "payout_cancel": "payout",
    "payout_failure": "payout",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "tax_fee": "fee",
    "application_fee": "fee",
    "application_fee_refund": "fee",
}


async def fetch_statement(client: stripe.StripeClient, since: datetime, until: datetime) -> ProviderStatement:
    """Return the movements from ``since`` until before ``until``, oldest first, and the balance now.

    Raises ProviderError if the account's currency is not the rupiah.
    """
    asked_for: Any = {
        "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
        "limit": _PAGE_SIZE,
        "expand": ["data.source"],
    }
    page = await call_stripe(client.v1.balance_transactions.list_async(asked_for))
    lines = [_to_movement(parse_object(each, StripeBalanceTransaction)) for each in page.data]
    while page.has_more:
        page = await call_stripe(page.next_page_async())
        lines += [_to_movement(parse_object(each, StripeBalanceTransaction)) for each in page.data]
    held = parse_object(await call_stripe(client.v1.balance.retrieve_async()), StripeBalance)
    return ProviderStatement(lines=tuple(sorted(lines, key=lambda line: line.at)), balance=_balance(held))


def _to_movement(movement: StripeBalanceTransaction) -> ProviderBalanceMovement:
    if movement.currency != CURRENCY:
        message = (
            f"the account at Stripe is kept in {movement.currency.upper()}, which our books cannot follow"
        )
        raise ProviderError(message, transient=False)
    source = movement.source if isinstance(movement.source, dict) else {}
    return ProviderBalanceMovement(
        provider_id=movement.id,
        kind=_KINDS.get(movement.type, "other"),
        gross=round_down_from_stripe(movement.amount),
        fee=fee_from_stripe(movement.fee),
        at=datetime.fromtimestamp(movement.created, UTC),
        # a refund made in Stripe's dashboard has no reference of ours, but names its payment intent
        reference=(source.get("metadata") or {}).get("reference") or source.get("payment_intent"),
        detail=_detail(movement, source),
        is_rounded=_has_fraction(movement),
    )


def _detail(movement: StripeBalanceTransaction, source: Mapping[str, Any]) -> str:
    """Return Stripe's type, a payout's arrival date, and the exact hundredths if not whole rupiah."""
    details = [movement.type]
    if movement.type == "payout" and isinstance(arrives := source.get("arrival_date"), int):
        details.append(f"{source.get('status', '')} {datetime.fromtimestamp(arrives, UTC):%Y-%m-%d}".strip())
    if _has_fraction(movement):
        details.append(f"hundredths: {movement.amount} - {movement.fee}")
    return "; ".join(details)


def _has_fraction(movement: StripeBalanceTransaction) -> bool:
    return bool(movement.amount % MINOR_UNITS or movement.fee % MINOR_UNITS)


def _balance(held: StripeBalance) -> Rupiah | None:
    """Return all rupiah that Stripe holds, available or pending; None if it holds none."""
    amounts = [each.amount for each in (*held.available, *held.pending) if each.currency == CURRENCY]
    return round_down_from_stripe(sum(amounts)) if amounts else None
