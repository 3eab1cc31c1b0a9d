"""Forms of the shop."""

from typing import Annotated, Literal
from uuid import UUID

from litestar.datastructures import UploadFile
from msgspec import Meta, Struct

from governance.rules import PaymentMethodCode
from kernel.money import Rupiah
from shop.adjust_stock import PaidFrom
from shop.rules import MAX_STOCK, Fulfilment
from ui import MobileNumber

Name = Annotated[str, Meta(min_length=2, max_length=80)]
Note = Annotated[str, Meta(max_length=300)]


class AddToCartForm(Struct, forbid_unknown_fields=True):
    """A product and the quantity to add to the cart."""

    product: UUID
    quantity: int = 1


class CartLineForm(Struct, forbid_unknown_fields=True):
    """A line of the cart: the typed quantity, and the step button that was pressed."""

    quantity: int = 0
    step: Literal["-1", "1"] | None = None


class CheckoutForm(Struct, forbid_unknown_fields=True):
    """An order. Visitors enter a name and phone number; those of a member are known."""

    key: str
    shown: str
    fulfilment: Fulfilment
    payment_method: PaymentMethodCode
    address: Note = ""
    name: Annotated[str, Meta(max_length=80)] = ""
    phone: MobileNumber | None = None
    note: Note = ""
    pin: Annotated[str, Meta(max_length=6)] = ""
    confirmed: bool = False


class ChangeMethodForm(Struct, forbid_unknown_fields=True):
    """A new payment method for an unpaid order; `kunci` is the order's key for a visitor."""

    payment_method: PaymentMethodCode
    kunci: Annotated[str, Meta(max_length=64)] = ""
    pin: Annotated[str, Meta(max_length=6)] = ""
    confirmed: bool = False


class ReasonForm(Struct, forbid_unknown_fields=True):
    """Why an order is cancelled or returned."""

    reason: Annotated[str, Meta(min_length=3, max_length=200)]


class ProductForm(Struct, forbid_unknown_fields=True):
    """A product's details as an officer enters them."""

    sku: Annotated[str, Meta(max_length=40)]
    name: Name
    unit: Annotated[str, Meta(max_length=20)]
    price: Rupiah
    category_id: UUID | None = None
    barcode: Annotated[str, Meta(max_length=32)] = ""
    description: Annotated[str, Meta(max_length=2000)] = ""
    archived: bool = False


class NewProductForm(ProductForm, forbid_unknown_fields=True, kw_only=True):
    """A new product with its opening stock.

    The page generates `id`, so that sending the form twice adds one product.
    """

    id: UUID
    cost: Rupiah
    stock: Annotated[int, Meta(ge=0, le=MAX_STOCK)] = 0


class PictureForm(Struct, forbid_unknown_fields=True):
    """A photograph of a product."""

    picture: UploadFile


class ReceiveGoodsForm(Struct, forbid_unknown_fields=True):
    """Goods received: quantity, cost of a unit in rupiah, and the account they were paid from."""

    key: Annotated[str, Meta(max_length=64)]
    quantity: Annotated[int, Meta(ge=1, le=MAX_STOCK)]
    unit_cost: Rupiah
    paid_from: PaidFrom
    confirmed: bool = False


class CountForm(Struct, forbid_unknown_fields=True):
    """A stock count: the counted quantity, and the stock that the page showed."""

    key: Annotated[str, Meta(max_length=64)]
    shown: int
    counted: Annotated[int, Meta(ge=0, le=MAX_STOCK)]


class CategoryForm(Struct, forbid_unknown_fields=True):
    """A category's name."""

    name: Annotated[str, Meta(min_length=2, max_length=40)]
