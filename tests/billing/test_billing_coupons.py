"""A coupon counts for a number of invoices, whatever plan changes happen meanwhile; credit has a maximum."""

from datetime import date

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from billing import queries
from billing.billing_run import run_due_steps
from billing.coupons import create_coupon, redeem_coupon
from billing.manage_subscription import choose_plan
from billing.settle_invoice import MAX_CREDIT, confirm_payment, grant_credit
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.settings import Settings
from tenants.registry import TenantRef

APRIL = date(2026, 4, 10)
BY = "Rina Ketua"


async def test_changing_the_plan_uses_a_coupon_like_any_invoice(
    shared: AsyncSession, settings: Settings, start_paid_plan: object, melati: TenantRef
) -> None:
    subscription = await start_paid_plan(APRIL)  # type: ignore[operator]
    (invoice,) = await queries.list_unpaid_invoices(shared, melati.id)
    await confirm_payment(
        shared,
        settings,
        invoice.number,
        amount=Rupiah(99_000),
        method="qris",
        reference="Mutasi",
        by="Wening",
        on=APRIL,
    )
    await create_coupon(
        shared, code="SEKALI", percent=100, invoices=1, max_uses=1, until=None, reason="Pameran", by="Wening"
    )
    await redeem_coupon(shared, melati.id, "SEKALI", by=BY, on=APRIL)
    made = await choose_plan(shared, settings, melati.id, "tumbuh", "year", by=BY, on=APRIL, key="one")
    assert made is not None
    assert (made.amount_due, made.given_back) == (0, 99_000)
    assert (subscription.coupon, subscription.coupon_left) == (None, 0)
    made = await choose_plan(shared, settings, melati.id, "panen", "year", by=BY, on=APRIL, key="two")
    assert made is not None
    assert made.amount_due == 2_990_000 - 99_000
    await run_due_steps(shared, settings, melati.id, date(2027, 4, 10))
    assert [each.amount_due for each in await queries.list_unpaid_invoices(shared, melati.id)][
        -1
    ] == 2_990_000


async def test_credit_has_a_most_since_it_cannot_be_taken_back(
    shared: AsyncSession, melati: TenantRef
) -> None:
    for amount, expected in (
        (Rupiah(0), "above zero"),
        (Rupiah(-1), "above zero"),
        (Rupiah(MAX_CREDIT + 1), "at most"),
    ):
        with pytest.raises(DomainError, match=expected):
            await grant_credit(shared, melati.id, amount, reason="Gangguan", by="Wening", on=APRIL, key="k")
    await grant_credit(shared, melati.id, MAX_CREDIT, reason="Gangguan", by="Wening", on=APRIL, key="k")
    assert await queries.get_credit_balance(shared, melati.id) == MAX_CREDIT
