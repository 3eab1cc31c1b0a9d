"""A coupon counts for so many invoices, however the plan is changed meanwhile; credit has a most."""

from datetime import date

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from billing import queries
from billing.coupons import enter_coupon, make_coupon
from billing.running import do_due
from billing.settling import MOST_CREDIT, confirm_payment, give_credit
from billing.subscribing import choose
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.settings import Settings
from tenants.registry import TenantRef

APRIL = date(2026, 4, 10)
BY = "Rina Ketua"


async def test_changing_the_plan_uses_a_coupon_like_any_invoice(
    shared: AsyncSession, settings: Settings, paying: object, melati: TenantRef
) -> None:
    subscription = await paying(APRIL)  # type: ignore[operator]
    (invoice,) = await queries.unpaid(shared, melati.id)
    await confirm_payment(
        shared,
        settings,
        invoice.number,
        amount=Rupiah(99_000),
        way="qris",
        reference="Mutasi",
        by="Wening",
        on=APRIL,
    )
    await make_coupon(
        shared, code="SEKALI", percent=100, invoices=1, most=1, until=None, reason="Pameran", by="Wening"
    )
    await enter_coupon(shared, melati.id, "SEKALI", by=BY, on=APRIL)
    made = await choose(shared, settings, melati.id, "tumbuh", "year", by=BY, on=APRIL, key="one")
    assert made is not None
    assert (made.to_pay, made.given_back) == (0, 99_000)
    assert (subscription.coupon, subscription.coupon_left) == (None, 0)
    made = await choose(shared, settings, melati.id, "panen", "year", by=BY, on=APRIL, key="two")
    assert made is not None
    assert made.to_pay == 2_990_000 - 99_000
    await do_due(shared, settings, melati.id, date(2027, 4, 10))
    assert [each.to_pay for each in await queries.unpaid(shared, melati.id)][-1] == 2_990_000


async def test_credit_has_a_most_since_it_cannot_be_taken_back(
    shared: AsyncSession, melati: TenantRef
) -> None:
    for amount, said in (
        (Rupiah(0), "above zero"),
        (Rupiah(-1), "above zero"),
        (Rupiah(MOST_CREDIT + 1), "at most"),
    ):
        with pytest.raises(DomainError, match=said):
            await give_credit(shared, melati.id, amount, reason="Gangguan", by="Wening", on=APRIL, key="k")
    await give_credit(shared, melati.id, MOST_CREDIT, reason="Gangguan", by="Wening", on=APRIL, key="k")
    assert await queries.credit_of(shared, melati.id) == MOST_CREDIT
