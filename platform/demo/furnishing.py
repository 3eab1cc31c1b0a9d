"""Give a demo cooperative its look, people, goods, a past year of sales, this year's so far, and what waits
today.

Everything goes through the use cases behind the pages and imports, in the order in which it would have
happened, with the clock held there; nothing is written into a table directly.
"""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

import msgspec

from backoffice import officers, profile
from demo import habits, queries
from demo.cooperatives import PASSWORD, Demo
from demo.ordering import Wanted, order
from governance.adoption import adopt
from governance.queries import latest
from governance.templates import TEMPLATES
from kernel import audit, clock
from kernel.actor import SYSTEM, VISITOR, Actor
from kernel.database import as_reader
from kernel.file_import import ImportReport
from kernel.money import Rupiah
from kernel.phone import parse_mobile
from ledger.manual import Entry, record_entry
from members.activation import give_activation_code, let_in, weigh
from members.admission import Person, admit_member, apply_for_membership
from members.importing import import_members
from members.queries import credentials, user_by_id
from savings.deposit import deposit
from shop.handling import confirm_payment, hand_over
from shop.importing import import_products
from shop.sales_import import import_sales
from shu.drafting import draft

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# What is ordered, and what has been done with it.
_ORDERS = (
    (Wanted(key="0", whom=0, way="cash", goods=("B0001", "B0008", "B0017")), "handed over"),
    (
        Wanted(
            key="1", whom=7, way="bank_transfer", goods=("B0002", "B0012", "B0024"), fulfilment="delivery"
        ),
        "paid",
    ),
    (Wanted(key="2", whom=3, way="bank_transfer", goods=("B0003", "B0019")), "placed"),
    (
        Wanted(key="3", whom=11, way="cash", goods=("B0006", "B0030", "B0033"), fulfilment="delivery"),
        "placed",
    ),
    (Wanted(key="4", whom=None, way="cash", goods=("B0014", "B0026")), "placed"),
)


async def furnish(db: AsyncSession, demo: Demo) -> None:
    """Do all of it in the session's transaction.

    Raises as the use cases do; nothing here is expected to be refused.
    """
    chair = Actor("officer", demo.chair, await queries.founder(db))
    year, today = demo.year(), clock.today(demo.timezone)
    with _at(date(year, 1, 1)):
        await _settle(db, demo, chair, date(year, 1, 1))
    _whole(await import_sales(db, chair, await _sales(db, demo, 1, date(year, 1, 2), date(year, 12, 30))))
    await _pay_costs(db, demo, chair, year)
    with _at(date(year, 12, 15)):
        await _decide(db, demo, chair, date(year + 1, 1, 1))
    await _come_in(db, demo, chair, year)
    if today > date(year + 1, 1, 2):
        _whole(
            await import_sales(
                db, chair, await _sales(db, demo, 2, date(year + 1, 1, 2), today - timedelta(days=1))
            )
        )
    with _at(date(year + 1, 1, 20)):
        await draft(db, chair, year)
    await _wait(db, demo, chair, today)
    audit.record(db, SYSTEM, queries.FURNISHED, subject="demo")


async def _settle(db: AsyncSession, demo: Demo, chair: Actor, on: date) -> None:
    """Look, goods on the shelf, the register with its deposits, a second officer."""
    facts = profile.Facts(
        demo.name, demo.tagline, demo.address, demo.chair_shown, demo.bank_account, demo.timezone
    )
    await profile.change_facts(db, chair, facts)
    await profile.change_look(db, chair, profile.Look(demo.theme, demo.accent, demo.header))
    await profile.confirm_bylaws(db, chair)
    _whole(await import_products(db, chair, demo.goods, as_of=on))
    deposits = TEMPLATES[demo.bylaws].deposits
    register = habits.register_csv(
        demo.people, demo.seed, on.year, int(deposits.principal), int(deposits.mandatory)
    )
    _whole(await import_members(db, chair, register, as_of=on))
    treasurer = await officers.appoint(
        db, chair, name=demo.treasurer, phone=parse_mobile(demo.treasurer_shown), role="bendahara"
    )
    assert treasurer.code is not None
    await _choose_password(db, treasurer.phone, treasurer.code)


async def _choose_password(db: AsyncSession, identity: str, code: str) -> None:
    """Somebody turns their code into the demo's password; what the page does between transactions happens in
    this one.
    """
    found = await credentials(as_reader(db), identity)
    await let_in(db, await weigh(found, code, PASSWORD))
    assert found is not None
    user = await user_by_id(db, found.id)
    assert user is not None
    user.code_seen_at = user.code_used_at  # who looks around is not asked whether that was them


