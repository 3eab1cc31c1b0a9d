"""Pure rules of payroll deduction: matching the employer's lines, repaid amounts, open differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Final, Literal
from uuid import UUID

import msgspec

from kernel.errors import LocalizedText
from kernel.money import Rupiah

Decision = Literal["carry", "kasbon", "wallet", "bank"]


class DeductionOutcome(Enum):
    """The result of comparing a deduction with its request."""

    EQUAL = LocalizedText("Dipotong penuh")
    LESS = LocalizedText("Dipotong kurang")
    NONE = LocalizedText("Tidak dipotong")
    MISSING = LocalizedText("Tidak ada di balasan")
    MORE = LocalizedText("Dipotong lebih")


# Prefix of the employer's note if the answer had two lines for one member.
DUPLICATE_NOTE: Final = "dua baris"


class DeductionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to deduct from one member's wage, and the member's debt on the account now, in rupiah."""

    member_id: UUID
    member_number: str
    payroll_number: str
    name: str
    requested: Rupiah
    owed: Rupiah


class ReturnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the employer's answer: the deducted rupiah. ``line`` is its line in the file."""

    line: int
    member_number: str
    payroll_number: str
    name: str
    deducted: Rupiah
    note: str = ""

    @property
    def label(self) -> str:
        """Return the person's name and numbers as the file gives them."""
        return ", ".join(part for part in (self.name, self.payroll_number, self.member_number) if part)


class DeductionResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one member: ``applied`` of ``deducted`` repays debt; the rest awaits a decision.

    ``named``: the answer had a line for the member.
    """

    request: DeductionRequest
    deducted: Rupiah
    applied: Rupiah
    remark: str
    named: bool

    @property
    def outcome(self) -> DeductionOutcome:
        """Return how the deduction compares with its request."""
        return classify_outcome(
            int(self.request.requested), int(self.deducted), int(self.applied), named=self.named
        )

    @property
    def excess(self) -> Rupiah:
        """Return the deducted rupiah that repay no debt."""
        return self.deducted - self.applied

    @property
    def settled(self) -> bool:
        """Return whether exactly what was requested and is still owed was deducted, so that nothing is left
        to decide.
        """
        return self.deducted == self.applied == min(self.request.requested, max(self.request.owed, Rupiah(0)))


class UnmatchedReturnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the answer that matches no request, or more than one."""

    line: int
    who: str
    amount: Rupiah
    remark: str


class ReturnPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The planned import of an answer: the results by request, and the lines without a request."""

    results: tuple[DeductionResult, ...]
    unmatched: tuple[UnmatchedReturnRow, ...]

    @property
    def total(self) -> Rupiah:
        """Return the total that the employer deducted, in rupiah; so much must have reached the bank."""
        return Rupiah.total(each.deducted for each in self.results) + Rupiah.total(
            each.amount for each in self.unmatched
        )

    @property
    def requested(self) -> Rupiah:
        """Return the total of the requests, in rupiah."""
        return Rupiah.total(each.request.requested for each in self.results)

    @property
    def excess(self) -> Rupiah:
        """Return the part of the total that repays no debt and is owed back, in rupiah."""
        return self.total - Rupiah.total(each.applied for each in self.results)

    def count(self, *whys: DeductionOutcome) -> int:
        """Return the number of results with one of these outcomes."""
        return sum(1 for each in self.results if each.outcome in whys)


def match_return(asked: Sequence[DeductionRequest], rows: Iterable[ReturnRow]) -> ReturnPlan:
    """Match the lines of an answer with requests by payroll number and member number.

    The lines of one member are added up. A line whose two numbers name two people matches nobody. A line
    without a match and without money is dropped.
    """
    by_payroll = _index_by_number({each.payroll_number: each for each in asked if each.payroll_number})
    by_member = _index_by_number({each.member_number: each for each in asked})
    found: dict[UUID, list[ReturnRow]] = {}
    unmatched = []
    for row in rows:
        people = {
            each.member_id
            for each in (
                _find_by_number(by_payroll, row.payroll_number),
                _find_by_number(by_member, row.member_number),
            )
            if each is not None
        }
        if len(people) == 1:
            found.setdefault(people.pop(), []).append(row)
        elif row.deducted:
            remark = "nomornya milik dua orang" if people else "tidak ada di daftar yang dikirim"
            remark = f"{remark}; {row.note}" if row.note else remark
            unmatched.append(
                UnmatchedReturnRow(line=row.line, who=row.label, amount=row.deducted, remark=remark)
            )
    results = tuple(_result(each, found.get(each.member_id, [])) for each in asked)
    return ReturnPlan(results=results, unmatched=tuple(unmatched))


def classify_outcome(asked: int, taken: int, booked: int, *, named: bool) -> DeductionOutcome:
    """Return the outcome of a line from its requested, deducted and booked amounts in rupiah.

    `named` tells whether the answer had a line for the member.
    """
    if taken > booked:
        return DeductionOutcome.MORE
    if booked == asked:
        return DeductionOutcome.EQUAL
    if taken == 0:
        return DeductionOutcome.NONE if named else DeductionOutcome.MISSING
    return DeductionOutcome.LESS


def allowed_decisions(why: DeductionOutcome) -> tuple[Decision, ...]:
    """Return the decisions that are possible for an outcome."""
    if why is DeductionOutcome.EQUAL:
        return ()
    return ("wallet", "bank") if why is DeductionOutcome.MORE else ("carry", "kasbon")


def _result(asked: DeductionRequest, rows: Sequence[ReturnRow]) -> DeductionResult:
    """Add up the lines of one member and return how much of the money repays debt."""
    taken = Rupiah.total(row.deducted for row in rows)
    # never more than is owed now: a return of goods may have repaid a part already
    booked = min(taken, asked.requested, max(asked.owed, Rupiah(0)))
    notes = [row.note for row in rows if row.note]
    if len(rows) > 1:
        notes.insert(0, DUPLICATE_NOTE)
    return DeductionResult(
        request=asked, deducted=taken, applied=booked, remark="; ".join(notes), named=bool(rows)
    )


def _index_by_number(
    people: Mapping[str, DeductionRequest],
) -> tuple[dict[str, DeductionRequest], dict[str, DeductionRequest]]:
    """Return an index by exact number, and one by normalized number where that is unique."""
    plain: dict[str, list[DeductionRequest]] = {}
    for number, each in people.items():
        plain.setdefault(_normalize_number(number), []).append(each)
    exact = {number.casefold(): each for number, each in people.items()}
    return exact, {number: found[0] for number, found in plain.items() if len(found) == 1}


def _find_by_number(
    numbers: tuple[dict[str, DeductionRequest], dict[str, DeductionRequest]], number: str
) -> DeductionRequest | None:
    """Find a number exactly, else normalized: spreadsheets drop leading zeros and add an apostrophe."""
    if not number:
        return None
    exact, plain = numbers
    return exact.get(number.casefold()) or plain.get(_normalize_number(number))


def _normalize_number(number: str) -> str:
    return number.strip().removeprefix("'").casefold().lstrip("0")
