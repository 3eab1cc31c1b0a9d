"""A member's wallet: its balance, topping it up once after a confirmation, and who may not."""

import re
from typing import Any

import pytest

from factories import shop
from factories.payment_statuses import count_payments, create_payment_in_status, enable_methods, top_up_wallet
from factories.shop import CASHIER, TODAY
from kernel.database import Database
from kernel.ids import new_id
from ledger import queries as ledger_queries
from ledger.chart import WALLETS
from payments import methods, queries, state_machine
from payments.models import Payment
from tenants.registry import TenantRef
from tenants.session import coop_session

FILL = "/anggota/dompet/isi"


def tags(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def key_of(text: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', text)
    assert found is not None
    return found[1]


async def the_payment(database: Database, tenant: TenantRef, address: str) -> Payment:
    async with coop_session(database, tenant) as db:
        found = await queries.find_payment_by_reference(db, address.removeprefix("/bayar/"))
    assert found is not None
    return found


async def balance(database: Database, tenant: TenantRef, number: str = "0001") -> int:
    async with coop_session(database, tenant) as db:
        return await ledger_queries.get_balance(
            db, WALLETS, (await shop.get_member_buyer(db, number)).member_id
        )


async def test_an_empty_wallet_says_how_it_is_filled(member_client: Any) -> None:
    page_text = tags((await member_client.get("/anggota/dompet")).text)
    assert "Dompet masih kosong" in page_text
    assert "Rp0" in page_text


async def test_movements_are_those_of_the_books_and_lead_to_their_payments(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        mine = await top_up_wallet(db, 150_000)
        late = await create_payment_in_status(db, "in_wallet")
        other = await top_up_wallet(db, 33_000, "0002")
    text = (await member_client.get("/anggota/dompet")).text
    base = late.amount - late.unique_suffix
    for shown in (f"Rp{150_000 + base:,}", "Rp150,000", f"Rp{base:,}"):
        assert shown.replace(",", ".") in text
    assert f'href="/bayar/{mine.reference}"' in text
    assert f'href="/bayar/{late.reference}"' in text
    assert other.reference not in text
    assert "Rp33.000" not in text


async def test_filling_is_said_in_a_sentence_before_anything_is_opened(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    page = (await member_client.get(FILL)).text
    sent = {"key": key_of(page), "amount": "50.000", "payment_method": "bank_transfer"}
    asked = await member_client.post(FILL, sent)
    assert asked.status_code == 200
    assert "Rp50.000 lewat Transfer bank masuk ke dompet Anda." in tags(asked.text)
    assert await counted(database, melati) == "0"
    done = await member_client.post(FILL, {**sent, "confirmed": "1"})
    payment = await the_payment(database, melati, done.headers["location"])
    assert (payment.purpose, payment.status, payment.amount - payment.unique_suffix) == (
        "top_up",
        "awaiting",
        50_000,
    )
    assert payment.payer_name == "Sari Wulandari Melati"
    assert await balance(database, melati) == 0
    assert f'href="/bayar/{payment.reference}"' in (await member_client.get("/anggota/dompet")).text
    async with coop_session(database, melati) as db:
        await state_machine.confirm_by_officer(db, CASHIER, payment.reference, on=TODAY)
    assert await balance(database, melati) == 50_000


async def counted(database: Database, tenant: TenantRef) -> str:
    async with coop_session(database, tenant) as db:
        return str(await count_payments(db, "top_up", (await shop.get_member_buyer(db)).member_id))


async def test_sent_twice_one_payment_is_opened(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    sent = {"key": str(new_id()), "amount": "50000", "payment_method": "bank_transfer", "confirmed": "1"}
    first, second = await member_client.post(FILL, sent), await member_client.post(FILL, sent)
    assert first.headers["location"] == second.headers["location"]
    assert await counted(database, melati) == "1"


async def test_one_members_key_opens_nothing_of_anothers(
    member_client: Any, sign_in: Any, database: Database, melati: TenantRef
) -> None:
    sent = {"key": str(new_id()), "amount": "50000", "payment_method": "bank_transfer", "confirmed": "1"}
    mine = await member_client.post(FILL, sent)
    other = await sign_in("melati", "+6281200000002")
    other_answer = await other.post(FILL, sent)
    assert mine.headers["location"] != other_answer.headers["location"]


@pytest.mark.parametrize(
    ("amount", "method", "says"),
    [
        ("", "bank_transfer", "Isi bagian ini dulu"),
        ("lima puluh", "bank_transfer", "lima puluh"),
        ("0", "bank_transfer", "mulai dari Rp1"),
        ("10.000.001", "qris", "paling banyak Rp10.000.000"),
        ("50.000", "savings", "tidak tersedia"),
        ("50.000", "wallet", "tidak tersedia"),
        ("50.000", "kasbon", "tidak tersedia"),
        ("50.000", "cash", "tidak tersedia"),
        ("50.000", "stripe", "tidak tersedia"),
        ("50.000", "emas", ""),
    ],
)
async def test_what_cannot_fill_a_wallet_comes_back_with_a_sentence(
    member_client: Any, database: Database, melati: TenantRef, amount: str, method: str, says: str
) -> None:
    async with coop_session(database, melati) as db:
        await enable_methods(db)
    for confirmed in ("", "1"):
        sent = {"key": str(new_id()), "amount": amount, "payment_method": method, "confirmed": confirmed}
        answer = await member_client.post(FILL, sent)
        assert answer.status_code in (409, 422)
        assert says in tags(answer.text)
    assert await counted(database, melati) == "0"


async def test_where_the_bylaws_know_no_wallet_none_is_filled(
    member_client: Any, database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = methods.may_be_offered
    monkeypatch.setattr(
        methods, "may_be_offered", lambda method, *rest: method.method != "wallet" and allowed(method, *rest)
    )
    page_text = tags((await member_client.get("/anggota/dompet")).text)
    assert "tidak memakai dompet" in page_text
    assert (await member_client.get(FILL)).headers["location"] == "/anggota/dompet"
    sent = {"key": str(new_id()), "amount": "50000", "payment_method": "bank_transfer", "confirmed": "1"}
    assert (await member_client.post(FILL, sent)).headers["location"] == "/anggota/dompet"
    assert await counted(database, melati) == "0"


async def test_a_wallet_is_its_members_alone(visitor: Any, officer_client: Any) -> None:
    for path in ("/anggota/dompet", FILL):
        assert (await visitor("melati").get(path)).headers["location"].startswith("/masuk")
        assert (await officer_client.get(path)).status_code == 403


async def test_the_account_page_leads_to_wallet_and_credit(member_client: Any) -> None:
    text = (await member_client.get("/anggota")).text
    assert 'href="/anggota/dompet"' in text
    assert 'href="/anggota/kasbon"' in text
