"""The division of a surplus: worked cases, ties and remainders, and properties for any cooperative."""

import json
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.templates import KONSUMEN, TEMPLATES
from kernel.errors import DomainError
from kernel.money import Rupiah
from shu.rules import Allocation, MemberBasis, PlainAllocationLine, allocate

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))
SIMPLE = [
    PlainAllocationLine("cadangan", Decimal(40)),
    PlainAllocationLine("modal", Decimal(25), "savings"),
    PlainAllocationLine("usaha", Decimal(35), "purchases"),
]


def case_allocation(case: dict[str, Any]) -> Allocation:
    """Return the case's member and one who stands for all the others, so that the totals are those of the
    case.
    """
    lines = [
        PlainAllocationLine(code, Decimal(percent), basis) for code, percent, basis in case["allocation"]
    ]
    member = MemberBasis("1", **case["member"])
    others = MemberBasis(
        "2", **{basis: total - case["member"][basis] for basis, total in case["totals"].items()}
    )
    return allocate(Rupiah(case["surplus"]), lines, [member, others])


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
class TestWorkedCases:
    def test_the_arithmetic_is_exact(self, case: dict[str, Any]) -> None:
        result = case_allocation(case)
        exact = {share.code: share.exact for share in result.explain(result.members[0])}
        assert exact == {code: Fraction(text) for code, text in case["exact"].items()}

    def test_the_member_is_paid_to_the_rupiah(self, case: dict[str, Any]) -> None:
        member = case_allocation(case).members[0]
        assert member.shares == case["paid"]
        assert member.total == sum(case["paid"].values())

    def test_an_error_seen_in_print_is_not_made(self, case: dict[str, Any]) -> None:
        shares = case_allocation(case).members[0].shares
        assert all(shares[code] != wrong for code, wrong in case.get("wrong", {}).items())

    def test_only_what_nobody_can_claim_is_left(self, case: dict[str, Any]) -> None:
        assert case_allocation(case).unallocated == case.get("unallocated", {})


def test_a_table_that_sums_to_105_is_refused() -> None:
    lines = [
        PlainAllocationLine(code, Decimal(percent))
        for code, percent in [
            ("cadangan", 40),
            ("anggota", 40),
            ("pengurus", 5),
            ("karyawan", 5),
            ("pendidikan", 5),
            ("sosial", 5),
            ("daerah", 5),
        ]
    ]
    with pytest.raises(DomainError) as refused:
        allocate(Rupiah(1_000_000), lines, [])
    assert refused.value.code == "governance.allocation_not_100"
    assert refused.value.localize("en") == "The allocation adds up to 105 %, it must be 100 %."
    assert refused.value.localize("id") == "Pembagian SHU berjumlah 105 %, seharusnya 100 %."


def test_a_hair_from_100_is_not_100() -> None:
    lines = [PlainAllocationLine("a", Decimal("99." + "9" * 30)), PlainAllocationLine("b", Decimal(0))]
    with pytest.raises(DomainError, match=r"99\.9"):
        allocate(Rupiah(1), lines, [])


class TestPools:
    def test_the_odd_rupiah_goes_to_the_largest_remainder(self) -> None:
        lines = [
            PlainAllocationLine("a", Decimal("33.3")),
            PlainAllocationLine("b", Decimal("33.3")),
            PlainAllocationLine("c", Decimal("33.4")),
        ]
        assert allocate_pools(100, lines) == {"a": 33, "b": 33, "c": 34}

    def test_a_tie_goes_to_the_earlier_line(self) -> None:
        assert allocate_pools(
            1, [PlainAllocationLine("z", Decimal(50)), PlainAllocationLine("a", Decimal(50))]
        ) == {"z": 1, "a": 0}

    def test_a_tie_among_more_than_ten_lines_follows_their_order_not_their_text(self) -> None:
        lines = [PlainAllocationLine(f"l{n}", Decimal("6.25")) for n in range(16)]
        pools = allocate_pools(3, lines)
        assert [code for code, amount in pools.items() if amount] == ["l0", "l1", "l2"]

    def test_decimals_count(self) -> None:
        assert allocate_pools(
            1000, [PlainAllocationLine("a", Decimal("97.5")), PlainAllocationLine("b", Decimal("2.5"))]
        ) == {"a": 975, "b": 25}

    @pytest.mark.parametrize("surplus", [0, -1, -5_000_000])
    def test_no_surplus_divides_nothing(self, surplus: int) -> None:
        result = allocate(Rupiah(surplus), SIMPLE, [MemberBasis("1", savings=5), MemberBasis("2")])
        assert {pool.code: pool.amount for pool in result.pools} == {"cadangan": 0, "modal": 0, "usaha": 0}
        assert [member.shares for member in result.members] == [{"modal": 0, "usaha": 0}] * 2
        assert [member.total for member in result.members] == [0, 0]
        assert result.unallocated == {}


