"""Read an account's balance movements in a period, and its current balance, from Xendit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from gateways.json_client import JsonClient
from gateways.protocol import ProviderBalanceMovement, ProviderError, ProviderStatement
from gateways.xendit_objects import (
    XenditTransaction,
    fee_in_rupiah,
    parse_balance,
    parse_transactions,
)
from kernel import clock
from kernel.money import Rupiah

_PAGE_SIZE: Final = 50
_MAX_PAGES: Final = 400
# The slowest channel settles within ten working days.
_SETTLES_WITHIN: Final = timedelta(days=30)
# Movements that changed the balance or will; a failed one did not. Voided and reversed ones have a line of
# their own or none.
_COUNTED: Final = frozenset({"SUCCESS", "REVERSED"})
_KINDS: Final = {
    "PAYMENT": "payment",
    "REFUND": "refund",
    "DISBURSEMENT": "payout",
    "BATCH_DISBURSEMENT": "payout",
    "REMITTANCE_PAYOUT": "payout",
    "WITHDRAWAL": "payout",
    "FEE": "fee",
}


async def fetch_statement(
    gateway: JsonClient, address: str, since: datetime, until: datetime
) -> ProviderStatement:
    """Return the movements from ``since`` until before ``until``, oldest first, and the balance now.

    The balance is all that Xendit holds for us: what can be withdrawn, what it holds back for payouts in
    progress, and the payments of the last thirty days that it has not settled yet, less their fees. Raises
    ProviderError.
    """
    movements = await _list_transactions(gateway, address, since, until)
    lines = sorted(
        (_to_movement(each) for each in movements if each.status in _COUNTED), key=lambda line: line.at
    )
    held = [await _fetch_balance(gateway, address, kind) for kind in ("CASH", "HOLDING")]
    return ProviderStatement(
        lines=tuple(lines), balance=_round_down(sum(held, await _sum_unsettled(gateway, address, until)))
    )


async def _fetch_balance(gateway: JsonClient, address: str, kind: str) -> Decimal:
    """Fetch the balance of one account type: "CASH" or "HOLDING"."""
    query = {"account_type": kind, "currency": "IDR"}
    answer = gateway.require_success(await gateway.request("GET", f"{address}/balance", query=query))
    return gateway.parse(answer, parse_balance).balance


async def _sum_unsettled(gateway: JsonClient, address: str, until: datetime) -> Decimal:
    """Return the sum of recent payments that Xendit has not settled yet, less their fees."""
    recent = await _list_transactions(gateway, address, until - _SETTLES_WITHIN, max(until, clock.now()))
    waiting = [
        each.amount - each.total_fee
        for each in recent
        if each.status == "SUCCESS" and each.cashflow == "MONEY_IN" and each.settlement_status == "PENDING"
    ]
    return sum(waiting, Decimal(0))


async def _list_transactions(
    gateway: JsonClient, address: str, since: datetime, until: datetime
) -> list[XenditTransaction]:
    """Return the transactions of all pages, each requested after the last row of the one before."""
    query = {
        "created[gte]": _format_time(since),
        "created[lte]": _format_time(until - timedelta(milliseconds=1)),
        "currency": "IDR",
        "limit": str(_PAGE_SIZE),
    }
    found: dict[str, XenditTransaction] = {}
    for _ in range(_MAX_PAGES):
        answer = gateway.require_success(await gateway.request("GET", f"{address}/transactions", query=query))
        page = gateway.parse(answer, parse_transactions)
        new = {each.id: each for each in page.data if each.id not in found}
        found |= new
        if not page.has_more or not new:
            return list(found.values())
        query["after_id"] = page.data[-1].id
    raise ProviderError("Xendit has more movements in this time than can be read at once", transient=False)


def _to_movement(movement: XenditTransaction) -> ProviderBalanceMovement:
    if movement.currency not in {"IDR", None}:
        raise ProviderError(
            f"Xendit told a movement in {movement.currency}, which our books cannot follow", transient=False
        )
    stands = movement.status == "SUCCESS"
    gross = movement.amount if movement.cashflow == "MONEY_IN" else -movement.amount
    return ProviderBalanceMovement(
        provider_id=movement.id,
        kind=_KINDS.get(movement.type, "other"),
        gross=_round_down(gross) if stands else Rupiah(0),
        fee=fee_in_rupiah(movement.total_fee) if stands else Rupiah(0),
        at=movement.created,
        reference=movement.reference_id,
        detail="; ".join(
            part for part in (movement.type, movement.channel_code, *_details(movement)) if part
        ),
        is_rounded=_has_fraction(movement),
    )


def _details(movement: XenditTransaction) -> tuple[str, ...]:
    """Return whether it is settled, and the exact amounts if not whole rupiah."""
    settled = f"settlement {movement.settlement_status.lower()}" if movement.settlement_status else ""
    return settled, f"exactly {movement.amount} - {movement.total_fee}" if _has_fraction(movement) else ""


def _has_fraction(movement: XenditTransaction) -> bool:
    return bool((movement.amount - movement.total_fee) % 1)


def _round_down(amount: Decimal) -> Rupiah:
    """Return whole rupiah, rounded down; a balance may have a fraction because of percentages."""
    return Rupiah(int(amount.to_integral_value(rounding=ROUND_FLOOR)))


def _format_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
