"""Which payment a bank line pays."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banking.matching_rules import (
    IncomingLine,
    MatchCandidate,
    MatchVerdict,
    match_lines,
    normalize_text,
    posting_date,
    unique_suffix_paid,
)
from kernel.money import Rupiah

DAY = date(2026, 11, 24)


def line(
    amount: int, text: str = "TRSF SITI", *, key: str = "a", day: date = DAY, seen_before: bool = False
) -> IncomingLine:
    return IncomingLine(key=key, day=day, amount=Rupiah(amount), text=text, seen_before=seen_before)


def candidate(
    amount: int,
    reference: str = "LAAAAAAAAAA1",
    *,
    unique_suffix: int = 123,
    opened: date = DAY,
    days: int = 2,
) -> MatchCandidate:
    return MatchCandidate(
        reference=reference,
        amount=Rupiah(amount),
        unique_suffix=unique_suffix,
        opened=opened,
        ends=opened + timedelta(days=days),
    )


def verdicts(
    lines: list[IncomingLine], *candidates: MatchCandidate
) -> dict[str, tuple[str, str, str | None]]:
    return {
        key: (each.status, each.reason, each.reference)
        for key, each in match_lines(lines, candidates).items()
    }


def verdict_of(a_line: IncomingLine, *candidates: MatchCandidate) -> MatchVerdict:
    return match_lines([a_line], candidates)[a_line.key]


def test_amount_and_reference_are_sure_however_the_bank_breaks_the_words() -> None:
    for text in ("TRSF LAAAAAAAAAA1 SITI", "TRSF/laaaaaaaaaa1", "TRSF LAAAA AAAA-AA1SITI", "LAAAAAAAAAA1"):
        assert verdict_of(line(50_123, text), candidate(50_123)).reason == "reference"
    assert (
        verdict_of(line(75_000, "LAAAAAAAAAA1"), candidate(75_000, unique_suffix=0)).reference
        == "LAAAAAAAAAA1"
    )


def test_a_unique_amount_alone_is_sure_within_its_days() -> None:
    found = verdict_of(line(50_123), candidate(50_123), candidate(50_124, "LAAAAAAAAAA2"))
    assert (found.status, found.reason, found.reference) == ("matched", "amount", "LAAAAAAAAAA1")


def test_a_round_amount_alone_is_never_sure() -> None:
    found = verdict_of(line(50_000), candidate(50_000, unique_suffix=0))
    assert (found.status, found.reason, found.candidates) == (
        "doubtful",
        "no_unique_suffix",
        ("LAAAAAAAAAA1",),
    )


@pytest.mark.parametrize(
    ("days", "state"), [(-2, "doubtful"), (-1, "matched"), (0, "matched"), (9, "matched"), (10, "doubtful")]
)
def test_the_days_of_a_payment_bound_what_its_amount_is_worth(days: int, state: str) -> None:
    assert verdict_of(line(50_123, day=DAY + timedelta(days=days)), candidate(50_123)).status == state


def test_a_reference_is_sure_whenever_it_comes() -> None:
    assert (
        verdict_of(line(50_123, "LAAAAAAAAAA1", day=DAY + timedelta(days=60)), candidate(50_123)).status
        == "matched"
    )


def test_a_short_reference_says_nothing_since_a_banks_own_numbers_may_hold_it() -> None:
    assert (
        verdict_of(line(75_000, "TRSF WSP1001 SITI"), candidate(75_000, "P1001", unique_suffix=0)).status
        == "doubtful"
    )


def test_a_reference_with_another_amount_is_doubtful() -> None:
    found = verdict_of(line(50_000, "LAAAAAAAAAA1"), candidate(50_123))
    assert (found.status, found.reason, found.candidates) == ("doubtful", "amount_differs", ("LAAAAAAAAAA1",))


def test_two_references_in_one_line_are_doubtful() -> None:
    found = verdict_of(
        line(50_123, "LAAAAAAAAAA1 LAAAAAAAAAA2"), candidate(50_123), candidate(70_001, "LAAAAAAAAAA2")
    )
    assert (found.status, found.candidates) == ("doubtful", ("LAAAAAAAAAA1", "LAAAAAAAAAA2"))


def test_an_amount_without_its_tail_is_doubtful_and_the_nearest_comes_first() -> None:
    found = verdict_of(
        line(50_000),
        candidate(50_900, unique_suffix=900),
        candidate(50_123, "LAAAAAAAAAA2"),
        candidate(60_123, "LAAAAAAAAAA3"),
    )
    assert (found.status, found.candidates) == ("doubtful", ("LAAAAAAAAAA2", "LAAAAAAAAAA1"))


def test_money_that_nobody_was_asked_for_is_unmatched() -> None:
    assert verdict_of(line(1_000_000), candidate(50_123)).status == "unmatched"
    assert verdict_of(line(51_001), candidate(50_123)).status == "unmatched"


def test_two_payments_of_one_amount_are_doubtful() -> None:
    found = verdict_of(line(50_123), candidate(50_123), candidate(50_123, "LAAAAAAAAAA2"))
    assert (found.status, found.reason, len(found.candidates)) == ("doubtful", "several", 2)


def test_two_lines_of_one_amount_are_doubtful_both() -> None:
    found = verdicts([line(50_123), line(50_123, key="b")], candidate(50_123))
    assert found == {"a": ("doubtful", "two_lines", None), "b": ("doubtful", "two_lines", None)}


def test_of_two_lines_the_one_that_names_the_payment_pays_it() -> None:
    found = verdicts([line(50_123), line(50_123, "LAAAAAAAAAA1", key="b")], candidate(50_123))
    assert found == {"a": ("doubtful", "two_lines", None), "b": ("matched", "reference", "LAAAAAAAAAA1")}


def test_a_line_that_may_have_come_before_in_other_words_is_doubtful() -> None:
    assert verdict_of(line(50_123, seen_before=True), candidate(50_123)).reason == "seen_before"
    assert (
        verdict_of(line(50_123, "LAAAAAAAAAA1", seen_before=True), candidate(50_123)).reason == "seen_before"
    )


lines_strategy = st.lists(
    st.builds(
        lambda amount, named, days, seen: (amount, named, days, seen),
        st.integers(50_000, 50_006),
        st.lists(st.integers(0, 5), max_size=2),
        st.integers(-12, 12),
        st.booleans(),
    ),
    max_size=10,
)
candidates_strategy = st.lists(
    st.tuples(st.integers(50_000, 50_006), st.integers(0, 4), st.integers(-5, 5)), max_size=6
)


@given(lines=lines_strategy, candidates=candidates_strategy, seed=st.integers(0, 1000))
def test_one_payment_has_one_line_one_line_has_one_payment_and_order_has_no_say(
    lines: list[tuple[int, list[int], int, bool]], candidates: list[tuple[int, int, int]], seed: int
) -> None:
    known = [
        candidate(
            amount, f"LAAAAAAAAAA{number}", unique_suffix=unique_suffix, opened=DAY + timedelta(days=days)
        )
        for number, (amount, unique_suffix, days) in enumerate(candidates)
    ]
    came = [
        line(
            amount,
            " ".join(f"LAAAAAAAAAA{number}" for number in named) or "TRSF",
            key=str(number),
            day=DAY + timedelta(days=days),
            seen_before=seen,
        )
        for number, (amount, named, days, seen) in enumerate(lines)
    ]
    verdicts = match_lines(came, known)
    assert verdicts.keys() == {each.key for each in came}
    paid = [verdict.reference for verdict in verdicts.values() if verdict.status == "matched"]
    assert len(paid) == len(set(paid))
    by_reference = {each.reference: each for each in known}
    for each in came:
        verdict = verdicts[each.key]
        assert (verdict.reference is not None) == (verdict.status == "matched")
        if verdict.reference is not None:
            assert by_reference[verdict.reference].amount == each.amount
            assert not each.seen_before
            assert (
                verdict.reference in normalize_text(each.text)
                or by_reference[verdict.reference].unique_suffix
            )
        assert set(verdict.candidates) <= by_reference.keys()
    chance = random.Random(seed)
    for order in (list(reversed(came)), chance.sample(came, len(came))):
        assert match_lines(order, chance.sample(known, len(known))) == verdicts


def test_a_tail_is_what_is_above_the_base_and_only_where_one_was_asked_for() -> None:
    assert unique_suffix_paid(Rupiah(50_000), Rupiah(50_123), 123) == 0
    assert unique_suffix_paid(Rupiah(50_999), Rupiah(50_123), 123) == 999
    assert unique_suffix_paid(Rupiah(51_000), Rupiah(50_123), 123) is None
    assert unique_suffix_paid(Rupiah(49_999), Rupiah(50_123), 123) is None
    assert unique_suffix_paid(Rupiah(50_000), Rupiah(50_000), 0) is None


def test_money_goes_into_the_books_on_the_banks_day_unless_that_is_ahead_or_closed() -> None:
    assert posting_date(DAY, DAY, []) == DAY
    assert posting_date(DAY - timedelta(days=3), DAY, [2025]) == DAY - timedelta(days=3)
    assert posting_date(DAY + timedelta(days=1), DAY, []) == DAY
    assert posting_date(date(2025, 12, 31), DAY, [2025]) == DAY
