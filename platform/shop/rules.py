"""Pure rules of the shop: the value of stock, prices, and the steps that an order may take."""

import hashlib
import re
from collections.abc import Iterable
from typing import Final, Literal
from uuid import UUID

from governance.prices import get_member_price, get_public_price
from governance.rules import Bylaws, PaymentMethodCode
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from payments.rules import CLOSING_CAUSES

Audience = Literal["member", "public"]
Fulfilment = Literal["pickup", "delivery"]
OrderStatus = Literal["placed", "paid", "handed_over", "cancelled", "returned"]
# "unpaid": not paid in time; "officer": by an officer; "refunded": refunded at the provider.
CancelledFor = Literal["unpaid", "officer", "refunded"]

MAX_LINES: Final = 50
MAX_QUANTITY: Final = 9_999
MAX_STOCK: Final = 10_000_000
LOW_STOCK: Final = 5
# Methods whose payments an officer confirms; a test compares them with the providers' capabilities.
OFFICER_CONFIRMED_METHODS: Final[frozenset[PaymentMethodCode]] = frozenset({"bank_transfer", "qris"})

STATUS_LABELS: Final[dict[str, LocalizedText]] = {
    "placed": LocalizedText("menunggu pembayaran"),
    "paid": LocalizedText("sudah dibayar"),
    "handed_over": LocalizedText("sudah diserahkan"),
    "cancelled": LocalizedText("dibatalkan"),
    "returned": LocalizedText("dikembalikan", context="shop.rules"),
}
NOT_PAID_IN_TIME: Final = CLOSING_CAUSES["unpaid"]

_SKU: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_SLUG_GAP: Final = re.compile(r"[^a-z0-9]+")


def outgoing_value(stock_value: Rupiah, stock: int, quantity: int) -> Rupiah:
    """Return what `quantity` of `stock` cost: the proportional part of the stock's value, rounded down.

    The last units take the whole rest. The sale credits account 1130 with exactly this amount, so its balance
    always equals the sum of the products' stock values. Raises ValueError for a quantity outside 1..stock.
    """
    if not 1 <= quantity <= stock:
        raise ValueError(f"{quantity} cannot leave a stock of {stock}")
    return Rupiah(int(stock_value) * quantity // stock)


def count_surplus_value(stock_value: Rupiah, stock: int, cost: Rupiah, quantity: int) -> Rupiah:
    """Return the value of units found at a stock count: at the stock's average cost, or the last cost if it
    was empty.
    """
    return Rupiah(int(stock_value) * quantity // stock) if stock else cost * quantity


def price_for(audience: Audience, price: Rupiah, bylaws: Bylaws) -> Rupiah:
    """Return what this audience pays for one unit."""
    return get_member_price(price, bylaws) if audience == "member" else get_public_price(price, bylaws)


def awaits_confirmation(status: str, method: str) -> bool:
    """Return whether an officer may confirm the payment."""
    return status == "placed" and method in OFFICER_CONFIRMED_METHODS


def can_hand_over(status: str, method: str) -> bool:
    """Return whether the goods may be handed over: paid, or to be paid in cash at hand-over."""
    return status == "paid" or (status == "placed" and method == "cash")


def can_cancel(status: str) -> bool:
    """Return whether the order can be cancelled: it is not handed over yet."""
    return status in ("placed", "paid")


def can_return(status: str) -> bool:
    """Return whether the goods can be returned."""
    return status == "handed_over"


def checkout_fingerprint(audience: Audience, lines: Iterable[tuple[UUID, int, int]]) -> str:
    """Return a hash of what the checkout page showed: products, quantities and unit prices as (id, quantity,
    rupiah).

    If it differs at submit, the page is shown again.
    """
    shown = audience + "".join(f"|{product}:{quantity}:{price}" for product, quantity, price in sorted(lines))
    return hashlib.sha256(shown.encode()).hexdigest()[:20]


def is_valid_sku(text: str) -> bool:
    """Return whether this text can be a product's code, which is used in addresses and on labels."""
    return _SKU.fullmatch(text) is not None and ".." not in text


def slugify(name: str) -> str:
    """Return a category's name as it is used in addresses: "Sabun Mandi" gives "sabun-mandi"."""
    return _SLUG_GAP.sub("-", name.lower()).strip("-")[:60] or "golongan"
