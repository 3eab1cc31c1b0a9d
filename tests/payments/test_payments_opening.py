"""Opening a payment: available methods, amount and deadline; the same request again opens nothing new."""

from dataclasses import replace
from datetime import timedelta
from secrets import token_bytes, token_urlsafe

import msgspec
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from cooperative.models import Profile
from factories import payments as pay
from factories import shop
from factories.fake_gateways import ORIGIN, run_fake_gateways
from factories.shop import CASHIER, TODAY, VISITOR
from gateways.protocol import LIVE_BASE_URLS
from governance.queries import get_bylaws_on
from governance.rules import PAYMENT_METHOD_NAMES, Bylaws
from kernel import clock
from kernel.database import Database
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.settings import Settings, check_startable
from payments import methods, provider_calls, state_machine
from payments.models import PaymentMethodRow
from shop import order_payments
from tenants.registry import TenantRef
from tenants.session import coop_session, get_tenant


async def test_the_same_key_opens_one_payment(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    first = await pay.open_member_payment(db, "top_up", "bank_transfer", key="satu")
    second = await pay.open_member_payment(db, "top_up", "bank_transfer", key="satu")
    assert first.id == second.id


@pytest.mark.parametrize(
    ("method", "lasts"),
    [("cash", None), ("bank_transfer", 48), ("qris", 24), ("midtrans", 24), ("xendit", 24), ("stripe", 1)],
)
async def test_a_payment_waits_as_long_as_its_way_lasts_and_its_order_with_it(
    db: AsyncSession, method: str, lasts: int | None
) -> None:
    await pay.enable_methods(db)
    with clock.freeze_at(clock.now()):
        order, payment = await pay.create_order_payment(db, method, buyer=VISITOR)
        now = clock.now()
    assert order.expires_at is not None
    if lasts is None:
        assert (payment.expires_at, order.expires_at) == (None, now + order_payments.CASH_PAYMENT_WINDOW)
    else:
        slack = order_payments.EXPIRY_GRACE if method in pay.GATEWAYS else timedelta()
        assert (payment.expires_at, order.expires_at) == (
            now + timedelta(hours=lasts),
            now + timedelta(hours=lasts) + slack,
        )


async def test_what_bylaws_officers_or_plan_do_not_allow_is_not_offered(db: AsyncSession) -> None:
    tenant = get_tenant(db)
    await pay.enable_methods(db)
    await pay.grant_credit(db)
    await pay.deposit(db, "2104", 100_000)
    member_id = (await shop.get_member_buyer(db)).member_id

    async def offered(*, member: bool = True, amount: int = 50_000) -> set[str]:
        bylaws = await _bylaws(db)
        found = await methods.list_available_methods(
            db, tenant, bylaws, member_id=member_id if member else None, amount=Rupiah(amount)
        )
        return {each.method.method for each in found}

    everything = set(PAYMENT_METHOD_NAMES)
    assert await offered() == everything
    assert await offered(member=False) == everything - {"savings", "wallet", "kasbon", "payroll"}
    assert "stripe" not in await offered(amount=9_999)
    assert "qris" not in await offered(amount=10_000_001)
    for method, change in (
        ("xendit", {"enabled": False}),
        ("midtrans", {"secrets": {}}),
        ("cash", {"min_amount": 60_000}),
        ("qris", {"max_amount": 40_000}),
    ):
        row = await db.get(PaymentMethodRow, method)
        assert row is not None
        for name, value in change.items():
            setattr(row, name, value)
        await db.flush()
        everything.discard(method)
        assert await offered() == everything
    assert await offered(amount=60_000) == everything | {"cash"}


async def test_read_only_a_cooperative_lends_nobody_anything_new(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    await pay.grant_credit(db)
    member_id, tenant, bylaws = (await shop.get_member_buyer(db)).member_id, get_tenant(db), await _bylaws(db)
    closed = msgspec.structs.replace(tenant, read_only=True)
    open_ones, left = [
        {
            offer.method.method
            for offer in await methods.list_available_methods(
                db, each, bylaws, member_id=member_id, amount=Rupiah(50_000)
            )
        }
        for each in (tenant, closed)
    ]
    assert open_ones - left == {"kasbon", "payroll"}
    with pytest.raises(DomainError) as refused:
        await methods.get_available_method(db, closed, bylaws, "kasbon", Rupiah(50_000), member=True)
    assert refused.value.code == "payments.way_not_offered"


async def _bylaws(db: AsyncSession) -> Bylaws:
    return (await get_bylaws_on(db, TODAY)).bylaws


async def test_a_way_on_credit_is_offered_where_credit_was_granted_and_told_when_it_does_not_suffice(
    db: AsyncSession,
) -> None:
    await pay.enable_methods(db)
    await pay.grant_credit(db, kasbon=30_000, payroll=0)
    member_id = (await shop.get_member_buyer(db)).member_id
    found = await methods.list_available_methods(
        db, get_tenant(db), await _bylaws(db), member_id=member_id, amount=Rupiah(50_000)
    )
    by_name = {each.method.method: each for each in found}
    assert (by_name["kasbon"].balance, by_name["kasbon"].sufficient) == (30_000, False)
    assert (by_name["wallet"].balance, by_name["wallet"].sufficient) == (0, False)
    assert "payroll" not in by_name


async def test_a_transfer_is_offered_only_where_an_account_can_be_shown(db: AsyncSession) -> None:
    async def offered() -> tuple[bool, bool]:
        found = await methods.list_available_methods(
            db, get_tenant(db), await _bylaws(db), member_id=None, amount=Rupiah(50_000)
        )
        method = await methods.get_method(db, "bank_transfer")
        return "bank_transfer" in {each.method.method for each in found}, method.is_complete

    assert await offered() == (True, True)  # the profile tells one
    await db.execute(update(Profile).values(bank_account=" "))
    assert await offered() == (False, False)
    with pytest.raises(DomainError) as error:
        await pay.create_order_payment(db, "bank_transfer", buyer=VISITOR)
    assert error.value.code == "payments.way_not_offered"
    await pay.enable_methods(db, "bank_transfer")
    assert await offered() == (True, True)
    _, payment = await pay.create_order_payment(db, "bank_transfer", buyer=VISITOR)
    assert payment.instructions["account"] == pay.ACCOUNT


async def test_an_offer_is_asked_for_again_when_the_payment_is_opened(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    item = await shop.create_product(db, price=9_000, stock=5)
    for buyer, method, code in (
        (VISITOR, "wallet", "payments.way_not_offered"),
        (VISITOR, "stripe", "payments.amount_below_least"),
    ):
        async with db.begin_nested() as point:
            with pytest.raises(DomainError) as error:
                await shop.create_order(db, {item.id: 1}, buyer, method)
            assert error.value.code == code
            await point.rollback()


def test_d11_a_production_start_refuses_fake_gateways() -> None:
    """D11: no live cooperative can be paid by a fake, because the process does not start with one."""
    ready = Settings(
        environment="production",
        secret_key=token_urlsafe(48),
        master_keys=(("satu", token_bytes(32)),),
        app_database_url=f"postgresql://lumbung_app:{token_urlsafe(24)}@db/lumbung",
        base_domain="lumbung.example",
    )
    check_startable(ready)
    for service in LIVE_BASE_URLS:
        address = (service, "http://127.0.0.1:9001")
        with pytest.raises(DomainError, match="fake"):
            check_startable(replace(ready, fake_gateways=(address,)))


# Started at the provider


async def test_started_twice_it_is_one_payment_at_the_provider(database: Database, melati: TenantRef) -> None:
    async with run_fake_gateways(database, melati) as world:
        for method in pay.GATEWAYS:
            _, payment = await world.start_order_payment(method)
            assert payment.provider_reference is not None
            assert payment.redirect_url is not None
            again = await provider_calls.start_payment(database, melati, payment.reference, origin=ORIGIN)
            assert again.provider_reference == payment.provider_reference
        assert len(world.xendit.invoices) == 1
        assert len(world.midtrans.orders) == 1
        assert len(world.stripe.world.store("acct_standin_melati").of_kind("checkout.session")) == 1


async def test_a_provider_that_does_not_answer_leaves_a_payment_that_can_be_started_again(
    database: Database, melati: TenantRef
) -> None:
    async with run_fake_gateways(database, melati) as world:
        async with coop_session(database, melati) as db:
            _, payment = await pay.create_order_payment(db, "xendit")
        world.xendit.faults.responses.extend(["500", "garbage"])
        for _ in range(2):
            with pytest.raises(DomainError) as error:
                await provider_calls.start_payment(database, melati, payment.reference, origin=ORIGIN)
            assert error.value.code == "payments.provider_silent"
        started = await provider_calls.start_payment(database, melati, payment.reference, origin=ORIGIN)
        assert started.redirect_url is not None


async def test_a_payment_that_waits_no_more_is_not_started(database: Database, melati: TenantRef) -> None:
    async with run_fake_gateways(database, melati) as world:
        async with coop_session(database, melati) as db:
            _, payment = await pay.create_order_payment(db, "xendit")
            await state_machine.close_unpaid(
                db, await state_machine.lock_payment(db, payment.reference), "cancelled"
            )
        with pytest.raises(DomainError) as error:
            await provider_calls.start_payment(database, melati, payment.reference, origin=ORIGIN)
        assert error.value.code == "payments.not_awaiting"
        assert not world.xendit.calls


async def test_a_page_that_the_provider_keeps_open_longer_is_looked_at_when_it_ends(
    database: Database, melati: TenantRef
) -> None:
    """Stripe keeps a page open for at least half an hour, so a page that is opened late outlives the planned
    check.
    """
    async with run_fake_gateways(database, melati) as world:
        opened = clock.now()
        async with coop_session(database, melati) as db:
            payment = await pay.open_member_payment(db, "top_up", "stripe")
        planned = payment.expires_at
        assert planned is not None
        with clock.freeze_at(opened + timedelta(minutes=50)):
            started = await provider_calls.start_payment(database, melati, payment.reference, origin=ORIGIN)
        assert started.expires_at is not None
        assert started.expires_at > planned
        with clock.freeze_at(planned + timedelta(seconds=1)):
            assert "payments.sync_status" in await pay.run_due_jobs(database)
        async with coop_session(database, melati) as db:
            assert (await state_machine.lock_payment(db, payment.reference)).status == "awaiting"
        with clock.freeze_at(started.expires_at + timedelta(minutes=1)):
            assert "payments.sync_status" in await pay.run_due_jobs(database)
        async with coop_session(database, melati) as db:
            assert (await state_machine.lock_payment(db, payment.reference)).status == "expired"
        assert world.stripe.world is not None


async def test_calling_off_closes_the_page_at_the_provider(database: Database, melati: TenantRef) -> None:
    async with run_fake_gateways(database, melati) as world:
        order, payment = await world.start_order_payment("xendit")
        async with coop_session(database, melati) as db:
            await order_payments.change_payment_method(db, CASHIER, order.id, "cash", on=TODAY)
        await pay.run_due_jobs(database)
        assert world.xendit.invoice_of(payment.reference).status == "EXPIRED"