class TestMembers:
    def test_a_tie_goes_to_the_lower_number_compared_as_text(self) -> None:
        lines = [PlainAllocationLine("modal", Decimal(100), "savings")]
        result = allocate(Rupiah(1), lines, [MemberBasis("2", savings=1), MemberBasis("10", savings=1)])
        assert {member.number: member.total for member in result.members} == {"2": 0, "10": 1}

    def test_members_come_back_in_the_order_given(self) -> None:
        result = allocate(Rupiah(10), SIMPLE, [MemberBasis("b", savings=1), MemberBasis("a", savings=1)])
        assert [member.number for member in result.members] == ["b", "a"]

    def test_a_pool_that_nobody_has_a_claim_to_stays_whole(self) -> None:
        result = allocate(Rupiah(1000), SIMPLE, [MemberBasis("1", savings=5)])
        assert result.unallocated == {"usaha": 350}
        assert result.members[0].shares == {"modal": 250, "usaha": 0}
        assert result.get_pool("usaha").amount == 350

    def test_without_members_the_members_pools_are_left(self) -> None:
        result = allocate(Rupiah(1000), SIMPLE, [])
        assert result.members == ()
        assert result.unallocated == {"modal": 250, "usaha": 350}

    def test_lines_without_a_basis_give_members_nothing(self) -> None:
        result = allocate(
            Rupiah(1000), [PlainAllocationLine("cadangan", Decimal(100))], [MemberBasis("1", savings=5)]
        )
        assert result.members[0].shares == {}
        assert result.members[0].total == 0
        assert result.unallocated == {}

    def test_two_lines_may_share_a_basis(self) -> None:
        lines = [
            PlainAllocationLine("modal", Decimal(60), "savings"),
            PlainAllocationLine("bonus", Decimal(40), "savings"),
        ]
        result = allocate(Rupiah(10), lines, [MemberBasis("1", savings=1), MemberBasis("2", savings=1)])
        assert result.members[0].shares == {"modal": 3, "bonus": 2}

    def test_the_arithmetic_of_a_share_adds_up(self) -> None:
        lines = [PlainAllocationLine("modal", Decimal(100), "savings")]
        result = allocate(Rupiah(10), lines, [MemberBasis("1", savings=1), MemberBasis("2", savings=2)])
        (share,) = result.explain(result.members[1])
        assert (share.basis, share.total_basis, share.pool, share.exact) == (2, 3, 10, Fraction(20, 3))
        assert (share.floor, share.remainder, share.rounding_gain, share.amount) == (6, 2, 1, 7)

    def test_a_share_of_a_pool_nobody_claims_explains_itself_as_nothing(self) -> None:
        result = allocate(Rupiah(1000), SIMPLE, [MemberBasis("1", savings=5)])
        usaha = result.explain(result.members[0])[1]
        assert (usaha.exact, usaha.floor, usaha.remainder, usaha.amount) == (0, 0, 0, 0)


