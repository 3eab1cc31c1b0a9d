"""Let a demo cooperative take money: ways switched on, credit granted, a wallet filled, payments in every
state.

Everything goes through the use cases behind the pages. Accounts, sticker and keys are invented, and say so
where a buyer sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

import msgspec

from demo import queries
from demo.cooperatives import PIN, Demo
from demo.ordering import Wanted, order
from demo.statement import write_statement
from demo.sticker import STICKER
from governance.adoption import adopt
from governance.queries import latest
from governance.templates import EVERYDAY_WAYS
from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.money import Rupiah
from payments import machine, own_purposes, refunding, ways
from payments.credit.terms import Consent, agree_by_pin, grant_credit, set_pin
from payments.models import Payment
from payments.officer import setting_up, way_rules
from payments.opening import Ask, open_payment
from payments.queries import latest_of
from shop.handling import cancel_order, confirm_payment, hand_over
from shop.paying import ORDER
from tenants.session import coop_reader, coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from governance.rules import PaymentWay
    from kernel.database import Database
    from kernel.settings import Settings
    from shop.models import Order
    from tenants.registry import TenantRef

ON_CREDIT: Final[tuple[PaymentWay, ...]] = ("kasbon", "payroll")
# By place in the register: kasbon and potong gaji in rupiah, and the number at the employer.
_CREDIT: Final = ((0, 500_000, 400_000, "K-0117"), (1, 0, 600_000, "K-0242"))
_LATE: Final = timedelta(days=3)


async def let_pay(database: Database, tenant: TenantRef, demo: Demo) -> bool:
    """Do all of it once; False when it was done before.

    Raises DomainError where what people did to the demo is in the way.
    """
    async with coop_reader(database, tenant) as ro:
        if await queries.pays(ro):
            return False
    consents = await _agree(database, tenant)
    async with coop_session(database, tenant) as db:
        chair, today = Actor("officer", demo.chair, await queries.founder(db)), clock.today(demo.timezone)
        await _allow_credit(db, chair, today)
        await _switch_on(db, demo, chair, database.settings, today)
        await _grant(db, chair)
        await _fill_wallets(db, demo, chair, today)
        await _buy(db, demo, chair, consents, today)
        audit.record(db, SYSTEM, queries.PAYS, subject="demo")
        transfers = await queries.waiting_transfers(db)
    write_statement(database.settings, demo, transfers, today)
    return True


async def set_way(
    db: AsyncSession,
    actor: Actor,
    name: str,
    settings: Settings,
    *,
    plain: Mapping[str, str] | None = None,
    secret: Mapping[str, str] | None = None,
    percent: str = "0",
    on: date,
) -> None:
    """Set a way of paying up and offer it. Raises DomainError as ``payments.officer.setting_up`` does."""
    mark = way_rules.mark_of(await ways.way_of(db, name))
    change = setting_up.WayChange(
        mark=mark, settings=plain or {}, secrets=secret or {}, fee_percent=Decimal(percent)
    )
    await setting_up.change_way(db, actor, name, change, settings=settings)
    await setting_up.switch_on(db, actor, name, settings=settings, on=on)


async def _agree(database: Database, tenant: TenantRef) -> dict[int, Consent]:
    """Who may owe sets a PIN and agrees by it; what is weighed for that is weighed before a transaction is
    held.
    """
    async with coop_reader(database, tenant) as ro:
        members = await queries.members(ro)
    consents = {}
    for whom, *_ in _CREDIT:
        member_id, _, name = members[whom]
        await set_pin(database, tenant, Actor("member", name), member_id, PIN)
        consents[whom] = await agree_by_pin(database, tenant, member_id, PIN)
    return consents


async def _allow_credit(db: AsyncSession, chair: Actor, today: date) -> None:
    """Credit is a decision of its own: the bylaws say so from today on."""
    before = await latest(db)
    allowed = cast(
        "tuple[PaymentWay, ...]",
        tuple(dict.fromkeys((*EVERYDAY_WAYS, *before.bylaws.payment_ways, *ON_CREDIT))),
    )
    if allowed == before.bylaws.payment_ways:
        return
    changed = msgspec.structs.replace(before.bylaws, payment_ways=allowed)
    note = "Rapat pengurus: kasbon dan potong gaji boleh dipakai."
    await adopt(db, chair, changed, max(today, before.effective_on), note, before.version)


async def _switch_on(db: AsyncSession, demo: Demo, chair: Actor, settings: Settings, today: date) -> None:
    account = {"account": f"{demo.bank_account} (uji coba)"}
    await set_way(db, chair, "bank_transfer", settings, plain=account, on=today)
    mark = way_rules.mark_of(await ways.way_of(db, "qris"))
    await setting_up.keep_sticker(db, chair, STICKER, mark, settings=settings)
    await set_way(db, chair, "qris", settings, percent="0.7", on=today)
    for name in ON_CREDIT:
        await setting_up.switch_on(db, chair, name, settings=settings, on=today)


async def _grant(db: AsyncSession, chair: Actor) -> None:
    members = await queries.members(db)
    for whom, kasbon, payroll, number in _CREDIT:
        await grant_credit(
            db, chair, members[whom][0], kasbon=Rupiah(kasbon), payroll=Rupiah(payroll), payroll_number=number
        )


async def _fill_wallets(db: AsyncSession, demo: Demo, chair: Actor, today: date) -> None:
    """One wallet is filled; another waits for a QRIS to be seen in the acquirer's list."""
    filled = await _top_up(db, 0, 150_000, "bank_transfer", today)
    await machine.confirm_by_officer(db, chair, filled.reference, on=today)
    await _top_up(db, 4, 50_000, "qris", today)