async def _pay_costs(db: AsyncSession, demo: Demo, chair: Actor, year: int) -> None:
    """Rent and wages each month, the members' meeting in March: without costs a surplus would be too good to
    be true.
    """
    for month in range(1, 13):
        costs = [("6120", 85_000, "Listrik dan sewa kios"), ("6110", 240_000, "Upah penjaga toko")]
        if month == 3:
            costs.append(("7110", 450_000, "Rapat anggota tahunan"))
        for at, (account, amount, words) in enumerate(costs):
            on = date(year, month, 25)
            key = uuid5(NAMESPACE_URL, f"demo:{demo.slug}:{on}:{at}")
            with _at(on):
                await record_entry(
                    db, chair, Entry(on, account, Rupiah(amount), "cash", words, key), today=on
                )


async def _decide(db: AsyncSession, demo: Demo, chair: Actor, effective_on: date) -> None:
    """Change the bylaws once: more for education, less for the officers."""
    if not demo.new_bylaws:
        return
    before = await latest(db)
    percents = {"pengurus": Decimal("2.5"), "pendidikan": Decimal("7.5")}
    lines = tuple(
        msgspec.structs.replace(line, percent=percents.get(line.code, line.percent))
        for line in before.bylaws.allocation
    )
    changed = msgspec.structs.replace(before.bylaws, allocation=lines)
    note = f"Rapat anggota {effective_on.year - 1}: dana pendidikan ditambah."
    await adopt(db, chair, changed, effective_on, note, before.version)


async def _come_in(db: AsyncSession, demo: Demo, chair: Actor, year: int) -> None:
    """Two people join over the counter; members pay their months; the member whose sign-in is told chooses a
    password.
    """
    deposits = TEMPLATES[demo.bylaws].deposits
    for at, (name, sex) in enumerate((("Galuh Permata", "P"), ("Satria Nugraha", "L"))):
        joined = date(year, 3 + 4 * at, 10)
        with _at(joined):
            number = parse_mobile(f"{demo.phones}{90 + at}")
            admitted = await admit_member(
                db,
                chair,
                Person(name, sex, number),
                number="",
                joined_on=joined,
                today=joined,
                key=f"demo-admission-{at}",
            )
            await deposit(
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
    members = await queries.members(db)
    luck = random.Random(demo.seed + 3)
    for month in (3, 6, 9, 12):
        day = date(year, month, 5)
        with _at(day):
            for member_id, _, _ in members[:38]:
                if luck.random() < 0.9:
                    await deposit(
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
    with _at(date(year, 12, 6)):  # long ago enough for a PIN today
        given = await give_activation_code(db, chair, members[0][0])
        await _choose_password(db, given.number, given.code)


async def _wait(db: AsyncSession, demo: Demo, chair: Actor, today: date) -> None:
    """What an officer finds this morning: orders in every state, an order from savings, and people who want
    to join.
    """
    members = await queries.members(db)
    saved = await deposit(
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
    assert saved.fresh
    for wanted, state in _ORDERS:
        placed = await order(db, demo, wanted, on=today)
        if state == "paid":
            await confirm_payment(db, chair, placed.number, on=today)
        elif state == "handed over":
            await hand_over(db, chair, placed.number, on=today)
    await order(db, demo, Wanted(key="savings", whom=0, way="savings", goods=("B0005", "B0020")), on=today)
    for at, (name, sex, place) in enumerate(
        (("Laras Ayuningtyas", "P", "Gang Mangga 3"), ("Bayu Firmansyah", "L", "Jalan Kali 8"))
    ):
        person = Person(name, sex, parse_mobile(f"{demo.phones}{95 + at}"), f"{place}, Karangan")
        consent = "Saya setuju data ini disimpan koperasi untuk keanggotaan saya."
        await apply_for_membership(db, VISITOR, person, key=f"demo-application-{at}", consent=consent)


async def _sales(db: AsyncSession, demo: Demo, part: int, first: date, last: date) -> str:
    numbers = [number for _, number, _ in await queries.members(db)]
    return habits.sales_csv(numbers[:38], sorted(await queries.products(db)), demo.seed + part, first, last)


def _whole(imported: tuple[object, ImportReport]) -> None:
    """A bad line in a file of ours is a fault of ours."""
    rejected = imported[1].rejected
    if rejected:
        msg = f"line {rejected[0].line} of a demo file: {rejected[0].reason}"
        raise ValueError(msg)


def _at(day: date) -> AbstractContextManager[None]:
    return clock.freeze_at(datetime(day.year, day.month, day.day, 2, tzinfo=UTC))
