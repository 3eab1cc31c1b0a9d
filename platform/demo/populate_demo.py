"""Populate a demo cooperative: profile, people, products, sales since last year, and today's pending work.

Everything goes through the use cases of pages and imports, in chronological order and with the clock set to
the day. Nothing is written into a table directly.
"""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

import msgspec

from backoffice import manage_officers, update_profile
from demo import queries, sample_csv
from demo.cooperatives import PASSWORD, DemoCooperative
from demo.place_demo_order import DemoOrder, place_demo_order
from governance.adopt_bylaws import adopt_bylaws
from governance.queries import get_latest_version
from governance.templates import TEMPLATES
from kernel import audit, clock
from kernel.actor import SYSTEM, VISITOR, Actor
from kernel.database import as_reader
from kernel.file_import import ImportReport
from kernel.money import Rupiah
from kernel.phone import parse_mobile
from ledger.record_manual_entry import ManualEntry, record_manual_entry
from members.activate_account import complete_activation, issue_activation_code, verify_code
from members.admit_member import PersonDetails, admit_member, apply_for_membership
from members.import_members import import_members
from members.queries import find_credentials, get_user
from savings.record_deposit import record_deposit
from shop.fulfilment import confirm_payment, hand_over
from shop.import_products import import_products
from shop.import_sales import import_sales
from shu.create_draft import create_draft

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# Today's orders, and the status to which each is brought.
_ORDERS = (
    (DemoOrder(key="0", member_index=0, method="cash", skus=("B0001", "B0008", "B0017")), "handed over"),
    (
        DemoOrder(
            key="1",
            member_index=7,
            method="bank_transfer",
            skus=("B0002", "B0012", "B0024"),
            fulfilment="delivery",
        ),
        "paid",
    ),
    (DemoOrder(key="2", member_index=3, method="bank_transfer", skus=("B0003", "B0019")), "placed"),
    (
        DemoOrder(
            key="3", member_index=11, method="cash", skus=("B0006", "B0030", "B0033"), fulfilment="delivery"
        ),
        "placed",
    ),
    (DemoOrder(key="4", member_index=None, method="cash", skus=("B0014", "B0026")), "placed"),
)


async def populate_demo(db: AsyncSession, demo: DemoCooperative) -> None:
    """Create all data of the demo in the session's transaction.

    Raises as the use cases do, and ValueError when a line of a demo file is rejected.
    """
    chair = Actor("officer", demo.chair, await queries.get_chair_id(db))
    year, today = demo.sales_year(), clock.today(demo.timezone)
    with _clock_at(date(year, 1, 1)):
        await _set_up(db, demo, chair, date(year, 1, 1))
    _require_none_rejected(
        await import_sales(
            db, chair, await _generate_sales(db, demo, 1, date(year, 1, 2), date(year, 12, 30))
        )
    )
    await _pay_costs(db, demo, chair, year)
    with _clock_at(date(year, 12, 15)):
        await _amend_bylaws(db, demo, chair, date(year + 1, 1, 1))
    await _admit_members(db, demo, chair, year)
    if today > date(year + 1, 1, 2):
        _require_none_rejected(
            await import_sales(
                db, chair, await _generate_sales(db, demo, 2, date(year + 1, 1, 2), today - timedelta(days=1))
            )
        )
    with _clock_at(date(year + 1, 1, 20)):
        await create_draft(db, chair, year)
    await _create_pending_work(db, demo, chair, today)
    audit.record(db, SYSTEM, queries.POPULATED, subject="demo")


async def _set_up(db: AsyncSession, demo: DemoCooperative, chair: Actor, on: date) -> None:
    """Create the profile, the products with stock, the register with deposits, and a second officer."""
    params = update_profile.ProfileDetails(
        demo.name, demo.tagline, demo.address, demo.chair_phone_display, demo.bank_account, demo.timezone
    )
    await update_profile.update_details(db, chair, params)
    await update_profile.update_appearance(
        db, chair, update_profile.Appearance(demo.theme, demo.accent, demo.header)
    )
    await update_profile.confirm_bylaws(db, chair)
    _require_none_rejected(await import_products(db, chair, demo.products_csv, as_of=on))
    deposits = TEMPLATES[demo.bylaws].deposits
    register = sample_csv.generate_register_csv(
        demo.people, demo.random_seed, on.year, int(deposits.principal), int(deposits.mandatory)
    )
    _require_none_rejected(await import_members(db, chair, register, as_of=on))
    treasurer = await manage_officers.appoint_officer(
        db, chair, name=demo.treasurer, phone=parse_mobile(demo.treasurer_phone_display), role="bendahara"
    )
    assert treasurer.code is not None
    await _choose_password(db, treasurer.phone, treasurer.code)


async def _choose_password(db: AsyncSession, identity: str, code: str) -> None:
    """Set the demo's password by an activation code, and confirm the notice about the code.

    Verifies in this transaction; the page does so between two transactions.
    """
    found = await find_credentials(as_reader(db), identity)
    await complete_activation(db, await verify_code(found, code, PASSWORD))
    assert found is not None
    user = await get_user(db, found.id)
    assert user is not None
    user.code_seen_at = user.code_used_at  # otherwise the first page would ask whether it was them


