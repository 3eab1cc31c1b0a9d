"""Comparing transfers with the bank statement."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from banking import reconcile_method
from banking.import_statement import import_statement
from banking.match_line import mark_line_unrelated
from banking.reconcile_method import Reconciliation
from factories.payments import enable_methods, open_member_payment
from fakes.bank import BankMovement, render_statement
from kernel import clock
from kernel.actor import Actor
from kernel.database import Reader
from payments import methods, state_machine

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)
OFFICER = Actor("officer", "Ketua Melati")


@pytest.fixture(autouse=True)
def noon() -> AsyncIterator[None]:
    with clock.freeze_at(NOW):
        yield


async def import_amounts(db: AsyncSession, *amounts: int, at: datetime = NOW - timedelta(hours=1)) -> None:
    moved = [BankMovement(at, amount, f"TRSF {amount}") for amount in amounts]
    await import_statement(db, OFFICER, "bank_transfer", render_statement("bri", moved))


async def reconcile_transfers(ro: Reader) -> Reconciliation:
    return await reconcile_method.reconcile_method(
        ro, await methods.get_method(ro, "bank_transfer"), since=DAY - reconcile_method.DEFAULT_WINDOW
    )


def reasons(state: Reconciliation) -> list[str]:
    return sorted(each.reason for day in state.days for each in day.items)


async def test_a_payment_that_its_line_settled_is_equal_and_money_of_nobody_waits(
    db: AsyncSession, ro: Reader
) -> None:
    await enable_methods(db, "bank_transfer")
    payment = await open_member_payment(db, "top_up", "bank_transfer")
    assert not (await reconcile_transfers(ro)).comparable
    await import_amounts(db, payment.amount, 700_000)
    state = await reconcile_transfers(ro)
    assert (reasons(state), state.unexplained, state.balance) == (["equal", "unknown"], 1, None)
    line = await ro.value("SELECT id FROM statement_lines WHERE amount = 700000")
    await mark_line_unrelated(db, OFFICER, line, "setoran kas")
    await db.flush()
    state = await reconcile_transfers(ro)
    assert reasons(state) == ["aside", "equal"]
    assert state.all_explained


async def test_what_an_officer_confirmed_is_waited_for_and_then_missed(db: AsyncSession, ro: Reader) -> None:
    await enable_methods(db, "bank_transfer")
    payment = await open_member_payment(db, "top_up", "bank_transfer")
    await state_machine.confirm_by_officer(db, OFFICER, payment.reference, on=DAY)
    await import_amounts(db, 900_000)
    await db.flush()
    assert reasons(await reconcile_transfers(ro)) == ["not_told", "unknown"]
    with clock.freeze_at(NOW + timedelta(days=5)):
        await import_amounts(db, 910_000, at=NOW + timedelta(days=4))
        assert reasons(await reconcile_transfers(ro)) == ["missing", "unknown", "unknown"]
