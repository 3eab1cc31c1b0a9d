"""Transfers against the bank's statement: what it shows of payments, and what it does not."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from factories.payments import opened, switch_on
from kernel import clock
from kernel.actor import Actor
from kernel.database import Reader
from payments import machine, ways
from payments.reconciliation import comparing
from payments.reconciliation.comparing import Reconciliation
from payments.statements.importing import import_statement
from payments.statements.matching import set_aside
from stand_ins.bank import Movement, statement

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)
OFFICER = Actor("officer", "Ketua Melati")


@pytest.fixture(autouse=True)
def noon() -> AsyncIterator[None]:
    with clock.freeze_at(NOW):
        yield


async def bring(db: AsyncSession, *amounts: int, at: datetime = NOW - timedelta(hours=1)) -> None:
    moved = [Movement(at, amount, f"TRSF {amount}") for amount in amounts]
    await import_statement(db, OFFICER, "bank_transfer", statement("bri", moved))


async def compared(ro: Reader) -> Reconciliation:
    return await comparing.reconcile(ro, await ways.way_of(ro, "bank_transfer"), since=DAY - comparing.SHOWN)


def whys(state: Reconciliation) -> list[str]:
    return sorted(each.why for day in state.days for each in day.findings)


async def test_a_payment_that_its_line_settled_is_equal_and_money_of_nobody_waits(
    db: AsyncSession, ro: Reader
) -> None:
    await switch_on(db, "bank_transfer")
    payment = await opened(db, "top_up", "bank_transfer")
    assert not (await compared(ro)).checked
    await bring(db, payment.amount, 700_000)
    state = await compared(ro)
    assert (whys(state), state.unexplained, state.balance) == (["equal", "unknown"], 1, None)
    line = await ro.value("SELECT id FROM statement_lines WHERE amount = 700000")
    await set_aside(db, OFFICER, line, "setoran kas")
    await db.flush()
    state = await compared(ro)
    assert whys(state) == ["aside", "equal"]
    assert state.all_explained


async def test_what_an_officer_confirmed_is_waited_for_and_then_missed(db: AsyncSession, ro: Reader) -> None:
    await switch_on(db, "bank_transfer")
    payment = await opened(db, "top_up", "bank_transfer")
    await machine.confirm_by_officer(db, OFFICER, payment.reference, on=DAY)
    await bring(db, 900_000)
    await db.flush()
    assert whys(await compared(ro)) == ["not_told", "unknown"]
    with clock.freeze_at(NOW + timedelta(days=5)):
        await bring(db, 910_000, at=NOW + timedelta(days=4))
        assert whys(await compared(ro)) == ["missing", "unknown", "unknown"]
