"""Decide which payment a statement line pays: certain, doubtful or none. Pure functions.

The result does not depend on the order of lines and payments.

A match is certain only if the text contains our reference and the amount is right, or the amount has a unique
suffix that no other payment of those days has. No payment is matched with two lines, and no line with two
payments: where they compete, an officer decides.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

from kernel.errors import LocalizedText
from kernel.money import Rupiah
from payments.rules import MAX_UNIQUE_SUFFIX, SETTLED

MatchStatus = Literal["matched", "doubtful", "unmatched"]
MatchReason = Literal[
    "reference",
    "amount",
    "two_lines",
    "seen_before",
    "several",
    "amount_differs",
    "outside_days",
    "no_unique_suffix",
]
# The reason of a line's status: that of the verdict; "by_hand": an officer matched it; "refused": the ledger
# or the purpose rejected it.
LineReason = Literal[MatchReason, "by_hand", "refused"]

# Banks book on the next working day, and in Jakarta time, which is up to two hours behind the cooperative's.
MAX_BOOKING_DELAY: Final = timedelta(days=7)
MAX_BOOKING_LEAD: Final = timedelta(days=1)
MAX_CANDIDATES: Final = 10
# A shorter one (old payments of orders have P1001) can occur in a bank's own numbers by chance.
MIN_REFERENCE_LENGTH: Final = 10

LINE_STATUS_NAMES: Final[dict[str, LocalizedText]] = {
    "unmatched": LocalizedText("belum cocok"),
    "doubtful": LocalizedText("meragukan"),
    "matched": LocalizedText("sudah cocok"),
    "set_aside": LocalizedText("disisihkan"),
    "outgoing": LocalizedText("uang keluar"),
}


class IncomingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with incoming money.

    ``seen_before``: an earlier file had a line with the same day and amount that this file lacks; it may be
    this line with another text.
    """

    key: str
    day: date
    amount: Rupiah
    text: str
    seen_before: bool = False


class MatchCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A payment without a statement line: awaiting, closed recently, or confirmed by an officer already.

    ``amount`` is in rupiah with its ``unique_suffix`` (0: none). ``opened`` and ``ends`` are the first and
    last day on which its payer was to pay.
    """

    reference: str
    amount: Rupiah
    unique_suffix: int
    opened: date
    ends: date

    @property
    def base_amount(self) -> Rupiah:
        """Return the amount without its unique suffix."""
        return self.amount - self.unique_suffix

    def can_be_paid_on(self, day: date) -> bool:
        """Return whether money that a bank booked on this day may be for it."""
        return self.opened - MAX_BOOKING_LEAD <= day <= self.ends + MAX_BOOKING_DELAY


class MatchVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The result for a line: its payment if certain, else candidate references, likeliest first.

    ``reason`` is None where there is no candidate.
    """

    status: MatchStatus
    reason: MatchReason | None
    reference: str | None = None
    candidates: tuple[str, ...] = ()


NO_MATCH: Final = MatchVerdict(status="unmatched", reason=None)


class _CandidateIndex:
    """The candidates, indexed by what a line may contain, ordered by reference."""

    def __init__(self, candidates: Iterable[MatchCandidate]) -> None:
        self.by_reference = {
            each.reference: each for each in sorted(candidates, key=lambda each: each.reference)
        }
        self.by_amount: dict[int, list[MatchCandidate]] = {}
        for each in self.by_reference.values():
            self.by_amount.setdefault(int(each.amount), []).append(each)
        self.with_unique_suffix = sorted(
            (int(each.base_amount), each.reference)
            for each in self.by_reference.values()
            if each.unique_suffix
        )
        self.lengths = {
            len(reference) for reference in self.by_reference if len(reference) >= MIN_REFERENCE_LENGTH
        }

    def named_in(self, text: str) -> list[MatchCandidate]:
        """Return the candidates whose reference is in the text."""
        squeezed = normalize_text(text)
        found = {
            squeezed[at : at + length] for length in self.lengths for at in range(len(squeezed) - length + 1)
        } & self.by_reference.keys()
        return [self.by_reference[reference] for reference in sorted(found)]

    def of_amount(self, amount: Rupiah) -> list[MatchCandidate]:
        """Return the candidates with exactly this amount."""
        return self.by_amount.get(int(amount), [])

    def with_other_suffix(self, amount: Rupiah) -> list[MatchCandidate]:
        """Return the candidates that this amount pays apart from the unique suffix, nearest first."""
        first = bisect_left(self.with_unique_suffix, (int(amount) - MAX_UNIQUE_SUFFIX, ""))
        last = bisect_left(self.with_unique_suffix, (int(amount) + 1, ""))
        found = [self.by_reference[reference] for _, reference in self.with_unique_suffix[first:last]]
        return sorted(found, key=lambda each: (abs(each.amount - amount), each.reference))


