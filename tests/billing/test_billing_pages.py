"""Officers' pages of the plan, used without JavaScript."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import httpx
import pytest
from sqlalchemy import text

from billing import queries
from billing.billing_run import run_billing
from billing.measure_usage import measure_cooperative
from billing.models import Invoice
from billing.settle_invoice import confirm_payment
from conftest import SignedInClient, SignInAs, Visitors
from factories.qris_codes import static_qris
from kernel import clock
from kernel.database import Database
from kernel.money import Rupiah
from tenants.registry import REGISTRY, TenantRef
from tenants.session import shared_session
from web.dispatch import HostDispatcher

HOME = "/pengurus/langganan"


def confirm_form(answer: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of the confirmation page, without the token."""
    form = answer.text[answer.text.index('class="card confirm"') :]
    return {
        name: value
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)
        if name != "csrf"
    }


async def open_invoice(database: Database, tenant: TenantRef) -> Invoice:
    async with shared_session(database) as db:
        return (await queries.list_unpaid_invoices(db, tenant.id))[0]


async def end_trial(database: Database) -> None:
    """Move both trials into the past: today the cooperatives are on the free plan."""
    with clock.freeze_at(datetime(2026, 3, 1, 2, tzinfo=UTC)):
        await run_billing(database, date(2026, 3, 31))


async def test_a_new_cooperative_sees_its_trial_and_all_plans(officer_client: SignedInClient) -> None:
    answer = await officer_client.get(HOME)
    assert answer.status_code == 200
    for expected in ("Percobaan sampai", "Paket Tumbuh", "Rp99.000", "Rp299.000", "Gratis", "Potong gaji"):
        assert expected in answer.text
    assert "Rp2.990.000" in (await officer_client.get(f"{HOME}?tiap=year")).text
    assert (await officer_client.get("/pengurus")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/pakai",
        "/tagihan",
        "/kontak",
        "/paket/panen",
        "/berhenti",
        "/tagihan/2026-000001",
        "/tagihan/2026-000001/pdf",
    ],
)
async def test_the_plan_is_for_officers(visitor: Visitors, member_client: SignedInClient, path: str) -> None:
    assert (await visitor("melati").get(HOME + path)).status_code == 303
    assert (await member_client.get(HOME + path)).status_code == 403


async def test_choosing_a_plan_is_told_in_a_sentence_and_sent_twice_done_once(
    database: Database, app: HostDispatcher, officer_client: SignedInClient, melati: TenantRef
) -> None:
    await end_trial(database)
    app.on_change(REGISTRY)
    seen = await officer_client.get(f"{HOME}/paket/tumbuh?tiap=month")
    assert "Terbit tagihan Rp99.000, yang bisa dibayar dalam 7 hari." in seen.text
    form = confirm_form(seen)
    for _ in range(2):
        answer = await officer_client.post(f"{HOME}/paket/tumbuh", dict(form))
        assert (answer.status_code, answer.headers["location"]) == (303, HOME)
    async with shared_session(database) as db:
        assert len(await queries.list_unpaid_invoices(db, melati.id)) == 1
    shown = await officer_client.get(HOME)
    assert "Diperpanjang pada" in shown.text
    assert "Menunggu dibayar" in shown.text


async def test_an_upgrade_shows_the_days_and_the_exact_sum(
    database: Database, app: HostDispatcher, officer_client: SignedInClient, melati: TenantRef
) -> None:
    await end_trial(database)
    app.on_change(REGISTRY)
    await officer_client.post(
        f"{HOME}/paket/tumbuh", confirm_form(await officer_client.get(f"{HOME}/paket/tumbuh"))
    )
    seen = await officer_client.get(f"{HOME}/paket/panen")
    assert "yang tidak terpakai" in seen.text
    assert "Rp200.000" in seen.text  # the first day: the whole difference
    assert (await officer_client.post(f"{HOME}/paket/panen", confirm_form(seen))).status_code == 303
    assert (await officer_client.get(f"{HOME}/paket/panen")).status_code == 409
    down = await officer_client.get(f"{HOME}/paket/benih")
    assert "Tidak ada uang yang berpindah" in down.text


async def test_stopping_and_going_on(
    database: Database, app: HostDispatcher, officer_client: SignedInClient
) -> None:
    await end_trial(database)
    app.on_change(REGISTRY)
    await officer_client.post(
        f"{HOME}/paket/tumbuh", confirm_form(await officer_client.get(f"{HOME}/paket/tumbuh"))
    )
    asked = await officer_client.get(f"{HOME}/berhenti")
    assert "tidak diperpanjang" in asked.text
    assert (await officer_client.post(f"{HOME}/berhenti")).status_code == 303
    assert "Berhenti pada" in (await officer_client.get(HOME)).text
    assert (await officer_client.post(f"{HOME}/berhenti")).status_code == 409
    assert (await officer_client.post(f"{HOME}/lanjut")).status_code == 303
    assert "Diperpanjang pada" in (await officer_client.get(HOME)).text


