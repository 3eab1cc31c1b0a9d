"""A way's reconciliation as it stands: what is told and what is booked, read once and compared by the pure
rules.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from cooperative.queries import get_timezone
from ledger import queries as ledger_queries
from payments.own_purposes import TRIAL
from payments.reconciliation import queries as reconcile_queries
from payments.reconciliation import rules as reconcile_rules
from payments.reconciliation.payouts import MOVEMENT, MOVEMENT_FEE
from payments.reconciliation.queries import ClearingLine, KnownPayment, MovementView, StatementRow
from payments.reconciliation.reconciling import can_be_asked
from payments.reconciliation.rules import Day, Finding, Known, Ours, Role, Theirs
from payments.rules import SETTLED
from payments.ways import Way, ways_of

if TYPE_CHECKING:
    from kernel.database import Reader

# So much is shown unless somebody asks for more; what is older and open stands in the rest.
SHOWN: Final = timedelta(days=92)
# Pairs lie some days apart: so much before the first day is read, too.
MARGIN: Final = timedelta(days=14)
_ROLES: Final[dict[str, Role]] = {"payment": "payment", "refund": "refund", "payout": "payout"}


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """How a way stands.

    ``balance`` is what the provider holds as it said at ``told_at`` (None: it says none, or was never asked).

    ``clearing`` is the balance of our account now. ``checked``: there was something to compare with. ``rest``
    is the finding that no day holds.
    """

    way: Way
    account: str
    checked: bool
    told_at: datetime | None
    told_on: date | None
    balance: int | None
    clearing: int
    days: tuple[Day, ...]
    rest: Finding | None
    payments: dict[str, KnownPayment]

    @property
    def difference(self) -> int | None:
        """The provider's balance less ours, in rupiah."""
        return None if self.balance is None else self.balance - self.clearing

    @property
    def unexplained(self) -> int:
        """How many pieces nobody can explain."""
        open_rest = self.rest is not None and not self.rest.explained
        return sum(day.unexplained for day in self.days) + open_rest

    @property
    def all_explained(self) -> bool:
        return self.unexplained == 0


def can_be_compared(way: Way) -> bool:
    """Whether somebody outside tells of this way's money: a provider that is set up, or statements."""
    return can_be_asked(way) or (way.capabilities.settles == "officer" and way.enabled)


async def unexplained(ro: Reader, *, since: date) -> int:
    """Return how many pieces of all ways nobody can explain, from ``since`` on; a way of which nothing was
    ever told has none.
    """
    told = await reconcile_queries.told_of(ro)
    found = [way for way in await ways_of(ro) if way.way in told and can_be_compared(way)] if told else []
    return sum([(await reconcile(ro, way, since=since)).unexplained for way in found])


async def reconcile(ro: Reader, way: Way, *, since: date) -> Reconciliation:
    """Compare a way from ``since`` on."""
    if way.capabilities.settles == "provider":
        return await _with_provider(ro, way, since)
    return await _with_statement(ro, way, since)


async def _with_provider(ro: Reader, way: Way, since: date) -> Reconciliation:
    account, name = way.capabilities.clearing, way.way
    zone = ZoneInfo(await get_timezone(ro))
    told = await reconcile_queries.balance_told(ro, name)
    first = since - MARGIN
    moved = await reconcile_queries.movements(ro, name, datetime.combine(first, time(), zone))
    booked = await reconcile_queries.clearing_lines(ro, account, first)
    clearing = await ledger_queries.get_balance(ro, account)
    checked = told is not None and (told.balance is not None or bool(moved))
    told_on = told.told_at.astimezone(zone).date() if told else None
    theirs = [piece for movement in moved for piece in _pieces(movement, zone)]
    ours = [_line(line, name) for line in booked]
    payments = await _payments(ro, theirs, ours)
    findings: list[Finding] = []
    rest = None
    if checked and told is not None and told_on is not None:
        known = {reference: _known(payment) for reference, payment in payments.items()}
        findings = reconcile_rules.compare(theirs, ours, known, told_on=told_on)
        if told.balance is not None:
            fractions = sum(1 for each in moved if each.fraction)
            findings = reconcile_rules.with_rest(
                findings, balance=told.balance, clearing=clearing, on=told_on, fractions=fractions
            )
            rest = next((each for each in findings if each.theirs is None and each.ours is None), None)
            findings = [each for each in findings if each is not rest]
    return Reconciliation(
        way=way,
        account=account,
        checked=checked,
        told_at=told.told_at if told else None,
        told_on=told_on,
        balance=told.balance if told else None,
        clearing=clearing,
        days=tuple(day for day in reconcile_rules.days_of(findings, theirs, ours) if day.on >= since),
        rest=rest,
        payments=payments,
    )


