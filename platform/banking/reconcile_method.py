"""Reconcile a payment method: load reported and booked entries and compare them by the pure rules."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from banking import reconciliation_queries, reconciliation_rules
from banking.book_payouts import MOVEMENT_FEE_KEY, MOVEMENT_KEY
from banking.reconciliation_queries import (
    ClearingLine,
    ProviderMovementView,
    ReconciledPayment,
    StatementRow,
)
from banking.reconciliation_rules import (
    BookEntry,
    EntryRole,
    ExternalEntry,
    PaymentFacts,
    ReconciliationDay,
    ReconciliationItem,
)
from banking.sync_movements import can_sync
from cooperative.queries import get_timezone
from ledger import queries as ledger_queries
from payments.builtin_purposes import TRIAL
from payments.methods import PaymentMethod, list_methods
from payments.rules import SETTLED

if TYPE_CHECKING:
    from kernel.database import Reader

# The period shown by default; older open differences are in the remainder.
DEFAULT_WINDOW: Final = timedelta(days=92)
# The two entries of a pair may be days apart: this much before the first day is read as well.
PAIRING_MARGIN: Final = timedelta(days=14)
_ROLES: Final[dict[str, EntryRole]] = {"payment": "payment", "refund": "refund", "payout": "payout"}


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """The reconciliation of a method.

    ``balance`` is the provider's balance in rupiah as reported at ``reported_at`` (None: it reports none, or
    was never asked). ``clearing`` is the current balance of our account. ``comparable``: there was something
    to compare with. ``remainder`` is the finding that belongs to no day.
    """

    method: PaymentMethod
    account: str
    comparable: bool
    reported_at: datetime | None
    reported_on: date | None
    balance: int | None
    clearing: int
    days: tuple[ReconciliationDay, ...]
    remainder: ReconciliationItem | None
    payments: dict[str, ReconciledPayment]

    @property
    def difference(self) -> int | None:
        """Return the provider's balance less ours, in rupiah."""
        return None if self.balance is None else self.balance - self.clearing

    @property
    def unexplained(self) -> int:
        """Return how many findings are unexplained."""
        open_rest = self.remainder is not None and not self.remainder.explained
        return sum(day.unexplained for day in self.days) + open_rest

    @property
    def all_explained(self) -> bool:
        """Return whether no finding is left for an officer to check."""
        return self.unexplained == 0


def can_reconcile(method: PaymentMethod) -> bool:
    """Return whether an external source reports this method's money: a provider or bank statements."""
    return can_sync(method) or (method.capabilities.confirmed_by == "officer" and method.enabled)


async def count_unexplained(ro: Reader, *, since: date) -> int:
    """Return how many findings of all methods are unexplained from ``since`` on.

    Methods without any report count none.
    """
    reported = await reconciliation_queries.list_reported_methods(ro)
    found = (
        [method for method in await list_methods(ro) if method.method in reported and can_reconcile(method)]
        if reported
        else []
    )
    return sum([(await reconcile_method(ro, method, since=since)).unexplained for method in found])


async def reconcile_method(ro: Reader, method: PaymentMethod, *, since: date) -> Reconciliation:
    """Reconcile a method from ``since`` on."""
    if method.capabilities.confirmed_by == "provider":
        return await _reconcile_with_provider(ro, method, since)
    return await _reconcile_with_statement(ro, method, since)


async def _reconcile_with_provider(ro: Reader, method: PaymentMethod, since: date) -> Reconciliation:
    """Reconcile with the movements and the balance that the provider reported."""
    account, name = method.clearing_account, method.method
    zone = ZoneInfo(await get_timezone(ro))
    reported = await reconciliation_queries.get_reported_balance(ro, name)
    first = since - PAIRING_MARGIN
    moved = await reconciliation_queries.list_movements(ro, name, datetime.combine(first, time(), zone))
    booked = await reconciliation_queries.list_clearing_lines(ro, account, first)
    clearing = await ledger_queries.get_balance(ro, account)
    checked = reported is not None and (reported.balance is not None or bool(moved))
    reported_on = reported.reported_at.astimezone(zone).date() if reported else None
    external = [piece for movement in moved for piece in _entries_of_movement(movement, zone)]
    local = [_entry_of_journal(line, name) for line in booked]
    payments = await _load_payments(ro, external, local)
    findings: list[ReconciliationItem] = []
    rest = None
    if checked and reported is not None and reported_on is not None:
        known = {reference: _payment_facts(payment) for reference, payment in payments.items()}
        findings = reconciliation_rules.pair_entries(external, local, known, reported_on=reported_on)
        if reported.balance is not None:
            fractions = sum(1 for each in moved if each.is_rounded)
            findings = reconciliation_rules.with_remainder(
                findings, balance=reported.balance, clearing=clearing, on=reported_on, fractions=fractions
            )
            rest = next((each for each in findings if each.external is None and each.local is None), None)
            findings = [each for each in findings if each is not rest]
    return Reconciliation(
        method=method,
        account=account,
        comparable=checked,
        reported_at=reported.reported_at if reported else None,
        reported_on=reported_on,
        balance=reported.balance if reported else None,
        clearing=clearing,
        days=tuple(
            day for day in reconciliation_rules.group_by_day(findings, external, local) if day.on >= since
        ),
        remainder=rest,
        payments=payments,
    )


