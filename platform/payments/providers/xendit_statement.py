"""What Xendit says of an account's balance: its movements in a span of time, and what it holds, settled or
not yet.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from kernel import clock
from kernel.money import Rupiah
from payments.provider import BalanceMovement, ProviderFault, Statement
from payments.providers.asking import Gateway
from payments.providers.xendit_answers import BALANCE, MOVEMENTS, Movement, fee_in_rupiah

_PAGE: Final = 50
_MOST_PAGES: Final = 400
# The slowest channel settles within ten working days.
_SETTLES_WITHIN: Final = timedelta(days=30)
# Movements that changed the balance or will; a failed one did not. What was voided or reversed has its own
# line or none.
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


async def statement_of(gateway: Gateway, address: str, since: datetime, until: datetime) -> Statement:
    """Movements from ``since`` until before ``until``, oldest first, and the balance now.

    The balance is all that Xendit holds for us: what can be withdrawn, what it holds back for payouts under
    way, and the payments of the last thirty days that it has not settled yet, less their fees. Raises
    ProviderFault.
    """
    movements = await _movements(gateway, address, since, until)
    lines = sorted((_line(each) for each in movements if each.status in _COUNTED), key=lambda line: line.at)
    held = [await _held(gateway, address, kind) for kind in ("CASH", "HOLDING")]
    return Statement(lines=tuple(lines), balance=_down(sum(held, await _unsettled(gateway, address, until))))


async def _held(gateway: Gateway, address: str, kind: str) -> Decimal:
    query = {"account_type": kind, "currency": "IDR"}
    answer = gateway.accepted(await gateway.ask("GET", f"{address}/balance", query=query))
    return gateway.read(answer, BALANCE).balance


async def _unsettled(gateway: Gateway, address: str, until: datetime) -> Decimal:
    recent = await _movements(gateway, address, until - _SETTLES_WITHIN, max(until, clock.now()))
    waiting = [
        each.amount - each.charged
        for each in recent
        if each.status == "SUCCESS" and each.cashflow == "MONEY_IN" and each.settlement_status == "PENDING"
    ]
    return sum(waiting, Decimal(0))


async def _movements(gateway: Gateway, address: str, since: datetime, until: datetime) -> list[Movement]:
    """All pages. Each is asked for after the last line of the one before."""
    query = {
        "created[gte]": _moment(since),
        "created[lte]": _moment(until - timedelta(milliseconds=1)),
        "currency": "IDR",
        "limit": str(_PAGE),
    }
    found: dict[str, Movement] = {}
    for _ in range(_MOST_PAGES):
        answer = gateway.accepted(await gateway.ask("GET", f"{address}/transactions", query=query))
        page = gateway.read(answer, MOVEMENTS)
        new = {each.id: each for each in page.data if each.id not in found}
        found |= new
        if not page.has_more or not new:
            return list(found.values())
        query["after_id"] = page.data[-1].id
    raise ProviderFault("Xendit has more movements in this time than can be read at once", passing=False)


def _line(movement: Movement) -> BalanceMovement:
    if movement.currency not in {"IDR", None}:
        raise ProviderFault(
            f"Xendit told a movement in {movement.currency}, which our books cannot follow", passing=False
        )
    stands = movement.status == "SUCCESS"
    gross = movement.amount if movement.cashflow == "MONEY_IN" else -movement.amount
    return BalanceMovement(
        provider_id=movement.id,
        kind=_KINDS.get(movement.type, "other"),
        gross=_down(gross) if stands else Rupiah(0),
        fee=fee_in_rupiah(movement.charged) if stands else Rupiah(0),
        at=movement.created,
        reference=movement.reference_id,
        detail="; ".join(part for part in (movement.type, movement.channel_code, *_said(movement)) if part),
        fraction=_is_fraction(movement),
    )


def _said(movement: Movement) -> tuple[str, ...]:
    """Whether it is settled, and the exact sums where they are no whole rupiah."""
    settled = f"settlement {movement.settlement_status.lower()}" if movement.settlement_status else ""
    return settled, f"exactly {movement.amount} - {movement.charged}" if _is_fraction(movement) else ""


def _is_fraction(movement: Movement) -> bool:
    return bool((movement.amount - movement.charged) % 1)


def _down(amount: Decimal) -> Rupiah:
    """Whole rupiah, a part of one left out: a balance of percentages may have one."""
    return Rupiah(int(amount.to_integral_value(rounding=ROUND_FLOOR)))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
