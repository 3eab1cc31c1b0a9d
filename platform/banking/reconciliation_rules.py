"""Pure rules of reconciliation: pair reported with booked entries and give each difference a reason.

Amounts are signed from our side: a payment of 50.000 that cost 350 gives an entry of +50.000 and one of -350.
Entries are paired by the provider's own id where our journal has it, else by their payment, else with an
officer's manual entry of the same amount. An entry without a pair is explained (it will be reported or booked
later), or an officer must check it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

from ledger.descriptions import JournalDescription

EntryRole = Literal["payment", "fee", "refund", "payout", "other", "hand"]
ReconciliationReason = Literal[
    "equal",
    "other_day",
    "fee_untold",
    "payout_under_way",
    "refund_pending",
    "trial",
    "aside",
    "not_told",
    "by_hand",
    "reversed",
    "opening",
    "rounding",
    "amount",
    "not_booked",
    "unknown",
    "fee_unbooked",
    "refund_unheard",
    "payout_unbooked",
    "other",
    "missing",
    "hand",
    "rest",
]
EXPLAINED_REASONS: Final[frozenset[ReconciliationReason]] = frozenset(
    {
        *(
            "equal",
            "other_day",
            "fee_untold",
            "payout_under_way",
            "refund_pending",
            "trial",
            "aside",
            "not_told",
        ),
        *("by_hand", "reversed", "opening", "rounding"),
    }
)
# Entries this recent may still be reported: providers and banks report a day late, over weekends two.
REPORTING_GRACE: Final = timedelta(days=2)
# How far apart an officer's manual entry and its movement may be.
MANUAL_ENTRY_WINDOW: Final = timedelta(days=31)


class ExternalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry reported by a provider or a bank statement, on its day in the cooperative's time zone.

    ``is_set_aside``: an officer set the statement line aside.
    """

    id: str
    role: EntryRole
    amount: int
    on: date
    reference: str | None = None
    is_set_aside: bool = False
    text: str = ""


class BookEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the clearing account.

    ``movement`` is the provider's id that its journal was posted for; ``reversed``: its journal was reversed
    or is a reversal.
    """

    journal: int
    role: EntryRole
    amount: int
    on: date
    reference: str | None = None
    movement: str | None = None
    reversed: bool = False
    description: JournalDescription | None = None


class PaymentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The payment of an entry. ``in_books`` is False for payments made with test keys."""

    settled: bool
    in_books: bool = True
    fee_known: bool = False
    refund_pending: bool = False


class ReconciliationItem(msgspec.Struct, frozen=True, kw_only=True):
    """An entry or a pair, and what it adds to its day's difference in rupiah: external less local."""

    on: date
    reason: ReconciliationReason
    difference: int
    external: ExternalEntry | None = None
    local: BookEntry | None = None

    @property
    def explained(self) -> bool:
        """Return whether the reason explains the difference, so that no officer must check it."""
        return self.reason in EXPLAINED_REASONS


class ReconciliationDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day: the reported and the booked total in rupiah, and its items."""

    on: date
    external: int
    local: int
    items: tuple[ReconciliationItem, ...]

    @property
    def difference(self) -> int:
        """Return the external total less the local one, in rupiah."""
        return self.external - self.local

    @property
    def unexplained(self) -> int:
        """Return how many items of this day are unexplained."""
        return sum(1 for each in self.items if not each.explained)

    @property
    def is_equal(self) -> bool:
        """Return whether every entry has its pair on the same day."""
        return all(each.reason == "equal" for each in self.items)


MatchKey = tuple[object, ...] | None


class MatchRule(msgspec.Struct, frozen=True):
    """The keys by which two entries are the same; None: this rule does not apply to the entry."""

    external: Callable[[ExternalEntry], MatchKey]
    local: Callable[[BookEntry], MatchKey]


# The most specific rule first. Refunds are not paired by their payment alone: it may have several.
BY_MOVEMENT: Final = MatchRule(
    lambda entry: (entry.role, entry.id, entry.amount),
    lambda booked: (booked.role, booked.movement, booked.amount) if booked.movement else None,
)
BY_PAYMENT_AND_AMOUNT: Final = MatchRule(
    lambda entry: (entry.role, entry.reference, entry.amount) if entry.reference else None,
    lambda booked: (booked.role, booked.reference, booked.amount) if booked.reference else None,
)
BY_MOVEMENT_ONLY: Final = MatchRule(
    lambda entry: (entry.role, entry.id),
    lambda booked: (booked.role, booked.movement) if booked.movement else None,
)
BY_PAYMENT: Final = MatchRule(
    lambda entry: (
        (entry.role, entry.reference) if entry.reference and entry.role in ("payment", "fee") else None
    ),
    lambda booked: (
        (booked.role, booked.reference) if booked.reference and booked.role in ("payment", "fee") else None
    ),
)
# An officer's entry on the clearing account pairs with an unbooked movement of the same amount.
BY_MANUAL_ENTRY: Final = MatchRule(
    lambda entry: None if entry.is_set_aside else (entry.amount,),
    lambda booked: (booked.amount,) if booked.role == "hand" and not booked.reversed else None,
)


def pair_entries(
    external: Iterable[ExternalEntry],
    local: Iterable[BookEntry],
    known: Mapping[str, PaymentFacts],
    *,
    reported_on: date,
) -> list[ReconciliationItem]:
    """Pair reported with booked entries, and give each unpaired one a reason.

    ``reported_on`` is the last reported day.
    """
    left_external = sorted((each for each in external if each.amount), key=lambda each: (each.on, each.id))
    left_local = sorted((each for each in local if each.amount), key=lambda each: (each.on, each.journal))
    findings: list[ReconciliationItem] = []
    for rule in (BY_MOVEMENT, BY_PAYMENT_AND_AMOUNT, BY_MOVEMENT_ONLY, BY_PAYMENT, BY_MANUAL_ENTRY):
        left_external, left_local = _pair_by_rule(left_external, left_local, rule, findings)
    for entry in left_external:
        reason = _reason_not_booked(entry, known.get(entry.reference or ""), reported_on)
        findings.append(
            ReconciliationItem(on=entry.on, reason=reason, difference=entry.amount, external=entry)
        )
    for booked in left_local:
        reason = _reason_not_reported(booked, reported_on)
        findings.append(
            ReconciliationItem(on=booked.on, reason=reason, difference=-booked.amount, local=booked)
        )
    return findings


def group_by_day(
    findings: Sequence[ReconciliationItem], external: Iterable[ExternalEntry], local: Iterable[BookEntry]
) -> list[ReconciliationDay]:
    """Return the days with any entry or finding, newest first."""
    reported_by_day: dict[date, int] = {}
    booked_by_day: dict[date, int] = {}
    for entry in external:
        reported_by_day[entry.on] = reported_by_day.get(entry.on, 0) + entry.amount
    for booked in local:
        booked_by_day[booked.on] = booked_by_day.get(booked.on, 0) + booked.amount
    found: dict[date, list[ReconciliationItem]] = {}
    for each in findings:
        found.setdefault(each.on, []).append(each)
    days = sorted({*reported_by_day, *booked_by_day, *found}, reverse=True)
    return [
        ReconciliationDay(
            on=on,
            external=reported_by_day.get(on, 0),
            local=booked_by_day.get(on, 0),
            items=tuple(sorted(found.get(on, []), key=lambda each: (each.explained, each.reason == "equal"))),
        )
        for on in days
    ]


def with_remainder(
    findings: Sequence[ReconciliationItem], *, balance: int, clearing: int, on: date, fractions: int
) -> list[ReconciliationItem]:
    """Add the part of the provider's ``balance`` less ``clearing`` that the findings do not explain.

    Money that was at the provider before it was used here is such a remainder; a manual entry of the same
    amount is its opening balance. A remainder of at most one rupiah for each of ``fractions`` movements that
    had a part of a rupiah is rounding.
    """
    rest = balance - clearing - sum(each.difference for each in findings)
    if rest == 0:
        return list(findings)
    opening = next((each for each in findings if each.reason == "hand" and each.difference == -rest), None)
    reason: ReconciliationReason = (
        "opening" if opening is not None else "rounding" if abs(rest) <= fractions else "rest"
    )
    others = [
        msgspec.structs.replace(each, reason="opening") if each is opening else each for each in findings
    ]
    return [*others, ReconciliationItem(on=on, reason=reason, difference=rest)]


def _pair_by_rule(
    external: list[ExternalEntry], local: list[BookEntry], rule: MatchRule, findings: list[ReconciliationItem]
) -> tuple[list[ExternalEntry], list[BookEntry]]:
    """Pair each external entry with the nearest booked one of the same key; return the rest of both."""
    is_manual = rule is BY_MANUAL_ENTRY
    by_key: dict[MatchKey, list[BookEntry]] = {}
    for booked in local:
        if (key := rule.local(booked)) is not None:
            by_key.setdefault(key, []).append(booked)
    taken: set[int] = set()
    left = []
    for entry in external:
        candidates = [
            booked for booked in by_key.get(rule.external(entry), ()) if booked.journal not in taken
        ]
        if is_manual:
            candidates = [booked for booked in candidates if abs(booked.on - entry.on) <= MANUAL_ENTRY_WINDOW]
        if not candidates:
            left.append(entry)
            continue
        best = min(candidates, key=lambda booked: (abs(booked.on - entry.on), booked.journal))
        taken.add(best.journal)
        findings.extend(_items_of_pair(entry, best, is_manual=is_manual))
    return left, [booked for booked in local if booked.journal not in taken]


def _items_of_pair(
    entry: ExternalEntry, booked: BookEntry, *, is_manual: bool
) -> Iterable[ReconciliationItem]:
    """Yield the items of a pair: one if the days are equal, one for each day if not, one if the amounts
    differ.
    """
    if entry.on != booked.on:
        reason: ReconciliationReason = "by_hand" if is_manual else "other_day"
        yield ReconciliationItem(
            on=entry.on, reason=reason, difference=booked.amount, external=entry, local=booked
        )
        yield ReconciliationItem(
            on=booked.on, reason=reason, difference=-booked.amount, external=entry, local=booked
        )
    elif entry.amount == booked.amount:
        yield ReconciliationItem(
            on=entry.on,
            reason="by_hand" if is_manual else "equal",
            difference=0,
            external=entry,
            local=booked,
        )
    if entry.amount != booked.amount:
        yield ReconciliationItem(
            on=entry.on,
            reason="amount",
            difference=entry.amount - booked.amount,
            external=entry,
            local=booked,
        )


def _reason_not_booked(
    entry: ExternalEntry, known: PaymentFacts | None, reported_on: date
) -> ReconciliationReason:
    """Return why an external entry has no pair in the books."""
    if entry.is_set_aside:
        return "aside"
    if known is not None and not known.in_books:
        return "trial"
    fresh = entry.on >= reported_on - REPORTING_GRACE
    if entry.role == "fee":
        return "fee_untold" if fresh or (known is not None and not known.fee_known) else "fee_unbooked"
    if entry.role == "refund":
        return "refund_pending" if known is not None and known.refund_pending else "refund_unheard"
    if entry.role == "payout":
        return "payout_under_way" if fresh else "payout_unbooked"
    if entry.role == "payment":
        return "unknown" if known is None else "not_booked"
    return "other"


def _reason_not_reported(booked: BookEntry, reported_on: date) -> ReconciliationReason:
    """Return why a book entry has no pair in the external report."""
    if booked.reversed:
        return "reversed"
    if booked.role == "hand":
        return "hand"
    if booked.on >= reported_on - REPORTING_GRACE:
        return "fee_untold" if booked.role == "fee" else "not_told"
    return "missing"
