"""Signing in and out through the pages: codes, waits, and what must be rejected."""

import asyncio
import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, text

from conftest import SignedInClient, Visitors
from factories.cooperatives import PASSWORD
from kernel import clock, passwords
from kernel.database import Database, as_reader
from members import authenticate_user, login_throttle
from members.models import Session, User
from tenants.registry import TenantRef
from tenants.session import coop_session
from ui.cookies import generate_token, hash_token
from web.dispatch import HostDispatcher

SARI = "0812-0000-0001"


async def post_sign_in(
    client: httpx.AsyncClient, identity: str = SARI, password: str = PASSWORD, **more: str
) -> httpx.Response:
    return await client.post("/masuk", data={"identity": identity, "password": password, **more})


async def exhaust_attempts(client: httpx.AsyncClient, times: int, identity: str = SARI) -> list[int]:
    return [(await post_sign_in(client, identity, "salah sekali")).status_code for _ in range(times)]


@pytest.mark.parametrize("identity", [SARI, "+62 812 0000 0001", "0001", " 0001 "])
async def test_a_member_comes_in_by_phone_or_number(visitor: Visitors, identity: str) -> None:
    client = visitor("melati")
    answer = await post_sign_in(client, identity)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/anggota"
    assert "Sari Wulandari" in (await client.get("/anggota")).text


async def test_an_officer_lands_at_the_office(visitor: Visitors) -> None:
    assert (await post_sign_in(visitor("melati"), "089900000000")).headers["location"] == "/pengurus"


async def test_the_cookie_is_closed_to_scripts_and_other_hosts(visitor: Visitors) -> None:
    cookie = (await post_sign_in(visitor("melati"))).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "domain" not in cookie


@pytest.mark.parametrize(
    ("identity", "password"), [(SARI, "salah"), ("0899-1111-2222", PASSWORD), ("9999", PASSWORD)]
)
async def test_unknown_and_wrong_look_alike(visitor: Visitors, identity: str, password: str) -> None:
    answer = await post_sign_in(visitor("melati"), identity, password)
    assert answer.status_code == 403
    assert "Nomor atau kata sandi tidak cocok" in answer.text
    assert "set-cookie" not in answer.headers
    assert "lumbung" not in answer.cookies


