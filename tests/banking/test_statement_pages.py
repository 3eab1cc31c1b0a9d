"""The statement pages: preview and confirm an import, and decide on uncertain lines.

All people are invented.
"""

import asyncio
import html
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx

from conftest import SignedInClient, Visitors
from fakes.bank import BankAccount, BankMovement, render_statement
from kernel.database import Database, as_reader
from payments.models import Payment
from tenants.registry import TenantRef
from tenants.session import coop_session

LIST = "/pengurus/pembayaran/mutasi"
IMPORT = f"{LIST}/impor"
NOW = datetime.now(UTC)
ACQUIRER = (
    "Waktu;ID Transaksi;Nominal;Status\n{day} 10:01:02;QR LAAAAAAAAAA1;50.123;Berhasil\n{day} "
    "10:02:02;QR2;9.000;Gagal\n"
)


async def open_transfer(
    database: Database,
    tenant: TenantRef,
    amount: int = 50_123,
    *,
    unique_suffix: int = 123,
    method: str = "bank_transfer",
) -> None:
    """Open a top-up of a member's wallet by transfer."""
    async with coop_session(database, tenant) as db:
        member_id = await as_reader(db).value("SELECT id FROM members WHERE number = '0001'")
        db.add(
            Payment(
                id=uuid4(),
                reference="LAAAAAAAAAA1",
                key="test",
                purpose="top_up",
                subject_id=member_id,
                label_code="payments.top_up",
                label_params={},
                method=method,
                status="awaiting",
                amount=amount,
                unique_suffix=unique_suffix,
                member_id=member_id,
                payer_name="Sari <Wulandari>",
                opened_at=NOW - timedelta(hours=5),
                expires_at=NOW + timedelta(hours=43),
                instructions={},
            )
        )


async def status_of(database: Database, tenant: TenantRef) -> str:
    async with coop_session(database, tenant) as db:
        return str(await as_reader(db).value("SELECT status FROM payments WHERE reference = 'LAAAAAAAAAA1'"))


async def lines_of(database: Database, tenant: TenantRef) -> dict[int, tuple[UUID, str]]:
    async with coop_session(database, tenant) as db:
        records = await as_reader(db).records("SELECT amount, id, status FROM statement_lines")
        return {record["amount"]: (record["id"], record["status"]) for record in records}


def file(*amounts: int, bank: str = "bca", text: str = "TRSF E-BANKING CR <b>SARI</b>") -> bytes:
    movements = [BankMovement(NOW - timedelta(minutes=5), amount, text) for amount in amounts]
    return render_statement(bank, movements, BankAccount(number="9876543210"))