def match_lines(
    lines: Sequence[IncomingLine], candidates: Iterable[MatchCandidate]
) -> dict[str, MatchVerdict]:
    """Return the verdict of every line by its key."""
    known = _CandidateIndex(candidates)
    verdicts = {line.key: _judge_line(line, known) for line in lines}
    wanted = Counter(verdict.reference for verdict in verdicts.values() if verdict.reference)
    named = Counter(verdict.reference for verdict in verdicts.values() if verdict.reason == "reference")
    for key, verdict in verdicts.items():
        reference = verdict.reference
        if reference is None or wanted[reference] == 1:
            continue
        if verdict.reason == "reference" and named[reference] == 1:
            continue  # only this line names the payment; the others just have the amount
        verdicts[key] = MatchVerdict(status="doubtful", reason="two_lines", candidates=(reference,))
    return verdicts


def _judge_line(line: IncomingLine, known: _CandidateIndex) -> MatchVerdict:
    """Return a line's verdict as if it were the only line."""
    if named := known.named_in(line.text):
        return _by_reference(line, named)
    same = known.of_amount(line.amount)
    fitting = [each for each in same if each.can_be_paid_on(line.day)]
    if len(fitting) == 1:
        return _by_amount(line, fitting[0])
    if fitting:
        return _doubtful("several", fitting)
    if same:
        return _doubtful("outside_days", same)
    near = [each for each in known.with_other_suffix(line.amount) if each.can_be_paid_on(line.day)]
    return _doubtful("amount_differs", near) if near else NO_MATCH


def _by_reference(line: IncomingLine, named: Sequence[MatchCandidate]) -> MatchVerdict:
    """Return the verdict of a line whose text contains references."""
    if len(named) > 1:
        return _doubtful("several", named)
    if named[0].amount != line.amount:
        return _doubtful("amount_differs", named)
    return _doubtful("seen_before", named) if line.seen_before else _matched("reference", named[0])


def _by_amount(line: IncomingLine, only: MatchCandidate) -> MatchVerdict:
    """Return the verdict of a line whose amount fits exactly one payment."""
    if not only.unique_suffix:  # a round amount identifies nothing: anybody may have sent it
        return _doubtful("no_unique_suffix", [only])
    return _doubtful("seen_before", [only]) if line.seen_before else _matched("amount", only)


def unique_suffix_paid(amount: Rupiah, requested: Rupiah, unique_suffix: int) -> int | None:
    """Return the unique suffix actually sent: ``amount`` less the price; 0 if the payer left it out.

    None if ``amount`` does not pay what was asked.
    """
    rest = int(amount - requested) + unique_suffix
    return rest if unique_suffix and 0 <= rest <= MAX_UNIQUE_SUFFIX else None


def is_payable(amount: int, sen: int | None) -> bool:
    """Return whether a line is incoming money in whole rupiah; ``sen`` is None for whole rupiah."""
    return amount > 0 and sen is None


def amount_fits(paid: int, requested: int, unique_suffix: int, status: str) -> bool:
    """Return whether this amount pays a payment: exactly, or with another suffix if it is not paid yet."""
    if paid == requested:
        return status != "refunded"
    return (
        status not in SETTLED
        and unique_suffix_paid(Rupiah(paid), Rupiah(requested), unique_suffix) is not None
    )


def normalize_text(text: str) -> str:
    """Return letters and digits only, in upper case.

    Banks break a payer's text inside words and insert spaces and dashes.
    """
    return "".join(letter for letter in text.upper() if letter.isalnum())


def _matched(reason: MatchReason, candidate: MatchCandidate) -> MatchVerdict:
    return MatchVerdict(status="matched", reason=reason, reference=candidate.reference)


def _doubtful(reason: MatchReason, candidates: Sequence[MatchCandidate]) -> MatchVerdict:
    return MatchVerdict(
        status="doubtful",
        reason=reason,
        candidates=tuple(each.reference for each in candidates[:MAX_CANDIDATES]),
    )


def posting_date(day: date, today: date, closed: Iterable[int]) -> date:
    """Return the posting date of money that a bank booked on ``day``.

    That day, or today if it is in the future or its year is closed.
    """
    return today if day > today or day.year in closed else day
