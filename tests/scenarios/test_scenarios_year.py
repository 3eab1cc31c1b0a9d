"""Two cooperatives go through the same year with a frozen clock; only their bylaws differ in the division of
the surplus.

All people are invented. Every figure below was computed by hand.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

import ledger.queries as ledger_queries
from cooperative.models import Profile
from factories.cooperatives import PASSWORD
from factories.shop import assert_books_agree
from governance.adopt_bylaws import adopt_bylaws
from governance.rules import Bylaws
from governance.templates import DESA_MERAH_PUTIH, KONSUMEN
from kernel import clock
from kernel.actor import VISITOR, Actor
from kernel.database import Database, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import year_queries
from ledger.record_manual_entry import ManualEntry, record_manual_entry
from members.admit_member import PersonDetails, apply_for_membership, approve_application, decline_application
from onboarding.create_cooperative import NewCooperative, create_cooperative
from savings.record_deposit import record_deposit
from shop.adjust_stock import count_stock, receive_goods
from shop.fulfilment import cancel_order, confirm_payment, hand_over, return_order
from shop.manage_products import ProductData, add_product
from shop.place_order import Buyer, Checkout, place_order
from shu.create_draft import ShuDraftResult, create_draft
from tenants.registry import TenantRef
from tenants.session import coop_session

CHAIR = Actor("officer", "Wahyu Ketua")
RICE_PRICE, RICE_COST = Rupiah(10_000), Rupiah(8_000)
# The trading rules are the same in both; the division of the surplus differs. Unique suffixes of transfers
# are random, so both have none: every figure is exact.
SAME_TRADE = {
    "deposits": DESA_MERAH_PUTIH.deposits,
    "prices": DESA_MERAH_PUTIH.prices,
    "transfer_suffix": "none",
}


class ScenarioCooperative:
    """A cooperative in its first year."""

    def __init__(self, database: Database, tenant: TenantRef) -> None:
        self.database = database
        self.tenant = tenant
        self.people: dict[str, UUID] = {}
        self.rice = new_id()

    @asynccontextmanager
    async def on(self, day: date) -> AsyncIterator[AsyncSession]:
        """Run one day's work and commit; afterwards the ledger balances and agrees with stock and orders."""
        with clock.freeze_at(datetime(day.year, day.month, day.day, 3, tzinfo=UTC)):
            async with coop_session(self.database, self.tenant) as db:
                yield db
            async with coop_session(self.database, self.tenant) as db:
                await assert_books_agree(db)
                ro = as_reader(db)
                assert sum(row.closing for row in await year_queries.get_trial_balance(ro, day.year)) == 0
                assert await ro.value("SELECT coalesce(sum(debit - credit), 0) FROM journal_lines") == 0

    async def sell(self, day: date, pieces: int, who: str = "", method: str = "cash") -> int:
        """Place, pay and hand over an order within a day."""
        async with self.on(day) as db:
            number = await self.order(db, day, pieces, who, method)
            if method == "bank_transfer":
                await confirm_payment(db, CHAIR, number, on=day)
            await hand_over(db, CHAIR, number, on=day)
        return number

    async def order(self, db: AsyncSession, day: date, pieces: int, who: str, method: str) -> int:
        buyer = Buyer(who, member_id=self.people[who]) if who else Buyer("Tono Suprapto", "+6281299990001")
        checkout = Checkout({self.rice: pieces}, buyer, "pickup", method, new_id().hex)  # type: ignore[arg-type]
        return (await place_order(db, VISITOR if not who else Actor("member", who), checkout, on=day)).number


async def set_up_cooperative(
    database: Database, slug: str, template: str, bylaws: Bylaws
) -> ScenarioCooperative:
    opening = date(2025, 1, 2)
    with clock.freeze_at(datetime(2025, 1, 2, 3, tzinfo=UTC)):
        made = await create_cooperative(
            database,
            NewCooperative(
                f"Koperasi {slug.title()}", slug, CHAIR.name, "+6289900000055", PASSWORD, template, slug * 4
            ),
        )
    cooperative = ScenarioCooperative(database, made.tenant)
    async with cooperative.on(opening) as db:  # transfers are offered once there is a bank account
        await db.execute(update(Profile).values(bank_account="Bank Contoh 000-111-222 a.n. Koperasi"))
    if bylaws != DESA_MERAH_PUTIH:
        async with cooperative.on(opening) as db:
            await adopt_bylaws(db, CHAIR, bylaws, opening, "Rapat pendirian", 1)
    return cooperative


