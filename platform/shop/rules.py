"""Pure rules of the shop: what stock is worth, what a buyer pays, and which step an order may take next."""

import hashlib
import re
from collections.abc import Iterable
from typing import Final, Literal
from uuid import UUID

from governance.prices import get_member_price, get_public_price
from governance.rules import Bylaws, PaymentMethodCode
from kernel.errors import LocalizedText
from kernel.money import Rupiah

Audience = Literal["member", "public"]
Fulfilment = Literal["pickup", "delivery"]
OrderStatus = Literal["placed", "paid", "handed_over", "cancelled", "returned"]
# Its money did not come in time; an officer called it off; its money went back at the provider.
CancelledFor = Literal["unpaid", "officer", "refunded"]

MAX_LINES: Final = 50
MAX_QUANTITY: Final = 9_999
MAX_STOCK: Final = 10_000_000
LOW_STOCK: Final = 5
# Ways of which an officer says that the money has come; a test holds them against what the providers say of
# themselves.
OFFICER_CONFIRMED_METHODS: Final[frozenset[PaymentMethodCode]] = frozenset({"bank_transfer", "qris"})

STATUS_LABELS: Final[dict[str, LocalizedText]] = {
    "placed": LocalizedText("menunggu pembayaran"),
    "paid": LocalizedText("sudah dibayar"),
    "handed_over": LocalizedText("sudah diserahkan"),
    "cancelled": LocalizedText("dibatalkan"),
    "returned": LocalizedText("dikembalikan", context="shop.rules"),
}
NOT_PAID_IN_TIME: Final = LocalizedText("Tidak dibayar sampai batas waktunya")

_SKU: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_SLUG_GAP: Final = re.compile(r"[^a-z0-9]+")


def outgoing_value(stock_value: Rupiah, stock: int, quantity: int) -> Rupiah:
    """What `quantity` of `stock` cost: their part of the stock's value, rounded down; the last units take all
    that is left.

    So account 1130, which is credited with exactly this, always equals the sum of the products' stock values.
    Raises ValueError for a quantity outside 1..stock.
    """
    if not 1 <= quantity <= stock:
        raise ValueError(f"{quantity} cannot leave a stock of {stock}")
    return Rupiah(int(stock_value) * quantity // stock)


def count_surplus_value(stock_value: Rupiah, stock: int, cost: Rupiah, quantity: int) -> Rupiah:
    """What units found at a stock count are worth: the average of those on the shelf, or the last cost when
    it was empty.
    """
    return Rupiah(int(stock_value) * quantity // stock) if stock else cost * quantity


def price_for(audience: Audience, price: Rupiah, bylaws: Bylaws) -> Rupiah:
    """What this audience pays for one unit."""
    return get_member_price(price, bylaws) if audience == "member" else get_public_price(price, bylaws)


def awaits_confirmation(status: str, method: str) -> bool:
    """Whether an officer may confirm that the money has come."""
    return status == "placed" and method in OFFICER_CONFIRMED_METHODS


def can_hand_over(status: str, method: str) -> bool:
    """Whether the goods may be given out: paid for, or cash on hand-over."""
    return status == "paid" or (status == "placed" and method == "cash")


def can_cancel(status: str) -> bool:
    """Whether the order can be called off while its goods are still on the shelf."""
    return status in ("placed", "paid")


def can_return(status: str) -> bool:
    """Whether handed-over goods can come back."""
    return status == "handed_over"


def checkout_fingerprint(audience: Audience, lines: Iterable[tuple[UUID, int, int]]) -> str:
    """A short mark of what was shown at checkout: goods, quantities and unit prices.

    Another mark: show the page again.
    """
    shown = audience + "".join(f"|{product}:{quantity}:{price}" for product, quantity, price in sorted(lines))
    return hashlib.sha256(shown.encode()).hexdigest()[:20]


def is_valid_sku(text: str) -> bool:
    """Whether this can be a product's code: it stands in addresses and on labels."""
    return _SKU.fullmatch(text) is not None and ".." not in text


def slugify(name: str) -> str:
    """A category's name as it stands in an address: "Sabun Mandi" -> "sabun-mandi"."""
    return _SLUG_GAP.sub("-", name.lower()).strip("-")[:60] or "golongan"
