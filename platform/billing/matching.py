"""Which open invoice a line of the platform's own statement pays: read and judged by the rules of payments, confirmed by an operator.

Nothing is kept of the statement: an invoice that is paid is open no more, so the same file a second time finds nothing to confirm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from billing.errors import UNKNOWN_STATEMENT
from kernel.money import Rupiah
from payments.statements.files import Unknown
from payments.statements.reading import read_statement
from payments.statements.rules import Candidate, Line, match

if TYPE_CHECKING:
    from billing.operator_queries import OpenRow

# An invoice is paid late at times, and by then it is read-only: it is looked for all the same.
LOOKED_FOR: Final = timedelta(days=366)


class Match(msgspec.Struct, frozen=True):
    """A line that came in with the invoices that it may pay, the likeliest first; ``sure`` when it names one and the sum is right."""

    day: date
    amount: Rupiah
    text: str
    sure: bool
    numbers: tuple[str, ...]


def match_statement(content: bytes, invoices: Sequence[OpenRow], today: date) -> list[Match]:
    """Judge every line that brought money in. Raises Refusal: billing.unknown_statement, and those of reading a statement."""
    found = read_statement(content, way="bank_transfer", today=today)
    if isinstance(found, Unknown):
        raise UNKNOWN_STATEMENT(field="file")
    came = [each for each in found.movements if each.amount > 0 and not each.has_sen]
    numbers = {each.number.replace("-", ""): each.number for each in invoices}
    candidates = [
        Candidate(
            reference=each.number.replace("-", ""),
            amount=Rupiah(each.to_pay),
            tail=0,
            opened=each.due_on - timedelta(days=31),
            ends=each.due_on + LOOKED_FOR,
        )
        for each in invoices
    ]
    verdicts = match(
        [Line(key=each.fingerprint, day=each.day, amount=each.amount, text=each.text) for each in came], candidates
    )
    matches = []
    for each in came:
        verdict = verdicts[each.fingerprint]
        named = (verdict.reference,) if verdict.reference else verdict.candidates
        matches.append(
            Match(
                each.day,
                each.amount,
                each.text,
                verdict.state == "matched",
                tuple(numbers[reference] for reference in named),
            )
        )
    return sorted(matches, key=lambda each: (not each.sure, not each.numbers, each.day))