async def run_2025(coop: ScenarioCooperative) -> None:
    """The first year of both: sales 770.000, their cost 620.000, electricity 50.000, one lost piece 8.400;
    surplus 91.600.
    """
    await register_members(coop)
    await stock_rice(coop)
    await coop.sell(date(2025, 2, 3), 30, "Ana Lestari")
    await coop.sell(date(2025, 3, 10), 5, "Ana Lestari", "savings")
    await coop.sell(date(2025, 3, 12), 12, "Budi Santoso")
    await coop.sell(date(2025, 4, 2), 20, method="bank_transfer")
    await cancel_and_return(coop)
    await restock_at_higher_cost(coop)
    await coop.sell(date(2025, 6, 15), 10, "Ana Lestari")
    await pay_electricity_and_count_stock(coop)


async def register_members(coop: ScenarioCooperative) -> None:
    async with coop.on(date(2025, 1, 6)) as db:
        for name, phone in (("Ana Lestari", 1), ("Budi Santoso", 2), ("Candra Jauh", 3)):
            person = PersonDetails(name, "", f"+628129999000{phone}", "Dusun Krajan")
            coop.people[name] = await apply_for_membership(
                db, VISITOR, person, key=f"apply-{phone}", consent="Setuju."
            )
    eighth = date(2025, 1, 8)
    async with coop.on(eighth) as db:
        numbers = []
        for name in ("Ana Lestari", "Budi Santoso"):
            given = await approve_application(
                db, CHAIR, coop.people[name], number="", joined_on=eighth, today=eighth
            )
            numbers.append(given.number)
            await deposit_savings(db, coop, name, "principal", 50_000, eighth)
        assert numbers == ["0001", "0002"]
        await decline_application(db, CHAIR, coop.people["Candra Jauh"], "Tinggal di luar wilayah.")
    for month, ana, budi in ((3, 40_000, 30_000), (7, 40_000, 0), (12, 40_000, 30_000)):
        async with coop.on(date(2025, month, 5)) as db:
            await deposit_savings(db, coop, "Ana Lestari", "mandatory", ana, date(2025, month, 5))
            if budi:
                await deposit_savings(db, coop, "Budi Santoso", "mandatory", budi, date(2025, month, 5))
    async with coop.on(date(2025, 2, 1)) as db:
        await deposit_savings(db, coop, "Ana Lestari", "voluntary", 500_000, date(2025, 2, 1), "bank")


async def deposit_savings(
    db: AsyncSession,
    coop: ScenarioCooperative,
    name: str,
    kind: str,
    amount: int,
    day: date,
    method: str = "cash",
) -> None:
    await record_deposit(
        db,
        CHAIR,
        coop.people[name],
        kind,
        Rupiah(amount),
        method,
        on=day,
        today=day,
        key=f"{kind}-{day}",  # type: ignore[arg-type]
    )


async def stock_rice(coop: ScenarioCooperative) -> None:
    day = date(2025, 1, 10)
    async with coop.on(day) as db:
        params = ProductData(sku="BRS1", name="Beras 1 kg", unit="Kg", price=RICE_PRICE)
        coop.rice = (await add_product(db, CHAIR, params, cost=RICE_COST, opening_stock=0, on=day)).id
        await receive_goods(
            db, CHAIR, coop.rice, quantity=100, unit_cost=RICE_COST, paid_from="credit", on=day, key="first"
        )
        assert await ledger_queries.get_balance(db, "1130") == 800_000


async def cancel_and_return(coop: ScenarioCooperative) -> None:
    """A paid order is cancelled, and goods are returned: neither leaves a rupiah or a piece behind."""
    day = date(2025, 5, 5)
    async with coop.on(day) as db:
        before = [
            await ledger_queries.get_balance(db, account)
            for account in ("1102", "4101", "4201", "5101", "5201", "1130")
        ]
        number = await coop.order(db, day, 10, "", "bank_transfer")
        await confirm_payment(db, CHAIR, number, on=day)
        await cancel_order(db, CHAIR, number, "Pembeli pindah rumah", on=day)
    returned = await coop.sell(day, 2, "Budi Santoso")
    async with coop.on(date(2025, 5, 7)) as db:
        await return_order(db, CHAIR, returned, "Kemasan sobek", on=date(2025, 5, 7))
        after = [
            await ledger_queries.get_balance(db, account)
            for account in ("1102", "4101", "4201", "5101", "5201", "1130")
        ]
        assert after == before


async def restock_at_higher_cost(coop: ScenarioCooperative) -> None:
    day = date(2025, 6, 1)
    async with coop.on(day) as db:
        product = await receive_goods(
            db, CHAIR, coop.rice, quantity=22, unit_cost=Rupiah(9_000), paid_from="bank", on=day, key="second"
        )
        # 33 at 8.000 and 22 at 9.000: 8.400 each
        assert (product.stock, product.stock_value) == (55, 462_000)


