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
    text: str = ""


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
    lambda their: (their.role, their.id, their.amount),
    lambda our: (our.role, our.movement, our.amount) if our.movement else None,
)
BY_PAYMENT_AND_AMOUNT: Final = MatchRule(
    lambda their: (their.role, their.reference, their.amount) if their.reference else None,
    lambda our: (our.role, our.reference, our.amount) if our.reference else None,
)
BY_MOVEMENT_ONLY: Final = MatchRule(
    lambda their: (their.role, their.id), lambda our: (our.role, our.movement) if our.movement else None
)
BY_PAYMENT: Final = MatchRule(
    lambda their: (
        (their.role, their.reference) if their.reference and their.role in ("payment", "fee") else None
    ),
    lambda our: (our.role, our.reference) if our.reference and our.role in ("payment", "fee") else None,
)
# An officer's entry on the clearing account pairs with an unbooked movement of the same amount.
BY_MANUAL_ENTRY: Final = MatchRule(
    lambda their: None if their.is_set_aside else (their.amount,),
    lambda our: (our.amount,) if our.role == "hand" and not our.reversed else None,
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
    for their in left_external:
        reason = _reason_not_booked(their, known.get(their.reference or ""), reported_on)
        findings.append(
            ReconciliationItem(on=their.on, reason=reason, difference=their.amount, external=their)
        )
    for our in left_local:
        reason = _reason_not_reported(our, reported_on)
        findings.append(ReconciliationItem(on=our.on, reason=reason, difference=-our.amount, local=our))
    return findings


def group_by_day(
    findings: Sequence[ReconciliationItem], external: Iterable[ExternalEntry], local: Iterable[BookEntry]
) -> list[ReconciliationDay]:
    """Return the days with any entry or finding, newest first."""
    reported: dict[date, int] = {}
    booked: dict[date, int] = {}
    for their in external:
        reported[their.on] = reported.get(their.on, 0) + their.amount
    for our in local:
        booked[our.on] = booked.get(our.on, 0) + our.amount
    found: dict[date, list[ReconciliationItem]] = {}
    for each in findings:
        found.setdefault(each.on, []).append(each)
    days = sorted({*reported, *booked, *found}, reverse=True)
    return [
        ReconciliationDay(
            on=on,
            external=reported.get(on, 0),
            local=booked.get(on, 0),
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
    by_hand = rule is BY_MANUAL_ENTRY
    by_key: dict[MatchKey, list[BookEntry]] = {}
    for our in local:
        if (key := rule.local(our)) is not None:
            by_key.setdefault(key, []).append(our)
    taken: set[int] = set()
    left = []
    for their in external:
        candidates = [our for our in by_key.get(rule.external(their), ()) if our.journal not in taken]
        if by_hand:
            candidates = [our for our in candidates if abs(our.on - their.on) <= MANUAL_ENTRY_WINDOW]
        if not candidates:
            left.append(their)
            continue
        best = min(candidates, key=lambda our: (abs(our.on - their.on), our.journal))
        taken.add(best.journal)
        findings.extend(_pair(their, best, by_hand=by_hand))
    return left, [our for our in local if our.journal not in taken]


def _pair(their: ExternalEntry, our: BookEntry, *, by_hand: bool) -> Iterable[ReconciliationItem]:
    """Yield the items of a pair: one if the days are equal, one for each day if not, one if the amounts
    differ.
    """
    if their.on != our.on:
        reason: ReconciliationReason = "by_hand" if by_hand else "other_day"
        yield ReconciliationItem(on=their.on, reason=reason, difference=our.amount, external=their, local=our)
        yield ReconciliationItem(on=our.on, reason=reason, difference=-our.amount, external=their, local=our)
    elif their.amount == our.amount:
        yield ReconciliationItem(
            on=their.on, reason="by_hand" if by_hand else "equal", difference=0, external=their, local=our
        )
    if their.amount != our.amount:
        yield ReconciliationItem(
            on=their.on, reason="amount", difference=their.amount - our.amount, external=their, local=our
        )


def _reason_not_booked(
    their: ExternalEntry, known: PaymentFacts | None, reported_on: date
) -> ReconciliationReason:
    """Return why an external entry has no pair in the books."""
    if their.is_set_aside:
        return "aside"
    if known is not None and not known.in_books:
        return "trial"
    fresh = their.on >= reported_on - REPORTING_GRACE
    if their.role == "fee":
        return "fee_untold" if fresh or (known is not None and not known.fee_known) else "fee_unbooked"
    if their.role == "refund":
        return "refund_pending" if known is not None and known.refund_pending else "refund_unheard"
    if their.role == "payout":
        return "payout_under_way" if fresh else "payout_unbooked"
    if their.role == "payment":
        return "unknown" if known is None else "not_booked"
    return "other"


def _reason_not_reported(our: BookEntry, reported_on: date) -> ReconciliationReason:
    """Return why a book entry has no pair in the external report."""
    if our.reversed:
        return "reversed"
    if our.role == "hand":
        return "hand"
    if our.on >= reported_on - REPORTING_GRACE:
        return "fee_untold" if our.role == "fee" else "not_told"
    return "missing"
