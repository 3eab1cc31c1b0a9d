from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateways.registry  # noqa: F401 - registers them
from gateways.protocol import known_methods, officer_confirmed_methods
from governance.templates import KONSUMEN
from kernel.money import Rupiah
from shop import rules

ONE, OTHER = UUID(int=1), UUID(int=2)


@given(st.integers(0, 10**12), st.integers(1, 5_000), st.data())
def test_values_of_sold_units_sum_to_the_value_of_the_stock(
    value: int, stock: int, data: st.DataObject
) -> None:
    left, units, parts = Rupiah(value), stock, []
    while units:
        quantity = data.draw(st.integers(max(1, units // 4), units))
        part = rules.outgoing_value(left, units, quantity)
        assert 0 <= part <= left
        parts.append(part)
        left, units = left - part, units - quantity
    assert left == 0
    assert sum(parts) == value


@given(st.integers(0, 10**12), st.integers(2, 10_000), st.data())
def test_the_value_of_sold_units_is_the_average_rounded_down(
    value: int, stock: int, data: st.DataObject
) -> None:
    quantity = data.draw(st.integers(1, stock))
    part = rules.outgoing_value(Rupiah(value), stock, quantity)
    assert part * stock <= value * quantity < (part + 1) * stock


@pytest.mark.parametrize("quantity", [0, -1, 4])
def test_more_than_is_there_never_leaves(quantity: int) -> None:
    with pytest.raises(ValueError, match="cannot leave"):
        rules.outgoing_value(Rupiah(300), 3, quantity)


def test_the_last_unit_takes_the_remainder() -> None:
    assert rules.outgoing_value(Rupiah(1_000), 3, 1) == 333
    assert rules.outgoing_value(Rupiah(667), 2, 1) == 333
    assert rules.outgoing_value(Rupiah(334), 1, 1) == 334


def test_found_units_are_worth_the_average_or_the_last_cost() -> None:
    assert rules.count_surplus_value(Rupiah(1_000), 3, Rupiah(500), 2) == 666
    assert rules.count_surplus_value(Rupiah(0), 0, Rupiah(500), 2) == 1_000


@given(st.integers(1, 10**9))
def test_a_member_never_pays_more_than_the_public(price: int) -> None:
    assert (
        0
        < rules.price_for("member", Rupiah(price), KONSUMEN)
        <= rules.price_for("public", Rupiah(price), KONSUMEN)
    )


@given(st.lists(st.tuples(st.uuids(), st.integers(1, 99), st.integers(0, 10**6)), max_size=5))
def test_the_mark_of_a_page_does_not_depend_on_the_order_of_its_lines(
    lines: list[tuple[UUID, int, int]],
) -> None:
    assert rules.checkout_fingerprint("public", lines) == rules.checkout_fingerprint(
        "public", reversed(lines)
    )


@pytest.mark.parametrize("changed", [(ONE, 2, 501), (ONE, 3, 500), (OTHER, 2, 500)])
def test_the_mark_of_a_page_changes_with_goods_quantity_and_price(changed: tuple[UUID, int, int]) -> None:
    assert rules.checkout_fingerprint("public", [changed]) != rules.checkout_fingerprint(
        "public", [(ONE, 2, 500)]
    )
    assert rules.checkout_fingerprint("public", [changed]) != rules.checkout_fingerprint("member", [changed])


@pytest.mark.parametrize(
    ("status", "method"), [(status, method) for status in rules.STATUS_LABELS for method in known_methods()]
)
def test_an_order_has_at_most_one_way_forward(status: str, method: str) -> None:
    steps = [
        rules.awaits_confirmation(status, method),
        rules.can_hand_over(status, method),
        rules.can_return(status),
    ]
    assert sum(steps) <= 1
    assert not (rules.can_cancel(status) and rules.can_return(status))


def test_the_ways_that_an_officer_confirms_are_those_that_say_so_themselves() -> None:
    assert set(officer_confirmed_methods()) == rules.OFFICER_CONFIRMED_METHODS


@pytest.mark.parametrize("sku", ["B000009", "BRS-5", "a.b_c"])
def test_codes_that_stand_on_labels(sku: str) -> None:
    assert rules.is_valid_sku(sku)


@pytest.mark.parametrize("sku", ["", "-a", "../x", "<b>", "a b", "x" * 41, "a..b"])
def test_codes_that_would_harm_an_address(sku: str) -> None:
    assert not rules.is_valid_sku(sku)


@pytest.mark.parametrize(
    ("name", "slug"), [("Sabun Mandi", "sabun-mandi"), ("  Teh & Kopi ", "teh-kopi"), ("米", "golongan")]
)
def test_the_address_of_a_category(name: str, slug: str) -> None:
    assert rules.slugify(name) == slug
