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


class Why(Enum):
    """What came of what was asked of one member."""

    EQUAL = LocalizedText("Dipotong penuh", "Deducted in full")
    LESS = LocalizedText("Dipotong kurang", "Deducted less")
    NONE = LocalizedText("Tidak dipotong", "Not deducted")
    MISSING = LocalizedText("Tidak ada di balasan", "Not in the answer")
    MORE = LocalizedText("Dipotong lebih", "Deducted more")


# Stands before an employer's own words where the answer had two lines for one member.
TWICE: Final = "dua baris"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of one member's pay, and what they owe on the account now, in rupiah."""

    member_id: UUID
    member_number: str
    payroll_number: str
    name: str
    asked: Rupiah
    owed: Rupiah


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the employer's answer: what was taken, in rupiah. ``line`` is where it stands in the file."""

    line: int
    member_number: str
    payroll_number: str
    name: str
    taken: Rupiah
    note: str = ""

    @property
    def who(self) -> str:
        """The person as the file calls them."""
        return ", ".join(part for part in (self.name, self.payroll_number, self.member_number) if part)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one member's line: ``booked`` of ``taken`` pays off the debt, the rest is owed back until
    somebody decides.

    ``named``: the answer had a line for the member.
    """

    asked: Asked
    taken: Rupiah
    booked: Rupiah
    said: str
    named: bool

    @property
    def why(self) -> Why:
        return why_of(int(self.asked.asked), int(self.taken), int(self.booked), named=self.named)

    @property
    def excess(self) -> Rupiah:
        return self.taken - self.booked

    @property
    def settled(self) -> bool:
        """Whether nothing is left to decide: all that was asked, or all that is still owed, was taken and no
        more.
        """
        return self.taken == self.booked == min(self.asked.asked, max(self.asked.owed, Rupiah(0)))


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """Money of somebody of whom nothing was asked."""

    line: int
    who: str
    amount: Rupiah
    said: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer would do."""

    results: tuple[Result, ...]
    strays: tuple[Stray, ...]

    @property
    def total(self) -> Rupiah:
        """All that the employer took, in rupiah: what must have reached the bank."""
        return Rupiah.total(each.taken for each in self.results) + Rupiah.total(
            each.amount for each in self.strays
        )

    @property
    def asked(self) -> Rupiah:
        return Rupiah.total(each.asked.asked for each in self.results)

    @property
    def owed_back(self) -> Rupiah:
        """What pays off nothing, and belongs to somebody."""
        return self.total - Rupiah.total(each.booked for each in self.results)

    def count(self, *whys: Why) -> int:
        return sum(1 for each in self.results if each.why in whys)


def match(asked: Sequence[Asked], rows: Iterable[Row]) -> Plan:
    """Find whose each line is, by payroll number and member number; lines of the same person are added up.

    A line of which the two numbers name two people is nobody's. A line of nobody without money is left out.
    """
    by_payroll = _numbers({each.payroll_number: each for each in asked if each.payroll_number})
    by_member = _numbers({each.member_number: each for each in asked})
    found: dict[UUID, list[Row]] = {}
    strays = []
    for row in rows:
        people = {
            each.member_id
            for each in (_look(by_payroll, row.payroll_number), _look(by_member, row.member_number))
            if each is not None
        }
        if len(people) == 1:
            found.setdefault(people.pop(), []).append(row)
        elif row.taken:
            said = "nomornya milik dua orang" if people else "tidak ada di daftar yang dikirim"
            said = f"{said}; {row.note}" if row.note else said
            strays.append(Stray(line=row.line, who=row.who, amount=row.taken, said=said))
    results = tuple(_result(each, found.get(each.member_id, [])) for each in asked)
    return Plan(results=results, strays=tuple(strays))


def why_of(asked: int, taken: int, booked: int, *, named: bool) -> Why:
    """Say what a line's difference is, from its stored figures in rupiah and whether the answer had a line
    for the member.
    """
    if taken > booked:
        return Why.MORE
    if booked == asked:
        return Why.EQUAL
    if taken == 0:
        return Why.NONE if named else Why.MISSING
    return Why.LESS


def decisions(why: Why) -> tuple[Decision, ...]:
    """What may become of a difference."""
    if why is Why.EQUAL:
        return ()
    return ("wallet", "bank") if why is Why.MORE else ("carry", "kasbon")


def _result(asked: Asked, rows: Sequence[Row]) -> Result:
    taken = Rupiah.total(row.taken for row in rows)
    # never below what is owed now: goods that came back meanwhile have paid a part already
    booked = min(taken, asked.asked, max(asked.owed, Rupiah(0)))
    notes = [row.note for row in rows if row.note]
    if len(rows) > 1:
        notes.insert(0, TWICE)
    return Result(asked=asked, taken=taken, booked=booked, said="; ".join(notes), named=bool(rows))


def _numbers(people: Mapping[str, Asked]) -> tuple[dict[str, Asked], dict[str, Asked]]:
    """By the number as it is, and by what a spreadsheet leaves of it where that is one person's alone."""
    plain: dict[str, list[Asked]] = {}
    for number, each in people.items():
        plain.setdefault(_plain(number), []).append(each)
    exact = {number.casefold(): each for number, each in people.items()}
    return exact, {number: found[0] for number, found in plain.items() if len(found) == 1}


def _look(numbers: tuple[dict[str, Asked], dict[str, Asked]], number: str) -> Asked | None:
    """Find a number as it is, else without the zeros before it, which spreadsheets drop, and the apostrophe
    that they add.
    """
    if not number:
        return None
    exact, plain = numbers
    return exact.get(number.casefold()) or plain.get(_plain(number))


def _plain(number: str) -> str:
    return number.strip().removeprefix("'").casefold().lstrip("0")
