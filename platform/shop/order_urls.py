"""Addresses of the pages of an order, for the payments of the order."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from payments.subject_pages import register_subject_pages
from shop import order_queries, presenters
from shop.order_payments import ORDER

if TYPE_CHECKING:
    from kernel.database import Reader
    from ui.context import RequestContext


class OrderUrls:
    """Resolves the pages of the order that a payment pays for."""

    async def backoffice_url(self, ro: Reader, subject_id: UUID) -> str | None:
        """Return the address of the officers' page of an order, or None."""
        number = await order_queries.find_order_number(ro, subject_id)
        return None if number is None else f"/pengurus/pesanan/{number}"

    async def page_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """Return the address of the buyer's page of an order, or None.

        A member must sign in there. For a visitor the address has the order's key, because whoever has the
        payment's address may open the order.
        """
        number = await order_queries.find_order_number(ro, subject_id)
        return None if number is None else f"/pesanan/{number}{_key(subject_id, ctx, of_member)}"

    async def change_method_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """Return the address of the page that changes the payment method, or None if it cannot be changed
        now.
        """
        number = await order_queries.find_order_number(ro, subject_id)
        if number is None or not await order_queries.can_change_method(ro, subject_id):
            return None
        return f"/pesanan/{number}/cara-bayar{_key(subject_id, ctx, of_member)}"


def _key(order_id: UUID, ctx: RequestContext, of_member: bool) -> str:
    return "" if of_member else f"?kunci={presenters.sign_order_key(ctx, order_id)}"


register_subject_pages(ORDER, OrderUrls())
