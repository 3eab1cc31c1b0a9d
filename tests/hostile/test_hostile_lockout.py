"""Locking somebody out: a hundred guesses from one /48, then the right password."""

import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import event, text

from conftest import BASE_DOMAIN
from factories.cooperatives import PASSWORD
from kernel import clock
from kernel.database import Database
from kernel.passwords import hash_password
from kernel.process_services import ThrottleCache
from members.login_throttle import remember_refusal
from operators.add_operator import add_operator
from tenants.registry import TenantRef
from tenants.session import coop_session, owner_session
from tenants.throttles import Attempts, fixed_window
from web.dispatch import HostDispatcher

KETUA, OPERATOR = "0899-0000-0000", "0899-0000-7001"
AT_HOME, ELSEWHERE = "2001:db8:7:ffff::5", "198.51.100.4"


def browser(
    app: HostDispatcher, address: str, label: str = "melati", cookies: httpx.Cookies | None = None
) -> httpx.AsyncClient:
    origin = f"http://{label}.{BASE_DOMAIN}"
    transport = httpx.ASGITransport(app, client=(address, 40_000))
    return httpx.AsyncClient(
        transport=transport, base_url=origin, headers={"origin": origin}, cookies=cookies
    )


async def post_sign_in(client: httpx.AsyncClient, whom: str = KETUA, password: str = PASSWORD) -> int:
    field = "phone" if "operator" in str(client.base_url) else "identity"
    return (await client.post("/masuk", data={field: whom, "password": password})).status_code


async def guess_from_a_48(
    app: HostDispatcher, whom: str, *, label: str = "melati", prefix: str = "2001:db8:7", times: int = 105
) -> None:
    for at in range(times):
        async with browser(app, f"{prefix}:{at:x}::1", label) as stranger:
            assert await post_sign_in(stranger, whom, f"tebakan-{at}") in (401, 403, 429)


async def known_browser(
    app: HostDispatcher, whom: str = KETUA, *, label: str = "melati", password: str = PASSWORD
) -> httpx.Cookies:
    """Return the device cookies of a browser whose user signed in before, without the session."""
    async with browser(app, AT_HOME, label) as client:
        assert await post_sign_in(client, whom, password) == 303
        client.cookies.delete("lumbung")
        return client.cookies


@pytest.mark.parametrize(("label", "whom"), [("melati", KETUA), ("melati", "0001"), ("operator", OPERATOR)])
async def test_100_requests_from_one_48_lock_nobody_out(
    app: HostDispatcher, database: Database, label: str, whom: str
) -> None:
    if label == "operator":
        async with owner_session(database) as db:
            await add_operator(db, name="Wening Astuti", phone_number=whom, password=PASSWORD)
    known = await known_browser(app, whom, label=label)
    await guess_from_a_48(app, whom, label=label)
    async with browser(app, ELSEWHERE, label) as unknown:
        assert await post_sign_in(unknown, whom) == 303, "an unknown browser at another network"
    async with browser(app, AT_HOME, label, known) as at_home:
        assert await post_sign_in(at_home, whom) == 303, "a known browser inside that very /48"


async def test_a_known_browser_comes_in_while_the_whole_world_guesses(app: HostDispatcher) -> None:
    known = await known_browser(app)
    for at in range(10):
        await guess_from_a_48(app, KETUA, prefix=f"2001:db8:{at + 10:x}", times=16)
    async with browser(app, ELSEWHERE) as unknown:
        assert await post_sign_in(unknown) == 429, "the count of everybody's guesses is full"
    async with browser(app, ELSEWHERE, cookies=known) as wherever:
        assert await post_sign_in(wherever) == 303


async def test_a_known_browser_has_a_count_of_its_own_and_it_is_no_larger(app: HostDispatcher) -> None:
    known = await known_browser(app)
    async with browser(app, ELSEWHERE, cookies=known) as thief:
        assert [await post_sign_in(thief, KETUA, f"tebakan-{at}") for at in range(7)] == [403] * 5 + [429] * 2
        waits = await thief.post("/masuk", data={"identity": KETUA, "password": PASSWORD})
        assert (waits.status_code, waits.headers["retry-after"]) == (429, "60")
    async with browser(app, AT_HOME) as unknown:
        assert await post_sign_in(unknown) == 303, "what a stolen cookie was used for hurts no other browser"


async def test_a_browser_is_known_for_one_account_of_one_cooperative_alone(app: HostDispatcher) -> None:
    known = await known_browser(app)
    async with browser(app, ELSEWHERE, cookies=known) as client:
        assert [await post_sign_in(client, "0001", f"tebakan-{at}") for at in range(6)][-1] == 429
        # counted like a stranger's: without the cookie the browser is not recognised
        async with browser(app, ELSEWHERE) as same_network:
            assert await post_sign_in(same_network, "0001") == 429
    async with browser(app, ELSEWHERE, "mawar", known) as client:
        assert [await post_sign_in(client, "0899-0000-0001", f"tebakan-{at}") for at in range(6)][-1] == 429
        async with browser(app, ELSEWHERE, "mawar") as same_network:
            assert await post_sign_in(same_network, "0899-0000-0001") == 429


