"""Pure rules of reconciliation: what a provider tells against what our books hold of it, each difference with
its reason.

Both sides come as pieces, signed for us: a payment of 50.000 that cost 350 is a piece of +50.000 and one of
-350. Pieces are paired by the provider's own id where our journal names it, else by the payment that both are
about, else by an officer's entry of the same amount. What is left over is explained (it will be told or
booked by itself) or it is not, and then somebody must look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

Role = Literal["payment", "fee", "refund", "payout", "other", "hand"]
Why = Literal[
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
EXPLAINED: Final[frozenset[Why]] = frozenset(
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
# What may still come by itself: providers and banks tell a day late, over midnight and a weekend two.
GRACE: Final = timedelta(days=2)
# How far an officer's entry may lie from the movement that it answers.
BY_HAND_WITHIN: Final = timedelta(days=31)


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what the provider (or the bank's statement) tells, on its day where the cooperative is.

    ``aside``: an officer set it aside.
    """

    id: str
    role: Role
    amount: int
    on: date
    reference: str | None = None
    aside: bool = False
    text: str = ""


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the clearing account.

    ``movement`` is the provider's id that its journal was posted for; ``reversed``: it was taken back, or
    takes back.
    """

    journal: int
    role: Role
    amount: int
    on: date
    reference: str | None = None
    movement: str | None = None
    reversed: bool = False
    text: str = ""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of a payment that a piece names. ``in_books``: a trial with test keys is not."""

    settled: bool
    in_books: bool = True
    fee_known: bool = False
    refund_pending: bool = False


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One piece, or a pair, and what it adds to the difference of its day, in rupiah: theirs less ours."""

    on: date
    why: Why
    difference: int
    theirs: Theirs | None = None
    ours: Ours | None = None

    @property
    def explained(self) -> bool:
        return self.why in EXPLAINED


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day: what they tell, what we have, in rupiah, and what it is made of."""

    on: date
    theirs: int
    ours: int
    findings: tuple[Finding, ...]

    @property
    def difference(self) -> int:
        return self.theirs - self.ours

    @property
    def unexplained(self) -> int:
        """How many pieces of this day nobody can explain."""
        return sum(1 for each in self.findings if not each.explained)

    @property
    def is_equal(self) -> bool:
        """Whether every piece has its pair on the same day."""
        return all(each.why == "equal" for each in self.findings)


Key = tuple[object, ...] | None


class Rule(msgspec.Struct, frozen=True):
    """By what two pieces are the same; None: by nothing that this rule knows."""

    theirs: Callable[[Theirs], Key]
    ours: Callable[[Ours], Key]


# The nearest first. Refunds are not paired by their payment alone: it may have several, and which is which
# cannot be known.
BY_MOVEMENT: Final = Rule(
    lambda their: (their.role, their.id, their.amount),
    lambda our: (our.role, our.movement, our.amount) if our.movement else None,
)
BY_PAYMENT_AND_AMOUNT: Final = Rule(
    lambda their: (their.role, their.reference, their.amount) if their.reference else None,
    lambda our: (our.role, our.reference, our.amount) if our.reference else None,
)
BY_MOVEMENT_ALONE: Final = Rule(
    lambda their: (their.role, their.id), lambda our: (our.role, our.movement) if our.movement else None
)
BY_PAYMENT: Final = Rule(
    lambda their: (
        (their.role, their.reference) if their.reference and their.role in ("payment", "fee") else None
    ),
    lambda our: (our.role, our.reference) if our.reference and our.role in ("payment", "fee") else None,
)
# An officer's entry on the clearing account answers a movement of the same amount that nothing else booked.
BY_HAND: Final = Rule(
    lambda their: None if their.aside else (their.amount,),
    lambda our: (our.amount,) if our.role == "hand" and not our.reversed else None,
)


def compare(
    theirs: Iterable[Theirs], ours: Iterable[Ours], known: Mapping[str, Known], *, told_on: date
) -> list[Finding]:
    """Pair what is told with what is booked, and say of the rest why it has no pair.

    ``told_on`` is the last day that was told.
    """
    left_theirs = sorted((each for each in theirs if each.amount), key=lambda each: (each.on, each.id))
    left_ours = sorted((each for each in ours if each.amount), key=lambda each: (each.on, each.journal))
    findings: list[Finding] = []
    for rule in (BY_MOVEMENT, BY_PAYMENT_AND_AMOUNT, BY_MOVEMENT_ALONE, BY_PAYMENT, BY_HAND):
        left_theirs, left_ours = _take_pairs(left_theirs, left_ours, rule, findings)
    for their in left_theirs:
        why = _why_not_booked(their, known.get(their.reference or ""), told_on)
        findings.append(Finding(on=their.on, why=why, difference=their.amount, theirs=their))
    for our in left_ours:
        why = _why_not_told(our, told_on)
        findings.append(Finding(on=our.on, why=why, difference=-our.amount, ours=our))
    return findings