async def send(client: SignedInClient, content: bytes | str, method: str = "bank_transfer") -> httpx.Response:
    raw = content if isinstance(content, bytes) else content.encode()
    return await client.post(IMPORT, {"method": method}, files={"file": ("mutasi.csv", raw, "text/csv")})


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields that a browser sends back: with its line ends, without the first newline."""
    found = re.search(r'<textarea name="content"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    method = re.search(r'name="method" value="([^"]+)"', page)
    assert found is not None
    assert method is not None
    return {"content": html.unescape(found[1]).replace("\n", "\r\n"), "method": method[1]}


async def confirm(
    client: SignedInClient, fields: dict[str, str], path: str = f"{IMPORT}/pencatatan"
) -> httpx.Response:
    parts = {name: (None, value.encode()) for name, value in fields.items()}
    return await client.post(path, files=parts)  # multipart, as the form declares


async def import_amounts(client: SignedInClient, *amounts: int) -> None:
    assert (
        await confirm(client, hidden_fields((await send(client, file(*amounts))).text))
    ).status_code == 303


async def test_only_officers_see_and_bring_statements(
    visitor: Visitors, member_client: SignedInClient
) -> None:
    line = f"{LIST}/{uuid4()}"
    for path in (LIST, IMPORT, line, f"{line}/pencocokan"):
        assert (await visitor("melati").get(path)).headers["location"].startswith("/masuk")
        assert (await member_client.get(path)).status_code == 403
    for path in (
        IMPORT,
        f"{IMPORT}/kolom",
        f"{IMPORT}/susunan",
        f"{IMPORT}/pencatatan",
        f"{line}/pencocokan",
        f"{line}/penyisihan",
    ):
        assert (
            await member_client.post(path, {"method": "bank_transfer", "content": "x"})
        ).status_code == 403


async def test_a_statement_is_looked_at_confirmed_and_settled_once(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await open_transfer(database, melati)
    shown = await send(officer_client, file(50_123, 700_000, -2_500))
    assert shown.status_code == 200
    assert "1 pembayaran senilai Rp50.123 akan dicatat lunas" in shown.text
    assert "Isi dompet, Sari &lt;Wulandari&gt;" in shown.text
    assert "&lt;b&gt;SARI" in shown.text
    assert await status_of(database, melati) == "awaiting"
    assert await lines_of(database, melati) == {}
    done = await confirm(officer_client, hidden_fields(shown.text))
    assert done.headers["location"] == LIST
    assert await status_of(database, melati) == "paid"
    assert {amount: state for amount, (_, state) in (await lines_of(database, melati)).items()} == {
        50_123: "matched",
        700_000: "unmatched",
        -2_500: "outgoing",
    }
    again = await send(officer_client, file(50_123, 700_000, -2_500))
    assert "Semua baris berkas ini sudah ada" in again.text
    assert (await confirm(officer_client, hidden_fields(again.text))).status_code == 303
    assert len(await lines_of(database, melati)) == 3


async def test_lines_that_cannot_be_read_are_shown_and_nothing_can_be_confirmed(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    broken = file(50_123, 700_000).replace(b"700,000.00", b"700,00.00")
    shown = await send(officer_client, broken)
    assert "Ada baris yang tidak terbaca" in shown.text
    assert "Baris 9" in shown.text
    assert "Catat mutasi" not in shown.text
    refused = await confirm(officer_client, hidden_fields(shown.text))
    assert refused.status_code == 422
    assert "Yang pertama: baris 9" in refused.text
    assert await lines_of(database, melati) == {}


async def test_a_spreadsheet_and_a_letter_come_back_with_what_to_do(officer_client: SignedInClient) -> None:
    for content, expected in (
        (b"PK\x03\x04", "bukan berkas CSV"),
        (b"Halo apa kabar", "tidak ada tabel mutasi"),
    ):
        shown = await send(officer_client, content)
        assert shown.status_code == 422
        assert expected in shown.text
    assert (await send(officer_client, file(1), method="cash")).status_code == 422


async def test_another_account_than_the_one_shown_to_buyers_is_told(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        connection = await db.connection()
        await connection.exec_driver_sql(
            "UPDATE profile SET bank_account = 'BCA 123-456-7890 a.n. Koperasi Melati'"
        )
    assert "dari rekening 9876543210" in (await send(officer_client, file(50_123))).text
    async with coop_session(database, melati) as db:
        connection = await db.connection()
        await connection.exec_driver_sql(
            "UPDATE profile SET bank_account = 'BCA 987 654 3210 a.n. Koperasi Melati'"
        )
    assert "dari rekening" not in (await send(officer_client, file(50_123))).text


async def test_the_columns_of_an_unknown_table_are_told_once_and_can_be_told_again(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await open_transfer(database, melati, method="qris")
    content = ACQUIRER.format(day=f"{NOW:%Y-%m-%d}")
    asked = await send(officer_client, content, method="qris")
    assert "Tunjukkan kolomnya" in asked.text
    assert "QR LAAAAAAAAAA1" in asked.text
    fields = hidden_fields(asked.text) | {
        "name": "Kasirku",
        "date": "0",
        "text": "1",
        "amount": "2",
        "outcome": "3",
    }
    wrong = await confirm(officer_client, fields | {"amount": "1"}, f"{IMPORT}/susunan")
    assert wrong.status_code == 422
    assert "Satu kolom dipilih untuk dua hal" in wrong.text
    shown = await confirm(officer_client, fields, f"{IMPORT}/susunan")
    assert "1 pembayaran senilai Rp50.123 akan dicatat lunas" in shown.text
    assert "1 baris tidak berhasil" in shown.text
    assert "Ubah pilihan kolom" in shown.text
    assert (
        "Tunjukkan kolomnya"
        in (await confirm(officer_client, hidden_fields(shown.text), f"{IMPORT}/kolom")).text
    )
    remembered = await send(officer_client, content, method="qris")
    assert (await confirm(officer_client, hidden_fields(remembered.text))).status_code == 303
    assert await status_of(database, melati) == "paid"


async def test_a_known_banks_columns_are_not_asked_for(officer_client: SignedInClient) -> None:
    fields = {"method": "bank_transfer", "content": file(1).decode()}
    assert (await confirm(officer_client, fields, f"{IMPORT}/kolom")).status_code == 409


async def test_a_doubtful_line_is_matched_after_one_sentence(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await open_transfer(database, melati)
    await import_amounts(officer_client, 50_000)
    listed = (await officer_client.get(LIST)).text
    assert "Jumlahnya tidak sama dengan yang ditagih" in listed
    line_id, state = (await lines_of(database, melati))[50_000]
    assert state == "doubtful"
    line = f"{LIST}/{line_id}"
    assert line in listed
    page = (await officer_client.get(line)).text
    assert f"{line}/pencocokan?pembayaran=LAAAAAAAAAA1" in page
    sentence = (await officer_client.get(f"{line}/pencocokan?pembayaran=LAAAAAAAAAA1")).text
    assert "membayar Isi dompet dari Sari &lt;Wulandari&gt;" in sentence
    assert "sedangkan tagihannya Rp50.123" in sentence
    assert await status_of(database, melati) == "awaiting"
    for _ in range(2):  # submitted twice
        assert (
            await officer_client.post(f"{line}/pencocokan", {"reference": "LAAAAAAAAAA1"})
        ).status_code == 303
    assert await status_of(database, melati) == "paid"
    assert "LAAAAAAAAAA1" in (await officer_client.get(f"{LIST}?keadaan=cocok")).text


async def test_what_is_no_payment_is_set_aside_with_its_reason(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await import_amounts(officer_client, 700_000)
    line_id, _ = (await lines_of(database, melati))[700_000]
    line = f"{LIST}/{line_id}"
    empty = await officer_client.post(f"{line}/penyisihan", {"reason": " "})
    assert empty.status_code == 422
    assert (await officer_client.post(f"{line}/penyisihan", {"reason": "Setoran <kas>"})).status_code == 303
    assert "Setoran &lt;kas&gt;" in (await officer_client.get(f"{LIST}?keadaan=disisihkan")).text
    assert (await officer_client.post(f"{line}/penyisihan", {"reason": "Lain"})).status_code == 409
    assert "Bukan pembayaran?" not in (await officer_client.get(line)).text


async def test_what_an_officer_wrote_is_shown_as_written_whatever_it_looks_like(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await import_amounts(officer_client, 700_000, 800_000)
    for amount, written in ((700_000, "reference"), (800_000, "sen:1250")):
        line_id, _ = (await lines_of(database, melati))[amount]
        assert (
            await officer_client.post(f"{LIST}/{line_id}/penyisihan", {"reason": written})
        ).status_code == 303
    shown = (await officer_client.get(f"{LIST}?keadaan=disisihkan")).text
    assert "reference" in shown
    assert "sen:1250" in shown
    assert "Memuat sen" not in shown


async def test_a_payment_of_another_amount_is_refused_with_a_sentence(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await open_transfer(database, melati)
    await import_amounts(officer_client, 49_000)
    line_id, _ = (await lines_of(database, melati))[49_000]
    refused = await officer_client.get(f"{LIST}/{line_id}/pencocokan?pembayaran=LAAAAAAAAAA1")
    assert refused.status_code == 409
    forced = await officer_client.post(f"{LIST}/{line_id}/pencocokan", {"reference": "LAAAAAAAAAA1"})
    assert forced.status_code == 409
    assert "sisihkan barisnya" in forced.text
    assert await status_of(database, melati) == "awaiting"


async def test_no_such_line_is_told_and_the_neighbours_lines_are_none_of_ours(
    officer_client: SignedInClient, database: Database, mawar: TenantRef
) -> None:
    await import_amounts(officer_client, 700_000)
    assert await lines_of(database, mawar) == {}
    assert (await officer_client.get(f"{LIST}/{uuid4()}")).status_code == 404
    assert (await officer_client.post(f"{LIST}/{uuid4()}/penyisihan", {"reason": "x"})).status_code == 404


async def test_search_finds_a_line_by_its_amount_and_words_and_the_list_speaks_english(
    officer_client: SignedInClient,
) -> None:
    await import_amounts(officer_client, 700_000, 81_500)
    found = (await officer_client.get(f"{LIST}?cari=81500")).text
    assert "Rp81.500" in found
    assert "Rp700.000" not in found
    assert "Tidak ada yang cocok" in (await officer_client.get(f"{LIST}?cari=%25")).text
    part = await officer_client.get(f"{LIST}?cari=sari", headers={"hx-request": "true"})
    assert "<html" not in part.text
    await officer_client.get("/bahasa/en?kembali=/")
    assert "To be checked" in (await officer_client.get(LIST)).text


async def test_the_same_statement_sent_by_two_officers_at_once_is_booked_once(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await open_transfer(database, melati)
    fields = hidden_fields((await send(officer_client, file(50_123, 700_000))).text)
    answers = await asyncio.gather(*(confirm(officer_client, fields) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {303}
    assert {amount: state for amount, (_, state) in (await lines_of(database, melati)).items()} == {
        50_123: "matched",
        700_000: "unmatched",
    }
    async with coop_session(database, melati) as db:
        booked = await as_reader(db).value(
            "SELECT count(*) FROM journal_lines WHERE account = '1102' AND debit = 50123"
        )
    assert booked == 1


async def test_what_holds_sen_is_told_so(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    shown = await send(officer_client, file(1_234).replace(b'1,234.00",CR', b'1,234.56",CR'))
    assert (await confirm(officer_client, hidden_fields(shown.text))).status_code == 303
    assert (await lines_of(database, melati))[1_234][1] == "set_aside"
    assert "Memuat sen (Rp1.234,56)" in (await officer_client.get(f"{LIST}?keadaan=disisihkan")).text