async def _reconcile_with_statement(ro: Reader, method: PaymentMethod, since: date) -> Reconciliation:
    """Reconcile with bank statements.

    They also contain unrelated money, so only incoming payments are compared, and no balance.
    """
    account, name = method.clearing_account, method.method
    first = since - PAIRING_MARGIN
    reported_on = await reconciliation_queries.get_last_statement_day(ro, name)
    external = [
        _entry_of_statement_row(row)
        for row in await reconciliation_queries.list_statement_rows(ro, name, first)
    ]
    local = [
        _entry_of_journal(line, name)
        for line in await reconciliation_queries.list_settled_lines(ro, name, account, first)
    ]
    payments = await _load_payments(ro, external, local)
    known = {reference: _payment_facts(payment) for reference, payment in payments.items()}
    findings = (
        reconciliation_rules.pair_entries(external, local, known, reported_on=reported_on)
        if reported_on
        else []
    )
    return Reconciliation(
        method=method,
        account=account,
        comparable=reported_on is not None,
        reported_at=None,
        reported_on=reported_on,
        balance=None,
        clearing=await ledger_queries.get_balance(ro, account),
        days=tuple(
            day for day in reconciliation_rules.group_by_day(findings, external, local) if day.on >= since
        ),
        remainder=None,
        payments=payments,
    )


def _entries_of_movement(movement: ProviderMovementView, zone: ZoneInfo) -> list[ExternalEntry]:
    """Return a movement as two entries, as its journals have it: the amount and its fee."""
    on, payment = movement.at.astimezone(zone).date(), movement.payment
    if movement.kind == "fee":
        amount = movement.gross - movement.fee
        return [
            ExternalEntry(id=movement.provider_id, role="fee", amount=amount, on=on, text=movement.detail)
        ]
    role = _ROLES.get(movement.kind, "other")
    if role == "payment" and payment is None:
        # no payment of ours: one manual entry covers the net amount
        amount = movement.gross - movement.fee
        return [ExternalEntry(id=movement.provider_id, role=role, amount=amount, on=on, text=movement.detail)]
    return [
        ExternalEntry(
            id=movement.provider_id,
            role=role,
            amount=movement.gross,
            on=on,
            reference=payment,
            text=movement.detail,
        ),
        ExternalEntry(
            id=movement.provider_id,
            role="fee",
            amount=-movement.fee,
            on=on,
            reference=payment if role == "payment" else None,
            text=movement.detail,
        ),
    ]


def _entry_of_statement_row(row: StatementRow) -> ExternalEntry:
    aside = row.status == "set_aside"
    return ExternalEntry(
        id=str(row.id),
        role="payment",
        amount=row.amount,
        on=row.on,
        reference=row.payment,
        is_set_aside=aside,
        text=row.description,
    )


def _entry_of_journal(line: ClearingLine, method: str) -> BookEntry:
    """Return a line of the clearing account as an entry; its role follows from the journal's key, else
    "hand".
    """
    kind, _, what = line.source_key.partition(":")
    movement: str | None = None
    role: EntryRole = "hand"
    if kind == MOVEMENT_KEY and what.startswith(f"{method}:"):
        role, movement = "payout", what.removeprefix(f"{method}:")
    elif kind == MOVEMENT_FEE_KEY and what.startswith(f"{method}:"):
        role, movement = "fee", what.removeprefix(f"{method}:")
    elif kind == "payment" and line.payment is not None:
        role = "fee" if what.endswith(":fee") else "payment"
    elif kind == "refund" and line.payment is not None:
        role = "refund"
    return BookEntry(
        journal=line.journal,
        role=role,
        amount=line.amount,
        on=line.on,
        reference=line.payment,
        movement=movement,
        reversed=line.reversed,
        description=line.description,
    )


def _payment_facts(payment: ReconciledPayment) -> PaymentFacts:
    return PaymentFacts(
        settled=payment.status in SETTLED,
        in_books=payment.live or payment.purpose != TRIAL,
        fee_known=payment.fee is not None,
        refund_pending=payment.refund_pending,
    )


async def _load_payments(
    ro: Reader, external: list[ExternalEntry], local: list[BookEntry]
) -> dict[str, ReconciledPayment]:
    named = {each.reference for each in external if each.reference} | {
        each.reference for each in local if each.reference
    }
    return await reconciliation_queries.load_payments_by_reference(ro, sorted(named))
