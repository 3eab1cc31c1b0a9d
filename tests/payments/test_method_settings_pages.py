"""Officers' pages of payment methods, and the secrets that they never show."""

import io
import re

import pytest
import segno

from conftest import SignedInClient, Visitors
from factories.qris_codes import static_qris
from kernel.database import Database, as_reader
from payments import methods
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

HOME = "/pengurus/pembayaran/cara"
SECRET = "xnd_development_sangat_rahasia"


def version_in(page: str) -> str:
    found = re.search(r'name="mark" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def get_method(database: Database, tenant: TenantRef, name: str) -> methods.PaymentMethod:
    async with coop_reader(database, tenant) as ro:
        return await methods.get_method(ro, name)


async def fields(client: SignedInClient, method: str, **more: object) -> dict[str, object]:
    return {"mark": version_in((await client.get(f"{HOME}/{method}")).text), **more}


async def test_strangers_and_members_set_nothing_up(
    visitor: Visitors, member_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    for path in (HOME, f"{HOME}/xendit"):
        assert (await visitor("melati").get(path)).headers["location"].startswith("/masuk")
        assert (await member_client.get(path)).status_code == 403
    for path in (
        "xendit",
        "cash/pemadaman",
        "cash/naik",
        "xendit/alamat-pesan",
        "qris/percobaan",
        "qris/stiker",
    ):
        assert (await visitor("melati").post(f"{HOME}/{path}", data={})).status_code == 303
        assert (await member_client.post(f"{HOME}/{path}", {})).status_code == 403
    async with coop_session(database, melati) as db:
        assert await as_reader(db).value("SELECT count(*) FROM payment_methods") == 0


@pytest.mark.parametrize("method", methods.known_methods())
async def test_every_way_has_a_page(officer_client: SignedInClient, method: str) -> None:
    answer = await officer_client.get(f"{HOME}/{method}")
    assert answer.status_code == 200
    assert version_in(answer.text)


async def test_a_way_that_is_none_has_no_page(officer_client: SignedInClient) -> None:
    assert (await officer_client.get(f"{HOME}/barter")).status_code == 404
    assert (await officer_client.post(f"{HOME}/barter", {})).status_code == 404


async def test_the_list_says_how_each_way_stands(officer_client: SignedInClient) -> None:
    page = (await officer_client.get(HOME)).text
    for state in ("aktif", "belum lengkap", "tidak diizinkan anggaran dasar"):
        assert state in page
    assert f"{HOME}/cash/turun" in page


async def test_a_secret_is_taken_and_never_shown_again(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    sent = await fields(officer_client, "xendit", secret_key=SECRET, callback_token="kata", channels="qris")
    assert (await officer_client.post(f"{HOME}/xendit", sent)).status_code == 303
    page = (await officer_client.get(f"{HOME}/xendit")).text
    assert SECRET not in page
    assert "Sudah tersimpan" in page
    assert "uji coba" in page.casefold()
    method = await get_method(database, melati, "xendit")
    assert method.settings["channels"] == "qris"
    assert f"http://melati.localhost:8000/webhooks/{method.endpoint}" in page
    audit_log = (await officer_client.get("/pengurus/jejak")).text
    assert "Mengubah cara membayar" in audit_log
    assert SECRET not in audit_log


async def test_a_form_that_came_back_does_not_bring_the_secret(officer_client: SignedInClient) -> None:
    sent = await fields(officer_client, "xendit", secret_key=SECRET, fee_percent="30")
    answer = await officer_client.post(f"{HOME}/xendit", sent)
    assert answer.status_code == 422
    assert "Biaya dari 0 sampai 20 persen." in answer.text
    assert SECRET not in answer.text


@pytest.mark.parametrize("forged", ["enabled", "live", "endpoint", "position", "payload", "secrets"])
async def test_a_field_that_the_way_does_not_know_is_refused(
    officer_client: SignedInClient, database: Database, melati: TenantRef, forged: str
) -> None:
    sent = await fields(officer_client, "xendit", secret_key=SECRET) | {forged: "1"}
    assert (await officer_client.post(f"{HOME}/xendit", sent)).status_code == 422
    assert (await officer_client.post(f"{HOME}/cash/pemadaman", {forged: "1"})).status_code == 422
    assert (await get_method(database, melati, "xendit")).sealed_secrets == {}
    assert (await get_method(database, melati, "cash")).enabled


async def test_what_another_officer_changed_meanwhile_is_not_written_over(
    officer_client: SignedInClient,
) -> None:
    first = await fields(officer_client, "bank_transfer", account="BCA 1")
    second = first | {"account": "BRI 2"}
    assert (await officer_client.post(f"{HOME}/bank_transfer", first)).status_code == 303
    answer = await officer_client.post(f"{HOME}/bank_transfer", second)
    assert answer.status_code == 409
    assert "Pengurus lain baru saja mengubah cara ini" in answer.text


async def test_a_way_goes_off_and_on(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    assert (await officer_client.post(f"{HOME}/cash/pemadaman")).status_code == 303
    assert not (await get_method(database, melati, "cash")).enabled
    assert (await officer_client.post(f"{HOME}/cash/penyalaan")).status_code == 303
    assert (await get_method(database, melati, "cash")).enabled


async def test_a_refused_button_changes_nothing_and_says_why(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    answer = await officer_client.post(f"{HOME}/stripe/penyalaan")
    assert answer.status_code == 409
    assert "Cara ini belum lengkap. Isi dulu: Kunci rahasia" in answer.text
    async with coop_session(database, melati) as db:
        assert await as_reader(db).value("SELECT count(*) FROM payment_methods") == 0


async def test_moving_changes_the_order_of_the_list(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_reader(database, melati) as ro:
        before = [method.method for method in await methods.list_methods(ro)]
    answer = await officer_client.post(f"{HOME}/{before[1]}/naik")
    assert answer.headers["location"] == f"{HOME}#cara-{before[1]}"
    async with coop_reader(database, melati) as ro:
        assert [method.method for method in await methods.list_methods(ro)][:2] == [before[1], before[0]]


def photo() -> bytes:
    drawn = io.BytesIO()
    segno.make(static_qris(), error="m").save(drawn, kind="png", scale=6, border=4)
    return drawn.getvalue()


@pytest.mark.parametrize("by_photo", [False, True])
async def test_a_sticker_is_shown_back_before_it_is_kept(
    officer_client: SignedInClient, database: Database, melati: TenantRef, by_photo: bool
) -> None:
    sent = await fields(officer_client, "qris", payload="" if by_photo else static_qris())
    files = (
        {"photo": ("stiker.png", photo(), "image/png")}
        if by_photo
        else {"photo": ("", b"", "application/octet-stream")}
    )
    answer = await officer_client.post(f"{HOME}/qris/stiker/pemeriksaan", sent, files=files)
    assert answer.status_code == 200
    for expected in ("KOPERASI MELATI", "ID1020304050607", "BANTUL"):
        assert expected in answer.text
    assert not (await get_method(database, melati, "qris")).settings
    saved = await officer_client.post(f"{HOME}/qris/stiker", {"mark": sent["mark"], "payload": static_qris()})
    assert saved.status_code == 303
    assert (await get_method(database, melati, "qris")).settings["payload"] == static_qris()


@pytest.mark.parametrize("payload", ["", "000201 bukan", static_qris()[:-1] + "0"])
async def test_what_is_no_sticker_comes_back_with_a_sentence(
    officer_client: SignedInClient, payload: str
) -> None:
    sent = await fields(officer_client, "qris", payload=payload)
    answer = await officer_client.post(f"{HOME}/qris/stiker/pemeriksaan", sent)
    assert answer.status_code == 422
    assert 'id="e-payload"' in answer.text


async def test_only_qris_has_a_sticker(officer_client: SignedInClient) -> None:
    assert (
        await officer_client.post(f"{HOME}/cash/stiker", {"mark": "a", "payload": static_qris()})
    ).status_code == 404
    assert (await officer_client.post(f"{HOME}/cash/stiker/pemeriksaan", {"mark": "a"})).status_code == 404
    assert (await officer_client.post(f"{HOME}/xendit/kemampuan")).status_code == 404


async def test_a_trial_leads_to_where_it_is_paid_once(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    sent = {"mark": (await fields(officer_client, "qris"))["mark"], "payload": static_qris()}
    await officer_client.post(f"{HOME}/qris/stiker", sent)
    page = (await officer_client.get(f"{HOME}/qris")).text
    assert "akun 2105" in page  # a sticker's money is real
    found = re.search(r'name="key" value="([0-9a-f-]+)"', page)
    assert found is not None
    answers = [await officer_client.post(f"{HOME}/qris/percobaan", {"key": found[1]}) for _ in range(2)]
    assert answers[0].headers["location"].startswith("/bayar/L")
    assert answers[0].headers["location"] == answers[1].headers["location"]
    async with coop_session(database, melati) as db:
        rows = await as_reader(db).records("SELECT purpose, amount FROM payments")
    assert [(row["purpose"], row["amount"]) for row in rows] == [("trial", 10_000)]


async def test_stripe_is_asked_what_the_account_takes_only_with_a_key(officer_client: SignedInClient) -> None:
    answer = await officer_client.post(f"{HOME}/stripe/kemampuan")
    assert answer.status_code == 409
    assert "key is missing" in answer.text
