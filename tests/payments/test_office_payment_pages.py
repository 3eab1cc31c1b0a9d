"""Officers' pages of payments: lists, open work, confirmation, status checks, exceptions and refunds."""

import re
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from conftest import SignedInClient, Visitors
from factories.payments import list_open_reasons
from factories.shop import CASHIER, TODAY, VISITOR, create_order, get_latest_payment, get_member_buyer
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger.descriptions import describe
from payments import queries, refund_payment, state_machine
from payments.builtin_purposes import TOP_UP
from payments.exceptions_queue import record_exception
from payments.models import Payment, PaymentEvent
from payments.open_payment import PaymentRequest, open_payment
from shop import fulfilment
from shop.place_order import Buyer
from tenants.registry import TenantRef
from tenants.session import coop_session

HOME = "/pengurus/pembayaran"


async def beras(db: AsyncSession) -> dict[Any, int]:
    return {await as_reader(db).value("SELECT id FROM products WHERE sku = 'BRS5'"): 1}


async def ordered(
    database: Database, tenant: TenantRef, method: str = "bank_transfer", *, buyer: Buyer = VISITOR
) -> str:
    """Return the reference of the payment of an order by this method."""
    async with coop_session(database, tenant) as db:
        placed = await create_order(db, await beras(db), buyer, method)
        return (await get_latest_payment(db, placed)).reference


async def topped_up(database: Database, tenant: TenantRef, *, paid: bool = True, amount: int = 50_000) -> str:
    """Return the reference of a member's top-up by transfer."""
    async with coop_session(database, tenant) as db:
        buyer = await get_member_buyer(db)
        ask = PaymentRequest(
            purpose=TOP_UP,
            subject_id=buyer.member_id or new_id(),
            label=describe("payments.top_up"),
            amount=Rupiah(amount),
            method="bank_transfer",
            payer_name=buyer.name,
            key=new_id().hex,
            member_id=buyer.member_id,
        )
        payment = await open_payment(db, Actor("member", buyer.name), ask, on=TODAY)
        if paid:
            await state_machine.confirm_by_officer(db, CASHIER, payment.reference, on=TODAY)
        return payment.reference


async def payment(database: Database, tenant: TenantRef, reference: str) -> Payment:
    async with coop_session(database, tenant) as db:
        found = await queries.find_payment_by_reference(db, reference)
    assert found is not None
    return found


async def raise_amount_exception(database: Database, tenant: TenantRef, reference: str) -> None:
    async with coop_session(database, tenant) as db:
        await record_exception(db, await state_machine.lock_payment(db, reference), "amount", {"theirs": 1})


async def reasons(database: Database, tenant: TenantRef, reference: str) -> list[str]:
    async with coop_session(database, tenant) as db:
        return await list_open_reasons(db, await state_machine.lock_payment(db, reference))


async def unknown_message(database: Database, tenant: TenantRef) -> None:
    async with coop_session(database, tenant) as db:
        await db.execute(
            insert(PaymentEvent).values(
                method="xendit",
                event_id="e1",
                kind="invoice.paid",
                object_type="payment",
                reference="BUKAN-KITA",
                body=b"{}",
                status="exception",
                outcome="unknown",
                processed_at=clock.now(),
            )
        )


def key_in(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f-]+)"', page)
    assert found is not None
    return found[1]