async def _with_statement(ro: Reader, way: Way, since: date) -> Reconciliation:
    """A bank's statement tells of other money, too: only what came in by payments is compared, and no
    balance.
    """
    account, name = way.capabilities.clearing, way.way
    first = since - MARGIN
    told_on = await reconcile_queries.last_statement_day(ro, name)
    theirs = [_row(row) for row in await reconcile_queries.statement_rows(ro, name, first)]
    ours = [_line(line, name) for line in await reconcile_queries.settled_lines(ro, name, account, first)]
    payments = await _payments(ro, theirs, ours)
    known = {reference: _known(payment) for reference, payment in payments.items()}
    findings = reconcile_rules.compare(theirs, ours, known, told_on=told_on) if told_on else []
    return Reconciliation(
        way=way,
        account=account,
        checked=told_on is not None,
        told_at=None,
        told_on=told_on,
        balance=None,
        clearing=await ledger_queries.get_balance(ro, account),
        days=tuple(day for day in reconcile_rules.days_of(findings, theirs, ours) if day.on >= since),
        rest=None,
        payments=payments,
    )


def _pieces(movement: MovementView, zone: ZoneInfo) -> list[Theirs]:
    """A movement as the journals know it: what moved, and what it cost."""
    on, ours = movement.at.astimezone(zone).date(), movement.payment
    if movement.kind == "fee":
        amount = movement.gross - movement.fee
        return [Theirs(id=movement.provider_id, role="fee", amount=amount, on=on, text=movement.detail)]
    role = _ROLES.get(movement.kind, "other")
    if role == "payment" and ours is None:
        # nobody's payment here: one entry by hand answers all of it, less its cost
        amount = movement.gross - movement.fee
        return [Theirs(id=movement.provider_id, role=role, amount=amount, on=on, text=movement.detail)]
    return [
        Theirs(
            id=movement.provider_id,
            role=role,
            amount=movement.gross,
            on=on,
            reference=ours,
            text=movement.detail,
        ),
        Theirs(
            id=movement.provider_id,
            role="fee",
            amount=-movement.fee,
            on=on,
            reference=ours if role == "payment" else None,
            text=movement.detail,
        ),
    ]


def _row(row: StatementRow) -> Theirs:
    aside = row.state == "set_aside"
    return Theirs(
        id=str(row.id),
        role="payment",
        amount=row.amount,
        on=row.on,
        reference=row.payment,
        aside=aside,
        text=row.words,
    )


def _line(line: ClearingLine, way: str) -> Ours:
    """What a journal on the clearing account was posted for, by its key; what no key of ours tells was
    entered by hand.
    """
    kind, _, what = line.source_key.partition(":")
    movement: str | None = None
    role: Role = "hand"
    if kind == MOVEMENT and what.startswith(f"{way}:"):
        role, movement = "payout", what.removeprefix(f"{way}:")
    elif kind == MOVEMENT_FEE and what.startswith(f"{way}:"):
        role, movement = "fee", what.removeprefix(f"{way}:")
    elif kind == "payment" and line.payment is not None:
        role = "fee" if what.endswith(":fee") else "payment"
    elif kind == "refund" and line.payment is not None:
        role = "refund"
    return Ours(
        journal=line.journal,
        role=role,
        amount=line.amount,
        on=line.on,
        reference=line.payment,
        movement=movement,
        reversed=line.reversed,
        text=line.description,
    )


def _known(payment: KnownPayment) -> Known:
    return Known(
        settled=payment.status in SETTLED,
        in_books=payment.live or payment.purpose != TRIAL,
        fee_known=payment.fee is not None,
        refund_pending=payment.refund_pending,
    )


async def _payments(ro: Reader, theirs: list[Theirs], ours: list[Ours]) -> dict[str, KnownPayment]:
    named = {each.reference for each in theirs if each.reference} | {
        each.reference for each in ours if each.reference
    }
    return await reconcile_queries.known_payments(ro, sorted(named))
