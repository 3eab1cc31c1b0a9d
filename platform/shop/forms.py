"""What the shop's forms may send."""

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
    """A product for the cart."""

    product: UUID
    quantity: int = 1


class CartLineForm(Struct, forbid_unknown_fields=True):
    """A line of the cart: what stands in the box, and which button was pressed."""

    quantity: int = 0
    step: Literal["-1", "1"] | None = None


class CheckoutForm(Struct, forbid_unknown_fields=True):
    """An order. A member's name and phone are known; a visitor writes theirs."""

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
    """Another way of paying for an order that waits; ``kunci`` opens it to the visitor who placed it."""

    payment_method: PaymentMethodCode
    kunci: Annotated[str, Meta(max_length=64)] = ""
    pin: Annotated[str, Meta(max_length=6)] = ""
    confirmed: bool = False


class ReasonForm(Struct, forbid_unknown_fields=True):
    """Why an order is called off or taken back."""

    reason: Annotated[str, Meta(min_length=3, max_length=200)]


class ProductForm(Struct, forbid_unknown_fields=True):
    """A product as an officer describes it."""

    sku: Annotated[str, Meta(max_length=40)]
    name: Name
    unit: Annotated[str, Meta(max_length=20)]
    price: Rupiah
    category_id: UUID | None = None
    barcode: Annotated[str, Meta(max_length=32)] = ""
    description: Annotated[str, Meta(max_length=2000)] = ""
    archived: bool = False


class NewProductForm(ProductForm, forbid_unknown_fields=True, kw_only=True):
    """A product that is added, with the stock that lies there.

    ``id`` is the form's own: sent again it adds nothing.
    """

    id: UUID
    cost: Rupiah
    stock: Annotated[int, Meta(ge=0, le=MAX_STOCK)] = 0


class PictureForm(Struct, forbid_unknown_fields=True):
    """A photograph of a product."""

    picture: UploadFile


class ReceiveGoodsForm(Struct, forbid_unknown_fields=True):
    """Goods that came in."""

    key: Annotated[str, Meta(max_length=64)]
    quantity: Annotated[int, Meta(ge=1, le=MAX_STOCK)]
    unit_cost: Rupiah
    paid_from: PaidFrom
    confirmed: bool = False


class CountForm(Struct, forbid_unknown_fields=True):
    """What was counted on the shelf, and what the page had shown."""

    key: Annotated[str, Meta(max_length=64)]
    shown: int
    counted: Annotated[int, Meta(ge=0, le=MAX_STOCK)]


class CategoryForm(Struct, forbid_unknown_fields=True):
    """A category's name."""

    name: Annotated[str, Meta(min_length=2, max_length=40)]
