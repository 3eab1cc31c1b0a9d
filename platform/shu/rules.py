"""Divide a year's surplus into pools by the bylaws' percentages, and pools into shares by members' bases.

The calculation is exact. A pool is its percentage of the surplus, a share is `pool x basis / total of the
bases`; both are rounded down to whole rupiah, and the remaining rupiah go one by one to the largest
remainders, so that pools sum to the surplus and shares to their pool. A tie goes to the earlier line, or to
the lower member number compared as text. `docs/shu.md` has a worked example.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from typing import Final, Protocol

import msgspec

from governance.errors import ALLOCATION_EMPTY, LINE_TWICE
from governance.rules import Basis, find_percentage_problems
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from shu import errors

BASES: Final[tuple[Basis, ...]] = ("savings", "purchases", "loans")


class AllocationLineLike(Protocol):
    """The fields of an allocation line that the division needs; `AllocationLine` of the bylaws has them."""

    @property
    def code(self) -> str: ...
    @property
    def percent(self) -> Decimal: ...
    @property
    def basis(self) -> Basis | None: ...


@dataclass(frozen=True, slots=True)
class PlainAllocationLine:
    """An allocation line outside bylaws: code, percent of the surplus, and basis.

    Without a basis, the pool is not divided among members.
    """

    code: str
    percent: Decimal
    basis: Basis | None = None


class MemberBasis(msgspec.Struct, frozen=True):
    """The bases of one member in a year, in whole rupiah, none below zero."""

    number: str
    savings: int = 0
    purchases: int = 0
    loans: int = 0

    def get(self, basis: Basis) -> int:
        """Return the amount of one basis."""
        return self.savings if basis == "savings" else self.purchases if basis == "purchases" else self.loans


@dataclass(frozen=True, slots=True)
class Pool:
    """The part of the surplus that one allocation line gets.

    `total_basis` is the sum over all members (0 where the line has no basis).
    """

    position: int
    code: str
    percent: Decimal
    basis: Basis | None
    amount: Rupiah
    total_basis: int
    unallocated: Rupiah

    @property
    def is_undistributed(self) -> bool:
        """Whether the pool should be divided among members but no member has any basis."""
        return self.basis is not None and self.total_basis == 0


class MemberShares(msgspec.Struct, frozen=True):
    """One member's shares by code, in the order of the lines that have a basis, and their total."""

    basis: MemberBasis
    shares: Mapping[str, Rupiah]
    total: Rupiah

    @property
    def number(self) -> str:
        """The member number."""
        return self.basis.number