async def _top_up(db: AsyncSession, whom: int, amount: int, way: PaymentWay, today: date) -> Payment:
    member_id, _, name = (await queries.members(db))[whom]
    ask = Ask(
        purpose=own_purposes.TOP_UP,
        subject_id=member_id,
        label="Isi dompet",
        amount=Rupiah(amount),
        way=way,
        payer_name=name,
        member_id=member_id,
        key=f"demo-top-up-{whom}",
    )
    return await open_payment(db, Actor("member", name), ask, on=today)


async def _buy(
    db: AsyncSession, demo: Demo, chair: Actor, consents: Mapping[int, Consent], today: date
) -> None:
    """Orders on credit, one that is called off, one that gets a part back, some that wait, one for which it
    is too late.
    """
    for key, whom, way, goods in (
        ("kasbon", 0, "kasbon", ("B0007", "B0013")),
        ("payroll-0", 0, "payroll", ("B0001", "B0010")),
        ("payroll-1", 1, "payroll", ("B0008", "B0021")),
    ):
        wanted = Wanted(key=key, whom=whom, way=cast("PaymentWay", way), goods=goods)
        bought = await order(db, demo, wanted, on=today, consent=consents[whom])
        await hand_over(db, chair, bought.number, on=today)
    called_off = await order(
        db, demo, Wanted(key="wallet", whom=0, way="wallet", goods=("B0022", "B0018")), on=today
    )
    await cancel_order(db, chair, called_off.number, "Salah pesan", on=today)
    scanned = await order(
        db, demo, Wanted(key="qris", whom=5, way="qris", goods=("B0009", "B0027")), on=today
    )
    await confirm_payment(db, chair, scanned.number, on=today)
    await hand_over(db, chair, scanned.number, on=today)
    await _give_part_back(db, chair, scanned, today)
    await order(db, demo, Wanted(key="qris-waits", whom=None, way="qris", goods=("B0015", "B0028")), on=today)
    await order(
        db,
        demo,
        Wanted(key="transfer-waits", whom=8, way="bank_transfer", goods=("B0011", "B0025")),
        on=today,
    )
    with clock.freeze_at(clock.now() - _LATE):
        forgotten = await order(
            db, demo, Wanted(key="forgotten", whom=9, way="bank_transfer", goods=("B0016",)), on=today - _LATE
        )
    await machine.expire(db, (await _payment_of(db, forgotten)).reference)


async def _give_part_back(db: AsyncSession, chair: Actor, bought: Order, today: date) -> None:
    payment = await machine.locked(db, (await _payment_of(db, bought)).reference)
    await refunding.ask_refund(
        db,
        chair,
        payment,
        Rupiah(2_000),
        "wallet",
        "Kemasan penyok",
        key=f"demo-refund:{bought.id}",
        on=today,
    )


async def _payment_of(db: AsyncSession, bought: Order) -> Payment:
    payment = await latest_of(db, ORDER, bought.id)
    assert payment is not None  # nothing here is given away
    return payment
