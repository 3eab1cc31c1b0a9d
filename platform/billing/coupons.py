"""Coupons: operators create them, cooperatives redeem them.

A coupon gives a discount in percent on a number of the next invoices.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from billing import errors, queries
from billing.history import record_event, record_operator_action
from billing.models import Coupon, CouponRedemption
from billing.periods import lock_subscription
from billing.registry_sync import sync_registry

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_CODE: Final = re.compile(r"[A-Z0-9]{4,20}")


def normalize_code(typed: str) -> str:
    """Return a coupon code in capitals, without spaces and hyphens.

    Raises DomainError billing.coupon_malformed.
    """
    code = re.sub(r"[\s-]", "", typed).upper()
    if not _CODE.fullmatch(code):
        raise errors.COUPON_MALFORMED(field="code")
    return code


async def create_coupon(
    db: AsyncSession,
    *,
    code: str,
    percent: int,
    invoices: int,
    max_uses: int,
    until: date | None,
    reason: str,
    by: str,
) -> Coupon:
    """Create a coupon that at most ``max_uses`` cooperatives may redeem.

    Raises DomainError: billing.coupon_malformed, .coupon_taken, .reason_needed.
    """
    checked = normalize_code(code)
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    if await queries.find_coupon_for_update(db, checked) is not None:
        raise errors.COUPON_TAKEN(code=checked, field="code")
    coupon = Coupon(
        code=checked,
        percent=percent,
        invoices=invoices,
        max_uses=max_uses,
        until=until,
        reason=reason.strip(),
        created_by=by,
    )
    db.add(coupon)
    await db.flush()
    await record_operator_action(
        db, by=by, action="billing.coupon_made", subject=checked, params={"reason": reason.strip()}
    )
    return coupon


async def redeem_coupon(db: AsyncSession, cooperative_id: UUID, typed: str, *, by: str, on: date) -> Coupon:
    """Redeem a coupon for a cooperative; it counts from the next invoice on and replaces an earlier coupon.

    Raises DomainError: billing.coupon_malformed, .no_such_coupon (also for one that is used up or expired),
    .coupon_used, .coupon_by_card.
    """
    code = normalize_code(typed)
    subscription = await lock_subscription(db, cooperative_id, on)
    # Stripe applies the coupon that was sent at Checkout; one redeemed later would never be used
    if subscription.method == "card":
        raise errors.COUPON_BY_CARD(field="code")
    coupon = await queries.find_coupon_for_update(db, code)
    if coupon is None or coupon.used >= coupon.max_uses or (coupon.until is not None and coupon.until < on):
        raise errors.NO_SUCH_COUPON(code=code, field="code")
    if await db.get(CouponRedemption, (code, cooperative_id)) is not None:
        raise errors.COUPON_USED(code=code, field="code")
    coupon.used += 1
    db.add(CouponRedemption(code=code, cooperative_id=cooperative_id))
    subscription.coupon, subscription.coupon_left = code, coupon.invoices
    params = {"code": code, "percent": coupon.percent, "invoices": coupon.invoices}
    record_event(db, cooperative_id, "billing.coupon_entered", by=by, on=on, params=params)
    await sync_registry(db, subscription, on)
    return coupon
