"""Place orders of the demo by the use case of the checkout."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from demo import queries
from demo.cooperatives import DemoCooperative
from kernel.actor import VISITOR, Actor
from kernel.phone import parse_mobile
from shop.models import Order
from shop.place_order import Buyer, Checkout, place_order

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from governance.rules import PaymentMethodCode
    from payments.member_funds import Consent
    from shop.rules import Fulfilment


class DemoOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order to place.

    ``member_index`` is an index in the register, or None for a visitor. The quantities of ``skus`` are 1, 2,
    1, 2, …
    """

    key: str
    member_index: int | None
    method: PaymentMethodCode
    skus: tuple[str, ...]
    fulfilment: Fulfilment = "pickup"


async def place_demo_order(
    db: AsyncSession, demo: DemoCooperative, new: DemoOrder, *, on: date, consent: Consent | None = None
) -> Order:
    """Place an order and return it; the same key again returns the same order.

    Raises as ``shop.place_order.place_order`` does.
    """
    members, products = await queries.list_members(db), await queries.get_product_ids(db)
    if new.member_index is None:
        buyer, actor = Buyer("Mega Lestari", parse_mobile(f"{demo.phone_prefix}99")), VISITOR
    else:
        member_id, _, name = members[new.member_index]
        buyer, actor = Buyer(name, member_id=member_id), Actor("member", name)
    delivered = new.fulfilment == "delivery"
    goods: dict[UUID, int] = {products[sku]: 1 + at % 2 for at, sku in enumerate(new.skus)}
    checkout = Checkout(
        goods=goods,
        buyer=buyer,
        fulfilment=new.fulfilment,
        payment_method=new.method,
        key=f"demo-order-{new.key}",
        address="Rumah pagar hijau dekat musala, Karangan" if delivered else "",
        consent=consent,
    )
    return await place_order(db, actor, checkout, on=on)
