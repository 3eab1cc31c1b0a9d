"""Match the platform's own bank statement to open invoices, with the matching rules of banking.

An operator confirms each match. The statement is not stored: a paid invoice is no longer open, so uploading
the same file again finds nothing to confirm.
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

# Invoices are also paid long after their due date, when the cooperative is read-only already.
MATCH_WINDOW: Final = timedelta(days=366)
MAX_REFERENCE_LENGTH: Final = 120


class InvoiceMatch(msgspec.Struct, frozen=True):
    """An incoming statement line with the invoices that it may pay, the likeliest first.

    ``is_certain``: the line names one invoice and the amount is right. ``paid_invoice`` is the number of the
    invoice that this line has already paid.
    """

    day: date
    amount: Rupiah
    text: str
    is_certain: bool
    invoice_numbers: tuple[str, ...]
    paid_invoice: str | None = None

    @property
    def reference(self) -> str:
        """Return the text that an invoice paid by this line stores as its reference."""
        return build_reference(self.day, self.amount, self.text)


def build_reference(day: date, amount: Rupiah, text: str) -> str:
    """Return the reference of a statement line that an invoice paid by it stores."""
    return f"{day} {amount.localize('id')} {text}"[:MAX_REFERENCE_LENGTH].rstrip()


def match_statement(
    content: bytes, invoices: Sequence[OpenInvoiceRow], used: Mapping[str, str], today: date
) -> list[InvoiceMatch]:
    """Match every incoming line of a statement to open invoices, certain matches first.

    ``used`` maps the references of paid invoices to their numbers, so that no line pays two.

    Raises DomainError billing.unknown_statement, and those of ``parse_statement``.
    """
    found = parse_statement(content, method="bank_transfer", today=today)
    if isinstance(found, UnknownTable):
        raise UNKNOWN_STATEMENT(field="file")
    incoming = [each for each in found.transactions if each.amount > 0 and not each.has_sen]
    unused = [each for each in incoming if build_reference(each.day, each.amount, each.text) not in used]
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
            for each in unused
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
        for each in incoming
        if (reference := build_reference(each.day, each.amount, each.text)) in used
    ]
    for each in unused:
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
    """Return whether ``text`` contains the number by itself, not as a part of a longer one.

    Banks may break the number with spaces or punctuation.
    """
    broken = r"[\W_]*".join(reference)
    return re.search(rf"(?<!\d){broken}(?!\d)", text) is not None
