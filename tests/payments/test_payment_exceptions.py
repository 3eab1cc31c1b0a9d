"""What must be looked at in a payment stands beside the other things that must, each until somebody has settled that one."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from conftest import SignedIn
from factories import payments as pay
from factories.outside import outside
from factories.shop import CASHIER, TODAY, VISITOR
from kernel.database import Database
from kernel.money import Rupiah
from payments import machine
from shop import handling
from tenants.registry import TenantRef
from tenants.session import coop_session

HOME = "/pengurus/pembayaran"


async def paid_wrongly_twice(database: Database, tenant: TenantRef) -> str:
    """A payment of which its provider first tells another amount, then another currency."""
    async with coop_session(database, tenant) as db:
        await pay.switch_on(db)
        _, payment = await pay.ordered(db, "xendit", buyer=VISITOR)
        for said in ({"amount": Rupiah(1)}, {"currency": "USD"}):
            assert await machine.hear(db, payment, pay.told(payment, **said), on=TODAY) == "alarm"
        return payment.reference


def settling_forms(page: str) -> list[str]:
    return re.findall(rf'action="({HOME}/[^/"]+/pemeriksaan[^"]*)"', page)


@pytest.mark.xfail(strict=True, reason="issue 8, point 16")
async def test_a_second_thing_to_look_at_does_not_hide_the_first(
    officer_client: SignedIn, database: Database, melati: TenantRef
) -> None:
    reference = await paid_wrongly_twice(database, melati)
    forms = settling_forms((await officer_client.get(f"{HOME}/{reference}")).text)
    assert len(set(forms)) == 2
    sent = {"note": "Selisihnya sudah ditagih"}
    assert (await officer_client.post(forms[0], sent)).status_code == 303
    assert settling_forms((await officer_client.get(f"{HOME}/{reference}")).text) == forms[1:]
    assert f"{HOME}/{reference}" in (await officer_client.get(f"{HOME}?keadaan=periksa")).text


@pytest.mark.xfail(strict=True, reason="issue 8, point 16")
async def test_how_often_a_refund_was_asked_about_is_an_argument_and_each_job_has_a_key_of_its_own(
    database: Database, melati: TenantRef
) -> None:
    async with outside(database, melati) as world:
        order, payment = await world.ordered("xendit")
        await world.pay(payment)
        async with coop_session(database, melati) as db:
            await pay.paid(db, payment)
        world.xendit.refund_outcome = "PENDING"
        async with coop_session(database, melati) as db:
            await handling.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
        seen = []
        for minutes in (0, 3, 5):  # it is asked about after 2 minutes, 4, 8 …
            async with database.owner.connect() as connection:
                query = text("SELECT key, arguments FROM shared.outbox WHERE job = 'payments.refund'")
                seen += [tuple(row) for row in await connection.execute(query)]
            await pay.work(database, ahead=timedelta(minutes=minutes))
    assert [arguments.get("attempt", 0) for _, arguments in seen] == [0, 1, 2]
    assert len({key for key, _ in seen}) == 3
