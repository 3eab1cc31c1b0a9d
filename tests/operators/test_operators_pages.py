import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from conftest import SignedInClient, Visitors
from factories.cooperatives import PASSWORD
from kernel import clock, passwords
from kernel.database import Database
from kernel.settings import Settings
from onboarding.remove_abandoned import mark_abandoned, remove_marked
from operators.add_operator import add_operator
from operators.models import Operator
from tenants.session import owner_session, shared_session
from web.dispatch import HostDispatcher

PHONE = "0899-0000-7001"


@pytest.fixture
async def operator(database: Database) -> Operator:
    async with owner_session(database) as db:
        return await add_operator(db, name="Wening Astuti", phone_number=PHONE, password=PASSWORD)


@pytest.fixture
def csrf(settings: Settings) -> Callable[[httpx.AsyncClient], str]:
    def of(client: httpx.AsyncClient) -> str:
        token = client.cookies["lumbung"]
        message = b"form\0operator\0" + hashlib.sha256(token.encode()).digest()
        return hmac.new(settings.secret_key.encode(), message, hashlib.sha256).hexdigest()

    return of


@pytest.fixture
async def signed_in(visitor: Visitors, operator: Operator) -> httpx.AsyncClient:
    client = visitor("operator")
    answer = await client.post("/masuk", data={"phone": PHONE, "password": PASSWORD})
    assert answer.status_code == 303
    return client


@pytest.mark.parametrize("path", ["/", "/koperasi/melati", "/jejak"])
async def test_strangers_are_asked_who_they_are(visitor: Visitors, path: str) -> None:
    answer = await visitor("operator").get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/masuk")