def days_of(findings: Sequence[Finding], theirs: Iterable[Theirs], ours: Iterable[Ours]) -> list[Day]:
    """Return the days that anything was told, booked or found for, newest first."""
    told: dict[date, int] = {}
    booked: dict[date, int] = {}
    for their in theirs:
        told[their.on] = told.get(their.on, 0) + their.amount
    for our in ours:
        booked[our.on] = booked.get(our.on, 0) + our.amount
    found: dict[date, list[Finding]] = {}
    for each in findings:
        found.setdefault(each.on, []).append(each)
    days = sorted({*told, *booked, *found}, reverse=True)
    return [
        Day(
            on=on,
            theirs=told.get(on, 0),
            ours=booked.get(on, 0),
            findings=tuple(sorted(found.get(on, []), key=lambda each: (each.explained, each.why == "equal"))),
        )
        for on in days
    ]


def with_rest(
    findings: Sequence[Finding], *, balance: int, clearing: int, on: date, fractions: int
) -> list[Finding]:
    """Add what the findings do not tell of the difference between the provider's ``balance`` and the
    ``clearing`` account.

    Money that was at the provider before it was used here is such a rest; an entry by hand of the same amount
    is its opening balance. A rest of at most one rupiah for each of ``fractions`` movements that had a part
    of a rupiah is rounding.
    """
    rest = balance - clearing - sum(each.difference for each in findings)
    if rest == 0:
        return list(findings)
    opening = next((each for each in findings if each.why == "hand" and each.difference == -rest), None)
    why: Why = "opening" if opening is not None else "rounding" if abs(rest) <= fractions else "rest"
    others = [msgspec.structs.replace(each, why="opening") if each is opening else each for each in findings]
    return [*others, Finding(on=on, why=why, difference=rest)]


def _take_pairs(
    theirs: list[Theirs], ours: list[Ours], rule: Rule, findings: list[Finding]
) -> tuple[list[Theirs], list[Ours]]:
    """Pair each piece of theirs with the nearest of ours that has the same key;
    return what is left of both.
    """
    by_hand = rule is BY_HAND
    by_key: dict[Key, list[Ours]] = {}
    for our in ours:
        if (key := rule.ours(our)) is not None:
            by_key.setdefault(key, []).append(our)
    taken: set[int] = set()
    left = []
    for their in theirs:
        candidates = [our for our in by_key.get(rule.theirs(their), ()) if our.journal not in taken]
        if by_hand:
            candidates = [our for our in candidates if abs(our.on - their.on) <= BY_HAND_WITHIN]
        if not candidates:
            left.append(their)
            continue
        best = min(candidates, key=lambda our: (abs(our.on - their.on), our.journal))
        taken.add(best.journal)
        findings.extend(_pair(their, best, by_hand=by_hand))
    return left, [our for our in ours if our.journal not in taken]


def _pair(their: Theirs, our: Ours, *, by_hand: bool) -> Iterable[Finding]:
    if their.on != our.on:
        why: Why = "by_hand" if by_hand else "other_day"
        yield Finding(on=their.on, why=why, difference=our.amount, theirs=their, ours=our)
        yield Finding(on=our.on, why=why, difference=-our.amount, theirs=their, ours=our)
    elif their.amount == our.amount:
        yield Finding(
            on=their.on, why="by_hand" if by_hand else "equal", difference=0, theirs=their, ours=our
        )
    if their.amount != our.amount:
        yield Finding(on=their.on, why="amount", difference=their.amount - our.amount, theirs=their, ours=our)


def _why_not_booked(their: Theirs, known: Known | None, told_on: date) -> Why:
    if their.aside:
        return "aside"
    if known is not None and not known.in_books:
        return "trial"
    fresh = their.on >= told_on - GRACE
    if their.role == "fee":
        return "fee_untold" if fresh or (known is not None and not known.fee_known) else "fee_unbooked"
    if their.role == "refund":
        return "refund_pending" if known is not None and known.refund_pending else "refund_unheard"
    if their.role == "payout":
        return "payout_under_way" if fresh else "payout_unbooked"
    if their.role == "payment":
        return "unknown" if known is None else "not_booked"
    return "other"


def _why_not_told(our: Ours, told_on: date) -> Why:
    if our.reversed:
        return "reversed"
    if our.role == "hand":
        return "hand"
    if our.on >= told_on - GRACE:
        return "fee_untold" if our.role == "fee" else "not_told"
    return "missing"