async def pay_electricity_and_count_stock(coop: ScenarioCooperative) -> None:
    async with coop.on(date(2025, 6, 30)) as db:
        entry = ManualEntry(date(2025, 6, 30), "6120", Rupiah(50_000), "bank", "Listrik toko", new_id())
        await record_manual_entry(db, CHAIR, entry, today=date(2025, 6, 30))
    day = date(2025, 12, 31)
    async with coop.on(day) as db:
        product = await count_stock(db, CHAIR, coop.rice, counted=44, expected_stock=45, on=day, key="year")
        assert product.stock_value == 369_600


async def create_2025_draft(coop: ScenarioCooperative) -> ShuDraftResult:
    async with coop.on(date(2026, 1, 15)) as db:
        return await create_draft(db, CHAIR, 2025)


def shares(result: ShuDraftResult) -> dict[str, dict[str, int]]:
    return {
        each.basis.number: {code: int(amount) for code, amount in each.shares.items()}
        for each in result.allocation.members
    }


@pytest.fixture(scope="module")
async def two_years(served_database: Database) -> tuple[ScenarioCooperative, ScenarioCooperative]:
    konsumen = await set_up_cooperative(
        served_database, "anyelir", "konsumen", msgspec.structs.replace(KONSUMEN, **SAME_TRADE)
    )
    desa = await set_up_cooperative(
        served_database, "bakung", "desa-merah-putih", msgspec.structs.replace(DESA_MERAH_PUTIH, **SAME_TRADE)
    )
    for cooperative in (konsumen, desa):
        await run_2025(cooperative)
    return konsumen, desa


Two = tuple[ScenarioCooperative, ScenarioCooperative]


async def test_a_year_of_trade_stands_in_the_books_to_the_rupiah(two_years: Two) -> None:
    for coop in two_years:
        async with coop.on(date(2025, 12, 31)) as db:
            closing = {
                row.code: row.closing
                for row in await year_queries.get_trial_balance(as_reader(db), 2025)
                if row.closing
            }
        assert closing == {
            # principal 100.000 and mandatory 180.000 paid in; sales in cash 300.000, 120.000 and 100.000
            "1101": 800_000,
            # Ana's 500.000, the transfer 200.000; less 198.000 for goods and 50.000 for electricity
            "1102": 452_000,
            "1130": 369_600,
            "2101": -800_000,
            "2111": -450_000,
            "3110": -100_000,
            "3120": -180_000,
            "4101": -570_000,
            "4201": -200_000,
            "5101": 460_000,
            "5201": 160_000,
            "6120": 50_000,
            "6150": 8_400,
        }


async def test_different_bylaws_divide_the_same_surplus_differently(two_years: Two) -> None:
    konsumen, desa = [await create_2025_draft(coop) for coop in two_years]
    assert konsumen.allocation.surplus == desa.allocation.surplus == 91_600
    assert {pool.code: int(pool.amount) for pool in konsumen.allocation.pools} == {
        "cadangan": 22_900,
        "jasa_modal": 18_320,
        "jasa_usaha": 32_060,
        "pengurus": 4_580,
        "karyawan": 4_580,
        "pendidikan": 4_580,
        "sosial": 2_290,
        "pembangunan": 2_290,
    }
    assert {pool.code: int(pool.amount) for pool in desa.allocation.pools} == {
        "imbal_jasa_desa": 18_320,
        "cadangan": 18_320,
        "jasa_modal": 13_740,
        "jasa_usaha": 27_480,
        "pengurus": 4_580,
        "pendidikan": 4_580,
        "sosial": 4_580,
    }
    # Ana saved 170.000 of 280.000 and bought for 450.000 of 570.000; the last rupiah of each pool goes to the
    # larger fraction
    assert shares(konsumen) == {
        "0001": {"jasa_modal": 11_123, "jasa_usaha": 25_311},
        "0002": {"jasa_modal": 7_197, "jasa_usaha": 6_749},
    }
    assert shares(desa) == {
        "0001": {"jasa_modal": 8_342, "jasa_usaha": 21_695},
        "0002": {"jasa_modal": 5_398, "jasa_usaha": 5_785},
    }


async def test_what_is_sold_next_year_changes_nothing_of_this_one(two_years: Two) -> None:
    for coop in two_years:
        before = await create_2025_draft(coop)
        await coop.sell(date(2026, 1, 20), 4, "Budi Santoso")
        again = await create_2025_draft(coop)
        assert again.allocation == before.allocation
        assert not again.created
