"""Tables of the shop: products, stock movements, pictures and orders."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

import ledger.models  # noqa: F401 - foreign keys name their tables
import members.models  # noqa: F401 - foreign keys name their tables
from kernel.database import CoopBase

Moment = TIMESTAMP(timezone=True)


class Category(CoopBase):
    """A category of products. `drawing` names the placeholder picture of its products."""

    __tablename__ = "categories"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    drawing: Mapped[str] = mapped_column(Text, server_default="generic")


class Product(CoopBase):
    """A product for sale.

    `stock_value` is what its stock cost, in rupiah: the sum over all products equals the balance of account
    1130. `reserved` is the part of `stock` that open orders hold.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("stock >= 0", name="stock"),
        CheckConstraint("reserved >= 0 AND reserved <= stock", name="reserved"),
        CheckConstraint("price >= 0 AND cost >= 0", name="money"),
        CheckConstraint("stock_value >= 0 AND (stock > 0 OR stock_value = 0)", name="stock_value"),
        Index("ix_products_category_id", "category_id", "name"),
        Index("ix_products_shelf", "archived", "name"),
        Index("ix_products_barcode", "barcode"),
        Index("ix_products_search_vector", "search_vector", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(Text, unique=True)
    barcode: Mapped[str] = mapped_column(Text, server_default="")
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, server_default="")
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey("categories.id"))
    unit: Mapped[str] = mapped_column(Text, server_default="Pcs")
    cost: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[int] = mapped_column(BigInteger)
    stock: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    reserved: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    stock_value: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    picture: Mapped[str | None] = mapped_column(Text)
    archived: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    added_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    search_vector: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('simple', name || ' ' || sku || ' ' || barcode)", persisted=True)
    )


class StockMovement(CoopBase):
    """A change of a product's stock with its value in rupiah; append-only."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        CheckConstraint("kind IN ('opening', 'purchase', 'sale', 'return', 'count')", name="kind"),
        CheckConstraint("quantity <> 0", name="quantity"),
        Index("ix_stock_movements_product_id", "product_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    kind: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[int] = mapped_column(BigInteger)
    on_date: Mapped[date]
    source_key: Mapped[str] = mapped_column(Text)
    moved_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class Picture(CoopBase):
    """A WebP picture rendered from an upload, under the checksum of its content; `width` is 320 or 800."""

    __tablename__ = "pictures"

    checksum: Mapped[str] = mapped_column(Text, primary_key=True)
    width: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    height: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Order(CoopBase):
    """An order from checkout to hand-over; an imported receipt is an order handed over on its day.

    Its payments are in `payments` with the purpose "order"; `payment_method` is the method chosen last.
    `cancelled_for` is the cause of a cancellation (`rules.CancelledFor`); `cancel_reason` is the text an
    officer wrote about a cancellation or a return.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(
            "status IN ('placed', 'paid', 'handed_over', 'cancelled', 'returned')", name="status"
        ),
        CheckConstraint("fulfilment IN ('pickup', 'delivery')", name="fulfilment"),
        CheckConstraint("source IN ('web', 'import')", name="source"),
        CheckConstraint("total >= 0", name="total"),
        CheckConstraint(
            "cancelled_for IN ('unpaid', 'officer', 'refunded') AND status = 'cancelled'"
            " OR cancelled_for IS NULL AND status <> 'cancelled'",
            name="cancelled_for",
        ),
        Index("ix_orders_member_id", "member_id", "placed_at"),
        Index("ix_orders_status", "status", "placed_at"),
        Index("ix_orders_placed_at", "placed_at"),
        Index("ix_orders_sale_journal", "sale_journal"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=False, start=1001), unique=True)
    checkout_key: Mapped[str] = mapped_column(Text, unique=True)
    source: Mapped[str] = mapped_column(Text, server_default="web")
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    buyer_name: Mapped[str] = mapped_column(Text)
    buyer_phone: Mapped[str] = mapped_column(Text, server_default="")
    fulfilment: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text, server_default="")
    payment_method: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    total: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(Text, server_default="")
    placed_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)
    paid_at: Mapped[datetime | None] = mapped_column(Moment)
    paid_confirmed_by: Mapped[str | None] = mapped_column(Text)
    handed_over_at: Mapped[datetime | None] = mapped_column(Moment)
    cancelled_at: Mapped[datetime | None] = mapped_column(Moment)
    cancelled_for: Mapped[str | None] = mapped_column(Text)
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    sale_journal: Mapped[int | None] = mapped_column(ForeignKey("journals.number"))


class OrderLine(CoopBase):
    """A line of an order at the price it was sold for, in rupiah.

    `cost` is the stock value that was removed at hand-over, None before.
    """

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_price >= 0 AND amount = unit_price * quantity", name="amount"),
        Index("ix_order_lines_product_id", "product_id"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    name: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(BigInteger)
    unit_price: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int | None] = mapped_column(BigInteger)


# The valid lines of a file of past sales during its import, and the new receipts made from them, at the
# prices of the check. Unlogged: after a crash of the server the import reads the file again.
Table(
    "staging_sales",
    CoopBase.metadata,
    Column("import_id", Uuid, nullable=False),
    Column("line", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    prefixes=["UNLOGGED"],
)
Table(
    "staging_receipt_lines",
    CoopBase.metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("receipt", Integer, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("member_name", Text, nullable=False),
    Column("product_id", Uuid, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("source_lines", Integer, nullable=False),
    prefixes=["UNLOGGED"],
)