async def test_an_invoice_shows_how_to_pay_and_comes_as_pdf(
    database: Database,
    app: HostDispatcher,
    officer_client: SignedInClient,
    melati: TenantRef,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = replace(
        database.settings,
        billing_bank_account="BCA 123 a.n. PT Lumbung",
        billing_qris=static_qris(t59="LUMBUNG"),
    )
    monkeypatch.setattr(database, "settings", settings)
    await end_trial(database)
    app.on_change(REGISTRY)
    await officer_client.post(
        f"{HOME}/paket/tumbuh", confirm_form(await officer_client.get(f"{HOME}/paket/tumbuh"))
    )
    invoice = await open_invoice(database, melati)
    answer = await officer_client.get(f"{HOME}/tagihan/{invoice.number}")
    for expected in (
        "BCA 123 a.n. PT Lumbung",
        "LUMBUNG " + invoice.number.replace("-", ""),
        "Rp99.000",
        "<svg",
    ):
        assert expected in answer.text
    assert 'class="qr"' in answer.text
    paper = await officer_client.get(f"{HOME}/tagihan/{invoice.number}/pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")
    assert (await officer_client.get(f"{HOME}/tagihan/{invoice.number}/pdf")).content == paper.content
    assert invoice.number in (await officer_client.get(f"{HOME}/tagihan")).text


async def test_the_neighbours_invoice_is_not_there(
    database: Database,
    app: HostDispatcher,
    officer_client: SignedInClient,
    sign_in: SignInAs,
    melati: TenantRef,
) -> None:
    await end_trial(database)
    app.on_change(REGISTRY)
    await officer_client.post(
        f"{HOME}/paket/tumbuh", confirm_form(await officer_client.get(f"{HOME}/paket/tumbuh"))
    )
    number = (await open_invoice(database, melati)).number
    mawar = await sign_in("mawar", "+6289900000001")
    for path in (f"{HOME}/tagihan/{number}", f"{HOME}/tagihan/{number}/pdf"):
        assert (await officer_client.get(path)).status_code == 200
        assert (await mawar.get(path)).status_code == 404


async def test_the_contact_may_be_somebody_else(officer_client: SignedInClient) -> None:
    sent = {"name": "Dewi Bendahara", "email": "dewi@contoh.example", "phone": "0812-1111-2222"}
    assert (await officer_client.post(f"{HOME}/kontak", sent)).status_code == 303
    shown = (await officer_client.get(f"{HOME}/kontak")).text
    assert "Dewi Bendahara" in shown
    assert "0812-1111-2222" in shown
    wrong = await officer_client.post(f"{HOME}/kontak", {"phone": "12"})
    assert wrong.status_code == 422


async def test_a_coupon_that_is_none_is_told_beside_the_field(officer_client: SignedInClient) -> None:
    answer = await officer_client.post(f"{HOME}/kupon", {"code": "TIDAKADA"})
    assert answer.status_code == 404
    assert "tidak dikenal" in answer.text
    assert "TIDAKADA" in answer.text


async def test_usage_shows_figures_limits_and_how_to_count(
    database: Database, officer_client: SignedInClient, melati: TenantRef
) -> None:
    await measure_cooperative(database, melati, clock.today())
    answer = await officer_client.get(f"{HOME}/pakai")
    assert "2 dari 1.000" in answer.text
    assert "SELECT count(*) FROM members" in answer.text
    messages = answer.text[answer.text.index("Pesan terkirim") :]
    assert "Lumbung belum mengirim pesan" in messages[: messages.index("Gambar")]
    assert "Kira-kira" not in answer.text  # there is no forecast without usage
    async with shared_session(database) as db:
        stored = (
            (
                await db.execute(
                    text(
                        "SELECT value FROM shared.usage_figures WHERE meter = 'members' AND "
                        "cooperative_id = :id"
                    ),
                    {"id": melati.id},
                )
            )
            .scalars()
            .all()
        )
    assert stored[-1] == 2


async def test_today_tells_what_officers_should_know(
    database: Database, app: HostDispatcher, officer_client: SignedInClient, melati: TenantRef
) -> None:
    for code, expected in (
        ("trial_ends", "Masa percobaan segera berakhir"),
        ("near_members", "mendekati batas"),
        ("over_members", "Anggota tetap bisa diterima"),
        ("past_due", "Semua tetap berjalan"),
        ("read_only", "Begitu lunas"),
        ("invoice_open", "Belum jatuh tempo"),
    ):
        async with shared_session(database) as db:
            await db.execute(
                text("UPDATE shared.cooperatives SET billing_notice = :code WHERE id = :id"),
                {"code": code, "id": melati.id},
            )
        app.on_change(REGISTRY)
        assert expected in (await officer_client.get("/pengurus")).text


async def test_paid_by_hand_the_invoice_says_so(
    database: Database, app: HostDispatcher, officer_client: SignedInClient, melati: TenantRef
) -> None:
    await end_trial(database)
    app.on_change(REGISTRY)
    await officer_client.post(
        f"{HOME}/paket/tumbuh", confirm_form(await officer_client.get(f"{HOME}/paket/tumbuh"))
    )
    number = (await open_invoice(database, melati)).number
    async with shared_session(database) as db:
        await confirm_payment(
            db,
            database.settings,
            number,
            amount=Rupiah(99_000),
            method="qris",
            reference="mutasi",
            by="Wening",
            on=clock.today(),
        )
    shown = (await officer_client.get(f"{HOME}/tagihan/{number}")).text
    assert "Lunas" in shown
    assert "Cara membayar" not in shown
