"""What can be reversed in the ledger: manual entries, and bank arrivals that an officer recorded.

Everything else is undone in its own room.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from banking.record_manual_payout import record_manual_payout
from conftest import SignedInClient
from credit.record_counter_payment import repay_kasbon
from factories import payments as pay
from factories import shop as goods
from factories.shop import CASHIER, TODAY, VISITOR
from kernel.database import Database, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from savings.record_deposit import record_deposit
from savings.record_withdrawal import record_withdrawal
from shop import adjust_stock, fulfilment
from tenants.registry import TenantRef
from tenants.session import coop_session

BOOKS = "/pengurus/buku/jurnal"


async def post_bank_arrival(db: AsyncSession) -> int:
    """Post the journal of QRIS money that an officer saw at the bank."""
    await pay.enable_methods(db)
    _, payment = await pay.create_order_payment(db, "qris", buyer=VISITOR)
    payment = await pay.mark_paid(db, payment)
    sent = {"on": TODAY, "today": TODAY, "key": new_id().hex}
    return (await record_manual_payout(db, CASHIER, "qris", Rupiah(payment.amount), **sent)).number  # type: ignore[arg-type]


async def test_what_a_qris_payout_page_promises_is_true(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        number = await post_bank_arrival(db)
        ro = as_reader(db)
        bank = await ro.value("SELECT sum(balance)::bigint FROM balances WHERE account = '1102'")
    page = (await officer_client.get(f"{BOOKS}/{number}")).text
    assert f"{BOOKS}/{number}/pembalikan" in page
    assert "Uang masuk rekening" in page
    sent = {"reason": "Salah jumlah"}
    assert (await officer_client.post(f"{BOOKS}/{number}/pembalikan", sent)).status_code == 303
    async with coop_session(database, melati) as db:
        ro = as_reader(db)
        lines = await ro.records(
            "SELECT l.account, l.debit, l.credit FROM journal_lines l JOIN journals j ON j.number = "
            "l.journal WHERE j.reverses = $1 ORDER BY l.line",
            number,
        )
        assert [line["account"] for line in lines] == ["1102", "1103"]
        assert (
            await ro.value("SELECT sum(balance)::bigint FROM balances WHERE account = '1102'")
            == bank - lines[0]["credit"]
        )
    assert (await officer_client.post(f"{BOOKS}/{number}/pembalikan", sent)).status_code == 409  # once
    assert f"{BOOKS}/{number}/pembalikan" not in (await officer_client.get(f"{BOOKS}/{number}")).text


async def post_every_kind(db: AsyncSession) -> None:
    """Post a deposit, a withdrawal, a payment and its refund, a sale and its return, a purchase, a count,
    credit and its repayment.
    """
    member = await goods.get_member_buyer(db)
    assert member.member_id is not None
    days = {"on": TODAY, "today": TODAY}
    await record_deposit(db, CASHIER, member.member_id, "voluntary", Rupiah(50_000), "cash", **days, key="d")  # type: ignore[arg-type]
    await record_withdrawal(db, CASHIER, member.member_id, Rupiah(10_000), "cash", **days, key="w")  # type: ignore[arg-type]
    await pay.enable_methods(db)
    await pay.grant_credit(db)
    order, payment = await pay.create_order_payment(db, "bank_transfer")
    await pay.mark_paid(db, payment)
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    await pay.issue_refund(db, await pay.state_machine.lock_payment(db, payment.reference), 5_000)
    await fulfilment.return_order(db, CASHIER, order.number, "Robek", on=TODAY)
    product = await goods.create_product(db, stock=5, cost=1_000, price=2_000)
    bought = {"quantity": 2, "unit_cost": Rupiah(1_000), "paid_from": "cash", "on": TODAY, "key": "i"}
    await adjust_stock.receive_goods(db, CASHIER, product.id, **bought)  # type: ignore[arg-type]
    await adjust_stock.count_stock(db, CASHIER, product.id, counted=6, expected_stock=7, on=TODAY, key="c")
    await pay.create_order_payment(db, "kasbon")
    await repay_kasbon(db, CASHIER, member.member_id, Rupiah(10_000), "cash", on=TODAY, key="r")


async def test_a_journal_that_is_part_of_something_else_offers_no_reversal_and_takes_none(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await post_every_kind(db)
        ro = as_reader(db)
        keys = {
            row["number"]: row["source_key"]
            for row in await ro.records("SELECT number, source_key FROM journals")
        }
    kinds = {key.partition(":")[0] for key in keys.values()}
    assert {"deposit", "withdrawal", "payment", "refund", "order", "goods-in", "count", "repayment"} <= kinds
    for number, key in keys.items():
        assert f"{BOOKS}/{number}/pembalikan" not in (await officer_client.get(f"{BOOKS}/{number}")).text, key
        answer = await officer_client.post(f"{BOOKS}/{number}/pembalikan", {"reason": "Salah"})
        assert answer.status_code == 409, key
    async with coop_session(database, melati) as db:
        assert await as_reader(db).value("SELECT count(*) FROM journals") == len(keys)
