"""The comparison of reported and booked movements: each difference has a reason, and the findings sum to the
total difference.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banking.reconciliation_rules import (
    EXPLAINED_REASONS,
    BookEntry,
    ExternalEntry,
    PaymentFacts,
    ReconciliationDay,
    ReconciliationItem,
    group_by_day,
    pair_entries,
    with_remainder,
)

DAY = date(2026, 11, 20)
REPORTED_ON = date(2026, 11, 24)
PAID = PaymentFacts(settled=True, fee_known=True)


def external_entry(
    role: Any = "payment", amount: int = 50_000, on: date = DAY, *, movement: str = "m1", **more: Any
) -> ExternalEntry:
    return ExternalEntry(id=movement, role=role, amount=amount, on=on, **more)


def book_entry(
    role: Any = "payment", amount: int = 50_000, on: date = DAY, *, journal: int = 1, **more: Any
) -> BookEntry:
    return BookEntry(journal=journal, role=role, amount=amount, on=on, **more)


def reasons_found(
    external: list[ExternalEntry], local: list[BookEntry], **known: PaymentFacts
) -> list[tuple[str, int]]:
    return [
        (each.reason, each.difference)
        for each in pair_entries(external, local, known, reported_on=REPORTED_ON)
    ]


def test_a_payment_and_its_fee_on_the_same_day_are_equal() -> None:
    external = [external_entry(reference="L1"), external_entry("fee", -350, reference="L1")]
    local = [book_entry(reference="L1"), book_entry("fee", -350, journal=2, reference="L1")]
    findings = pair_entries(external, local, {"L1": PAID}, reported_on=REPORTED_ON)
    assert [each.reason for each in findings] == ["equal", "equal"]
    (day,) = group_by_day(findings, external, local)
    assert (day.external, day.local, day.difference, day.unexplained, day.is_equal) == (
        49_650,
        49_650,
        0,
        0,
        True,
    )


def test_a_payment_past_midnight_is_the_same_payment_on_another_day() -> None:
    external, local = (
        [external_entry(reference="L1")],
        [book_entry(reference="L1", on=DAY + timedelta(days=1))],
    )
    findings = pair_entries(external, local, {"L1": PAID}, reported_on=REPORTED_ON)
    assert [(each.on, each.reason, each.difference) for each in findings] == [
        (DAY, "other_day", 50_000),
        (DAY + timedelta(days=1), "other_day", -50_000),
    ]
    assert all(each.explained for each in findings)


@pytest.mark.parametrize(
    ("piece", "known", "why"),
    [
        (external_entry(reference="L1"), PaymentFacts(settled=False), "not_booked"),
        (external_entry(reference="L1"), PaymentFacts(settled=True, in_books=False), "trial"),
        (external_entry(), None, "unknown"),
        (external_entry(is_set_aside=True), None, "aside"),
        (external_entry("fee", -350, reference="L1"), PaymentFacts(settled=True), "fee_untold"),
        (external_entry("fee", -350), None, "fee_unbooked"),
        (external_entry("fee", -350, REPORTED_ON), None, "fee_untold"),
        (
            external_entry("refund", -9_000, reference="L1"),
            PaymentFacts(settled=True, refund_pending=True),
            "refund_pending",
        ),
        (external_entry("refund", -9_000, reference="L1"), PAID, "refund_unheard"),
        (external_entry("payout", -90_000, REPORTED_ON), None, "payout_under_way"),
        (external_entry("payout", -90_000), None, "payout_unbooked"),
        (external_entry("other", -1), None, "other"),
    ],
)
def test_what_they_tell_and_we_have_not_has_a_reason(
    piece: ExternalEntry, known: PaymentFacts | None, why: str
) -> None:
    ((reason_found, difference),) = reasons_found([piece], [], **({"L1": known} if known else {}))
    assert (reason_found, difference) == (why, piece.amount)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (book_entry(reference="L1", on=REPORTED_ON), "not_told"),
        (book_entry(reference="L1"), "missing"),
        (book_entry("fee", -350, REPORTED_ON, reference="L1"), "fee_untold"),
        (book_entry("hand", 7_000), "hand"),
        (book_entry("hand", 7_000, reversed=True), "reversed"),
    ],
)
def test_what_we_have_and_they_do_not_tell_has_a_reason(line: BookEntry, why: str) -> None:
    assert reasons_found([], [line], L1=PAID) == [(why, -line.amount)]


def test_another_amount_of_the_same_payment_is_nobodys_explanation() -> None:
    assert reasons_found(
        [external_entry(reference="L1", amount=50_001)], [book_entry(reference="L1")], L1=PAID
    ) == [("amount", 1)]


def test_a_payout_that_was_told_otherwise_after_it_was_booked_is_shown() -> None:
    assert reasons_found(
        [external_entry("payout", -80_000, movement="po")], [book_entry("payout", -90_000, movement="po")]
    ) == [("amount", 10_000)]


def test_an_officers_entry_answers_a_movement_of_its_amount_and_no_other() -> None:
    external = [external_entry("other", -1_500), external_entry("other", -900, movement="m2")]
    assert reasons_found(external, [book_entry("hand", -1_500, DAY + timedelta(days=3))]) == [
        ("by_hand", -1_500),
        ("by_hand", 1_500),
        ("other", -900),
    ]


def test_two_refunds_of_one_payment_are_told_apart_by_their_amounts() -> None:
    external = [
        external_entry("refund", -100, reference="L1"),
        external_entry("refund", -200, movement="m2", reference="L1"),
    ]
    local = [
        book_entry("refund", -200, journal=2, reference="L1"),
        book_entry("refund", -300, journal=3, reference="L1"),
    ]
    assert reasons_found(external, local, L1=PAID) == [
        ("equal", 0),
        ("refund_unheard", -100),
        ("missing", 300),
    ]


def test_money_that_was_there_before_is_a_rest_until_its_opening_is_entered() -> None:
    ((rest),) = with_remainder([], balance=75_000, clearing=0, on=REPORTED_ON, fractions=0)
    assert (rest.reason, rest.difference, rest.explained) == ("rest", 75_000, False)
    entered = pair_entries([], [book_entry("hand", 75_000)], {}, reported_on=REPORTED_ON)
    explained = with_remainder(entered, balance=75_000, clearing=75_000, on=REPORTED_ON, fractions=0)
    assert [(each.reason, each.difference) for each in explained] == [
        ("opening", -75_000),
        ("opening", 75_000),
    ]


def test_parts_of_a_rupiah_explain_as_many_rupiah_and_no_more() -> None:
    assert with_remainder([], balance=2, clearing=0, on=DAY, fractions=2)[0].reason == "rounding"
    assert with_remainder([], balance=3, clearing=0, on=DAY, fractions=2)[0].reason == "rest"


days = st.dates(DAY - timedelta(days=9), REPORTED_ON)
amounts = st.sampled_from((-500, -50, 0, 50, 500))
references = st.sampled_from((None, "L1", "L2"))
roles = st.sampled_from(("payment", "fee", "refund", "payout", "other"))
pieces = st.builds(
    ExternalEntry, id=st.sampled_from("abcdef"), role=roles, amount=amounts, on=days, reference=references
)
booked = st.builds(
    BookEntry,
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
        st.sampled_from(("L1", "L2")), st.builds(PaymentFacts, settled=st.booleans(), fee_known=st.booleans())
    ),
    st.integers(-1_000, 1_000),
)
def test_every_day_is_the_sum_of_its_findings_and_the_balance_of_all(
    external: list[ExternalEntry], local: list[BookEntry], known: dict[str, PaymentFacts], before: int
) -> None:
    findings = pair_entries(external, local, known, reported_on=REPORTED_ON)
    shown: list[ReconciliationDay] = group_by_day(findings, external, local)
    for day in shown:
        assert day.difference == sum(each.difference for each in day.items)
    reported = [piece for each in findings for piece in (each.external, each.local) if piece]
    assert {id(piece) for piece in reported} == {id(piece) for piece in (*external, *local) if piece.amount}
    balance, clearing = before + sum(each.amount for each in external), sum(each.amount for each in local)
    whole: list[ReconciliationItem] = with_remainder(
        findings, balance=balance, clearing=clearing, on=REPORTED_ON, fractions=0
    )
    assert sum(each.difference for each in whole) == balance - clearing
    assert all(each.explained == (each.reason in EXPLAINED_REASONS) for each in whole)
