"""The number of queries of a page does not grow with the rows that it shows."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from conftest import SignedInClient
from factories import shop as made
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database, Reader
from kernel.money import Rupiah
from members.admit_member import PersonDetails, admit_member
from savings.record_deposit import record_deposit
from shop.fulfilment import hand_over
from tenants.registry import TenantRef
from tenants.session import coop_session
from web.dispatch import HostDispatcher

CHAIR = Actor("officer", "Rina Kasir")
Get = Callable[[str], Awaitable[httpx.Response]]

OFFICERS = {
    "/pengurus": 11,
    "/pengurus/pesanan": 8,
    "/pengurus/barang": 6,
    "/pengurus/anggota": 8,
    "/pengurus/buku": 10,
    "/pengurus/buku/jurnal": 8,
    "/pengurus/buku/akun/1101": 10,
    "/pengurus/anggaran-dasar": 6,
    "/pengurus/shu": 10,
    "/pengurus/pembayaran": 12,
    "/pengurus/pembayaran/cara": 6,
    "/pengurus/pembayaran/mutasi": 10,
    "/pengurus/pembayaran/kasbon": 10,
    "/pengurus/pembayaran/rekonsiliasi": 60,
    "/pengurus/langganan": 20,
}
MEMBERS = {
    "/": 6,
    "/anggota": 14,
    "/anggota/simpanan": 10,
    "/anggota/simpanan/sukarela": 6,
    "/anggota/belanja": 8,
    "/anggota/pesanan": 6,
    "/anggota/shu": 8,
    "/anggota/dompet": 10,
    "/anggota/kasbon": 10,
}


@contextmanager
def count_statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect every statement that is sent meanwhile."""
    asked: list[str] = []
    with monkeypatch.context() as patch:
        for name in ("rows", "one", "records", "value"):
            original = getattr(Reader, name)

            def counting(self: Reader, *args: object, original: Callable[..., object] = original) -> object:
                asked.append(next(str(each) for each in args if isinstance(each, str)))
                return original(self, *args)

            patch.setattr(Reader, name, counting)
        yield asked


async def add_rows(database: Database, melati: TenantRef, first: int, last: int) -> None:
    """Give the cooperative more of everything: goods, orders handed over and waiting, members, deposits."""
    async with coop_session(database, melati) as db:
        buyer = await made.get_member_buyer(db)
        assert buyer.member_id is not None
        today = clock.today()
        for at in range(first, last):
            product = await made.create_product(db, name=f"Barang {at}")
            sold = await made.create_order(db, {product.id: 1}, buyer)
            await hand_over(db, CHAIR, sold.number, on=today)
            await made.create_order(db, {product.id: 2}, buyer)
            await record_deposit(
                db,
                CHAIR,
                buyer.member_id,
                "voluntary",
                Rupiah(5_000),
                "cash",
                on=today,
                today=today,
                key=f"t{at}",
            )
            await admit_member(
                db,
                CHAIR,
                PersonDetails(f"Warga {at}"),
                number="",
                joined_on=today - timedelta(days=at),
                today=today,
                key=f"t{at}",
            )


async def _counts(
    app: HostDispatcher, get: Get, pages: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    found = {}
    for page in pages:
        app.clear_caches()
        with count_statements(monkeypatch) as asked:
            answer = await get(page)
        assert answer.status_code == 200, page
        found[page] = len(asked)
    return found


@pytest.mark.slow
async def test_no_page_asks_once_more_for_each_row(
    app: HostDispatcher,
    database: Database,
    melati: TenantRef,
    officer_client: SignedInClient,
    member_client: SignedInClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await add_rows(database, melati, 0, 2)
    await officer_client.get("/pengurus/langganan")  # the first visit begins the trial
    few = await _counts(app, officer_client.get, OFFICERS, monkeypatch)
    few |= await _counts(app, member_client.get, MEMBERS, monkeypatch)
    await add_rows(database, melati, 2, 7)
    many = await _counts(app, officer_client.get, OFFICERS, monkeypatch)
    many |= await _counts(app, member_client.get, MEMBERS, monkeypatch)
    assert many == few
    assert not {page: count for page, count in many.items() if count > (OFFICERS | MEMBERS)[page]}