@pytest.mark.parametrize("path", ["/koperasi/melati/penangguhan", "/koperasi/melati/pembukaan", "/keluar"])
async def test_strangers_change_nothing(visitor: Visitors, database: Database, path: str) -> None:
    answer = await visitor("operator").post(path, data={"reason": "tanpa hak", "confirmed": "1"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/masuk"
    async with shared_session(database) as db:
        statuses = set((await db.execute(text("SELECT status FROM shared.cooperatives"))).scalars())
    assert statuses == {"active"}


@pytest.mark.parametrize(("phone", "password"), [(PHONE, "kata-sandi-lain"), ("0899-0000-7999", PASSWORD)])
async def test_a_wrong_sign_in_says_the_same_whatever_was_wrong(
    visitor: Visitors, operator: Operator, phone: str, password: str
) -> None:
    answer = await visitor("operator").post("/masuk", data={"phone": phone, "password": password})
    assert answer.status_code == 401
    assert "tidak cocok" in answer.text
    assert phone in answer.text
    assert "set-cookie" not in answer.headers


async def test_guessing_has_an_end(visitor: Visitors, operator: Operator) -> None:
    client = visitor("operator")
    answers = [
        (await client.post("/masuk", data={"phone": PHONE, "password": f"tebakan-{at}"})).status_code
        for at in range(7)
    ]
    assert answers == [401] * 5 + [429] * 2
    assert (await client.post("/masuk", data={"phone": PHONE, "password": PASSWORD})).status_code == 429


async def test_a_stranger_does_not_lock_an_operator_out(app: HostDispatcher, operator: Operator) -> None:
    origin = "http://operator.localhost:8000"

    def at(address: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=(address, 40_000)),
            base_url=origin,
            headers={"origin": origin},
        )

    async with at("203.0.113.9") as stranger, at("198.51.100.4") as wening:
        for _ in range(7):
            last = await stranger.post("/masuk", data={"phone": PHONE, "password": "tebakan"})
        assert last.status_code == 429
        assert (await wening.post("/masuk", data={"phone": PHONE, "password": PASSWORD})).status_code == 303


async def test_no_connection_is_held_while_an_operators_password_is_weighed(
    visitor: Visitors, operator: Operator, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, held = passwords._matches, []

    def weigh(stored: str, given: str) -> bool:
        pools = database.pools()
        held.append((pools.write.in_use, pools.read.in_use))
        return real(stored, given)

    monkeypatch.setattr(passwords, "_matches", weigh)
    answer = await visitor("operator").post("/masuk", data={"phone": PHONE, "password": PASSWORD})
    assert (answer.status_code, held) == (303, [(0, 0)])


async def test_signing_in_leads_back_only_to_paths_of_this_host(
    visitor: Visitors, operator: Operator
) -> None:
    client = visitor("operator")
    sent = {"phone": PHONE, "password": PASSWORD}
    assert (await client.post("/masuk", data=sent | {"kembali": "/jejak"})).headers["location"] == "/jejak"
    client.cookies.clear()
    elsewhere = await client.post("/masuk", data=sent | {"kembali": "//evil.example"})
    assert elsewhere.headers["location"] == "/"


async def test_the_session_belongs_to_this_host_alone(
    signed_in: httpx.AsyncClient, visitor: Visitors, officer_client: SignedInClient
) -> None:
    token = signed_in.cookies["lumbung"]
    elsewhere = visitor("melati")
    elsewhere.cookies.set("lumbung", token)
    assert (await elsewhere.get("/pengurus")).status_code == 303
    officer_token = officer_client.client.cookies["lumbung"]
    here = visitor("operator")
    here.cookies.set("lumbung", officer_token)
    assert (await here.get("/")).headers["location"].startswith("/masuk")


async def test_signing_out_ends_the_session(
    signed_in: httpx.AsyncClient, visitor: Visitors, csrf: Callable[[httpx.AsyncClient], str]
) -> None:
    token = signed_in.cookies["lumbung"]
    assert (await signed_in.post("/keluar", data={"csrf": csrf(signed_in)})).status_code == 303
    again = visitor("operator")
    again.cookies.set("lumbung", token)
    assert (await again.get("/")).status_code == 303


async def test_the_list_finds_by_name_and_address(signed_in: httpx.AsyncClient) -> None:
    every = (await signed_in.get("/")).text
    assert "Koperasi Melati" in every
    assert "Koperasi Mawar" in every
    found = (await signed_in.get("/", params={"cari": "MELA"})).text
    assert "Koperasi Melati" in found
    assert "Koperasi Mawar" not in found
    assert "Tidak ada yang cocok" in (await signed_in.get("/", params={"cari": "100%_"})).text
    assert "Tidak ada yang cocok" in (await signed_in.get("/", params={"status": "suspended"})).text


async def test_closing_asks_once_more_and_then_closes_at_once(
    signed_in: httpx.AsyncClient, visitor: Visitors, csrf: Callable[[httpx.AsyncClient], str]
) -> None:
    assert (await visitor("melati").get("/")).status_code == 200
    form = {"csrf": csrf(signed_in), "reason": "Laporan belum dikirim"}
    asked = await signed_in.post("/koperasi/melati/penangguhan", data=form)
    assert "Tangguhkan sekarang" in asked.text
    assert (await visitor("melati").get("/")).status_code == 200
    done = await signed_in.post("/koperasi/melati/penangguhan", data=form | {"confirmed": "1"})
    assert done.headers["location"] == "/koperasi/melati"
    assert (await visitor("melati").get("/")).status_code == 503
    assert (await visitor("mawar").get("/")).status_code == 200
    audit_log = (await signed_in.get("/jejak")).text
    assert "Laporan belum dikirim" in audit_log
    assert "Wening Astuti" in audit_log
    again = await signed_in.post("/koperasi/melati/penangguhan", data=form | {"confirmed": "1"})
    assert again.status_code == 409
    opened = await signed_in.post("/koperasi/melati/pembukaan", data={"csrf": csrf(signed_in)})
    assert opened.status_code == 303
    assert (await visitor("melati").get("/")).status_code == 200


async def test_closing_needs_a_reason_and_the_form_of_this_session(
    signed_in: httpx.AsyncClient, csrf: Callable[[httpx.AsyncClient], str], database: Database
) -> None:
    short = await signed_in.post("/koperasi/melati/penangguhan", data={"csrf": csrf(signed_in), "reason": ""})
    assert short.status_code == 422
    forged = await signed_in.post(
        "/koperasi/melati/penangguhan", data={"csrf": "0" * 64, "reason": "alasan", "confirmed": "1"}
    )
    assert forged.status_code == 403
    async with shared_session(database) as db:
        assert (
            await db.execute(text("SELECT count(*) FROM shared.cooperatives WHERE status <> 'active'"))
        ).scalar_one() == 0


async def test_an_unknown_cooperative_is_not_there(signed_in: httpx.AsyncClient) -> None:
    assert (await signed_in.get("/koperasi/tidak-ada")).status_code == 404


async def test_the_trail_cannot_be_changed_by_the_application(
    database: Database, signed_in: httpx.AsyncClient
) -> None:
    for statement in (
        "UPDATE shared.operator_actions SET operator = 'x'",
        "DELETE FROM shared.operator_actions",
    ):
        with pytest.raises(Exception, match="permission denied"):
            async with shared_session(database) as db:
                await db.execute(text(statement))


@pytest.mark.parametrize(("deed", "left"), [("percobaan", 1), ("pembuangan", 0)])
async def test_an_operator_retries_or_discards_a_job_that_was_given_up(
    signed_in: httpx.AsyncClient,
    csrf: Callable[[httpx.AsyncClient], str],
    visitor: Visitors,
    database: Database,
    deed: str,
    left: int,
) -> None:
    async with shared_session(database) as db:
        await db.execute(text("DELETE FROM shared.outbox"))
        failed_id = (
            await db.execute(
                text(
                    "INSERT INTO shared.failed_jobs (coop_role, job, key, arguments, attempts, "
                    "first_failed_at, error)"
                    " SELECT schema_name, 'shop.expire_order', 'k', '{}', 40, now() - interval '2 "
                    "days', 'TimeoutError: silent'"
                    " FROM shared.cooperatives WHERE slug = 'melati' RETURNING id"
                )
            )
        ).scalar_one()
    stranger = await visitor("operator").post(f"/pekerjaan/{failed_id}/{deed}")
    assert stranger.headers["location"] == "/masuk"
    shown = await signed_in.get("/pekerjaan")
    assert "shop.expire_order" in shown.text
    assert "TimeoutError: silent" in shown.text
    pressed = await signed_in.post(f"/pekerjaan/{failed_id}/{deed}", data={"csrf": csrf(signed_in)})
    assert pressed.status_code == 303
    async with shared_session(database) as db:
        keys = list((await db.execute(text("SELECT key FROM shared.outbox"))).scalars())
        actions = set((await db.execute(text("SELECT action FROM shared.operator_actions"))).scalars())
    assert keys == ["k"] * left
    assert actions & {"operators.job_retried", "operators.job_discarded"}
    assert "shop.expire_order" not in (await signed_in.get("/pekerjaan")).text
    again = await signed_in.post(f"/pekerjaan/{failed_id}/{deed}", data={"csrf": csrf(signed_in)})
    assert again.status_code == 404


@pytest.fixture
async def waiting_cooperative(visitor: Visitors) -> None:
    """Somebody has founded a cooperative whose name looks like melati's."""
    form = {
        "name": "Koperasi Mellati",
        "slug": "toko-kita",
        "officer_name": "Lestari Widuri",
        "phone": "0812-7000-0001",
        "password": PASSWORD,
        "bylaws": "konsumen",
        "founding_key": "a-key-of-this-very-form",
    }
    assert (await visitor("").post("/daftar", data=form)).headers[
        "location"
    ] == "http://toko-kita.localhost:8000/"


@pytest.mark.usefixtures("waiting_cooperative")
async def test_a_name_that_waits_is_seen_and_released_and_its_founder_comes_in(
    signed_in: httpx.AsyncClient, visitor: Visitors, csrf: Callable[[httpx.AsyncClient], str]
) -> None:
    assert "Ada nama yang menunggu persetujuan" in (await signed_in.get("/")).text
    found = (await signed_in.get("/", params={"status": "waiting"})).text
    assert "Koperasi Mellati" in found
    assert "Koperasi Melati" not in found
    card = (await signed_in.get("/koperasi/toko-kita")).text
    assert "Mirip dengan Koperasi Melati" in card
    assert "0812-7000-0001" in card
    assert "Tangguhkan" not in card
    sent = {"csrf": csrf(signed_in), "reason": "tidak perlu", "confirmed": "1"}
    assert (await signed_in.post("/koperasi/toko-kita/penangguhan", data=sent)).status_code == 409
    released = await signed_in.post("/koperasi/toko-kita/pelepasan", data={"csrf": csrf(signed_in)})
    assert released.headers["location"] == "/koperasi/toko-kita"
    assert "Nama disetujui" in (await signed_in.get("/jejak")).text
    home = visitor("toko-kita")
    assert (await home.get("/")).status_code == 200
    answer = await home.post("/masuk", data={"identity": "0812-7000-0001", "password": PASSWORD})
    assert answer.headers["location"] == "/pengurus"
    again = await signed_in.post("/koperasi/toko-kita/pelepasan", data={"csrf": csrf(signed_in)})
    assert again.status_code == 409


@pytest.mark.usefixtures("waiting_cooperative")
async def test_a_name_that_is_refused_says_why_and_its_address_is_free_after_a_week(
    signed_in: httpx.AsyncClient,
    visitor: Visitors,
    csrf: Callable[[httpx.AsyncClient], str],
    database: Database,
) -> None:
    form = {"csrf": csrf(signed_in), "rejection_reason": ""}
    assert (await signed_in.post("/koperasi/toko-kita/penolakan", data=form)).status_code == 422
    form["rejection_reason"] = "Pengurus Melati tidak mengenalnya."
    assert (await signed_in.post("/koperasi/toko-kita/penolakan", data=form)).status_code == 303
    page = await visitor("toko-kita").get("/")
    assert (page.status_code, "Pengurus Melati tidak mengenalnya." in page.text) == (403, True)
    assert "Pengurus Melati tidak mengenalnya." in (await signed_in.get("/jejak")).text
    assert await mark_abandoned(database) == []
    with clock.freeze_at(clock.now() + timedelta(days=8)):
        assert await mark_abandoned(database) == ["toko-kita"]
    with clock.freeze_at(clock.now() + timedelta(days=9)):
        assert await remove_marked(database) == ["toko-kita"]
    assert (await visitor("toko-kita").get("/")).status_code == 404


@pytest.mark.usefixtures("waiting_cooperative")
@pytest.mark.parametrize("step", ["pelepasan", "penolakan"])
async def test_strangers_and_the_founder_release_nothing(
    visitor: Visitors, database: Database, step: str
) -> None:
    answer = await visitor("operator").post(
        f"/koperasi/toko-kita/{step}", data={"rejection_reason": "tanpa hak"}
    )
    assert answer.headers["location"] == "/masuk"
    async with shared_session(database) as db:
        query = text("SELECT status FROM shared.cooperatives WHERE slug = 'toko-kita'")
        assert (await db.execute(query)).scalar_one() == "waiting"


async def test_an_hour_that_was_full_is_told_to_operators(
    signed_in: httpx.AsyncClient, database: Database
) -> None:
    assert "Pendirian sempat penuh" not in (await signed_in.get("/")).text
    database.settings = replace(database.settings, foundings_per_hour_in_all=2)  # melati and mawar
    assert "Pendirian sempat penuh" in (await signed_in.get("/")).text
