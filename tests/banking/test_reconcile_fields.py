"""Reconciliation compares by fields of its own, never by texts that a provider wrote."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from banking import reconcile_method, reconciliation_queries
from banking.models import ProviderBalance, ProviderMovement
from factories.payment_statuses import top_up_wallet
from factories.shop import CASHIER, TODAY
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from payments import methods, refund_payment
from payments.models import Payment, PaymentMethodRow, PaymentRefund


async def store_movement(
    db: AsyncSession, *, detail: str = "", is_rounded: bool = False, reference: str | None = None
) -> None:
    """Enable a provider and store one movement of it."""
    now = clock.now()
    await db.merge(
        PaymentMethodRow(
            method="xendit", enabled=True, position=1, settings={}, secrets={"secret_key": "x"}, live=True
        )
    )
    await db.merge(
        ProviderBalance(method="xendit", balance=-9_999, reported_at=now, since=now - timedelta(days=9))
    )
    db.add(
        ProviderMovement(
            method="xendit",
            provider_id=new_id().hex,
            kind="refund",
            gross=-10_000,
            fee=0,
            at=now - timedelta(hours=2),
            reference=reference,
            detail=detail,
            is_rounded=is_rounded,
        )
    )
    await db.flush()


@pytest.mark.parametrize(
    ("detail", "is_rounded", "why"),
    [
        ("REFUND; exactly 3", False, "rest"),
        ("hundredths: tulisan pembeli", False, "rest"),
        ("", True, "rounding"),
    ],
)
async def test_a_part_of_a_rupiah_is_a_field_and_no_word_of_a_provider(
    db: AsyncSession, detail: str, is_rounded: bool, why: str
) -> None:
    await store_movement(db, detail=detail, is_rounded=is_rounded)
    ro = as_reader(db)
    state = await reconcile_method.reconcile_method(
        ro, await methods.get_method(ro, "xendit"), since=TODAY - reconcile_method.DEFAULT_WINDOW
    )
    assert state.remainder is not None
    assert (state.remainder.difference, state.remainder.reason) == (1, why)


async def refunded(db: AsyncSession, method: str) -> tuple[Payment, PaymentRefund]:
    """A payment by a provider, and a refund of it with the provider's id RF-1."""
    payment = await top_up_wallet(db, 50_000)
    refund = await refund_payment.request_refund(
        db, CASHIER, payment, Rupiah(10_000), "by_hand", "Salah isi", key=new_id().hex, on=TODAY
    )
    payment.method, refund.provider_reference = method, "RF-1"
    await db.flush()
    return payment, refund


async def test_a_movement_names_a_refund_by_our_key_or_the_providers_and_another_ways_does_not_double_it(
    db: AsyncSession, ro: Reader
) -> None:
    payment, refund = await refunded(db, "xendit")
    await refunded(db, "stripe")  # the same name at another provider
    await store_movement(db, reference="RF-1")
    await store_movement(db, reference=str(refund.id))
    await store_movement(db, reference="bukan kunci")
    reader = as_reader(db)
    found = await reconciliation_queries.list_movements(reader, "xendit", clock.now() - timedelta(days=1))
    assert [each.payment for each in found] == [payment.reference, payment.reference, None]
