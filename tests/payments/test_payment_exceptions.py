"""Exceptions of a payment are separate rows, each open until somebody settles it."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from conftest import SignedInClient
from factories import payments as pay
from factories.fake_gateways import run_fake_gateways
from factories.shop import CASHIER, TODAY, VISITOR
from gateways.protocol import RefundResult
from kernel.database import Database
from kernel.ids import new_id
from kernel.models import AuditEntry
from kernel.money import Rupiah
from payments import events, refund_payment, state_machine
from payments.exceptions_queue import list_open_exceptions_of, record_exception
from payments.models import Payment, PaymentException
from shop import fulfilment
from tenants.registry import TenantRef
from tenants.session import coop_session

HOME = "/pengurus/pembayaran"


async def paid_wrongly_twice(database: Database, tenant: TenantRef) -> str:
    """A payment whose provider reports first another amount, then another currency."""
    async with coop_session(database, tenant) as db:
        await pay.enable_methods(db)
        _, payment = await pay.create_order_payment(db, "xendit", buyer=VISITOR)
        for changes in ({"amount": Rupiah(1)}, {"currency": "USD"}):
            assert (
                await state_machine.apply_provider_status(
                    db, payment, pay.provider_status(payment, **changes), on=TODAY
                )
                == "exception"
            )
        return payment.reference


def settling_forms(page: str) -> list[str]:
    return re.findall(rf'action="({HOME}/[^/"]+/pemeriksaan[^"]*)"', page)


async def test_a_second_thing_to_look_at_does_not_hide_the_first(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await paid_wrongly_twice(database, melati)
    forms = settling_forms((await officer_client.get(f"{HOME}/{reference}")).text)
    assert len(set(forms)) == 2
    sent = {"note": "Selisihnya sudah ditagih"}
    assert (await officer_client.post(forms[0], sent)).status_code == 303
    assert settling_forms((await officer_client.get(f"{HOME}/{reference}")).text) == forms[1:]
    assert f"{HOME}/{reference}" in (await officer_client.get(f"{HOME}?keadaan=periksa")).text


async def test_how_often_a_refund_was_asked_about_is_an_argument_and_each_job_has_a_key_of_its_own(
    database: Database, melati: TenantRef
) -> None:
    async with run_fake_gateways(database, melati) as world:
        order, payment = await world.start_order_payment("xendit")
        await world.pay(payment)
        async with coop_session(database, melati) as db:
            await pay.mark_paid(db, payment)
        world.xendit.refund_outcome = "PENDING"
        async with coop_session(database, melati) as db:
            await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
        seen = []
        for minutes in (0, 3, 5):  # it is asked about after 2 minutes, 4, 8 …
            async with database.owner_engine.connect() as connection:
                query = text("SELECT key, arguments FROM shared.outbox WHERE job = 'payments.refund'")
                seen += [tuple(row) for row in await connection.execute(query)]
            await pay.run_due_jobs(database, ahead=timedelta(minutes=minutes))
    assert [arguments.get("attempt", 0) for _, arguments in seen] == [0, 1, 2]
    assert len({key for key, _ in seen}) == 3


async def gateway_payment(db: AsyncSession, method: str = "xendit") -> Payment:
    await pay.enable_methods(db)
    _, payment = await pay.create_order_payment(db, method)
    return await state_machine.lock_payment(db, payment.reference)


async def test_the_same_facts_are_one_exception_also_when_they_are_found_at_one_moment(
    database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        payment = await gateway_payment(db)

    async def found() -> None:
        async with coop_session(database, melati) as db:
            await record_exception(db, payment, "amount", {"theirs": 1})

    await asyncio.gather(*(found() for _ in range(8)))
    async with coop_session(database, melati) as db:
        assert await pay.list_open_reasons(db, payment) == ["amount"]
        recorded = select(AuditEntry.id).where(AuditEntry.action == events.EXCEPTION_RAISED)
        assert len((await db.execute(recorded)).all()) == 1


async def test_the_database_holds_that_one_exception_has_its_facts_once(db: AsyncSession) -> None:
    payment = await gateway_payment(db)
    await record_exception(db, payment, "fault", {"said": "kunci ditolak", "theirs": 1})
    row = {"id": new_id(), "payment_id": payment.id, "reason": "fault", "raised_at": payment.opened_at}
    db.add(PaymentException(**row, params={"theirs": 1, "said": "kunci ditolak"}))  # in another order
    with pytest.raises(IntegrityError, match="params_digest"):
        await db.flush()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payment_exceptions SET params = '{}'",
        "UPDATE payment_exceptions SET reason = 'fault'",
        "UPDATE payment_exceptions SET settled_at = NULL, settled_by = NULL",
        "UPDATE payment_exceptions SET note = 'lain'",
        "DELETE FROM payment_exceptions",
        "TRUNCATE payment_exceptions",
    ],
)
async def test_a_row_is_settled_once_and_never_edited(db: AsyncSession, change: str) -> None:
    payment = await gateway_payment(db)
    await record_exception(db, payment, "amount", {"theirs": 1})
    await pay.resolve_exceptions(db, payment)
    await db.flush()
    with pytest.raises(DBAPIError):
        await db.execute(text(change))


async def test_a_payer_who_disputes_a_second_time_is_told_though_the_first_was_looked_into(
    db: AsyncSession,
) -> None:
    payment = await pay.mark_paid(db, await gateway_payment(db, "stripe"))

    async def exceptions_after(*dispute_ids: str) -> list[dict[str, Any]]:
        status = pay.provider_status(payment, disputed=True, dispute_ids=dispute_ids, detail="card")
        await state_machine.apply_provider_status(db, payment, status, on=TODAY)
        return [each.params for each in await list_open_exceptions_of(db, payment.id)]

    first = {"said": "card", "dispute": "du_1"}
    assert await exceptions_after("du_1") == [first]
    assert await exceptions_after("du_1") == [first]
    await pay.resolve_exceptions(db, payment)
    assert await exceptions_after("du_1") == []
    assert await exceptions_after("du_1", "du_2") == [{"said": "card", "dispute": "du_2"}]


async def test_a_refund_takes_back_what_failed_before_it_as_far_as_its_money_goes(db: AsyncSession) -> None:
    payment = await pay.mark_paid(db, await gateway_payment(db))
    failed = []
    for amount in (10_000, 20_000):
        failed.append(await pay.issue_refund(db, payment, amount, "original_method"))
        await refund_payment.fail_refund(db, payment, failed[-1], "saldo kurang")
    assert await pay.list_open_reasons(db, payment) == ["refund_failed"] * 2
    await pay.issue_refund(db, payment, 12_000)
    left = await list_open_exceptions_of(db, payment.id)
    assert [each.params["refund"] for each in left] == [str(failed[1].id)]
    await pay.issue_refund(db, payment, 37_000)
    assert (payment.status, await list_open_exceptions_of(db, payment.id)) == ("refunded", [])


async def test_a_refund_that_fails_at_last_is_not_said_to_wait_as_well(db: AsyncSession) -> None:
    payment = await pay.mark_paid(db, await gateway_payment(db))
    refund = await pay.issue_refund(db, payment, 10_000, "original_method")
    await record_exception(db, payment, "refund_waits", {"refund": str(refund.id)})
    result = RefundResult(status="failed", provider_reference="r1", detail="ditutup")
    await refund_payment.apply_refund_result(db, payment, refund, result, on=TODAY)
    assert await pay.list_open_reasons(db, payment) == ["refund_failed"]


async def test_the_page_tells_the_facts_of_each_and_today_counts_them(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await paid_wrongly_twice(database, melati)
    page = (await officer_client.get(f"{HOME}/{reference}")).text
    assert "menurut penyedia dibayar Rp1." in page
    assert "Menurut penyedia: USD." in page
    assert len(set(re.findall(r'id="(f-note[^"]*)"', page))) == 2
    assert re.search(
        r'keadaan=periksa".*?<span class="row__right">2<',
        (await officer_client.get("/pengurus")).text,
        re.DOTALL,
    )
    wrong = await officer_client.post(settling_forms(page)[1], {"note": ""})
    assert wrong.status_code == 422
    assert 'href="#f-note"' in wrong.text
    assert wrong.text.count('id="f-note"') == 1
    assert wrong.text.count('aria-invalid="true"') == 1
