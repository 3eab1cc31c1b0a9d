"""Read and write the cart cookie: "<product>-<quantity>" entries joined by dots.

A cart reserves nothing; prices and stock are checked again at checkout.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from shop import errors, rules
from ui.rendering import CART_COOKIE

if TYPE_CHECKING:
    from litestar import Request, Response

COOKIE_MAX_AGE: Final = 30 * 86_400


def parse_cart(cookie: str) -> dict[UUID, int]:
    """Return the quantities of a cart cookie by product id, in the order in which the products were added.

    A malformed or too long cookie gives an empty cart.
    """
    goods: dict[UUID, int] = {}
    if not cookie or len(cookie) > 4_000:
        return goods
    for entry in cookie.split("."):
        token, _, count = entry.rpartition("-")
        product = _parse_product_id(token)
        if product is None or not (count.isascii() and count.isdecimal()) or not 1 <= len(count) <= 4:
            return {}
        quantity = int(count)
        if not 1 <= quantity <= rules.MAX_QUANTITY or product in goods or len(goods) >= rules.MAX_LINES:
            return {}
        goods[product] = quantity
    return goods


def serialize_cart(goods: Mapping[UUID, int]) -> str:
    """Return the cookie value of a cart."""
    return ".".join(
        f"{base64.urlsafe_b64encode(product.bytes).decode().rstrip('=')}-{quantity}"
        for product, quantity in goods.items()
    )


def with_quantity(goods: Mapping[UUID, int], product: UUID, quantity: int) -> dict[UUID, int]:
    """Return a copy of the cart with this quantity of a product; 0 removes the product.

    Raises DomainError: shop.quantity_out_of_range, .cart_full.
    """
    changed = dict(goods)
    if quantity == 0:
        changed.pop(product, None)
        return changed
    if not 1 <= quantity <= rules.MAX_QUANTITY:
        raise errors.QUANTITY_OUT_OF_RANGE(most=rules.MAX_QUANTITY)
    if product not in changed and len(changed) >= rules.MAX_LINES:
        raise errors.CART_FULL(most=rules.MAX_LINES)
    changed[product] = quantity
    return changed


def read_cart(request: Request[Any, Any, Any]) -> dict[UUID, int]:
    """Return the cart in the request's cookie: quantities by product id."""
    return parse_cart(request.cookies.get(CART_COOKIE, ""))


def set_cart_cookie(response: Response[Any], goods: Mapping[UUID, int], *, secure: bool) -> None:
    """Set the cart cookie on a response, for this host only.

    An empty cart deletes the cookie, so that the browser is served cached pages again.
    """
    response.set_cookie(
        CART_COOKIE,
        serialize_cart(goods),
        max_age=COOKIE_MAX_AGE if goods else 0,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _parse_product_id(token: str) -> UUID | None:
    if len(token) != 22:
        return None
    try:
        return UUID(bytes=base64.b64decode(token + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None
