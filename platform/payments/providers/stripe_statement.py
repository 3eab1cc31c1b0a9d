"""What Stripe says of an account's balance: its movements in a span of time, and what it holds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import stripe

from kernel.money import Rupiah
from payments.provider import BalanceMovement, ProviderFault, Statement
from payments.providers.stripe_amounts import CURRENCY, HUNDREDTHS, at_least_ours, fee_from_stripe
from payments.providers.stripe_answers import Balance, BalanceTransaction
from payments.providers.stripe_client import asked, read

_PAGE: Final = 100
# docs.stripe.com/reports/balance-transaction-types; a type that is not named here is "other" and explained by
# its own name.
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


async def statement_of(client: stripe.StripeClient, since: datetime, until: datetime) -> Statement:
    """Movements from ``since`` until before ``until``, oldest first.

    Raises ProviderFault where the account counts no rupiah.
    """
    asked_for: Any = {
        "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
        "limit": _PAGE,
        "expand": ["data.source"],
    }
    page = await asked(client.v1.balance_transactions.list_async(asked_for))
    lines = [_line(read(each, BalanceTransaction)) for each in page.data]
    while page.has_more:
        page = await asked(page.next_page_async())
        lines += [_line(read(each, BalanceTransaction)) for each in page.data]
    held = read(await asked(client.v1.balance.retrieve_async()), Balance)
    return Statement(lines=tuple(sorted(lines, key=lambda line: line.at)), balance=_balance(held))


def _line(movement: BalanceTransaction) -> BalanceMovement:
    if movement.currency != CURRENCY:
        said = f"the account at Stripe is kept in {movement.currency.upper()}, which our books cannot follow"
        raise ProviderFault(said, passing=False)
    source = movement.source if isinstance(movement.source, dict) else {}
    return BalanceMovement(
        provider_id=movement.id,
        kind=_KINDS.get(movement.type, "other"),
        gross=at_least_ours(movement.amount),
        fee=fee_from_stripe(movement.fee),
        at=datetime.fromtimestamp(movement.created, UTC),
        # a refund made at Stripe's own pages names no reference of ours, but the payment that it gives back
        reference=(source.get("metadata") or {}).get("reference") or source.get("payment_intent"),
        detail=_detail(movement, source),
        fraction=_is_fraction(movement),
    )


def _detail(movement: BalanceTransaction, source: Mapping[str, Any]) -> str:
    """What kind Stripe calls it, when a payout arrives, and the exact hundredths where they are no whole
    rupiah.
    """
    said = [movement.type]
    if movement.type == "payout" and isinstance(arrives := source.get("arrival_date"), int):
        said.append(f"{source.get('status', '')} {datetime.fromtimestamp(arrives, UTC):%Y-%m-%d}".strip())
    if _is_fraction(movement):
        said.append(f"hundredths: {movement.amount} - {movement.fee}")
    return "; ".join(said)


def _is_fraction(movement: BalanceTransaction) -> bool:
    return bool(movement.amount % HUNDREDTHS or movement.fee % HUNDREDTHS)


def _balance(held: Balance) -> Rupiah | None:
    """All that Stripe holds in rupiah, paid out or not yet; None where it holds no rupiah at all."""
    ours = [each.amount for each in (*held.available, *held.pending) if each.currency == CURRENCY]
    return at_least_ours(sum(ours)) if ours else None
