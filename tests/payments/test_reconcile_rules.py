"""What is told against what is booked: each difference with its reason, and never a rupiah that no finding
tells of.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.reconciliation.rules import (
    EXPLAINED,
    Day,
    Finding,
    Known,
    Ours,
    Theirs,
    compare,
    days_of,
    with_rest,
)

DAY = date(2026, 11, 20)
TOLD_ON = date(2026, 11, 24)
PAID = Known(settled=True, fee_known=True)


def their(
    role: Any = "payment", amount: int = 50_000, on: date = DAY, *, told: str = "m1", **more: Any
) -> Theirs:
    return Theirs(id=told, role=role, amount=amount, on=on, **more)


def our(
    role: Any = "payment", amount: int = 50_000, on: date = DAY, *, journal: int = 1, **more: Any
) -> Ours:
    return Ours(journal=journal, role=role, amount=amount, on=on, **more)


def found(theirs: list[Theirs], ours: list[Ours], **known: Known) -> list[tuple[str, int]]:
    return [(each.why, each.difference) for each in compare(theirs, ours, known, told_on=TOLD_ON)]


def test_a_payment_and_its_fee_on_the_same_day_are_equal() -> None:
    theirs = [their(reference="L1"), their("fee", -350, reference="L1")]
    ours = [our(reference="L1"), our("fee", -350, journal=2, reference="L1")]
    findings = compare(theirs, ours, {"L1": PAID}, told_on=TOLD_ON)
    assert [each.why for each in findings] == ["equal", "equal"]
    (day,) = days_of(findings, theirs, ours)
    assert (day.theirs, day.ours, day.difference, day.unexplained, day.is_equal) == (
        49_650,
        49_650,
        0,
        0,
        True,
    )


def test_a_payment_past_midnight_is_the_same_payment_on_another_day() -> None:
    theirs, ours = [their(reference="L1")], [our(reference="L1", on=DAY + timedelta(days=1))]
    findings = compare(theirs, ours, {"L1": PAID}, told_on=TOLD_ON)
    assert [(each.on, each.why, each.difference) for each in findings] == [
        (DAY, "other_day", 50_000),
        (DAY + timedelta(days=1), "other_day", -50_000),
    ]
    assert all(each.explained for each in findings)


@pytest.mark.parametrize(
    ("piece", "known", "why"),
    [
        (their(reference="L1"), Known(settled=False), "not_booked"),
        (their(reference="L1"), Known(settled=True, in_books=False), "trial"),
        (their(), None, "unknown"),
        (their(aside=True), None, "aside"),
        (their("fee", -350, reference="L1"), Known(settled=True), "fee_untold"),
        (their("fee", -350), None, "fee_unbooked"),
        (their("fee", -350, TOLD_ON), None, "fee_untold"),
        (their("refund", -9_000, reference="L1"), Known(settled=True, refund_pending=True), "refund_pending"),
        (their("refund", -9_000, reference="L1"), PAID, "refund_unheard"),
        (their("payout", -90_000, TOLD_ON), None, "payout_under_way"),
        (their("payout", -90_000), None, "payout_unbooked"),
        (their("other", -1), None, "other"),
    ],
)
def test_what_they_tell_and_we_have_not_has_a_reason(piece: Theirs, known: Known | None, why: str) -> None:
    ((told, difference),) = found([piece], [], **({"L1": known} if known else {}))
    assert (told, difference) == (why, piece.amount)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (our(reference="L1", on=TOLD_ON), "not_told"),
        (our(reference="L1"), "missing"),
        (our("fee", -350, TOLD_ON, reference="L1"), "fee_untold"),
        (our("hand", 7_000), "hand"),
        (our("hand", 7_000, reversed=True), "reversed"),
    ],
)
def test_what_we_have_and_they_do_not_tell_has_a_reason(line: Ours, why: str) -> None:
    assert found([], [line], L1=PAID) == [(why, -line.amount)]


def test_another_amount_of_the_same_payment_is_nobodys_explanation() -> None:
    assert found([their(reference="L1", amount=50_001)], [our(reference="L1")], L1=PAID) == [("amount", 1)]


def test_a_payout_that_was_told_otherwise_after_it_was_booked_is_shown() -> None:
    assert found([their("payout", -80_000, told="po")], [our("payout", -90_000, movement="po")]) == [
        ("amount", 10_000)
    ]


def test_an_officers_entry_answers_a_movement_of_its_amount_and_no_other() -> None:
    theirs = [their("other", -1_500), their("other", -900, told="m2")]
    assert found(theirs, [our("hand", -1_500, DAY + timedelta(days=3))]) == [
        ("by_hand", -1_500),
        ("by_hand", 1_500),
        ("other", -900),
    ]


def test_two_refunds_of_one_payment_are_told_apart_by_their_amounts() -> None:
    theirs = [their("refund", -100, reference="L1"), their("refund", -200, told="m2", reference="L1")]
    ours = [our("refund", -200, journal=2, reference="L1"), our("refund", -300, journal=3, reference="L1")]
    assert found(theirs, ours, L1=PAID) == [("equal", 0), ("refund_unheard", -100), ("missing", 300)]


def test_money_that_was_there_before_is_a_rest_until_its_opening_is_entered() -> None:
    ((rest),) = with_rest([], balance=75_000, clearing=0, on=TOLD_ON, fractions=0)
    assert (rest.why, rest.difference, rest.explained) == ("rest", 75_000, False)
    entered = compare([], [our("hand", 75_000)], {}, told_on=TOLD_ON)
    explained = with_rest(entered, balance=75_000, clearing=75_000, on=TOLD_ON, fractions=0)
    assert [(each.why, each.difference) for each in explained] == [("opening", -75_000), ("opening", 75_000)]


def test_parts_of_a_rupiah_explain_as_many_rupiah_and_no_more() -> None:
    assert with_rest([], balance=2, clearing=0, on=DAY, fractions=2)[0].why == "rounding"
    assert with_rest([], balance=3, clearing=0, on=DAY, fractions=2)[0].why == "rest"


days = st.dates(DAY - timedelta(days=9), TOLD_ON)
amounts = st.sampled_from((-500, -50, 0, 50, 500))
references = st.sampled_from((None, "L1", "L2"))
roles = st.sampled_from(("payment", "fee", "refund", "payout", "other"))
pieces = st.builds(
    Theirs, id=st.sampled_from("abcdef"), role=roles, amount=amounts, on=days, reference=references
)
booked = st.builds(
    Ours,
    journal=st.integers(1, 10**6),
    role=st.sampled_from(("payment", "fee", "refund", "payout", "hand")),
    amount=amounts,
    on=days,
    reference=references,
    movement=st.sampled_from((None, "a", "b")),
    reversed=st.booleans(),
)


@given(
    st.lists(pieces, max_size=12),
    st.lists(booked, max_size=12, unique_by=lambda each: each.journal),
    st.dictionaries(
        st.sampled_from(("L1", "L2")), st.builds(Known, settled=st.booleans(), fee_known=st.booleans())
    ),
    st.integers(-1_000, 1_000),
)
def test_every_day_is_the_sum_of_its_findings_and_the_balance_of_all(
    theirs: list[Theirs], ours: list[Ours], known: dict[str, Known], before: int
) -> None:
    findings = compare(theirs, ours, known, told_on=TOLD_ON)
    shown: list[Day] = days_of(findings, theirs, ours)
    for day in shown:
        assert day.difference == sum(each.difference for each in day.findings)
    told_of = [piece for each in findings for piece in (each.theirs, each.ours) if piece]
    assert {id(piece) for piece in told_of} == {id(piece) for piece in (*theirs, *ours) if piece.amount}
    balance, clearing = before + sum(each.amount for each in theirs), sum(each.amount for each in ours)
    whole: list[Finding] = with_rest(findings, balance=balance, clearing=clearing, on=TOLD_ON, fractions=0)
    assert sum(each.difference for each in whole) == balance - clearing
    assert all(each.explained == (each.why in EXPLAINED) for each in whole)
