"""From trial to plan to change to cancellation: amounts in whole rupiah and days."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing import queries
from billing.billing_run import run_due_steps
from billing.coupons import create_coupon, redeem_coupon
from billing.manage_subscription import (
    BillingContact,
    cancel_subscription,
    choose_plan,
    quote_plan,
    resume_subscription,
    set_contact,
)
from billing.models import Subscription
from billing.plans import Interval
from billing.settle_invoice import confirm_payment, grant_credit, mark_uncollectible, void_invoice
from kernel.database import Reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.settings import Settings
from tenants.registry import TenantRef

from .conftest import BY, StartPaidPlan, open_number

APRIL = date(2026, 4, 10)


async def registry(db: AsyncSession, tenant: TenantRef) -> tuple[str, list[str], bool, str | None]:
    row = (
        await db.execute(
            text(
                "SELECT plan, entitlements, read_only, billing_notice FROM shared.cooperatives WHERE id = :id"
            ),
            {"id": tenant.id},
        )
    ).one()
    return row[0], row[1], row[2], row[3]


async def pay(db: AsyncSession, settings: Settings, tenant: TenantRef, on: date) -> None:
    number = await open_number(db, tenant.id)
    amount = (await queries.list_unpaid_invoices(db, tenant.id))[0].amount_due
    await confirm_payment(
        db,
        settings,
        number,
        amount=Rupiah(amount),
        method="bank_transfer",
        reference=f"mutasi {number}",
        by="Wening",
        on=on,
    )


async def test_a_trial_is_told_of_and_ends_in_the_free_plan(
    shared: AsyncSession, settings: Settings, trial: Subscription, melati: TenantRef
) -> None:
    assert (trial.status, trial.plan, trial.period_end, trial.next_due_on) == (
        "trialing", "tumbuh", date(2026, 3, 31), date(2026, 3, 24),
    )  # fmt: skip
    assert await registry(shared, melati) == ("tumbuh", ["gateways", "payroll"], False, None)
    assert [each.kind for each in await run_due_steps(shared, settings, melati.id, date(2026, 3, 24))] == [
        "notify_trial_end"
    ]
    assert (await registry(shared, melati))[3] == "trial_ends"
    assert [each.kind for each in await run_due_steps(shared, settings, melati.id, date(2026, 3, 31))] == [
        "end_period"
    ]
    assert (trial.status, trial.plan, trial.period_end, trial.next_due_on) == ("active", "benih", None, None)
    assert await registry(shared, melati) == ("benih", [], False, None)
    assert not await queries.list_unpaid_invoices(shared, melati.id)


async def test_who_chooses_in_the_trial_pays_from_its_end(
    shared: AsyncSession, settings: Settings, trial: Subscription, melati: TenantRef
) -> None:
    made = await choose_plan(
        shared, settings, melati.id, "panen", "year", by=BY, on=date(2026, 3, 5), key="a"
    )
    assert made is not None
    assert (made.kind, made.begins, made.amount_due) == ("after_trial", date(2026, 3, 31), 0)
    assert (await registry(shared, melati))[0] == "panen"
    await run_due_steps(shared, settings, melati.id, date(2026, 3, 31))
    assert (trial.status, trial.plan, trial.interval, trial.period_end) == (
        "active",
        "panen",
        "year",
        date(2027, 3, 31),
    )
    (invoice,) = await queries.list_unpaid_invoices(shared, melati.id)
    assert (invoice.number, invoice.amount_due, invoice.due_on) == (
        "2026-000001",
        2_990_000,
        date(2026, 4, 7),
    )
    assert trial.next_due_on == date(2026, 4, 7)


async def test_months_follow_each_other_when_paid(
    shared: AsyncSession, settings: Settings, start_paid_plan: StartPaidPlan, melati: TenantRef
) -> None:
    subscription = await start_paid_plan(APRIL)
    await pay(shared, settings, melati, APRIL)
    assert subscription.next_due_on == date(2026, 5, 10)
    await run_due_steps(shared, settings, melati.id, date(2026, 5, 10))
    assert (subscription.period_start, subscription.period_end) == (date(2026, 5, 10), date(2026, 6, 10))
    assert await open_number(shared, melati.id) == "2026-000002"
    assert await run_due_steps(shared, settings, melati.id, date(2026, 5, 10)) == []


async def test_a_dearer_plan_begins_at_once_and_costs_the_rest_of_the_period(
    shared: AsyncSession,
    shared_ro: Reader,
    settings: Settings,
    start_paid_plan: StartPaidPlan,
    melati: TenantRef,
) -> None:
    subscription = await start_paid_plan(APRIL)
    await pay(shared, settings, melati, APRIL)
    on = date(2026, 4, 20)  # 20 of 30 days are left
    seen = await quote_plan(shared, settings, melati.id, "panen", "month", on)
    made = await choose_plan(shared, settings, melati.id, "panen", "month", by=BY, on=on, key="up")
    assert made == seen
    assert made.amount_due == 199_333 - 66_000
    assert (subscription.plan, subscription.value, subscription.period_end) == (
        "panen",
        299_000,
        date(2026, 5, 10),
    )
    (invoice,) = await queries.list_unpaid_invoices(shared, melati.id)
    assert [line.amount for line in await queries.list_invoice_lines(shared_ro, invoice.id)] == [
        199_333,
        -66_000,
    ]
    assert await choose_plan(shared, settings, melati.id, "panen", "month", by=BY, on=on, key="up") is None
    assert len(await queries.list_unpaid_invoices(shared, melati.id)) == 1
    assert "custom_domain" in (await registry(shared, melati))[1]


@pytest.mark.parametrize(("interval", "expected"), [("month", "satu bulan"), ("year", "satu tahun")])
async def test_a_whole_period_is_named_by_its_rhythm(
    shared: AsyncSession,
    shared_ro: Reader,
    settings: Settings,
    start_paid_plan: StartPaidPlan,
    melati: TenantRef,
    interval: Interval,
    expected: str,
) -> None:
    await start_paid_plan(APRIL)
    await choose_plan(shared, settings, melati.id, "panen", interval, by=BY, on=APRIL, key="first day")
    _, invoice = await queries.list_unpaid_invoices(shared, melati.id)
    assert (await queries.list_invoice_lines(shared_ro, invoice.id))[0].text_id == f"Paket Panen, {expected}"


async def test_from_month_to_year_a_new_period_begins_today(
    shared: AsyncSession, settings: Settings, start_paid_plan: StartPaidPlan, melati: TenantRef
) -> None:
    subscription = await start_paid_plan(APRIL)
    await pay(shared, settings, melati, APRIL)
    made = await choose_plan(
        shared, settings, melati.id, "tumbuh", "year", by=BY, on=date(2026, 4, 25), key="y"
    )
    assert made is not None
    assert made.amount_due == 990_000 - 49_500
    assert (subscription.period_start, subscription.period_end) == (date(2026, 4, 25), date(2027, 4, 25))


async def test_a_cheaper_plan_waits_for_the_end_and_can_be_taken_back(
    shared: AsyncSession, settings: Settings, start_paid_plan: StartPaidPlan, melati: TenantRef
) -> None:
    subscription = await start_paid_plan(APRIL)
    await pay(shared, settings, melati, APRIL)
    await choose_plan(shared, settings, melati.id, "panen", "month", by=BY, on=APRIL, key="up")
    await pay(shared, settings, melati, APRIL)
    made = await choose_plan(
        shared, settings, melati.id, "tumbuh", "month", by=BY, on=date(2026, 4, 20), key="down"
    )
    assert made is not None
    assert (made.kind, made.begins, made.amount_due) == ("at_end", date(2026, 5, 10), 0)
    assert subscription.plan == "panen"
    await resume_subscription(shared, melati.id, by=BY, on=date(2026, 4, 21))
    assert subscription.next_plan is None
    ends = await cancel_subscription(shared, melati.id, by=BY, on=date(2026, 4, 22))
    assert ends == date(2026, 5, 10)
    with pytest.raises(DomainError, match=r"no paid plan to cancel"):
        await cancel_subscription(shared, melati.id, by=BY, on=date(2026, 4, 22))
    await run_due_steps(shared, settings, melati.id, ends)
    assert (subscription.plan, subscription.period_end) == ("benih", None)
    with pytest.raises(DomainError, match="continues anyway"):
        await resume_subscription(shared, melati.id, by=BY, on=ends)


async def test_unpaid_it_becomes_read_only_and_paid_it_is_back_at_once_with_a_new_period(
    shared: AsyncSession, settings: Settings, start_paid_plan: StartPaidPlan, melati: TenantRef
) -> None:
    subscription = await start_paid_plan(APRIL)
    seen = []
    for at in range(60):
        day = APRIL + timedelta(days=at)
        seen += [
            ((each.on - APRIL).days, each.kind)
            for each in await run_due_steps(shared, settings, melati.id, day)
        ]
    assert seen == [(7, "remind"), (10, "remind"), (14, "remind"), (21, "remind"), (28, "make_read_only")]
    assert (subscription.status, subscription.next_due_on) == ("read_only", None)
    assert (await registry(shared, melati))[2:] == (True, "read_only")
    with pytest.raises(DomainError, match="overdue"):
        await choose_plan(shared, settings, melati.id, "panen", "month", by=BY, on=day, key="no")
    await pay(shared, settings, melati, day)
    assert (await registry(shared, melati))[2] is False
    assert (subscription.status, subscription.period_start) == ("active", day)
    assert (await queries.list_unpaid_invoices(shared, melati.id))[0].due_on == day + timedelta(days=7)


async def test_paid_before_the_period_is_over_the_period_goes_on(
    shared: AsyncSession, settings: Settings, start_paid_plan: StartPaidPlan, melati: TenantRef
) -> None:
    subscription = await start_paid_plan(APRIL)
    for at in range(29):
        await run_due_steps(shared, settings, melati.id, APRIL + timedelta(days=at))
    assert subscription.status == "read_only"
    await pay(shared, settings, melati, APRIL + timedelta(days=28))
    assert (subscription.status, subscription.period_end) == ("active", date(2026, 5, 10))
    assert not await queries.list_unpaid_invoices(shared, melati.id)


async def test_credit_pays_first_and_to_the_rupiah(
    shared: AsyncSession, settings: Settings, trial: Subscription, melati: TenantRef
) -> None:
    await run_due_steps(shared, settings, melati.id, date(2026, 3, 31))
    for _ in range(2):  # the form sent twice
        await grant_credit(
            shared, melati.id, Rupiah(150_000), reason="Gangguan 3 April", by="Wening", on=APRIL, key="k"
        )
    made = await choose_plan(shared, settings, melati.id, "tumbuh", "month", by=BY, on=APRIL, key="a")
    assert made is not None
    assert (made.credit, made.amount_due) == (99_000, 0)
    assert not await queries.list_unpaid_invoices(shared, melati.id)
    assert await queries.get_credit_balance(shared, melati.id) == 51_000
    await run_due_steps(shared, settings, melati.id, date(2026, 5, 10))
    (invoice,) = await queries.list_unpaid_invoices(shared, melati.id)
    assert (invoice.credit, invoice.amount_due) == (51_000, 48_000)
    await void_invoice(
        shared, settings, invoice.number, reason="Salah terbit", by="Wening", on=date(2026, 5, 11)
    )
    assert await queries.get_credit_balance(shared, melati.id) == 51_000
    with pytest.raises(DomainError, match="no longer open"):
        await void_invoice(
            shared, settings, invoice.number, reason="Salah terbit", by="Wening", on=date(2026, 5, 11)
        )


async def test_tax_only_of_a_pkp(
    shared: AsyncSession, taxed: Settings, settings: Settings, trial: Subscription, melati: TenantRef
) -> None:
    await run_due_steps(shared, taxed, melati.id, date(2026, 3, 31))
    plain = await quote_plan(shared, settings, melati.id, "tumbuh", "month", APRIL)
    assert (plain.tax, plain.amount_due) == (0, 99_000)
    await choose_plan(shared, taxed, melati.id, "tumbuh", "month", by=BY, on=APRIL, key="a")
    (invoice,) = await queries.list_unpaid_invoices(shared, melati.id)
    assert (invoice.subtotal, invoice.tax, invoice.amount_due) == (99_000, 10_890, 109_890)


async def test_a_coupon_counts_for_so_many_invoices_and_once_for_each_cooperative(
    shared: AsyncSession, settings: Settings, trial: Subscription, melati: TenantRef, mawar: TenantRef
) -> None:
    await create_coupon(
        shared,
        code="tani-2026",
        percent=25,
        invoices=1,
        max_uses=1,
        until=date(2026, 12, 31),
        reason="Pameran",
        by="Wening",
    )
    await run_due_steps(shared, settings, melati.id, date(2026, 3, 31))
    await redeem_coupon(shared, melati.id, "Tani 2026", by=BY, on=APRIL)
    with pytest.raises(DomainError, match="unknown, used up or over"):
        await redeem_coupon(shared, mawar.id, "TANI2026", by=BY, on=APRIL)
    await choose_plan(shared, settings, melati.id, "tumbuh", "month", by=BY, on=APRIL, key="a")
    (invoice,) = await queries.list_unpaid_invoices(shared, melati.id)
    assert (invoice.subtotal, invoice.discount, invoice.amount_due) == (99_000, 24_750, 74_250)
    await pay(shared, settings, melati, APRIL)
    made = await choose_plan(
        shared, settings, melati.id, "panen", "month", by=BY, on=date(2026, 4, 20), key="b"
    )
    assert made is not None
    assert made.change is not None
    assert made.change.unused == 49_500  # of the amount actually paid
    assert trial.coupon is None


async def test_a_debt_given_up_leads_to_the_free_plan(
    shared: AsyncSession, settings: Settings, start_paid_plan: StartPaidPlan, melati: TenantRef
) -> None:
    subscription = await start_paid_plan(APRIL)
    for at in range(40):
        await run_due_steps(shared, settings, melati.id, APRIL + timedelta(days=at))
    number = await open_number(shared, melati.id)
    await mark_uncollectible(
        shared, settings, number, reason="Koperasi bubar", by="Wening", on=date(2026, 6, 1)
    )
    assert (subscription.status, subscription.plan) == ("active", "benih")
    assert (await registry(shared, melati))[2] is False


async def test_a_payment_of_another_amount_is_not_taken(
    shared: AsyncSession, settings: Settings, start_paid_plan: StartPaidPlan, melati: TenantRef
) -> None:
    await start_paid_plan(APRIL)
    number = await open_number(shared, melati.id)
    with pytest.raises(DomainError) as refused:
        await confirm_payment(
            shared,
            settings,
            number,
            amount=Rupiah(98_999),
            method="qris",
            reference="x",
            by="Wening",
            on=APRIL,
        )
    assert refused.value.code == "billing.wrong_amount"


async def test_the_contact_is_what_the_next_invoice_says(
    shared: AsyncSession, shared_ro: Reader, settings: Settings, trial: Subscription, melati: TenantRef
) -> None:
    await run_due_steps(shared, settings, melati.id, date(2026, 3, 31))
    contact = BillingContact(
        "Dewi", "dewi@contoh.example", "", "Kop. Melati Sejahtera", "Jl. Padi 1", "01.234"
    )
    await set_contact(shared, melati.id, contact, by=BY, on=APRIL)
    await choose_plan(shared, settings, melati.id, "tumbuh", "month", by=BY, on=APRIL, key="a")
    found = await queries.find_invoice(shared_ro, melati.id, await open_number(shared, melati.id))
    assert found is not None
    assert (found.buyer_name, found.buyer_address) == ("Kop. Melati Sejahtera", "Jl. Padi 1")


async def test_another_cooperatives_invoice_is_not_there(
    shared: AsyncSession,
    shared_ro: Reader,
    start_paid_plan: StartPaidPlan,
    melati: TenantRef,
    mawar: TenantRef,
) -> None:
    await start_paid_plan(APRIL)
    number = await open_number(shared, melati.id)
    assert await queries.find_invoice(shared_ro, mawar.id, number) is None
    assert await queries.find_invoice(shared_ro, melati.id, number) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE shared.invoice_lines SET amount = 1",
        "DELETE FROM shared.billing_credits",
        "UPDATE shared.billing_entries SET by = 'x'",
        "DELETE FROM shared.invoices",
    ],
)
async def test_what_is_written_once_is_not_changed(shared: AsyncSession, statement: str) -> None:
    with pytest.raises(Exception, match="permission denied"):
        await shared.execute(text(statement))


async def test_a_cooperative_reads_nothing_of_billing(db: AsyncSession) -> None:
    with pytest.raises(Exception, match="permission denied"):
        await db.execute(text("SELECT count(*) FROM shared.invoices"))
