"""Open work of payroll deduction and reconciliation is listed on the officers' first page until it is
settled.
"""

import re
from datetime import timedelta

from banking.sync_movements import sync_provider
from conftest import SignedInClient
from credit.payroll_batches import create_batch, import_return
from credit.settle_difference import settle_line
from factories.gateway import set_up_xendit
from factories.shop import get_member_buyer
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import OTHER_INCOME, PAYROLL_RECEIVABLES
from tenants.registry import TenantRef
from tenants.session import coop_session

TODAY_PAGE = "/pengurus"
OFFICER = Actor("officer", "Ketua Melati")


def count_in(page: str, path: str) -> str | None:
    """Return the number at the right of the row that links to a path."""
    found = re.search(rf'href="{path}">.*?<span class="row__right">([^<]+)</span>', page, re.DOTALL)
    return found[1] if found else None


async def test_differences_of_deductions_wait_on_the_first_page_until_they_are_settled(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    path, day = "/pengurus/pembayaran/potong-gaji", clock.today()
    assert count_in((await officer_client.get(TODAY_PAGE)).text, path) is None
    async with coop_session(database, melati) as db:
        member_id = (await get_member_buyer(db)).member_id
        assert member_id is not None
        lines = [
            JournalLine.to_debit(PAYROLL_RECEIVABLES, Rupiah(50_000), member_id),
            JournalLine.to_credit(OTHER_INCOME, Rupiah(50_000)),
        ]
        await post_journal(db, Journal(day, "Belanja potong gaji", "test:potong", lines), by="test")
        batch = (await create_batch(db, OFFICER, "Potongan Juni", key="juni")).id
    # the employer has not answered
    assert count_in((await officer_client.get(TODAY_PAGE)).text, path) is None
    answer = "nomor anggota;nama;dipotong;keterangan\n0001;Sari;20000;cuti\n77;Orang Lain;3000;\n"
    async with coop_session(database, melati) as db:
        await import_return(db, OFFICER, batch, answer, on=day, today=day)
    assert count_in((await officer_client.get(TODAY_PAGE)).text, path) == "2"
    async with coop_session(database, melati) as db:
        await settle_line(db, OFFICER, batch, member_id, "carry", "cuti", on=day)
    assert count_in((await officer_client.get(TODAY_PAGE)).text, path) == "1"


async def test_money_that_nobody_can_explain_waits_on_the_first_page(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    path = "/pengurus/pembayaran/rekonsiliasi"
    async with set_up_xendit(database, melati) as gateway:
        await gateway.pay(100_000)
        await sync_provider(database, melati, "xendit")
        assert count_in((await officer_client.get(TODAY_PAGE)).text, path) is None
        gateway.server.account.credit(7_000, "QRIS", "TOKO-LAIN", clock.now() - timedelta(hours=1))
        await sync_provider(database, melati, "xendit")
        assert count_in((await officer_client.get(TODAY_PAGE)).text, path) == "1"
