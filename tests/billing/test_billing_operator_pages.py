"""Operators' pages of billing."""

import hashlib
import hmac
import re
from datetime import UTC, date, datetime

import httpx
import pytest
from sqlalchemy import text

from billing import queries
from billing.billing_run import run_billing
from billing.manage_subscription import choose_plan
from billing.models import Invoice
from conftest import SignedInClient, Visitors
from factories.cooperatives import PASSWORD
from fakes.bank import BankMovement, render_statement
from kernel import clock
from kernel.database import Database
from kernel.settings import Settings
from operators.add_operator import add_operator
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import owner_session, shared_session

PHONE = "0899-0000-7001"
MARCH = datetime(2026, 3, 1, 2, tzinfo=UTC)


@pytest.fixture
async def operator(database: Database, visitor: Visitors, settings: Settings) -> SignedInClient:
    async with owner_session(database) as db:
        await add_operator(db, name="Wening Astuti", phone_number=PHONE, password=PASSWORD)
    client = visitor("operator")
    assert (await client.post("/masuk", data={"phone": PHONE, "password": PASSWORD})).status_code == 303
    message = b"form\0operator\0" + hashlib.sha256(client.cookies["lumbung"].encode()).digest()
    return SignedInClient(client, hmac.new(settings.secret_key.encode(), message, hashlib.sha256).hexdigest())


@pytest.fixture
async def overdue_invoice(database: Database, melati: TenantRef) -> Invoice:
    """Melati's unpaid invoice for Tumbuh in March; read-only since 28 April."""
    with clock.freeze_at(MARCH):
        async with shared_session(database) as db:
            await choose_plan(
                db, database.settings, melati.id, "tumbuh", "month", by="Rina", on=date(2026, 3, 1), key="k"
            )
        await run_billing(database, date(2026, 5, 1))
    async with shared_session(database) as db:
        return (await queries.list_unpaid_invoices(db, melati.id))[0]


def hidden(answer: httpx.Response) -> dict[str, str]:
    form = answer.text[answer.text.index('class="card confirm"') :]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)
    return {name: value for name, value in found if name != "csrf"}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/pendapatan",
        "/kupon",
        "/tagihan",
        "/koperasi/melati",
        "/tagihan/2026-000001",
        "/tagihan/2026-000001/pdf",
    ],
)
async def test_strangers_are_asked_who_they_are(visitor: Visitors, path: str) -> None:
    answer = await visitor("operator").get(f"/langganan{path}")
    assert (answer.status_code, answer.headers["location"][:6]) == (303, "/masuk")


async def test_the_list_is_filtered_and_searched(operator: SignedInClient, overdue_invoice: Invoice) -> None:
    everybody = await operator.get("/langganan")
    assert "Koperasi Melati" in everybody.text
    assert "Koperasi Mawar" in everybody.text
    assert "Rp99.000" in everybody.text
    tardy = await operator.get("/langganan?pilih=late")
    assert "Koperasi Melati" in tardy.text
    assert "Koperasi Mawar" not in tardy.text
    assert "Koperasi Melati" not in (await operator.get("/langganan?pilih=free")).text
    assert "Tidak ada yang cocok" in (await operator.get("/langganan?cari=tiada")).text
    part = await operator.get("/langganan?pilih=late", headers={"hx-request": "true"})
    assert "<html" not in part.text


async def test_confirming_a_payment_opens_the_cooperative_at_once(
    operator: SignedInClient, database: Database, overdue_invoice: Invoice
) -> None:
    closed = await find_tenant_by_slug(database, "melati")
    assert closed is not None
    assert closed.read_only
    assert overdue_invoice.number in (await operator.get("/langganan/tagihan")).text
    page = f"/langganan/tagihan/{overdue_invoice.number}"
    wrong = await operator.post(
        f"{page}/pelunasan", {"amount": "98.000", "method": "bank_transfer", "reference": "mutasi 24/11"}
    )
    assert wrong.status_code == 409
    assert "bukan Rp98.000" in wrong.text
    asked = await operator.post(
        f"{page}/pelunasan", {"amount": "99.000", "method": "bank_transfer", "reference": "mutasi 24/11"}
    )
    assert "sudah tampak di rekening" in asked.text
    done = await operator.post(f"{page}/pelunasan", hidden(asked))
    assert (done.status_code, done.headers["location"]) == (303, "/langganan/koperasi/melati")
    opened = await find_tenant_by_slug(database, "melati")
    assert opened is not None
    assert not opened.read_only
    assert (await operator.post(f"{page}/pelunasan", hidden(asked))).status_code == 409
    shown = await operator.get("/langganan/koperasi/melati")
    assert "Dibuka lagi" in shown.text
    assert "mutasi 24/11" in (await operator.get("/jejak")).text
    revenue = await operator.get("/langganan/pendapatan")
    assert "Dua belas bulan: Rp99.000" in revenue.text
    bars = re.findall(r'<rect [^>]*height="(\d+)"', revenue.text)
    assert sorted(map(int, bars)) == [0] * 11 + [200], "the highest month fills the drawing"