async def test_strangers_and_members_see_and_change_no_payment(
    visitor: Visitors, member_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await ordered(database, melati)
    for path in (
        HOME,
        f"{HOME}/{reference}",
        f"{HOME}/{reference}/penerimaan",
        f"{HOME}/{reference}/pengembalian",
    ):
        assert (await visitor("melati").get(path)).headers["location"].startswith("/masuk")
        assert (await member_client.get(path)).status_code == 403
    for step in (
        "penerimaan",
        "pertanyaan",
        f"pemeriksaan/{new_id()}",
        "pengembalian",
        "pengembalian/periksa",
    ):
        assert (await visitor("melati").post(f"{HOME}/{reference}/{step}", data={})).status_code == 303
        assert (await member_client.post(f"{HOME}/{reference}/{step}", {})).status_code == 403
    assert (await payment(database, melati, reference)).status == "awaiting"


@pytest.mark.parametrize("reference", ["TIDAKADA", "x" * 200])
async def test_a_payment_that_is_none_has_no_page(officer_client: SignedInClient, reference: str) -> None:
    assert (await officer_client.get(f"{HOME}/{reference}")).status_code == 404
    assert (await officer_client.post(f"{HOME}/{reference}/penerimaan")).status_code == 404


async def test_the_list_is_found_by_reference_name_amount_and_number(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    mine, other = await topped_up(database, melati, amount=77_000), await ordered(database, melati)
    amount = (await payment(database, melati, mine)).amount
    for search in (mine, mine[2:7].lower(), "Sari Wulandari", str(amount), f"Rp {amount}"):
        page = (await officer_client.get(HOME, params={"cari": search})).text
        assert f"{HOME}/{mine}" in page, search
        assert f"{HOME}/{other}" not in page, search
    label = str((await payment(database, melati, other)).label)
    assert f"{HOME}/{other}" in (await officer_client.get(HOME, params={"cari": label})).text
    assert "Belum ketemu" in (await officer_client.get(HOME, params={"cari": "100%_"})).text


async def test_an_english_page_names_payments_and_their_journals_in_english_and_finds_them_by_that_name(
    officer_client: SignedInClient, visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    bought, filled = await ordered(database, melati), await topped_up(database, melati)
    async with coop_session(database, melati) as db:
        await state_machine.confirm_by_officer(db, CASHIER, bought, on=TODAY)
    number = (await payment(database, melati, bought)).label.params["number"]
    officer_client.client.cookies.set("bahasa", "en")
    found = (await officer_client.get(HOME, params={"cari": f"order {number}"})).text
    assert f"{HOME}/{bought}" in found
    assert f"{HOME}/{filled}" not in found
    assert f"{HOME}/{filled}" in (await officer_client.get(HOME, params={"cari": "Wallet top-up"})).text
    one = (await officer_client.get(f"{HOME}/{bought}")).text
    assert f"Order {number} paid, Bank transfer" in one
    assert "Wallet top-up paid, Bank transfer" in (await officer_client.get(f"{HOME}/{filled}")).text
    own = visitor("melati")
    own.cookies.set("bahasa", "en")
    pages = [one, found, (await own.get(f"/bayar/{bought}")).text]
    assert all(f"Order {number}" in page and f"Pesanan {number}" not in page for page in pages)


async def test_each_chip_shows_its_own(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    waits, came, odd = (
        await ordered(database, melati),
        await topped_up(database, melati),
        await ordered(database, melati),
    )
    await raise_amount_exception(database, melati, odd)
    shown = {
        "menunggu": {waits, odd},
        "masuk": {came},
        "periksa": {odd},
        "dikembalikan": set(),
        "semua": {waits, came, odd},
    }
    for chip, expected in shown.items():
        page = (await officer_client.get(f"{HOME}?keadaan={chip}")).text
        assert {each for each in (waits, came, odd) if f"{HOME}/{each}" in page} == expected, chip
    assert (
        "Jumlah yang dibayar tidak sama" in (await officer_client.get(HOME)).text
    )  # what must be looked at comes first


async def test_a_day_sums_all_its_payments_and_opens_them(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    for _ in range(31):  # one more than a page holds
        await topped_up(database, melati, amount=10_000)
    async with coop_session(database, melati) as db:
        total = await as_reader(db).value("SELECT sum(amount)::bigint FROM payments")
    page = (await officer_client.get(f"{HOME}?keadaan=masuk")).text
    assert f"{total:,}".replace(",", ".") in page
    assert "31 pembayaran" in page
    found = re.search(r'href="(/pengurus/pembayaran\?keadaan=masuk&amp;hari=[0-9-]+)"', page)
    assert found is not None
    assert "31 pembayaran" in (await officer_client.get(found[1].replace("&amp;", "&"))).text
    assert (await officer_client.get(f"{HOME}?keadaan=masuk&halaman=9")).status_code == 303
    assert "31 pembayaran" not in (await officer_client.get(f"{HOME}?keadaan=masuk&hari=2020-01-01")).text


async def test_a_payment_tells_all_that_happened(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await topped_up(database, melati)
    found = await payment(database, melati, reference)
    page = (await officer_client.get(f"{HOME}/{reference}")).text
    for expected in (
        reference,
        "Sari Wulandari",
        "Dibuka",
        "Dibayar",
        "Rina Kasir",
        f"/pengurus/buku/jurnal/{found.journal}",
    ):
        assert expected in page, expected
    assert f"{HOME}/{reference}/penerimaan" not in page


async def test_an_officer_confirms_after_one_sentence(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await ordered(database, melati)
    page = (await officer_client.get(f"{HOME}/{reference}/penerimaan")).text
    assert "Tono Suprapto" in page
    assert "sudah masuk rekening" in page
    assert (await payment(database, melati, reference)).status == "awaiting"
    assert (await officer_client.post(f"{HOME}/{reference}/penerimaan", {"amount": "1"})).status_code == 422
    assert (await officer_client.post(f"{HOME}/{reference}/penerimaan")).status_code == 303
    found = await payment(database, melati, reference)
    assert (found.status, found.settled_by) == ("paid", "Ketua Melati")
    assert (await officer_client.post(f"{HOME}/{reference}/penerimaan")).status_code == 409
    assert (await officer_client.get(f"{HOME}/{reference}/penerimaan")).status_code == 303


async def test_what_a_provider_settles_no_officer_confirms(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await topped_up(database, melati, paid=False)
    async with coop_session(database, melati) as db:
        await db.execute(
            update(Payment)
            .where(Payment.reference == reference)
            .values(method="xendit", provider_reference="x1")
        )
    page = (await officer_client.get(f"{HOME}/{reference}")).text
    assert f"{HOME}/{reference}/penerimaan" not in page
    assert f"{HOME}/{reference}/pertanyaan" in page
    assert (await officer_client.post(f"{HOME}/{reference}/penerimaan")).status_code == 409
    answer = await officer_client.post(
        f"{HOME}/{reference}/pertanyaan"
    )  # without a key there is nobody to ask: an alarm
    assert answer.status_code == 303
    assert await reasons(database, melati, reference) == ["fault"]


async def test_an_alarm_is_settled_with_a_note(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await topped_up(database, melati)
    await raise_amount_exception(database, melati, reference)
    found = re.search(
        rf'action="({HOME}/{reference}/pemeriksaan/[^"]+)"',
        (await officer_client.get(f"{HOME}/{reference}")).text,
    )
    assert found is not None
    assert (await officer_client.post(found[1], {"note": " "})).status_code == 422
    assert await reasons(database, melati, reference) == ["amount"]
    sent = {"note": "Selisihnya sudah ditagih"}
    assert (await officer_client.post(found[1], sent)).status_code == 303
    assert not await reasons(database, melati, reference)
    assert (await officer_client.post(found[1], sent)).status_code == 409  # by whom, it says
    assert (await officer_client.post(f"{HOME}/{reference}/pemeriksaan/{new_id()}", sent)).status_code == 404
    assert "Selisihnya sudah ditagih" in (await officer_client.get(f"{HOME}/{reference}")).text


async def test_a_message_about_nobody_waits_until_somebody_looked(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await unknown_message(database, melati)
    assert "Periksa pembayaran yang tidak cocok" in (await officer_client.get("/pengurus")).text
    page = (await officer_client.get(HOME)).text
    assert "BUKAN-KITA" in page
    found = re.search(rf'action="({HOME}/pesan/\d+/pemeriksaan)"', page)
    assert found is not None
    assert (await officer_client.post(found[1])).status_code == 303
    assert "BUKAN-KITA" not in (await officer_client.get(HOME)).text
    assert (await officer_client.post(found[1])).status_code == 404
    assert (await officer_client.post(f"{HOME}/pesan/{2**70}/pemeriksaan")).status_code == 404


async def test_today_tells_what_waits_of_the_money(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    assert "Pastikan pembayaran masuk" not in (await officer_client.get("/pengurus")).text
    await topped_up(database, melati, paid=False)
    await ordered(database, melati)  # waits in the list of orders, and is not counted twice
    page = (await officer_client.get("/pengurus")).text
    assert "Pastikan pembayaran masuk" in page
    assert re.search(r'keadaan=menunggu">.*?<span class="row__right">1</span>', page, re.DOTALL)


async def test_money_goes_back_after_one_sentence_and_once(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await topped_up(database, melati)
    form = (await officer_client.get(f"{HOME}/{reference}/pengembalian")).text
    sent = {"amount": "20.000", "destination": "by_hand", "reason": "salah kirim", "key": key_in(form)}
    asked = await officer_client.post(f"{HOME}/{reference}/pengembalian/periksa", sent)
    assert (
        "Rp20.000 dari Isi dompet sudah Anda transfer dari rekening koperasi kepada Sari Wulandari Melati."
        in asked.text
    )
    assert (await payment(database, melati, reference)).refunded == 0
    for _ in range(2):
        assert (await officer_client.post(f"{HOME}/{reference}/pengembalian", sent)).status_code == 303
    found = await payment(database, melati, reference)
    assert (found.status, found.refunded) == ("partly_refunded", 20_000)
    page = (await officer_client.get(f"{HOME}/{reference}")).text
    assert "salah kirim" in page
    assert "Rp30.000" in page  # what is left
    assert f"{HOME}/{reference}" in (await officer_client.get(f"{HOME}?keadaan=dikembalikan")).text


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"amount": "50.001"}, 409),
        ({"amount": "0"}, 422),
        ({"destination": "original_method"}, 409),
        ({"destination": "kawan"}, 422),
        ({"reason": ""}, 422),
        ({"key": "bukan"}, 422),
        ({"payment_id": "1"}, 422),
    ],
)
async def test_what_cannot_go_back_comes_back_with_a_sentence(
    officer_client: SignedInClient,
    database: Database,
    melati: TenantRef,
    changed: dict[str, str],
    status: int,
) -> None:
    reference = await topped_up(database, melati)
    sent = {"amount": "1.000", "destination": "by_hand", "reason": "salah", "key": str(new_id())} | changed
    for step in ("pengembalian/periksa", "pengembalian"):
        answer = await officer_client.post(f"{HOME}/{reference}/{step}", sent)
        assert answer.status_code == status
        assert 'class="summary"' in answer.text
    assert (await payment(database, melati, reference)).refunded == 0


async def test_what_was_not_paid_gives_nothing_back(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await ordered(database, melati)
    assert (await officer_client.get(f"{HOME}/{reference}/pengembalian")).status_code == 303
    sent = {"amount": "1.000", "destination": "by_hand", "reason": "salah", "key": str(new_id())}
    assert (await officer_client.post(f"{HOME}/{reference}/pengembalian", sent)).status_code == 409


async def test_an_order_that_waits_for_its_buyer_is_called_off_on_its_own_page(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await ordered(database, melati)
    await officer_client.post(f"{HOME}/{reference}/penerimaan")
    page = (await officer_client.get(f"{HOME}/{reference}/pengembalian")).text
    number = (await payment(database, melati, reference)).label.params["number"]
    assert f"/pengurus/pesanan/{number}" in page
    sent = {"amount": "1.000", "destination": "by_hand", "reason": "salah", "key": str(new_id())}
    for step in ("pengembalian/periksa", "pengembalian"):
        assert (await officer_client.post(f"{HOME}/{reference}/{step}", sent)).status_code == 409
    async with coop_session(database, melati) as db:
        await fulfilment.hand_over(db, CASHIER, int(number), on=clock.today())
    assert (await officer_client.post(f"{HOME}/{reference}/pengembalian", sent)).status_code == 303
    assert (await payment(database, melati, reference)).refunded == 1_000


async def test_a_refund_that_failed_is_asked_again_another_way(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    reference = await topped_up(database, melati)
    async with coop_session(database, melati) as db:
        await db.execute(
            update(Payment)
            .where(Payment.reference == reference)
            .values(method="xendit", provider_reference="x1")
        )
        locked = await state_machine.lock_payment(db, reference)
        asked = await refund_payment.request_refund(
            db, CASHIER, locked, Rupiah(50_000), "original_method", "batal", key="gagal", on=TODAY
        )
        assert asked.status == "pending"
    assert "sedang berjalan" in (await officer_client.get(f"{HOME}/{reference}")).text
    # all of it is on its way
    assert (await officer_client.get(f"{HOME}/{reference}/pengembalian")).status_code == 303
    async with coop_session(database, melati) as db:
        locked = await state_machine.lock_payment(db, reference)
        refund = await queries.get_refund_for_update(db, asked.id)
        assert refund is not None
        await refund_payment.fail_refund(db, locked, refund, "saldo Xendit kurang")
    page = (await officer_client.get(f"{HOME}/{reference}")).text
    assert "saldo Xendit kurang" in page
    assert "Kembalikan dengan jalan lain" in page
    form = (await officer_client.get(f"{HOME}/{reference}/pengembalian")).text
    assert re.search(r'value="by_hand" checked', form)
    sent = {"amount": "50.000", "destination": "by_hand", "reason": "batal", "key": key_in(form)}
    assert (await officer_client.post(f"{HOME}/{reference}/pengembalian", sent)).status_code == 303
    assert (await payment(database, melati, reference)).status == "refunded"
    assert not await reasons(database, melati, reference)