class TestRefusals:
    @pytest.mark.parametrize(
        ("lines", "code"),
        [
            ([], "governance.allocation_empty"),
            (
                [PlainAllocationLine("a", Decimal(110)), PlainAllocationLine("b", Decimal(-10))],
                "governance.percentage_negative",
            ),
            (
                [PlainAllocationLine("a", Decimal(50)), PlainAllocationLine("a", Decimal(50))],
                "governance.line_twice",
            ),
            ([PlainAllocationLine("a", Decimal("NaN"))], "governance.percentage_not_a_number"),
            ([PlainAllocationLine("a", 100.0)], "shu.percentage_not_exact"),  # type: ignore[arg-type]
            ([PlainAllocationLine("a", Decimal(100), "profit")], "shu.basis_unknown"),  # type: ignore[arg-type]
        ],
    )
    def test_of_lines(self, lines: list[PlainAllocationLine], code: str) -> None:
        assert get_error_code(Rupiah(100), lines, []) == code

    @pytest.mark.parametrize(
        ("members", "code"),
        [
            ([MemberBasis("1"), MemberBasis("1")], "shu.member_twice"),
            ([MemberBasis("1"), MemberBasis("")], "shu.member_without_number"),
            ([MemberBasis("1", savings=-1)], "shu.member_basis_negative"),
            ([MemberBasis("1", purchases=1.0)], "shu.member_basis_not_whole"),  # type: ignore[arg-type]
            ([MemberBasis("1", loans=True)], "shu.member_basis_not_whole"),
        ],
    )
    def test_of_members(self, members: list[MemberBasis], code: str) -> None:
        assert get_error_code(Rupiah(100), SIMPLE, members) == code

    def test_of_a_surplus_that_is_no_int(self) -> None:
        assert get_error_code(1000.0, SIMPLE, []) == "shu.surplus_not_whole"  # type: ignore[arg-type]

    def test_the_sentence_names_whom_to_mend(self) -> None:
        with pytest.raises(DomainError) as refused:
            allocate(Rupiah(100), SIMPLE, [MemberBasis("1"), MemberBasis("17", purchases=-2500)])
        assert (
            refused.value.localize("id")
            == "Belanja anggota 17 tidak boleh kurang dari nol: -Rp2.500. Perbaiki, atau isi 0."
        )
        assert refused.value.localize("en").startswith(
            "The purchases of member 17 cannot be below zero: -Rp2,500."
        )


def test_the_lines_of_bylaws_serve_as_they_are() -> None:
    result = allocate(Rupiah(1_000_000), KONSUMEN.allocation, [MemberBasis("1", savings=1, purchases=1)])
    assert {pool.code: int(pool.amount) for pool in result.pools} == {
        "cadangan": 250_000,
        "jasa_modal": 200_000,
        "jasa_usaha": 350_000,
        "pengurus": 50_000,
        "karyawan": 50_000,
        "pendidikan": 50_000,
        "sosial": 25_000,
        "pembangunan": 25_000,
    }
    assert result.members[0].total == 550_000


amounts = st.integers(min_value=0, max_value=10**12)
surpluses = st.integers(min_value=1, max_value=10**13)
allocations = st.sampled_from([SIMPLE, *(list(bylaws.allocation) for bylaws in TEMPLATES.values())])
members_of_a_year = st.dictionaries(
    st.text("0123456789AB", min_size=1, max_size=4), st.tuples(amounts, amounts, amounts), max_size=12
).map(lambda rows: [MemberBasis(number, *bases) for number, bases in rows.items()])


@st.composite
def percentages(draw: st.DrawFn) -> list[PlainAllocationLine]:
    """Percentages of up to two decimals that sum to exactly 100."""
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), max_size=6)))
    bounds = [0, *cuts, 10_000]
    return [
        PlainAllocationLine(
            f"l{n}", Decimal(high - low) / 100, draw(st.sampled_from([None, "savings", "purchases", "loans"]))
        )
        for n, (low, high) in enumerate(pairwise(bounds))
    ]