async def test_an_invoice_is_voided_or_written_off_with_a_reason(
    operator: SignedInClient, database: Database, overdue_invoice: Invoice
) -> None:
    page = f"/langganan/tagihan/{overdue_invoice.number}/penutupan"
    assert (await operator.post(page, {"what": "void", "reason": ""})).status_code == 422
    asked = await operator.post(page, {"what": "uncollectible", "reason": "Koperasi bubar"})
    assert "pindah ke paket gratis" in asked.text
    assert (await operator.post(page, hidden(asked))).status_code == 303
    found = await find_tenant_by_slug(database, "melati")
    assert found is not None
    assert (found.plan, found.read_only) == ("benih", False)
    assert "Koperasi bubar" in (await operator.get(f"/langganan/tagihan/{overdue_invoice.number}")).text


async def test_credit_is_given_once_with_a_reason(
    operator: SignedInClient, database: Database, melati: TenantRef
) -> None:
    page = "/langganan/koperasi/melati"
    shown = await operator.get(page)
    key = re.search(r'name="key" value="([^"]+)"', shown.text)
    assert key is not None
    asked = await operator.post(
        f"{page}/saldo", {"amount": "50.000", "reason": "Gangguan 3 April", "key": key[1]}
    )
    assert "Rp50.000 menjadi saldo Koperasi Melati" in asked.text
    for _ in range(2):
        assert (await operator.post(f"{page}/saldo", hidden(asked))).status_code == 303
    async with shared_session(database) as db:
        assert await queries.get_credit_balance(db, melati.id) == 50_000
    assert (
        await operator.post(f"{page}/saldo", {"amount": "0", "reason": "Gangguan", "key": key[1]})
    ).status_code == 422


async def test_a_coupon_is_made_and_listed(operator: SignedInClient) -> None:
    sent = {
        "code": "Pameran 26",
        "percent": "20",
        "invoices": "3",
        "max_uses": "50",
        "reason": "Pameran koperasi",
        "until": "",
    }
    assert (await operator.post("/langganan/kupon", dict(sent))).status_code == 303
    assert "PAMERAN26" in (await operator.get("/langganan/kupon")).text
    assert (await operator.post("/langganan/kupon", dict(sent))).status_code == 409
    assert (
        await operator.post("/langganan/kupon", sent | {"code": "baru", "percent": "0"})
    ).status_code == 422


async def test_a_forged_form_changes_nothing(
    operator: SignedInClient, overdue_invoice: Invoice, database: Database
) -> None:
    answer = await operator.client.post(
        f"/langganan/tagihan/{overdue_invoice.number}/penutupan",
        data={"csrf": "0" * 64, "what": "void", "reason": "tanpa hak", "confirmed": "1"},
    )
    assert answer.status_code == 403
    async with shared_session(database) as db:
        state = (await db.execute(text("SELECT status FROM shared.invoices"))).scalar_one()
    assert state == "open"


async def test_what_is_unknown_is_not_there(operator: SignedInClient) -> None:
    for path in ("/langganan/koperasi/tiada", "/langganan/tagihan/2026-999999"):
        assert (await operator.get(path)).status_code == 404


