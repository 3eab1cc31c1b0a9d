"""A payer's claim to have paid reaches the officers, and a debt is called a debt everywhere."""

import re
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select, update

from conftest import SignedInClient
from factories.payment_statuses import create_payment_in_status, enable_methods, top_up_wallet
from kernel.database import Database
from kernel.models import AuditEntry
from payments import events, queries
from payments.models import Payment
from shop.models import Order
from tenants.registry import TenantRef
from tenants.session import coop_session

Visitor = Callable[[str], httpx.AsyncClient]
OFFICE = "/pengurus/pembayaran"


@pytest.fixture
async def waiting(database: Database, melati: TenantRef) -> str:
    """Return the reference of a visitor's order that waits for its transfer."""
    async with coop_session(database, melati) as db:
        await enable_methods(db)
        return (await create_payment_in_status(db, "awaiting")).reference


async def test_who_says_that_they_paid_is_heard_by_officers_once_and_believed_by_nobody(
    visitor: Visitor, officer_client: SignedInClient, database: Database, melati: TenantRef, waiting: str
) -> None:
    assert "bilang sudah bayar" not in (await officer_client.get(f"{OFFICE}?keadaan=menunggu")).text
    client = visitor("melati")
    moments = set()
    for _ in range(3):
        assert (await client.post(f"/bayar/{waiting}/periksa")).status_code == 303
        async with coop_session(database, melati) as db:
            payment = await queries.find_payment_by_reference(db, waiting)
            assert payment is not None
            assert payment.status == "awaiting"
            moments.add(payment.payer_claimed_at)
            claims = select(AuditEntry).where(AuditEntry.action == events.PAYER_CLAIMED_PAID)
            assert len(list((await db.execute(claims)).scalars())) == 1
    assert len(moments) == 1
    assert None not in moments
    assert "bilang sudah bayar" in (await officer_client.get(f"{OFFICE}?keadaan=menunggu")).text
    one = (await officer_client.get(f"{OFFICE}/{waiting}")).text
    assert "bilang sudah bayar" in one
    assert "Pembayar bilang sudah bayar" in one
    own = (await client.get(f"/bayar/{waiting}")).text
    assert "Anda bilang sudah bayar" in own
    assert "Saya sudah bayar" not in own


async def test_what_is_said_of_a_settled_payment_or_one_in_cash_changes_nothing(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await enable_methods(db)
        references = [
            (await create_payment_in_status(db, "paid")).reference,
            (await create_payment_in_status(db, "awaiting", "cash")).reference,
        ]
    for reference in references:
        assert (await visitor("melati").post(f"/bayar/{reference}/periksa")).status_code == 303
        async with coop_session(database, melati) as db:
            payment = await queries.find_payment_by_reference(db, reference)
        assert payment is not None
        assert payment.payer_claimed_at is None


async def test_a_day_of_all_payments_sums_the_money_that_came_and_nothing_else(
    officer_client: SignedInClient, database: Database, melati: TenantRef, waiting: str
) -> None:
    async with coop_session(database, melati) as db:
        await top_up_wallet(db, 40_000)
        owed = await top_up_wallet(db, 30_000)
        await db.execute(update(Payment).where(Payment.id == owed.id).values(method="kasbon"))
        came = await queries.find_payment_by_reference(db, waiting)
        assert came is not None
    for chip in ("semua", "masuk"):
        page = (await officer_client.get(f"{OFFICE}?keadaan={chip}")).text
        day = page[page.index('class="daysum"') :].split("</header>")[0]
        assert "uang masuk" in day
        assert ">Rp40." in day  # and the tail of that transfer
    assert "3 pembayaran" in (await officer_client.get(f"{OFFICE}?keadaan=semua")).text


@pytest.mark.parametrize(
    ("method", "expected"), [("kasbon", "Dicatat sebagai kasbon"), ("payroll", "Akan dipotong dari gaji")]
)
async def test_the_page_of_what_is_owed_does_not_say_that_it_is_paid(
    visitor: Visitor,
    officer_client: SignedInClient,
    database: Database,
    melati: TenantRef,
    method: str,
    expected: str,
) -> None:
    async with coop_session(database, melati) as db:
        await enable_methods(db)
        payment = await create_payment_in_status(db, "paid")
        await db.execute(update(Payment).where(Payment.id == payment.id).values(method=method))
        reference = payment.reference
    own = (await visitor("melati").get(f"/bayar/{reference}")).text
    assert expected in own
    for wrong in ("Lunas<", "Sudah dibayar", "sudah kami terima", "Diterima"):
        assert wrong not in own
    office = (await officer_client.get(f"{OFFICE}/{reference}")).text
    assert expected.lower() in office
    assert "sudah dibayar" not in office
    async with coop_session(database, melati) as db:
        order = (await db.execute(select(Order).where(Order.id == payment.subject_id))).scalar_one()
        order.payment_method = method
    link = re.search(r'href="(/pesanan/\d+\?kunci=[0-9a-f]{32})"', own)
    assert link is not None
    sold = (await visitor("melati").get(link[1])).text
    assert "Lunas:" not in sold
    assert "Dicatat, belum lunas:" in sold
    assert "Sudah dibayar" not in (await officer_client.get("/pengurus")).text