class TestProperties:
    @given(surpluses, percentages(), members_of_a_year)
    def test_no_rupiah_is_lost_or_made(
        self, surplus: int, lines: list[PlainAllocationLine], members: list[MemberBasis]
    ) -> None:
        result = allocate(Rupiah(surplus), lines, members)
        assert sum(pool.amount for pool in result.pools) == surplus
        for pool in result.pools:
            if pool.basis is not None:
                shared = sum(member.shares[pool.code] for member in result.members)
                assert shared + result.unallocated.get(pool.code, 0) == pool.amount
        assert all(member.total == sum(member.shares.values()) for member in result.members)

    @given(surpluses, percentages(), members_of_a_year)
    def test_every_figure_is_within_a_rupiah_of_the_exact_one(
        self, surplus: int, lines: list[PlainAllocationLine], members: list[MemberBasis]
    ) -> None:
        result = allocate(Rupiah(surplus), lines, members)
        for pool in result.pools:
            assert abs(int(pool.amount) - Fraction(pool.percent) * surplus / 100) < 1
        for member in result.members:
            for share in result.explain(member):
                assert share.rounding_gain in {0, 1}
                assert abs(int(share.amount) - share.exact) < 1

    @given(surpluses, allocations, members_of_a_year, st.randoms(use_true_random=False))
    def test_the_order_of_members_changes_nothing(
        self, surplus: int, lines: list[PlainAllocationLine], members: list[MemberBasis], random: Any
    ) -> None:
        shuffled = list(members)
        random.shuffle(shuffled)
        assert by_number(allocate(Rupiah(surplus), lines, members)) == by_number(
            allocate(Rupiah(surplus), lines, shuffled)
        )

    @given(surpluses, allocations, members_of_a_year)
    def test_who_brought_more_never_gets_less(
        self, surplus: int, lines: list[PlainAllocationLine], members: list[MemberBasis]
    ) -> None:
        result = allocate(Rupiah(surplus), lines, members)
        for pool in result.pools:
            if pool.basis is not None:
                ranked = sorted(
                    result.members,
                    key=lambda member: (member.basis.get(pool.basis), member.shares[pool.code]),
                )
                shares = [member.shares[pool.code] for member in ranked]
                assert shares == sorted(shares)

    @given(surpluses, allocations, members_of_a_year)
    def test_equal_members_are_at_most_a_rupiah_apart(
        self, surplus: int, lines: list[PlainAllocationLine], members: list[MemberBasis]
    ) -> None:
        twins = [*members, MemberBasis("twin 1", 7, 7, 7), MemberBasis("twin 2", 7, 7, 7)]
        first, second = allocate(Rupiah(surplus), lines, twins).members[-2:]
        assert all(first.shares[code] - second.shares[code] in {0, 1} for code in first.shares)

    @given(surpluses, allocations, members_of_a_year)
    def test_nothing_brought_is_nothing_shared(
        self, surplus: int, lines: list[PlainAllocationLine], members: list[MemberBasis]
    ) -> None:
        idle = allocate(Rupiah(surplus), lines, [*members, MemberBasis("idle")]).members[-1]
        assert idle.total == 0

    @given(surpluses, allocations, members_of_a_year)
    def test_doubling_every_basis_changes_nothing(
        self, surplus: int, lines: list[PlainAllocationLine], members: list[MemberBasis]
    ) -> None:
        doubled = [MemberBasis(m.number, 2 * m.savings, 2 * m.purchases, 2 * m.loans) for m in members]
        assert by_number(allocate(Rupiah(surplus), lines, members)) == by_number(
            allocate(Rupiah(surplus), lines, doubled)
        )

    @given(surpluses, members_of_a_year)
    def test_doubling_the_surplus_doubles_every_exact_share(
        self, surplus: int, members: list[MemberBasis]
    ) -> None:
        # so that the pools are whole rupiah themselves, and only the shares are rounded
        whole = surplus * 100
        once, twice = (allocate(Rupiah(amount), SIMPLE, members) for amount in (whole, 2 * whole))
        for one, two in zip(once.members, twice.members, strict=True):
            for single, double in zip(once.explain(one), twice.explain(two), strict=True):
                assert double.exact == 2 * single.exact


def test_a_hundred_thousand_members_lose_no_rupiah() -> None:
    members = [
        MemberBasis(f"{n:06}", savings=n * 7919 % 1_000_003, purchases=n * 104_729 % 999_983)
        for n in range(100_000)
    ]
    result = allocate(Rupiah(987_654_321_987), SIMPLE, members)
    assert (
        sum(member.total for member in result.members) + result.get_pool("cadangan").amount == 987_654_321_987
    )


def allocate_pools(surplus: int, lines: list[PlainAllocationLine]) -> dict[str, int]:
    return {pool.code: int(pool.amount) for pool in allocate(Rupiah(surplus), lines, []).pools}


def by_number(result: Allocation) -> dict[str, dict[str, int]]:
    return {
        member.number: {code: int(amount) for code, amount in member.shares.items()}
        for member in result.members
    }


def get_error_code(surplus: Rupiah, lines: list[PlainAllocationLine], members: list[MemberBasis]) -> str:
    with pytest.raises(DomainError) as refused:
        allocate(surplus, lines, members)
    return refused.value.code
