"""Coupons: operators make them, cooperatives enter them.

A discount in percent on so many of the next invoices.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from billing import errors, queries
from billing.models import Coupon, CouponUse
from billing.periods import locked_subscription
from billing.registering import settle
from billing.trail import record, record_for_operators

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_CODE: Final = re.compile(r"[A-Z0-9]{4,20}")


def check_code(typed: str) -> str:
    """Return a code in capitals without spaces and hyphens. Raises DomainError billing.coupon_malformed."""
    code = re.sub(r"[\s-]", "", typed).upper()
    if not _CODE.fullmatch(code):
        raise errors.COUPON_MALFORMED(field="code")
    return code


async def make_coupon(
    db: AsyncSession,
    *,
    code: str,
    percent: int,
    invoices: int,
    most: int,
    until: date | None,
    reason: str,
    by: str,
) -> Coupon:
    """Make a coupon that at most ``most`` cooperatives may enter.

    Raises DomainError: billing.coupon_malformed, .coupon_taken, .reason_needed.
    """
    checked = check_code(code)
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    if await queries.coupon_to_change(db, checked) is not None:
        raise errors.COUPON_TAKEN(code=checked, field="code")
    coupon = Coupon(
        code=checked,
        percent=percent,
        invoices=invoices,
        most=most,
        until=until,
        reason=reason.strip(),
        made_by=by,
    )
    db.add(coupon)
    await db.flush()
    await record_for_operators(
        db, by=by, action="billing.coupon_made", subject=checked, facts={"reason": reason.strip()}
    )
    return coupon


async def enter_coupon(db: AsyncSession, cooperative_id: UUID, typed: str, *, by: str, on: date) -> Coupon:
    """Enter a code: it counts from the next invoice on, in the place of an earlier one.

    Raises DomainError: billing.coupon_malformed, .no_such_coupon (also when it is used up or over),
    .coupon_used, .coupon_by_card.
    """
    code = check_code(typed)
    subscription = await locked_subscription(db, cooperative_id, on)
    # Stripe counts what it was told at Checkout; a code of later would wait unused
    if subscription.way == "card":
        raise errors.COUPON_BY_CARD(field="code")
    coupon = await queries.coupon_to_change(db, code)
    if coupon is None or coupon.used >= coupon.most or (coupon.until is not None and coupon.until < on):
        raise errors.NO_SUCH_COUPON(code=code, field="code")
    if await db.get(CouponUse, (code, cooperative_id)) is not None:
        raise errors.COUPON_USED(code=code, field="code")
    coupon.used += 1
    db.add(CouponUse(code=code, cooperative_id=cooperative_id))
    subscription.coupon, subscription.coupon_left = code, coupon.invoices
    facts = {"code": code, "percent": coupon.percent, "invoices": coupon.invoices}
    record(db, cooperative_id, "billing.coupon_entered", by=by, on=on, facts=facts)
    await settle(db, subscription, on)
    return coupon
