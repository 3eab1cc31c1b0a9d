"""Orders of the demo, placed by the use case behind the checkout."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from demo import queries
from demo.cooperatives import Demo
from kernel.actor import VISITOR, Actor
from kernel.phone import parse_mobile
from shop.models import Order
from shop.placing import Buyer, Checkout, place_order

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from governance.rules import PaymentWay
    from payments.credit.terms import Consent
    from shop.rules import Fulfilment


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An order to place.

    ``whom`` is a place in the register, or None for a visitor; of ``goods`` every second one is bought twice.
    """

    key: str
    whom: int | None
    way: PaymentWay
    goods: tuple[str, ...]
    fulfilment: Fulfilment = "pickup"


async def order(
    db: AsyncSession, demo: Demo, wanted: Wanted, *, on: date, consent: Consent | None = None
) -> Order:
    """Place an order and return it; the same key again returns the same.

    Raises as ``shop.placing.place_order`` does.
    """
    members, products = await queries.members(db), await queries.products(db)
    if wanted.whom is None:
        buyer, actor = Buyer("Mega Lestari", parse_mobile(f"{demo.phones}99")), VISITOR
    else:
        member_id, _, name = members[wanted.whom]
        buyer, actor = Buyer(name, member_id=member_id), Actor("member", name)
    delivered = wanted.fulfilment == "delivery"
    goods: dict[UUID, int] = {products[sku]: 1 + at % 2 for at, sku in enumerate(wanted.goods)}
    checkout = Checkout(
        goods=goods,
        buyer=buyer,
        fulfilment=wanted.fulfilment,
        payment_way=wanted.way,
        key=f"demo-order-{wanted.key}",
        address="Rumah pagar hijau dekat musala, Karangan" if delivered else "",
        consent=consent,
    )
    return await place_order(db, actor, checkout, on=on)