@dataclass(frozen=True, slots=True)
class Share:
    """The arithmetic of one share: `pool x basis / total_basis = floor + remainder / total_basis`.

    `amount` is `floor`, plus Rp1 if the share was rounded up.
    """

    code: str
    kind: Basis
    basis: int
    total_basis: int
    pool: Rupiah
    amount: Rupiah

    @property
    def exact(self) -> Fraction:
        """The share before rounding; 0 when no member has any basis."""
        return Fraction(int(self.pool) * self.basis, self.total_basis) if self.total_basis else Fraction(0)

    @property
    def floor(self) -> Rupiah:
        """The share rounded down to whole rupiah."""
        return Rupiah(int(self.pool) * self.basis // self.total_basis) if self.total_basis else Rupiah(0)

    @property
    def remainder(self) -> int:
        """The numerator over `total_basis` that rounding down removed; the largest ones gain a rupiah."""
        return int(self.pool) * self.basis % self.total_basis if self.total_basis else 0

    @property
    def rounding_gain(self) -> Rupiah:
        """Rp1 when the share was rounded up, else Rp0."""
        return self.amount - self.floor


@dataclass(frozen=True, slots=True)
class Allocation:
    """A divided surplus: pools in the order of the lines, members in the given order."""

    surplus: Rupiah
    pools: tuple[Pool, ...]
    members: tuple[MemberShares, ...]

    @property
    def unallocated(self) -> dict[str, Rupiah]:
        """By code, the pools that could not be divided because no member has any basis.

        Empty when the surplus is not above zero.
        """
        return (
            {pool.code: pool.unallocated for pool in self.pools if pool.is_undistributed}
            if self.surplus > 0
            else {}
        )

    def get_pool(self, code: str) -> Pool:
        """Return the pool with this code. Raises KeyError."""
        for pool in self.pools:
            if pool.code == code:
                return pool
        raise KeyError(code)

    def explain(self, member: MemberShares) -> tuple[Share, ...]:
        """Return the arithmetic of each of a member's shares."""
        return tuple(
            Share(
                code=pool.code,
                kind=pool.basis,
                basis=member.basis.get(pool.basis),
                total_basis=pool.total_basis,
                pool=pool.amount,
                amount=member.shares[pool.code],
            )
            for pool in self.pools
            if pool.basis is not None
        )


def allocate(
    surplus: Rupiah, allocation: Sequence[AllocationLineLike], members: Sequence[MemberBasis]
) -> Allocation:
    """Divide `surplus` rupiah by the lines of the bylaws and, where a line has a basis, among the members.

    A surplus of zero or less divides nothing: every pool and share is Rp0, and `unallocated` is empty. A pool
    whose basis is zero for every member stays undivided, in `unallocated`.

    Raises DomainError (422): percentages that do not sum to exactly 100, are negative or not exact; a code or
    member number given twice; an unknown basis; a member's basis that is negative or not a whole number.
    """
    _check_surplus(surplus)
    _check_lines(allocation)
    year = _MemberColumns(members)
    pools = tuple(
        _build_pool(position, line, amount, year.totals)
        for position, (line, amount) in enumerate(
            zip(allocation, _split_surplus(surplus, allocation), strict=True)
        )
    )
    return Allocation(surplus=Rupiah(surplus), pools=pools, members=_build_member_shares(pools, year))


class _MemberColumns:
    """The members' bases as checked columns, which are fast for a hundred thousand members."""

    def __init__(self, members: Sequence[MemberBasis]) -> None:
        self.members = members
        self.numbers = [member.number for member in members]
        self.columns: dict[Basis, list[int]] = {
            basis: list(map(attrgetter(basis), members)) for basis in BASES
        }
        self._check_numbers()
        for basis in BASES:
            self._check_column(basis)
        self.totals: dict[Basis, int] = {basis: sum(column) for basis, column in self.columns.items()}

    def divide(self, pool: Pool) -> list[Rupiah]:
        """Return a pool's shares in the order of the members."""
        if pool.basis is None or pool.total_basis == 0 or pool.amount == 0:
            return [Rupiah(0)] * len(self.members)
        weights = dict(zip(self.numbers, self.columns[pool.basis], strict=True))
        return list(pool.amount.split(weights).values())

    def _check_numbers(self) -> None:
        if not all(self.numbers):
            raise errors.MEMBER_WITHOUT_NUMBER(
                position=1 + next(at for at, number in enumerate(self.numbers) if not number)
            )
        if len(set(self.numbers)) < len(self.numbers):
            raise errors.MEMBER_TWICE(number=Counter(self.numbers).most_common(1)[0][0])

    def _check_column(self, basis: Basis) -> None:
        column, name = self.columns[basis], get_basis_name(basis)
        if not set(map(type, column)) <= {int, Rupiah}:
            at = next(at for at, value in enumerate(column) if not _is_whole(value))
            raise errors.MEMBER_BASIS_NOT_WHOLE(basis=name, number=self.numbers[at], value=repr(column[at]))
        if min(column, default=0) < 0:
            at = next(at for at, value in enumerate(column) if value < 0)
            raise errors.MEMBER_BASIS_NEGATIVE(basis=name, number=self.numbers[at], value=Rupiah(column[at]))


def _split_surplus(surplus: Rupiah, allocation: Sequence[AllocationLineLike]) -> list[Rupiah]:
    """Return the rupiah of each line, in the order of the lines."""
    if surplus <= 0:
        return [Rupiah(0)] * len(allocation)
    parts = Rupiah(surplus).split({position: line.percent for position, line in enumerate(allocation)})
    return [parts[position] for position in range(len(allocation))]


def _build_pool(position: int, line: AllocationLineLike, amount: Rupiah, totals: Mapping[Basis, int]) -> Pool:
    total_basis = totals[line.basis] if line.basis is not None else 0
    left_over = line.basis is not None and total_basis == 0
    return Pool(
        position=position,
        code=line.code,
        percent=line.percent,
        basis=line.basis,
        amount=amount,
        total_basis=total_basis,
        unallocated=amount if left_over else Rupiah(0),
    )


def _build_member_shares(pools: Sequence[Pool], year: _MemberColumns) -> tuple[MemberShares, ...]:
    divided = [pool for pool in pools if pool.basis is not None]
    if not divided:
        return tuple(MemberShares(member, {}, Rupiah(0)) for member in year.members)
    codes = [pool.code for pool in divided]
    columns = [year.divide(pool) for pool in divided]
    totals = map(sum, zip(*(map(int, column) for column in columns), strict=True))
    return tuple(
        MemberShares(member, dict(zip(codes, row, strict=True)), Rupiah(total))
        for member, row, total in zip(year.members, zip(*columns, strict=True), totals, strict=True)
    )


def _check_surplus(surplus: object) -> None:
    if not _is_whole(surplus):
        raise errors.SURPLUS_NOT_WHOLE(value=repr(surplus))


def _check_lines(allocation: Sequence[AllocationLineLike]) -> None:
    if not allocation:
        raise ALLOCATION_EMPTY()
    seen: set[str] = set()
    for line in allocation:
        if line.code in seen:
            raise LINE_TWICE(line=line.code)
        seen.add(line.code)
        if line.basis is not None and line.basis not in BASES:
            raise errors.BASIS_UNKNOWN(line=line.code, value=repr(line.basis))
        if not isinstance(line.percent, Decimal):
            raise errors.PERCENTAGE_NOT_EXACT(line=line.code, value=repr(line.percent))
    for problem in find_percentage_problems([(line.code, line.percent) for line in allocation]):
        raise problem


def _is_whole(value: object) -> bool:
    """Return whether a value is an int or a Rupiah; a bool is not."""
    return type(value) in {int, Rupiah}


_BASIS_IN_SENTENCE: Final[dict[Basis, LocalizedText]] = {
    "savings": LocalizedText("Simpanan", context="shu.rules"),
    "purchases": LocalizedText("Belanja", context="shu.rules"),
    "loans": LocalizedText("Pinjaman", context="shu.rules"),
}


def get_basis_name(basis: Basis) -> LocalizedText:
    """Return the name of a basis for use in an error message."""
    return _BASIS_IN_SENTENCE[basis]