async def test_an_unknown_number_costs_the_same_hashing(
    visitor: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = passwords._matches
    monkeypatch.setattr(
        passwords, "_matches", lambda stored, given: hashed.append(stored) or real(stored, given)
    )
    await post_sign_in(visitor("melati"), "0899-1111-2222", "apa saja")
    await post_sign_in(visitor("melati"), SARI, "apa saja")
    assert len(hashed) == 2


async def test_the_other_cooperatives_people_do_not_come_in(visitor: Visitors) -> None:
    assert (await post_sign_in(visitor("mawar"), SARI)).status_code == 403


async def test_a_session_of_one_cooperative_is_nothing_in_the_other(
    visitor: Visitors, member_client: SignedInClient
) -> None:
    neighbour = visitor("mawar")
    neighbour.cookies.set("lumbung", member_client.client.cookies["lumbung"])
    answer = await neighbour.get("/anggota")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/masuk")


async def test_a_token_chosen_by_somebody_else_is_never_taken_over(visitor: Visitors) -> None:
    client = visitor("melati")
    planted = generate_token()
    client.cookies.set("lumbung", planted)
    answer = await post_sign_in(client)
    token = re.search(r"lumbung=([^;]+)", answer.headers["set-cookie"])
    assert token is not None
    assert token[1] != planted


async def test_signing_in_again_ends_the_session_before(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    client = visitor("melati")
    await post_sign_in(client)
    old = client.cookies["lumbung"]
    client.cookies.clear()
    csrf = re.search(
        r'name="csrf" value="([0-9a-f]+)"', (await _with_token(client, old).get("/anggota/akun")).text
    )
    assert csrf is not None
    again = await _with_token(client, old).post(
        "/masuk", data={"identity": SARI, "password": PASSWORD, "csrf": csrf[1]}
    )
    assert again.status_code == 303
    assert (await _with_token(client, old).get("/anggota/akun")).status_code == 303


def _with_token(client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    client.cookies.clear()
    client.cookies.set("lumbung", token)
    return client


async def test_only_the_hash_of_a_token_is_kept(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    client = visitor("melati")
    await post_sign_in(client)
    token = client.cookies["lumbung"]
    async with coop_session(database, melati) as db:
        stored = (await db.execute(select(Session.token_hash))).scalars().all()
    assert hash_token(token) in stored
    assert all(token.encode() not in each for each in stored)


async def test_signing_out_ends_the_session_on_the_server(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    client = visitor("melati")
    await post_sign_in(client)
    token = client.cookies["lumbung"]
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', (await client.get("/anggota")).text)
    assert csrf is not None
    assert (await client.post("/keluar", data={"csrf": csrf[1]})).headers["location"] == "/"
    assert (await _with_token(client, token).get("/anggota")).status_code == 303


async def test_signing_out_needs_the_forms_token(member_client: SignedInClient) -> None:
    assert (await member_client.client.post("/keluar")).status_code == 403
    assert (await member_client.get("/anggota")).status_code == 200


@pytest.mark.parametrize(
    "back", ["https://jahat.example/", "//jahat.example", "/\\jahat.example", "/pengurus/anggota"]
)
async def test_a_member_goes_back_only_where_they_may(visitor: Visitors, back: str) -> None:
    assert (await post_sign_in(visitor("melati"), kembali=back)).headers["location"] == "/anggota"


async def test_the_way_back_survives_a_mistake(visitor: Visitors) -> None:
    client = visitor("melati")
    assert "/anggota/simpanan" in (await client.get("/masuk?kembali=/anggota/simpanan")).text
    wrong = await post_sign_in(client, SARI, "salah", kembali="/anggota/simpanan")
    assert 'value="/anggota/simpanan"' in wrong.text
    assert 'value="0812-0000-0001"' in wrong.text
    assert 'value="salah"' not in wrong.text
    assert (await post_sign_in(client, kembali="/anggota/simpanan")).headers[
        "location"
    ] == "/anggota/simpanan"


async def test_the_sixth_guess_waits_and_the_right_password_too(visitor: Visitors) -> None:
    client = visitor("melati")
    assert await exhaust_attempts(client, 6) == [403] * 5 + [429]
    stopped = await post_sign_in(client)
    assert stopped.status_code == 429
    assert "1 menit" in stopped.text
    assert stopped.headers["retry-after"] == "60"
    with clock.freeze_at(clock.now() + timedelta(seconds=61)):
        assert (await post_sign_in(client)).status_code == 303
        assert await exhaust_attempts(client, 5) == [403] * 5, "whoever came in starts anew"


async def test_writing_the_number_otherwise_gives_no_new_guesses(visitor: Visitors) -> None:
    client = visitor("melati")
    await exhaust_attempts(client, 3, "0812-0000-0001")
    await exhaust_attempts(client, 2, "+62 81200000001")
    assert (await post_sign_in(client, "6281200000001", "salah")).status_code == 429


async def test_parallel_guesses_do_not_slip_through(visitor: Visitors) -> None:
    clients = [visitor("melati") for _ in range(12)]
    answers = await asyncio.gather(*(post_sign_in(client, SARI, "salah sekali") for client in clients))
    assert sorted(answer.status_code for answer in answers) == [403] * 5 + [429] * 7


async def test_a_neighbour_is_not_shut_out_with_you(visitor: Visitors) -> None:
    client = visitor("melati")
    await exhaust_attempts(client, 6)
    assert (await post_sign_in(client, "0002")).status_code == 303


async def test_an_old_hash_is_renewed_at_sign_in(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    from argon2 import PasswordHasher

    async with coop_session(database, melati) as db:
        user = (await db.execute(select(User).where(User.phone == "+6281200000001"))).scalar_one()
        user.password_hash = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    await post_sign_in(visitor("melati"))
    async with coop_session(database, melati) as db:
        stored = await as_reader(db).value("SELECT password_hash FROM users WHERE phone = '+6281200000001'")
    assert not passwords.needs_rehash(stored)


async def test_a_session_ends_on_its_day(visitor: Visitors) -> None:
    client = visitor("melati")
    await post_sign_in(client)
    with clock.freeze_at(clock.now() + timedelta(days=29)):
        assert (await client.get("/anggota")).status_code == 200
    with clock.freeze_at(clock.now() + timedelta(days=30, minutes=1)):
        assert (await client.get("/anggota")).status_code == 303


async def test_an_officers_session_ends_after_half_a_day(visitor: Visitors) -> None:
    client = visitor("melati")
    await post_sign_in(client, "089900000000")
    with clock.freeze_at(clock.now() + timedelta(hours=12, minutes=1)):
        assert (await client.get("/pengurus/anggota")).status_code == 303


async def create_handover_link(database: Database, tenant: TenantRef, lasts: timedelta) -> str:
    token, now = generate_token(), clock.now()
    async with coop_session(database, tenant) as db:
        user_id = (await db.execute(select(User.id).where(User.officer_role == "ketua"))).scalar_one()
        db.add(
            Session(
                token_hash=hash_token(token),
                kind="handover",
                user_id=user_id,
                signed_in_at=now,
                expires_at=now + lasts,
            )
        )
    return token


async def test_a_handover_link_works_once(visitor: Visitors, database: Database, melati: TenantRef) -> None:
    token = await create_handover_link(database, melati, timedelta(minutes=2))
    clients = [visitor("melati") for _ in range(3)]
    answers = await asyncio.gather(*(client.get(f"/masuk/serah?kunci={token}") for client in clients))
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403]
    lucky = next(client for client, answer in zip(clients, answers, strict=True) if answer.status_code == 303)
    assert (await lucky.get("/pengurus/anggota")).status_code == 200


async def test_a_handover_link_is_over_after_two_minutes_and_no_session(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    token = await create_handover_link(database, melati, timedelta(minutes=2))
    client = visitor("melati")
    assert (await _with_token(client, token).get("/pengurus/anggota")).status_code == 303, (
        "the link is not a cookie"
    )
    client.cookies.clear()
    with clock.freeze_at(clock.now() + timedelta(minutes=2, seconds=1)):
        assert (await client.get(f"/masuk/serah?kunci={token}")).status_code == 403
    assert (await client.get("/masuk/serah?kunci=")).status_code == 403


async def test_a_handover_link_opens_its_own_cooperative_alone(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    token = await create_handover_link(database, melati, timedelta(minutes=2))
    assert (await visitor("mawar").get(f"/masuk/serah?kunci={token}")).status_code == 403


async def issue_code(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> tuple[str, str]:
    async with coop_session(database, melati) as db:
        member_id = await as_reader(db).value("SELECT id FROM members WHERE number = '0002'")
    answer = await officer_client.post(f"/pengurus/anggota/{member_id}/kode")
    assert answer.status_code == 200
    code = re.search(r"<code>([A-Z0-9-]+)</code>", answer.text)
    assert code is not None
    return code[1], str(member_id)


async def redeem_code(
    client: httpx.AsyncClient, code: str, password: str = "tiga kata aneh", identity: str = "0002"
) -> httpx.Response:
    return await client.post("/aktivasi", data={"identity": identity, "code": code, "password": password})


async def test_a_code_sets_the_password_and_ends_other_sessions(
    visitor: Visitors, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    thief = visitor("melati")
    await post_sign_in(thief, "0002")
    code, _ = await issue_code(officer_client, database, melati)
    client = visitor("melati")
    assert (await redeem_code(client, code)).headers["location"] == "/anggota"
    assert "Budi Hartono" in (await client.get("/anggota")).text
    assert (await thief.get("/anggota")).status_code == 303
    assert (await post_sign_in(visitor("melati"), "0002")).status_code == 403
    assert (await post_sign_in(visitor("melati"), "0002", "tiga kata aneh")).status_code == 303


async def test_a_code_works_once_also_when_two_race(
    visitor: Visitors, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    code, _ = await issue_code(officer_client, database, melati)
    clients = [visitor("melati") for _ in range(2)]
    answers = await asyncio.gather(
        *(redeem_code(client, code, f"kata sandi {n} baru") for n, client in enumerate(clients))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 403]


async def test_codes_cannot_be_guessed_without_end(
    visitor: Visitors, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    code, _ = await issue_code(officer_client, database, melati)
    client = visitor("melati")
    guesses = [(await redeem_code(client, "CDFG-3467")).status_code for _ in range(6)]
    assert guesses == [403] * 5 + [429]
    assert (await redeem_code(client, code)).status_code == 429


async def test_a_weak_password_does_not_use_the_code_up(
    visitor: Visitors, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    code, _ = await issue_code(officer_client, database, melati)
    client = visitor("melati")
    for weak in ("pendek", "12345678", "081200000002"):
        assert (await redeem_code(client, code, weak)).status_code == 422
    assert (await redeem_code(client, code)).status_code == 303


async def test_a_code_of_one_is_nothing_for_another(
    visitor: Visitors, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    code, _ = await issue_code(officer_client, database, melati)
    assert (await redeem_code(visitor("melati"), code, identity="0001")).status_code == 403
    assert (await redeem_code(visitor("mawar"), code)).status_code == 403


async def test_the_code_is_on_one_page_once(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    code, member_id = await issue_code(officer_client, database, melati)
    assert code not in (await officer_client.get(f"/pengurus/anggota/{member_id}")).text
    async with coop_session(database, melati) as db:
        stored = await as_reader(db).records("SELECT params::text AS params FROM audit_entries")
    assert all(code.replace("-", "") not in row["params"] and code not in row["params"] for row in stored)


async def test_the_password_form_ends_other_sessions_and_keeps_this_one(
    visitor: Visitors, member_client: SignedInClient
) -> None:
    other = visitor("melati")
    await post_sign_in(other)
    wrong = await member_client.post(
        "/anggota/akun/kata-sandi", {"present": "salah", "password": "tiga kata aneh"}
    )
    assert wrong.status_code == 403
    done = await member_client.post(
        "/anggota/akun/kata-sandi", {"present": PASSWORD, "password": "tiga kata aneh"}
    )
    assert done.status_code == 303
    assert (await other.get("/anggota")).status_code == 303
    assert (await member_client.get("/anggota")).status_code == 200


async def test_the_present_password_cannot_be_guessed_from_a_stolen_session(
    member_client: SignedInClient,
) -> None:
    form = {"present": "salah", "password": "tiga kata aneh"}
    answers = [(await member_client.post("/anggota/akun/kata-sandi", form)).status_code for _ in range(6)]
    assert answers == [403] * 5 + [429]


async def test_signing_out_everywhere_means_here_too(
    visitor: Visitors, member_client: SignedInClient
) -> None:
    other = visitor("melati")
    await post_sign_in(other)
    assert (await member_client.post("/anggota/akun/keluar-semua")).headers["location"] == "/masuk"
    assert (await member_client.get("/anggota")).status_code == 303
    assert (await other.get("/anggota")).status_code == 303


async def test_a_new_phone_is_the_new_way_in(visitor: Visitors, member_client: SignedInClient) -> None:
    taken = await member_client.post(
        "/anggota/akun/nomor-hp", {"phone": "081200000002", "own_password": PASSWORD}
    )
    assert taken.status_code == 409
    done = await member_client.post(
        "/anggota/akun/nomor-hp", {"phone": "0857 1111 2222", "own_password": PASSWORD}
    )
    assert done.status_code == 303
    assert (await post_sign_in(visitor("melati"), "085711112222")).status_code == 303
    assert (await post_sign_in(visitor("melati"), SARI)).status_code == 403


async def test_the_chosen_language_follows_to_the_next_sign_in(
    visitor: Visitors, member_client: SignedInClient
) -> None:
    assert (await member_client.post("/anggota/akun/bahasa", {"language": "en"})).status_code == 303
    client = visitor("melati")
    await post_sign_in(client)
    assert "My account" in (await client.get("/anggota/akun")).text


async def test_the_throttle_counts_in_the_cooperative_alone(
    visitor: Visitors, database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    await exhaust_attempts(visitor("melati"), 2)
    for tenant, rows in ((melati, 3), (mawar, 0)):
        async with coop_session(database, tenant) as db:
            assert (await db.execute(text("SELECT count(*) FROM throttles"))).scalar_one() == rows


def client_from_network(app: HostDispatcher, address: str, label: str = "melati") -> httpx.AsyncClient:
    origin = f"http://{label}.localhost:8000"
    transport = httpx.ASGITransport(app, client=(address, 40_000))
    return httpx.AsyncClient(
        transport=transport, base_url=origin, headers={"origin": origin, "accept": "text/html"}
    )


async def test_a_stranger_does_not_shut_anybody_out_from_another_network(app: HostDispatcher) -> None:
    async with (
        client_from_network(app, "203.0.113.9") as stranger,
        client_from_network(app, "198.51.100.4") as sari,
    ):
        assert await exhaust_attempts(stranger, 8) == [403] * 5 + [429] * 3
        assert (await post_sign_in(sari)).status_code == 303


async def test_guesses_at_one_person_from_many_networks_have_an_end(
    app: HostDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_throttle, "IDENTITY_TRIES", 4)
    statuses = []
    for last in range(6):
        async with client_from_network(app, f"203.0.113.{last}") as stranger:
            statuses.append((await post_sign_in(stranger, SARI, "salah")).status_code)
    assert statuses == [403] * 4 + [429] * 2
    async with client_from_network(app, "198.51.100.4") as neighbour:
        assert (await post_sign_in(neighbour, "0002")).status_code == 303


def connections_held(database: Database) -> tuple[int, int]:
    """Of the write pool and of the read pool."""
    pools = database.pools()
    return pools.write.in_use, pools.read.in_use


@pytest.fixture
def held_while_weighing(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    for name in ("_matches", "_hash"):
        real = getattr(passwords, name)
        monkeypatch.setattr(
            passwords, name, lambda *given, real=real: seen.append(connections_held(database)) or real(*given)
        )
    return seen


@pytest.mark.parametrize(("identity", "password"), [(SARI, PASSWORD), (SARI, "salah"), ("9999", "salah")])
async def test_no_connection_is_held_while_a_password_is_weighed(
    visitor: Visitors, held_while_weighing: list[tuple[int, int]], identity: str, password: str
) -> None:
    await post_sign_in(visitor("melati"), identity, password)
    assert held_while_weighing == [(0, 0)]


async def test_no_connection_is_held_while_a_code_is_weighed(
    visitor: Visitors,
    officer_client: SignedInClient,
    database: Database,
    melati: TenantRef,
    held_while_weighing: list[tuple[int, int]],
) -> None:
    code, _ = await issue_code(officer_client, database, melati)
    held_while_weighing.clear()
    assert (await redeem_code(visitor("melati"), code)).status_code == 303
    assert held_while_weighing == [(0, 0)] * 2  # the code weighed, the password hashed


async def test_a_password_changed_while_it_is_weighed_lets_nobody_in(
    visitor: Visitors, database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = authenticate_user.verify_password

    async def weigh_and_change(stored: str, given: str) -> bool:
        fits = await real(stored, given)
        async with coop_session(database, melati) as db:
            user = (await db.execute(select(User).where(User.phone == "+6281200000001"))).scalar_one()
            user.password_hash = "$argon2id$another"
        return fits

    monkeypatch.setattr(authenticate_user, "verify_password", weigh_and_change)
    assert (await post_sign_in(visitor("melati"))).status_code == 403