@pytest.mark.parametrize("bank", ["bca", "mandiri", "bri", "bni"])
async def test_a_statement_finds_the_invoice_that_it_names(
    operator: SignedInClient, overdue_invoice: Invoice, bank: str
) -> None:
    at = clock.now()
    description = f"TRSF DARI KOPERASI MELATI LUMBUNG {overdue_invoice.number.replace('-', '')}"
    content = render_statement(
        bank,
        [
            BankMovement(at, 99_000, description),
            BankMovement(at, 99_000, "SETORAN TUNAI"),
            BankMovement(at, -5_000, "BIAYA ADM"),
        ],
    )
    answer = await operator.client.post(
        "/langganan/mutasi", data={"csrf": operator.csrf}, files={"file": ("mutasi.csv", content, "text/csv")}
    )
    assert answer.status_code == 200
    assert f"Tandai {overdue_invoice.number} lunas" in answer.text
    assert answer.text.count("Tandai ") == 1  # a match by the round amount alone is uncertain
    assert "ragu" in answer.text


async def test_a_file_that_is_no_statement_is_told_beside_the_field(operator: SignedInClient) -> None:
    answer = await operator.client.post(
        "/langganan/mutasi",
        data={"csrf": operator.csrf},
        files={"file": ("x.csv", b"a,b\n1,2\n", "text/csv")},
    )
    assert answer.status_code == 422


async def review_statement(operator: SignedInClient, *movements: BankMovement) -> str:
    content = render_statement("bca", list(movements))
    answer = await operator.client.post(
        "/langganan/mutasi", data={"csrf": operator.csrf}, files={"file": ("mutasi.csv", content, "text/csv")}
    )
    assert answer.status_code == 200
    return answer.text


async def test_a_number_inside_a_longer_one_is_a_doubt(
    operator: SignedInClient, overdue_invoice: Invoice
) -> None:
    bare = overdue_invoice.number.replace("-", "")
    for description, sure in (
        (f"TRSF 99{bare}", False),
        (f"TRSF {bare}00 MELATI", False),
        (f"LUMBUNG{bare}", True),
        (f"LUMBUNG {bare[:4]} {bare[4:]} 0098", True),
    ):
        assert (
            "Tandai " in await review_statement(operator, BankMovement(clock.now(), 99_000, description))
        ) is sure, description


async def test_one_line_of_the_bank_pays_one_invoice(
    operator: SignedInClient, database: Database, overdue_invoice: Invoice, mawar: TenantRef
) -> None:
    with clock.freeze_at(MARCH):
        async with shared_session(database) as db:
            await choose_plan(
                db, database.settings, mawar.id, "tumbuh", "month", by="Dewi", on=date(2026, 3, 1), key="m"
            )
        await run_billing(database, date(2026, 3, 31))
    async with shared_session(database) as db:
        (other,) = await queries.list_unpaid_invoices(db, mawar.id)
    line = BankMovement(clock.now(), 99_000, f"LUMBUNG {overdue_invoice.number.replace('-', '')}")
    shown = await review_statement(operator, line)
    reference = re.search(r'name="reference" value="([^"]+)"', shown)
    assert reference is not None
    sent = {"amount": "99.000", "method": "bank_transfer", "reference": reference[1], "confirmed": "1"}
    assert (
        await operator.post(f"/langganan/tagihan/{overdue_invoice.number}/pelunasan", dict(sent))
    ).status_code == 303
    again = await review_statement(operator, line)
    assert "sudah dipakai" in again
    assert other.number not in again
    refused = await operator.post(f"/langganan/tagihan/{other.number}/pelunasan", dict(sent))
    assert (refused.status_code, f"sudah melunasi tagihan {overdue_invoice.number}" in refused.text) == (
        409,
        True,
    )
    doubt = await review_statement(operator, BankMovement(clock.now(), 99_000, "SETORAN TUNAI"))
    assert f"Periksa {other.number}" in doubt


async def test_a_cooperative_is_in_the_list_before_its_officer_has_looked_at_its_plan(
    operator: SignedInClient, database: Database
) -> None:
    async with shared_session(database) as db:
        assert (await db.execute(text("SELECT count(*) FROM shared.subscriptions"))).scalar_one() == 0
    page = (await operator.get("/langganan")).text
    for slug in ("melati", "mawar"):
        assert f'href="/langganan/koperasi/{slug}"' in page
    assert "2 percobaan" in page
    assert 'href="/langganan/koperasi/mawar"' in (await operator.get("/langganan?pilih=trialing")).text
    assert 'href="/langganan/koperasi/mawar"' not in (await operator.get("/langganan?pilih=free")).text