@pytest.mark.parametrize("new", ["kata-sandi-yang-baru", None])
async def test_a_new_password_or_none_ends_what_browsers_are_known_by(
    app: HostDispatcher, database: Database, melati: TenantRef, new: str | None
) -> None:
    known = await known_browser(app)
    hashed = await hash_password(new) if new else None
    async with coop_session(database, melati) as db:
        await db.execute(
            text("UPDATE users SET password_hash = :hashed WHERE officer_role = 'ketua'"), {"hashed": hashed}
        )
    async with browser(app, ELSEWHERE, cookies=known) as client:
        assert [await post_sign_in(client, KETUA, f"tebakan-{at}") for at in range(6)][-1] == 429
    async with browser(app, ELSEWHERE) as same_network:
        assert await post_sign_in(same_network, KETUA, new or "apa saja") == 429, (
            "it was counted with the strangers of its network"
        )


async def test_the_cookie_is_signed_closed_to_scripts_and_holds_several_people_of_one_machine(
    app: HostDispatcher,
) -> None:
    async with browser(app, AT_HOME) as shared_machine:
        answer = await shared_machine.post("/masuk", data={"identity": KETUA, "password": PASSWORD})
        cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("perangkat="))
        assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
        assert "domain" not in cookie.lower()
        shared_machine.cookies.delete("lumbung")
        assert await post_sign_in(shared_machine, "0001") == 303
        shared_machine.cookies.delete("lumbung")
        both = shared_machine.cookies["perangkat"]
    for whom in (KETUA, "0001"):
        async with browser(app, ELSEWHERE, cookies=httpx.Cookies({"perangkat": both})) as client:
            for at in range(5):
                await post_sign_in(client, whom, f"tebakan-{at}")
        async with browser(app, ELSEWHERE) as stranger:
            assert await post_sign_in(stranger, whom, "tebakan") == 403, (
                "what the known browser guessed is its own count"
            )
    forged = re.sub(r"[A-Za-z]", lambda letter: letter[0].swapcase(), both)
    async with browser(app, "192.0.2.7", cookies=httpx.Cookies({"perangkat": forged})) as forger:
        for at in range(5):
            await post_sign_in(forger, KETUA, f"tebakan-{at}")
    async with browser(app, "192.0.2.7") as stranger:
        assert await post_sign_in(stranger, KETUA) == 429


@pytest.fixture
def asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the queries of both pools."""
    found: list[str] = []
    event.listen(
        database.app_engine.sync_engine,
        "before_cursor_execute",
        lambda *args: found.append(args[2]),
        named=False,
    )
    for name in ("read_connection", "autocommit_connection"):
        real = getattr(database, name)

        def watched(*args: object, real: Callable[..., object] = real, **named: object) -> object:
            found.append(str(args))
            return real(*args, **named)

        monkeypatch.setattr(database, name, watched)
    return found


async def test_guesses_at_one_person_that_must_wait_ask_the_database_nothing(
    app: HostDispatcher, asked: list[str]
) -> None:
    known = await known_browser(app)
    async with browser(app, ELSEWHERE) as stranger:
        assert [await post_sign_in(stranger, KETUA, f"tebakan-{at}") for at in range(6)] == [403] * 5 + [429]
        assert asked
        asked.clear()
        waits = await stranger.post("/masuk", data={"identity": KETUA, "password": PASSWORD})
        assert (waits.status_code, waits.headers["retry-after"]) == (429, "60")
        assert {await post_sign_in(stranger, KETUA, f"tebakan-{at}") for at in range(20)} == {429}
        assert asked == []
    async with browser(app, ELSEWHERE) as neighbour:
        assert await post_sign_in(neighbour, "0001") == 303, "somebody else of the same village"
    async with browser(app, AT_HOME) as at_home:
        assert await post_sign_in(at_home) == 303, "the same person at another network"
    async with browser(app, ELSEWHERE, cookies=known) as at_home:
        assert await post_sign_in(at_home) == 303, "the same person in a known browser"
    with clock.freeze_at(clock.now() + timedelta(seconds=61)):
        async with browser(app, ELSEWHERE) as later:
            assert await post_sign_in(later) == 303


@pytest.mark.parametrize("label", ["melati", "operator"])
async def test_a_flood_of_guesses_at_everybody_asks_the_database_nothing_once_its_network_must_wait(
    app: HostDispatcher, database: Database, asked: list[str], label: str
) -> None:
    async with owner_session(database) as db:
        await add_operator(db, name="Wening Astuti", phone_number=OPERATOR, password=PASSWORD)
    whom = OPERATOR if label == "operator" else KETUA
    known = await known_browser(app, whom, label=label)
    async with browser(app, ELSEWHERE, label) as stranger:
        answered = [await post_sign_in(stranger, f"0812-5555-{at:04}", "tebakan") for at in range(61)]
        assert answered[-1] == 429
        asked.clear()
        assert {await post_sign_in(stranger, f"0812-6666-{at:04}", "tebakan") for at in range(20)} == {429}
        assert asked == []
    async with browser(app, AT_HOME, label) as elsewhere:
        assert await post_sign_in(elsewhere, whom) == 303
    async with browser(app, ELSEWHERE, label, known) as at_home:
        assert await post_sign_in(at_home, whom) == 303


def test_the_number_of_remembered_full_throttles_is_bounded() -> None:
    refused, now = ThrottleCache(limit=3), clock.now()
    rule = fixed_window(0, timedelta(minutes=1))
    for at in range(10):
        assert (
            remember_refusal(refused, f"place-{at}", rule)(Attempts(0, now + timedelta(minutes=1)), now)
            is None
        )
    assert [at for at in range(10) if refused.get(f"place-{at}", now)] == [7, 8, 9]
    assert refused.get("place-9", now + timedelta(minutes=1)) is None
