"""Where the pages of an order are, for those of its payments to lead there."""

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
    """The pages of orders, which are found by their numbers."""

    async def backoffice_url(self, ro: Reader, subject_id: UUID) -> str | None:
        number = await order_queries.find_order_number(ro, subject_id)
        return None if number is None else f"/pengurus/pesanan/{number}"

    async def page_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """A member signs in for it; a visitor who has the payment's address may open the order, too."""
        number = await order_queries.find_order_number(ro, subject_id)
        return None if number is None else f"/pesanan/{number}{_key(subject_id, ctx, of_member)}"

    async def change_method_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """While the order waits for its money, and none is under way."""
        number = await order_queries.find_order_number(ro, subject_id)
        if number is None or not await order_queries.can_change_method(ro, subject_id):
            return None
        return f"/pesanan/{number}/cara-bayar{_key(subject_id, ctx, of_member)}"


def _key(order_id: UUID, ctx: RequestContext, of_member: bool) -> str:
    return "" if of_member else f"?kunci={presenters.sign_order_key(ctx, order_id)}"


register_subject_pages(ORDER, OrderUrls())