async def _pay_costs(db: AsyncSession, demo: DemoCooperative, chair: Actor, year: int) -> None:
    """Record rent and wages of each month and the members' meeting in March, for a realistic surplus."""
    for month in range(1, 13):
        costs = [("6120", 85_000, "Listrik dan sewa kios"), ("6110", 240_000, "Upah penjaga toko")]
        if month == 3:
            costs.append(("7110", 450_000, "Rapat anggota tahunan"))
        for at, (account, amount, words) in enumerate(costs):
            on = date(year, month, 25)
            key = uuid5(NAMESPACE_URL, f"demo:{demo.slug}:{on}:{at}")
            with _clock_at(on):
                await record_manual_entry(
                    db, chair, ManualEntry(on, account, Rupiah(amount), "cash", words, key), today=on
                )


async def _amend_bylaws(db: AsyncSession, demo: DemoCooperative, chair: Actor, effective_on: date) -> None:
    """Amend the bylaws once: more for education, less for the officers."""
    if not demo.has_amended_bylaws:
        return
    before = await get_latest_version(db)
    percents = {"pengurus": Decimal("2.5"), "pendidikan": Decimal("7.5")}
    lines = tuple(
        msgspec.structs.replace(line, percent=percents.get(line.code, line.percent))
        for line in before.bylaws.allocation
    )
    changed = msgspec.structs.replace(before.bylaws, allocation=lines)
    note = f"Rapat anggota {effective_on.year - 1}: dana pendidikan ditambah."
    await adopt_bylaws(db, chair, changed, effective_on, note, before.version)


async def _admit_members(db: AsyncSession, demo: DemoCooperative, chair: Actor, year: int) -> None:
    """Admit two members, record mandatory deposits of the year, and set the password of the first member."""
    deposits = TEMPLATES[demo.bylaws].deposits
    for at, (name, sex) in enumerate((("Galuh Permata", "P"), ("Satria Nugraha", "L"))):
        joined = date(year, 3 + 4 * at, 10)
        with _clock_at(joined):
            number = parse_mobile(f"{demo.phone_prefix}{90 + at}")
            admitted = await admit_member(
                db,
                chair,
                PersonDetails(name, sex, number),
                number="",
                joined_on=joined,
                today=joined,
                key=f"demo-admission-{at}",
            )
            await record_deposit(
                db,
                chair,
                admitted.member_id,
                "principal",
                deposits.principal,
                "cash",
                on=joined,
                today=joined,
                key="demo-principal",
            )
    members = await queries.list_members(db)
    rng = random.Random(demo.random_seed + 3)
    for month in (3, 6, 9, 12):
        day = date(year, month, 5)
        with _clock_at(day):
            for member_id, _, _ in members[:38]:
                if rng.random() < 0.9:
                    await record_deposit(
                        db,
                        chair,
                        member_id,
                        "mandatory",
                        deposits.mandatory * 3,
                        "cash",
                        on=day,
                        today=day,
                        key=f"demo-{day}",
                    )
    with _clock_at(date(year, 12, 6)):  # early enough that a PIN is allowed today
        given = await issue_activation_code(db, chair, members[0][0])
        await _choose_password(db, given.number, given.code)


async def _create_pending_work(db: AsyncSession, demo: DemoCooperative, chair: Actor, today: date) -> None:
    """Create today's pending work: orders in every status, an order paid from savings, and applicants."""
    members = await queries.list_members(db)
    saved = await record_deposit(
        db,
        chair,
        members[0][0],
        "voluntary",
        Rupiah(500_000),
        "cash",
        on=today,
        today=today,
        key="demo-today",
    )
    assert saved.created
    for wanted, state in _ORDERS:
        placed = await place_demo_order(db, demo, wanted, on=today)
        if state == "paid":
            await confirm_payment(db, chair, placed.number, on=today)
        elif state == "handed over":
            await hand_over(db, chair, placed.number, on=today)
    await place_demo_order(
        db,
        demo,
        DemoOrder(key="savings", member_index=0, method="savings", skus=("B0005", "B0020")),
        on=today,
    )
    for at, (name, sex, place) in enumerate(
        (("Laras Ayuningtyas", "P", "Gang Mangga 3"), ("Bayu Firmansyah", "L", "Jalan Kali 8"))
    ):
        person = PersonDetails(name, sex, parse_mobile(f"{demo.phone_prefix}{95 + at}"), f"{place}, Karangan")
        consent = "Saya setuju data ini disimpan koperasi untuk keanggotaan saya."
        await apply_for_membership(db, VISITOR, person, key=f"demo-application-{at}", consent=consent)


async def _generate_sales(db: AsyncSession, demo: DemoCooperative, part: int, first: date, last: date) -> str:
    numbers = [number for _, number, _ in await queries.list_members(db)]
    return sample_csv.generate_sales_csv(
        numbers[:38], sorted(await queries.get_product_ids(db)), demo.random_seed + part, first, last
    )


def _require_none_rejected(imported: tuple[object, ImportReport]) -> None:
    """Raise ValueError for a rejected line: the demo's files must be valid."""
    rejected = imported[1].rejected
    if rejected:
        msg = f"line {rejected[0].line} of a demo file: {rejected[0].reason}"
        raise ValueError(msg)


def _clock_at(day: date) -> AbstractContextManager[None]:
    return clock.freeze_at(datetime(day.year, day.month, day.day, 2, tzinfo=UTC))
