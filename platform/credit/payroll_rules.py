"""Pure rules of deductions from pay: whose line of the employer's answer is whose, what of it pays off the
debt, what is left to decide.
"""

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
    """What came of what was asked of one member."""

    EQUAL = LocalizedText("Dipotong penuh")
    LESS = LocalizedText("Dipotong kurang")
    NONE = LocalizedText("Tidak dipotong")
    MISSING = LocalizedText("Tidak ada di balasan")
    MORE = LocalizedText("Dipotong lebih")


# Stands before an employer's own words where the answer had two lines for one member.
DUPLICATE_NOTE: Final = "dua baris"


class DeductionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of one member's pay, and what they owe on the account now, in rupiah."""

    member_id: UUID
    member_number: str
    payroll_number: str
    name: str
    requested: Rupiah
    owed: Rupiah


class ReturnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the employer's answer: what was taken, in rupiah. ``line`` is where it stands in the file."""

    line: int
    member_number: str
    payroll_number: str
    name: str
    deducted: Rupiah
    note: str = ""

    @property
    def label(self) -> str:
        """The person as the file calls them."""
        return ", ".join(part for part in (self.name, self.payroll_number, self.member_number) if part)


class DeductionResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one member's line: ``booked`` of ``taken`` pays off the debt, the rest is owed back until
    somebody decides.

    ``named``: the answer had a line for the member.
    """

    request: DeductionRequest
    deducted: Rupiah
    applied: Rupiah
    remark: str
    named: bool

    @property
    def outcome(self) -> DeductionOutcome:
        return classify_outcome(
            int(self.request.requested), int(self.deducted), int(self.applied), named=self.named
        )

    @property
    def excess(self) -> Rupiah:
        return self.deducted - self.applied

    @property
    def settled(self) -> bool:
        """Whether nothing is left to decide: all that was asked, or all that is still owed, was taken and no
        more.
        """
        return self.deducted == self.applied == min(self.request.requested, max(self.request.owed, Rupiah(0)))


class StrayDeduction(msgspec.Struct, frozen=True, kw_only=True):
    """Money of somebody of whom nothing was asked."""

    line: int
    who: str
    amount: Rupiah
    remark: str


class ReturnPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer would do."""

    results: tuple[DeductionResult, ...]
    strays: tuple[StrayDeduction, ...]

    @property
    def total(self) -> Rupiah:
        """All that the employer took, in rupiah: what must have reached the bank."""
        return Rupiah.total(each.deducted for each in self.results) + Rupiah.total(
            each.amount for each in self.strays
        )

    @property
    def requested(self) -> Rupiah:
        return Rupiah.total(each.request.requested for each in self.results)

    @property
    def excess(self) -> Rupiah:
        """What pays off nothing, and belongs to somebody."""
        return self.total - Rupiah.total(each.applied for each in self.results)

    def count(self, *whys: DeductionOutcome) -> int:
        return sum(1 for each in self.results if each.outcome in whys)


def match_return(asked: Sequence[DeductionRequest], rows: Iterable[ReturnRow]) -> ReturnPlan:
    """Find whose each line is, by payroll number and member number; lines of the same person are added up.

    A line of which the two numbers name two people is nobody's. A line of nobody without money is left out.
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
            unmatched.append(StrayDeduction(line=row.line, who=row.label, amount=row.deducted, remark=remark))
    results = tuple(_result(each, found.get(each.member_id, [])) for each in asked)
    return ReturnPlan(results=results, strays=tuple(unmatched))


def classify_outcome(asked: int, taken: int, booked: int, *, named: bool) -> DeductionOutcome:
    """Say what a line's difference is, from its stored figures in rupiah and whether the answer had a line
    for the member.
    """
    if taken > booked:
        return DeductionOutcome.MORE
    if booked == asked:
        return DeductionOutcome.EQUAL
    if taken == 0:
        return DeductionOutcome.NONE if named else DeductionOutcome.MISSING
    return DeductionOutcome.LESS


def allowed_decisions(why: DeductionOutcome) -> tuple[Decision, ...]:
    """What may become of a difference."""
    if why is DeductionOutcome.EQUAL:
        return ()
    return ("wallet", "bank") if why is DeductionOutcome.MORE else ("carry", "kasbon")


def _result(asked: DeductionRequest, rows: Sequence[ReturnRow]) -> DeductionResult:
    taken = Rupiah.total(row.deducted for row in rows)
    # never below what is owed now: goods that came back meanwhile have paid a part already
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
    """By the number as it is, and by what a spreadsheet leaves of it where that is one person's alone."""
    plain: dict[str, list[DeductionRequest]] = {}
    for number, each in people.items():
        plain.setdefault(_normalize_number(number), []).append(each)
    exact = {number.casefold(): each for number, each in people.items()}
    return exact, {number: found[0] for number, found in plain.items() if len(found) == 1}


def _find_by_number(
    numbers: tuple[dict[str, DeductionRequest], dict[str, DeductionRequest]], number: str
) -> DeductionRequest | None:
    """Find a number as it is, else without the zeros before it, which spreadsheets drop, and the apostrophe
    that they add.
    """
    if not number:
        return None
    exact, plain = numbers
    return exact.get(number.casefold()) or plain.get(_normalize_number(number))


def _normalize_number(number: str) -> str:
    return number.strip().removeprefix("'").casefold().lstrip("0")
