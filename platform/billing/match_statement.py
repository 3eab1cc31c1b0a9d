"""Which open invoice a line of the platform's own statement pays: read and judged by the rules of payments,
confirmed by an operator.

Nothing is kept of the statement: an invoice that is paid is open no more, so the same file a second time
finds nothing to confirm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from banking.matching_rules import IncomingLine, MatchCandidate, match_lines
from banking.parse_statement import parse_statement
from banking.statement_files import UnknownTable
from billing.errors import UNKNOWN_STATEMENT
from kernel.money import Rupiah

if TYPE_CHECKING:
    from billing.operator_queries import OpenInvoiceRow

# An invoice is paid late at times, and by then it is read-only: it is looked for all the same.
MATCH_WINDOW: Final = timedelta(days=366)
MAX_REFERENCE_LENGTH: Final = 120


class InvoiceMatch(msgspec.Struct, frozen=True):
    """A line that came in with the invoices that it may pay, the likeliest first; ``sure`` when it names one
    and the sum is right.

    ``reference`` is what an invoice says that it was paid by; ``used_for`` is the invoice that this line has
    paid already.
    """

    day: date
    amount: Rupiah
    text: str
    is_certain: bool
    invoice_numbers: tuple[str, ...]
    paid_invoice: str | None = None

    @property
    def reference(self) -> str:
        """What an invoice keeps of this line when it is paid by it."""
        return build_reference(self.day, self.amount, self.text)


def build_reference(day: date, amount: Rupiah, text: str) -> str:
    """A line of a statement as an invoice keeps it."""
    return f"{day} {amount.localize('id')} {text}"[:MAX_REFERENCE_LENGTH].rstrip()


def match_statement(
    content: bytes, invoices: Sequence[OpenInvoiceRow], used: Mapping[str, str], today: date
) -> list[InvoiceMatch]:
    """Judge every line that brought money in; ``used`` says which references have paid which invoice: no line
    pays two.

    Raises DomainError: billing.unknown_statement, and those of reading a statement.
    """
    found = parse_statement(content, method="bank_transfer", today=today)
    if isinstance(found, UnknownTable):
        raise UNKNOWN_STATEMENT(field="file")
    came = [each for each in found.transactions if each.amount > 0 and not each.has_sen]
    fresh = [each for each in came if build_reference(each.day, each.amount, each.text) not in used]
    numbers = {each.number.replace("-", ""): each.number for each in invoices}
    candidates = [
        MatchCandidate(
            reference=each.number.replace("-", ""),
            amount=Rupiah(each.amount_due),
            unique_suffix=0,
            opened=each.due_on - timedelta(days=31),
            ends=each.due_on + MATCH_WINDOW,
        )
        for each in invoices
    ]
    verdicts = match_lines(
        [
            IncomingLine(key=each.fingerprint, day=each.day, amount=each.amount, text=each.text)
            for each in fresh
        ],
        candidates,
    )
    matches = [
        InvoiceMatch(
            each.day,
            each.amount,
            each.text,
            is_certain=False,
            invoice_numbers=(),
            paid_invoice=used[reference],
        )
        for each in came
        if (reference := build_reference(each.day, each.amount, each.text)) in used
    ]
    for each in fresh:
        verdict = verdicts[each.fingerprint]
        named = (verdict.reference,) if verdict.reference else verdict.candidates
        matches.append(
            InvoiceMatch(
                each.day,
                each.amount,
                each.text,
                verdict.status == "matched"
                and verdict.reference is not None
                and _is_whole_number(verdict.reference, each.text),
                tuple(numbers[reference] for reference in named),
            )
        )
    return sorted(matches, key=lambda each: (not each.is_certain, not each.invoice_numbers, each.day))


def _is_whole_number(reference: str, text: str) -> bool:
    """Whether a number stands in a line by itself, and is no part of a longer one; a bank may have broken it
    in the middle.
    """
    broken = r"[\W_]*".join(reference)
    return re.search(rf"(?<!\d){broken}(?!\d)", text) is not None
