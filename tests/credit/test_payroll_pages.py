"""Payroll deduction for officers, from the file to the last difference."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from conftest import SignedInClient
from kernel import clock
from kernel.database import Database, as_reader
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import OTHER_INCOME, PAYROLL_RECEIVABLES
from tenants.changes import invalidate_local
from tenants.registry import REGISTRY, TenantRef
from tenants.session import coop_session

HOME = "/pengurus/pembayaran/potong-gaji"


@pytest.fixture
async def owed(database: Database, melati: TenantRef) -> dict[str, UUID]:
    """Sari owes 50.000 by payroll deduction, Budi 70.000."""
    async with coop_session(database, melati) as db:
        ro = as_reader(db)
        found = {}
        for number, amount in (("0001", 50_000), ("0002", 70_000)):
            member = await ro.value("SELECT id FROM members WHERE number = $1", number)
            lines = [
                JournalLine.to_debit(PAYROLL_RECEIVABLES, Rupiah(amount), member),
                JournalLine.to_credit(OTHER_INCOME, Rupiah(amount)),
            ]
            await post_journal(
                db, Journal(clock.today(), "Belanja potong gaji", f"test:{number}", lines), by="test"
            )
            found[number] = member
    return found


async def test_from_the_file_out_to_the_last_difference(
    officer_client: SignedInClient, owed: dict[str, UUID]
) -> None:
    assert "Rp120.000" in (await officer_client.get(HOME)).text
    assert "memotong Rp120.000 dari gaji 2 anggota" in (await officer_client.get(f"{HOME}/baru")).text
    fields = {"title": "Potongan Juni", "key": str(uuid4())}
    batches = {(await officer_client.post(HOME, dict(fields))).headers["location"] for _ in range(2)}
    assert len(batches) == 1
    batch = batches.pop()
    assert "Menunggu balasan" in (await officer_client.get(batch)).text

    file = await officer_client.get(f"{batch}/berkas.csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert "0001;;Sari Wulandari Melati;50000;;" in file.text
    answer = file.text.replace(";50000;;", ";50000;20000;cuti").replace(";70000;;", ";70000;75000;")
    answer += "9999;P-9;Orang Lain;;3000;\r\n"
    day = clock.today().isoformat()
    looked = await officer_client.post(
        f"{batch}/balasan", {"on": day}, files={"file": ("balasan.csv", answer.encode(), "text/csv")}
    )
    assert looked.status_code == 200
    assert "Rp98.000 dari pemberi kerja masuk ke bank" in looked.text
    assert "Rp90.000 melunasi" in looked.text
    assert "Orang Lain" in looked.text
    for _ in range(2):
        taken = await officer_client.post(f"{batch}/balasan/pencatatan", {"on": day, "content": answer})
        assert taken.headers["location"] == batch
    shown = (await officer_client.get(batch)).text
    assert "Perlu diselesaikan" in shown

    sari, budi = f"{batch}/selisih/{owed['0001']}", f"{batch}/selisih/{owed['0002']}"
    assert "Ikut berkas berikutnya" in (await officer_client.get(sari)).text
    assert "Masukkan ke dompetnya" in (await officer_client.get(budi)).text
    missing = await officer_client.post(sari, {"decision": "carry"})
    assert missing.status_code == 422
    assert (await officer_client.post(sari, {"decision": "wallet", "reason": "x"})).status_code == 409
    assert (
        await officer_client.post(sari, {"decision": "kasbon", "reason": "sudah berhenti"})
    ).status_code == 303
    assert (await officer_client.post(budi, {"decision": "wallet", "reason": "kelebihan"})).status_code == 303
    unmatched = f"{batch}/baris/4"
    assert "Orang Lain" in (await officer_client.get(unmatched)).text
    assert (
        await officer_client.post(unmatched, {"decision": "bank", "reason": "bukan anggota"})
    ).status_code == 303
    done = (await officer_client.get(batch)).text
    assert "Semua selisih sudah diselesaikan." in done
    assert "sudah berhenti" in done


async def test_bad_lines_stop_the_answer_and_are_told(
    officer_client: SignedInClient, owed: dict[str, UUID]
) -> None:
    batch = (await officer_client.post(HOME, {"title": "Juni", "key": str(uuid4())})).headers["location"]
    day, content = clock.today().isoformat(), "nomor anggota,dipotong\n0001,lima puluh\n"
    looked = await officer_client.post(
        f"{batch}/balasan", {"on": day}, files={"file": ("b.csv", content.encode(), "text/csv")}
    )
    assert "Ada baris yang belum bisa dibaca" in looked.text
    assert "lima puluh" in looked.text
    refused = await officer_client.post(f"{batch}/balasan/pencatatan", {"on": day, "content": content})
    assert refused.status_code == 422
    empty = await officer_client.post(
        f"{batch}/balasan", {"on": day}, files={"file": ("b.csv", b"PK\x03\x04", "text/csv")}
    )
    assert empty.status_code == 422


async def test_a_plan_without_it_makes_no_file_but_finishes_those_that_were_sent(
    database: Database, officer_client: SignedInClient, owed: dict[str, UUID]
) -> None:
    batch = (await officer_client.post(HOME, {"title": "Juni", "key": str(uuid4())})).headers["location"]
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text("UPDATE shared.cooperatives SET entitlements = '{}' WHERE slug = 'melati'")
        )
    invalidate_local(database, REGISTRY)
    assert (await officer_client.get(f"{HOME}/baru")).status_code == 409
    assert (await officer_client.post(HOME, {"title": "Juli", "key": str(uuid4())})).status_code == 409
    assert "Belum termasuk paket Anda" in (await officer_client.get(HOME)).text
    day, content = clock.today().isoformat(), "nomor anggota,dipotong\n1,50000\n2,70000\n"
    taken = await officer_client.post(f"{batch}/balasan/pencatatan", {"on": day, "content": content})
    assert taken.status_code == 303


async def test_nobody_elses_and_nothing_at_all(
    officer_client: SignedInClient, member_client: SignedInClient
) -> None:
    assert "Belum ada yang menunggu dipotong" in (await officer_client.get(HOME)).text
    assert (await officer_client.post(HOME, {"title": "Juni", "key": str(uuid4())})).status_code == 409
    for path in ("", "/berkas.csv", "/balasan", f"/selisih/{uuid4()}", "/baris/1", f"/baris/{10**12}"):
        assert (await officer_client.get(f"{HOME}/{uuid4()}{path}")).status_code == 404
    assert (await member_client.get(HOME)).status_code == 403
