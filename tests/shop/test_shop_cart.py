from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import DomainError
from kernel.ids import new_id
from shop import cart, rules

carts = st.dictionaries(st.uuids(), st.integers(1, rules.MAX_QUANTITY), max_size=rules.MAX_LINES)


@given(carts)
def test_what_is_written_is_read_again_in_its_order(goods: dict[UUID, int]) -> None:
    assert list(cart.parse_cart(cart.serialize_cart(goods)).items()) == list(goods.items())


@given(carts)
def test_the_largest_cart_fits_into_a_cookie(goods: dict[UUID, int]) -> None:
    assert len(cart.serialize_cart(goods)) <= 50 * 28


@given(st.text(max_size=200))
def test_no_cookie_breaks_the_shop(cookie: str) -> None:
    for quantity in cart.parse_cart(cookie).values():
        assert 1 <= quantity <= rules.MAX_QUANTITY


def token(product: UUID) -> str:
    return cart.serialize_cart({product: 1}).removesuffix("-1")


@pytest.mark.parametrize("count", ["0", "-1", "10000", "1.0", "x", "", "٣", " 1", "1e2"])
def test_a_forged_quantity_empties_the_cart(count: str) -> None:
    assert cart.parse_cart(f"{token(new_id())}-{count}") == {}


def test_too_many_goods_and_the_same_twice_empty_the_cart() -> None:
    assert cart.parse_cart(".".join(f"{token(new_id())}-1" for _ in range(rules.MAX_LINES + 1))) == {}
    assert cart.parse_cart(f"{token(UUID(int=7))}-1.{token(UUID(int=7))}-2") == {}
    assert cart.parse_cart("x" * 5_000) == {}


def test_the_cart_has_room_for_fifty_goods() -> None:
    full = {new_id(): 1 for _ in range(rules.MAX_LINES)}
    with pytest.raises(DomainError) as error:
        cart.with_quantity(full, new_id(), 1)
    assert error.value.code == "shop.cart_full"
    one = next(iter(full))
    assert cart.with_quantity(full, one, 3)[one] == 3
    assert one not in cart.with_quantity(full, one, 0)


@pytest.mark.parametrize("quantity", [-1, rules.MAX_QUANTITY + 1])
def test_quantities_have_bounds(quantity: int) -> None:
    with pytest.raises(DomainError) as error:
        cart.with_quantity({}, new_id(), quantity)
    assert error.value.code == "shop.quantity_out_of_range"
