"""The daily billing run over real commits: day by day, twice, by two processes at once, and with a failing
cooperative.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

import billing.tasks  # noqa: F401 - registers what is done daily
from billing import queries, usage_queries
from billing.billing_run import BillingRunReport, run_billing
from billing.manage_subscription import choose_plan
from billing.measure_usage import measure_cooperative
from billing.settle_invoice import confirm_payment
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.outbox import daily_jobs
from members.models import Member
from operators.suspend_cooperative import resume_cooperative, suspend_cooperative
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_session, shared_reader, shared_session
from tenants.worker import run_job

BEGUN = datetime(2026, 3, 1, 2, tzinfo=UTC)
OFFICER = Actor("officer", "Rina Ketua")


async def choose_monthly_plan(database: Database, tenant: TenantRef, plan: str) -> None:
    async with shared_session(database) as db:
        await choose_plan(
            db, database.settings, tenant.id, plan, "month", by=OFFICER.name, on=date(2026, 3, 1), key="k"
        )


def kinds(report: BillingRunReport, slug: str) -> list[tuple[str, str]]:
    return [(each.on.isoformat(), each.kind) for each in report.done if each.cooperative == slug]


async def numbers(database: Database) -> list[str]:
    async with shared_session(database) as db:
        return list((await db.execute(text("SELECT number FROM shared.invoices ORDER BY number"))).scalars())


async def test_a_run_over_months_does_each_thing_on_its_day_and_a_second_one_nothing(
    database: Database, melati: TenantRef
) -> None:
    with clock.freeze_at(BEGUN):
        await choose_monthly_plan(database, melati, "tumbuh")
        report = await run_billing(database, date(2026, 5, 31))
        assert kinds(report, "melati") == [
            ("2026-03-24", "notify_trial_end"),
            ("2026-03-31", "end_period"),
            ("2026-04-07", "remind"),
            ("2026-04-10", "remind"),
            ("2026-04-14", "remind"),
            ("2026-04-21", "remind"),
            ("2026-04-28", "make_read_only"),
        ]
        assert kinds(report, "mawar") == [("2026-03-24", "notify_trial_end"), ("2026-03-31", "end_period")]
        assert (report.failed, report.trials_started) == ({}, 1)
        again = await run_billing(database, date(2026, 5, 31))
        assert (again.done, again.trials_started) == ((), 0)
    closed = await find_tenant_by_slug(database, "melati")
    assert closed is not None
    assert closed.read_only
    assert closed.plan == "tumbuh"


async def test_two_at_once_do_everything_once(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    with clock.freeze_at(BEGUN):
        await choose_monthly_plan(database, melati, "tumbuh")
        await choose_monthly_plan(database, mawar, "panen")
        reports = await asyncio.gather(*(run_billing(database, date(2026, 4, 30)) for _ in range(3)))
    done = [each for report in reports for each in report.done]
    assert len(done) == len(set(done)) == 14
    assert await numbers(database) == ["2026-000001", "2026-000002"]


async def test_numbers_have_no_gap_after_a_failure(
    database: Database, melati: TenantRef, mawar: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing import billing_run

    original = billing_run.sync_registry
    with clock.freeze_at(BEGUN):
        await choose_monthly_plan(database, melati, "tumbuh")
        await choose_monthly_plan(database, mawar, "tumbuh")

        async def broken(db: object, subscription: object, on: date) -> None:
            await original(db, subscription, on)  # type: ignore[arg-type]
            if on == date(2026, 3, 31) and subscription.cooperative_id == first:  # type: ignore[attr-defined]
                raise RuntimeError("the disk is full")

        async with shared_reader(database) as ro:
            (first, slug), _ = await queries.list_due_cooperatives(ro, date(2026, 3, 31))
        monkeypatch.setattr(billing_run, "sync_registry", broken)
        report = await run_billing(database, date(2026, 3, 31))
        assert list(report.failed) == [slug]
        assert await numbers(database) == ["2026-000001"]
        monkeypatch.setattr(billing_run, "sync_registry", original)
        await run_billing(database, date(2026, 3, 31))
        assert await numbers(database) == ["2026-000001", "2026-000002"]


async def test_days_without_a_worker_are_made_up_for_with_the_date_of_today(
    database: Database, melati: TenantRef
) -> None:
    with clock.freeze_at(BEGUN):
        await choose_monthly_plan(database, melati, "tumbuh")
    with clock.freeze_at(BEGUN + timedelta(days=50)):
        report = await run_billing(database, clock.today())
    assert [kind for _, kind in kinds(report, "melati")] == ["notify_trial_end", "end_period"]
    async with shared_session(database) as db:
        (invoice,) = await queries.list_unpaid_invoices(db, melati.id)
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 4, 20), date(2026, 4, 27))


async def test_the_platforms_day_runs_and_measures(database: Database, melati: TenantRef) -> None:
    assert {"billing.run_day", "billing.meter_usage"} <= set(daily_jobs()[1])
    for job in ("billing.run_day", "billing.meter_usage"):
        assert await run_job(database, database.settings.app_role, job, f"{job}:x", {})
        assert await run_job(database, database.settings.app_role, job, f"{job}:x", {})
    async with shared_reader(database) as ro:
        usage = await usage_queries.get_latest_figures(ro, melati.id)
    assert usage == {"members": 2, "orders": 0, "messages": 0, "storage": 0}


async def admit(database: Database, tenant: TenantRef, count: int) -> None:
    async with coop_session(database, tenant) as db:
        for _ in range(count):
            key = new_id()
            db.add(Member(id=key, number=str(key), name="Tono", status="active", joined_on=date(2026, 1, 1)))


async def test_officers_are_told_before_a_limit_bites_and_nothing_is_closed(
    database: Database, melati: TenantRef
) -> None:
    with clock.freeze_at(BEGUN):
        await run_billing(database, clock.today())
    with clock.freeze_at(BEGUN + timedelta(days=60)):
        await run_billing(database, clock.today())  # the trial ends: Benih, 100 members
        for new, notice in ((77, None), (1, "near_members"), (20, "near_members"), (1, "over_members")):
            await admit(database, melati, new)
            await measure_cooperative(database, melati, clock.today())
            found = await find_tenant_by_slug(database, "melati")
            assert found is not None
            assert (found.plan, found.billing_notice, found.read_only) == ("benih", notice, False)


async def test_a_member_who_left_counts_up_to_the_month_before(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        db.add(
            Member(
                id=new_id(),
                number="9",
                name="Tono",
                status="left",
                joined_on=date(2026, 1, 5),
                left_on=date(2026, 3, 20),
            )
        )
    from billing.measure_usage import count_usage

    counted = [(await count_usage(database, melati, date(2026, month, 1)))["members"] for month in (1, 2, 3)]
    assert counted == [3, 3, 2]


async def test_a_suspended_cooperative_is_not_invoiced_until_it_is_resumed(
    database: Database, melati: TenantRef
) -> None:
    with clock.freeze_at(BEGUN):
        await choose_monthly_plan(database, melati, "tumbuh")
    async with shared_session(database) as db:
        await suspend_cooperative(db, "melati", reason="Laporan belum dikirim", by="uji")
    with clock.freeze_at(BEGUN + timedelta(days=30)):
        report = await run_billing(database, clock.today() + timedelta(days=120))
        assert kinds(report, "melati") == []
        assert kinds(report, "mawar")
    assert await numbers(database) == []
    async with shared_session(database) as db:
        await resume_cooperative(db, "melati", by="uji")
    with clock.freeze_at(BEGUN + timedelta(days=200)):
        await run_billing(database, clock.today())
    async with shared_session(database) as db:
        (invoice,) = await queries.list_unpaid_invoices(db, melati.id)
    assert invoice.issued_on == invoice.period_start == date(2026, 9, 17)


async def test_two_operators_do_not_take_one_transfer_for_two_invoices(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    with clock.freeze_at(BEGUN):
        await choose_monthly_plan(database, melati, "tumbuh")
        await choose_monthly_plan(database, mawar, "tumbuh")
        await run_billing(database, date(2026, 3, 31))

        async def confirm(number: str) -> str:
            async with shared_session(database) as db:
                amount, on = Rupiah(99_000), date(2026, 4, 1)
                await confirm_payment(
                    db,
                    database.settings,
                    number,
                    amount=amount,
                    method="bank_transfer",
                    reference="mutasi 7",
                    by="Wening",
                    on=on,
                )
                await asyncio.sleep(0.1)  # both have read before one of them finishes
            return "taken"

        first, second = await numbers(database)
        came = await asyncio.gather(confirm(first), confirm(second), return_exceptions=True)
    assert sorted(str(getattr(each, "code", each)) for each in came) == ["billing.reference_used", "taken"]
