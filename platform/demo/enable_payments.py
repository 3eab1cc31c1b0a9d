"""Enable payments in a demo cooperative: methods, credit, a filled wallet, and payments in every status.

Everything goes through the use cases of the pages. Accounts, sticker and keys are invented, and buyers see
that they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

import msgspec

from credit.terms import consent_with_pin, grant_credit, set_pin
from demo import queries
from demo.bank_statement import write_bank_statement
from demo.cooperatives import PIN, DemoCooperative
from demo.place_demo_order import DemoOrder, place_demo_order
from demo.qris_sticker import STICKER
from governance.adopt_bylaws import adopt_bylaws
from governance.queries import get_latest_version
from governance.templates import DEFAULT_PAYMENT_METHODS
from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.money import Rupiah
from ledger.descriptions import describe
from payments import (
    builtin_purposes,
    configure_method,
    method_settings_rules,
    methods,
    refund_payment,
    state_machine,
)
from payments.member_funds import Consent
from payments.models import Payment
from payments.open_payment import PaymentRequest, open_payment
from payments.queries import find_latest_payment
from shop.fulfilment import cancel_order, confirm_payment, hand_over
from shop.order_payments import ORDER
from tenants.session import coop_reader, coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from governance.rules import PaymentMethodCode
    from kernel.database import Database
    from kernel.settings import Settings
    from shop.models import Order
    from tenants.registry import TenantRef

CREDIT_METHODS: Final[tuple[PaymentMethodCode, ...]] = ("kasbon", "payroll")
# Index in the register, limits of kasbon and potong gaji in rupiah, and the number at the employer.
_CREDIT: Final = ((0, 500_000, 400_000, "K-0117"), (1, 0, 600_000, "K-0242"))
_EXPIRED_AFTER: Final = timedelta(days=3)


async def enable_payments(database: Database, tenant: TenantRef, demo: DemoCooperative) -> bool:
    """Enable payments and create sample payments; return False if that was done before.

    Raises DomainError when users have changed the demo so that it is no longer possible.
    """
    async with coop_reader(database, tenant) as ro:
        if await queries.has_payments_enabled(ro):
            return False
    consents = await _collect_consents(database, tenant)
    async with coop_session(database, tenant) as db:
        chair, today = (
            Actor("officer", demo.chair, await queries.get_chair_id(db)),
            clock.today(demo.timezone),
        )
        await _allow_credit(db, chair, today)
        await _enable_methods(db, demo, chair, database.settings, today)
        await _grant_credit(db, chair)
        await _fill_wallets(db, demo, chair, today)
        await _place_orders(db, demo, chair, consents, today)
        audit.record(db, SYSTEM, queries.PAYMENTS_ENABLED, subject="demo")
        transfers = await queries.list_waiting_transfers(db)
    write_bank_statement(database.settings, demo, transfers, today)
    return True


async def set_up_method(
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
    """Configure a payment method and enable it.

    Raises DomainError as ``payments.configure_method`` does.
    """
    mark = method_settings_rules.version_of(await methods.get_method(db, name))
    change = configure_method.MethodChange(
        expected_version=mark, settings=plain or {}, secrets=secret or {}, fee_percent=Decimal(percent)
    )
    await configure_method.update_method(db, actor, name, change, settings=settings)
    await configure_method.enable_method(db, actor, name, settings=settings, on=on)


async def _collect_consents(database: Database, tenant: TenantRef) -> dict[int, Consent]:
    """Set the PIN of each member who gets credit, and return their consents by index in the register.

    Uses its own transactions, so that password hashing does not run inside the caller's.
    """
    async with coop_reader(database, tenant) as ro:
        members = await queries.list_members(ro)
    consents = {}
    for whom, *_ in _CREDIT:
        member_id, _, name = members[whom]
        await set_pin(database, tenant, Actor("member", name), member_id, PIN)
        consents[whom] = await consent_with_pin(database, tenant, member_id, PIN)
    return consents


async def _allow_credit(db: AsyncSession, chair: Actor, today: date) -> None:
    """Amend the bylaws from today on to allow credit, if they do not yet."""
    before = await get_latest_version(db)
    allowed = cast(
        "tuple[PaymentMethodCode, ...]",
        tuple(dict.fromkeys((*DEFAULT_PAYMENT_METHODS, *before.bylaws.payment_methods, *CREDIT_METHODS))),
    )
    if allowed == before.bylaws.payment_methods:
        return
    changed = msgspec.structs.replace(before.bylaws, payment_methods=allowed)
    note = "Rapat pengurus: kasbon dan potong gaji boleh dipakai."
    await adopt_bylaws(db, chair, changed, max(today, before.effective_on), note, before.version)


async def _enable_methods(
    db: AsyncSession, demo: DemoCooperative, chair: Actor, settings: Settings, today: date
) -> None:
    account = {"account": f"{demo.bank_account} (uji coba)"}
    await set_up_method(db, chair, "bank_transfer", settings, plain=account, on=today)
    mark = method_settings_rules.version_of(await methods.get_method(db, "qris"))
    await configure_method.save_sticker(db, chair, STICKER, mark, settings=settings)
    await set_up_method(db, chair, "qris", settings, percent="0.7", on=today)
    for name in CREDIT_METHODS:
        await configure_method.enable_method(db, chair, name, settings=settings, on=today)


async def _grant_credit(db: AsyncSession, chair: Actor) -> None:
    members = await queries.list_members(db)
    for whom, kasbon, payroll, number in _CREDIT:
        await grant_credit(
            db, chair, members[whom][0], kasbon=Rupiah(kasbon), payroll=Rupiah(payroll), payroll_number=number
        )


async def _fill_wallets(db: AsyncSession, demo: DemoCooperative, chair: Actor, today: date) -> None:
    """Fill one wallet, and open a top-up by QRIS that waits for confirmation."""
    filled = await _top_up(db, 0, 150_000, "bank_transfer", today)
    await state_machine.confirm_by_officer(db, chair, filled.reference, on=today)
    await _top_up(db, 4, 50_000, "qris", today)


async def _top_up(
    db: AsyncSession, member_index: int, amount: int, method: PaymentMethodCode, today: date
) -> Payment:
    member_id, _, name = (await queries.list_members(db))[member_index]
    ask = PaymentRequest(
        purpose=builtin_purposes.TOP_UP,
        subject_id=member_id,
        label=describe("payments.top_up"),
        amount=Rupiah(amount),
        method=method,
        payer_name=name,
        member_id=member_id,
        key=f"demo-top-up-{member_index}",
    )
    return await open_payment(db, Actor("member", name), ask, on=today)


async def _place_orders(
    db: AsyncSession, demo: DemoCooperative, chair: Actor, consents: Mapping[int, Consent], today: date
) -> None:
    """Place orders on credit, a cancelled one, a partly refunded one, waiting ones and an expired one."""
    for key, whom, method, goods in (
        ("kasbon", 0, "kasbon", ("B0007", "B0013")),
        ("payroll-0", 0, "payroll", ("B0001", "B0010")),
        ("payroll-1", 1, "payroll", ("B0008", "B0021")),
    ):
        wanted = DemoOrder(key=key, member_index=whom, method=cast("PaymentMethodCode", method), skus=goods)
        bought = await place_demo_order(db, demo, wanted, on=today, consent=consents[whom])
        await hand_over(db, chair, bought.number, on=today)
    called_off = await place_demo_order(
        db, demo, DemoOrder(key="wallet", member_index=0, method="wallet", skus=("B0022", "B0018")), on=today
    )
    await cancel_order(db, chair, called_off.number, "Salah pesan", on=today)
    scanned = await place_demo_order(
        db, demo, DemoOrder(key="qris", member_index=5, method="qris", skus=("B0009", "B0027")), on=today
    )
    await confirm_payment(db, chair, scanned.number, on=today)
    await hand_over(db, chair, scanned.number, on=today)
    await _refund_part(db, chair, scanned, today)
    await place_demo_order(
        db,
        demo,
        DemoOrder(key="qris-waits", member_index=None, method="qris", skus=("B0015", "B0028")),
        on=today,
    )
    await place_demo_order(
        db,
        demo,
        DemoOrder(key="transfer-waits", member_index=8, method="bank_transfer", skus=("B0011", "B0025")),
        on=today,
    )
    with clock.freeze_at(clock.now() - _EXPIRED_AFTER):
        forgotten = await place_demo_order(
            db,
            demo,
            DemoOrder(key="forgotten", member_index=9, method="bank_transfer", skus=("B0016",)),
            on=today - _EXPIRED_AFTER,
        )
    await state_machine.expire(db, (await _load_payment(db, forgotten)).reference)


async def _refund_part(db: AsyncSession, chair: Actor, bought: Order, today: date) -> None:
    payment = await state_machine.lock_payment(db, (await _load_payment(db, bought)).reference)
    await refund_payment.request_refund(
        db,
        chair,
        payment,
        Rupiah(2_000),
        "wallet",
        "Kemasan penyok",
        key=f"demo-refund:{bought.id}",
        on=today,
    )


async def _load_payment(db: AsyncSession, bought: Order) -> Payment:
    payment = await find_latest_payment(db, ORDER, bought.id)
    assert payment is not None  # only orders with a total of zero have no payment
    return payment
