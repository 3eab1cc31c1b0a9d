"""An attacker who controls the web process or the worker holds a login without rights, and no secret."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from factories.processes import (
    PLATFORM,
    clean_environment,
    command_process,
    free_port,
    production_environment,
)
from kernel.database import Database, libpq_url
from kernel.errors import DomainError
from kernel.outbox import enqueue
from kernel.process_services import build_services
from tenants import schema_pool
from tenants.provision import run_provisioner
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_session, owner_session, shared_session
from web.dispatch import HostDispatcher

pytestmark = pytest.mark.slow

# What web and worker may do with each table of the platform: only what their code does.
RIGHTS = {
    "billing_credits": "SELECT INSERT",
    "billing_entries": "SELECT INSERT",
    "billing_events": "SELECT INSERT UPDATE",
    "cooperatives": "SELECT INSERT",
    "coupon_uses": "SELECT INSERT",
    "coupons": "SELECT INSERT UPDATE",
    "finished_jobs": "SELECT INSERT DELETE",
    "heartbeats": "SELECT INSERT UPDATE DELETE",
    "hostnames": "SELECT INSERT",
    "invoice_counters": "SELECT INSERT UPDATE",
    "invoice_lines": "SELECT INSERT",
    "invoices": "SELECT INSERT UPDATE",
    "operator_actions": "SELECT INSERT",
    "operator_sessions": "SELECT INSERT DELETE",
    "operators": "SELECT",
    "outbox": "SELECT INSERT UPDATE DELETE",
    "revision": "SELECT",
    "schema_pool": "SELECT DELETE",
    "subscriptions": "SELECT INSERT UPDATE",
    "throttles": "SELECT INSERT UPDATE DELETE",
    "usage_figures": "SELECT INSERT UPDATE",
}
FOUNDING = {
    "name": "Koperasi Kenanga",
    "slug": "kenanga",
    "officer_name": "Lestari Widuri",
    "phone": "0812-7000-0001",
    "password": "tiga-kata-berbeda",
    "bylaws": "konsumen",
    "founding_key": "a-key-of-this-very-form",
}


@pytest.fixture
async def serving(database: Database) -> AsyncIterator[Database]:
    """The same database as web and worker open it."""
    app = build_services(
        None, replace(database.settings, app_database_url=libpq_url(database.app_url))
    ).main_database
    yield app
    await app.services.close()


async def test_the_applications_login_may_do_with_each_table_what_its_code_does(database: Database) -> None:
    found = {}
    verbs = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    async with database.owner_engine.connect() as connection:
        for (table,) in await connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'shared'")
        ):
            asked = text(
                "SELECT " + ", ".join(f"has_table_privilege(:role, :table, '{verb}')" for verb in verbs)
            )
            answer = await connection.execute(
                asked, {"role": database.settings.app_role, "table": f"shared.{table}"}
            )
            found[table] = " ".join(
                verb for verb, granted in zip(verbs, answer.one(), strict=True) if granted
            )
    assert {table: found.get(table) for table in RIGHTS} == RIGHTS


async def test_the_applications_login_changes_those_columns_of_the_registry_that_its_code_changes(
    database: Database,
) -> None:
    asked = text(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'shared.cooperatives'::regclass AND attnum "
        "> 0 AND NOT attisdropped"
        " AND has_column_privilege(:role, attrelid, attnum, 'UPDATE')"
    )
    async with database.owner_engine.connect() as connection:
        answer = await connection.execute(asked, {"role": database.settings.app_role})
        assert set(answer.scalars()) == {
            "status",
            "suspended_reason",
            "suspended_at",
            "released_at",
            "plan",
            "entitlements",
            "read_only",
            "billing_notice",
        }


async def test_the_applications_login_makes_no_operator_and_no_place_for_a_cooperative(
    serving: Database,
) -> None:
    for statement in (
        (
            "INSERT INTO shared.operators (id, name, phone, password_hash) VALUES (gen_random_uuid(), 'x', "
            "'+62811', 'x')"
        ),
        "UPDATE shared.operators SET phone = '+628110000000'",
        "INSERT INTO shared.schema_pool (schema_name, revision) VALUES ('coop_aaaaaaaaaaaaaaaa', '0001')",
        "UPDATE shared.hostnames SET host = 'penyusup'",
        "UPDATE shared.cooperatives SET signed_in_at = NULL",
        "UPDATE shared.cooperatives SET schema_name = 'coop_aaaaaaaaaaaaaaaa'",
        "CREATE TABLE shared.penyusup (a int)",
        "CREATE ROLE penyusup",
        "CREATE SCHEMA penyusup",
    ):
        with pytest.raises(Exception, match="permission denied"):
            async with shared_session(serving) as db:
                await db.execute(text(statement))


async def test_a_process_that_serves_has_no_way_to_the_owner(serving: Database) -> None:
    assert not serving.has_owner
    with pytest.raises(DomainError, match="LUMBUNG_DATABASE_URL"):
        _ = serving.owner_engine
    with pytest.raises(DomainError, match="LUMBUNG_DATABASE_URL"):
        _ = serving.owner_url


async def drain(database: Database) -> None:
    async with owner_session(database) as db:
        await db.execute(text("DELETE FROM shared.schema_pool"))


@asynccontextmanager
async def serve_client(serving: Database) -> AsyncIterator[httpx.AsyncClient]:
    dispatcher = HostDispatcher(serving.settings, serving)
    await dispatcher.start()
    origin = f"http://{serving.settings.base_domain}"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(dispatcher),
        base_url=origin,
        headers={"origin": origin, "accept": "text/html"},
    ) as client:
        yield client
    await dispatcher.stop()


async def test_a_founding_that_finds_no_place_ready_waits_for_one_to_be_made(
    database: Database, serving: Database
) -> None:
    await drain(database)
    stopping = asyncio.Event()

    async def provision_comes_late() -> None:
        await asyncio.sleep(0.5)
        await run_provisioner(database, stopping)

    coming = asyncio.create_task(provision_comes_late())
    try:
        async with serve_client(serving) as client:
            answer = await client.post("/daftar", data=FOUNDING)
        assert answer.status_code == 303, answer.text
        assert await find_tenant_by_slug(serving, "kenanga") is not None
    finally:
        stopping.set()
        await coming


async def test_a_founding_is_heard_by_provision_at_once(
    database: Database, serving: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait for the next poll, which would be too late for the founder who waits."""
    from tenants import provision

    monkeypatch.setattr(provision, "POLL_SECONDS", 3_600.0)
    stopping = asyncio.Event()
    running = asyncio.create_task(run_provisioner(database, stopping))
    try:
        async with serve_client(serving) as client:
            for at in range(4):  # more than the pool holds
                form = FOUNDING | {"slug": f"kenanga-{at}", "founding_key": f"a-key-of-form-number-{at}"}
                assert (await client.post("/daftar", data=form)).status_code == 303
    finally:
        stopping.set()
        await running


async def test_without_provision_the_founder_reads_a_sentence_and_keeps_what_was_typed(
    database: Database, serving: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_pool, "WAIT_SECONDS", 0.6)
    await drain(database)
    async with serve_client(serving) as client:
        begun = time.monotonic()
        answer = await client.post("/daftar", data=FOUNDING)
        assert time.monotonic() - begun >= 0.6
        assert answer.status_code == 503
        assert "Tunggu satu menit" in answer.text
        for typed in (
            "Koperasi Kenanga",
            "kenanga",
            "Lestari Widuri",
            "0812-7000-0001",
            FOUNDING["founding_key"],
        ):
            assert f'value="{typed}"' in answer.text
    assert await find_tenant_by_slug(serving, "kenanga") is None


def environments(database: Database, port: int) -> tuple[dict[str, str], dict[str, str]]:
    """The environments of web and worker, and of provision."""
    common = clean_environment() | {
        "PYTHONPATH": str(PLATFORM),
        "LUMBUNG_BASE_DOMAIN": f"localhost:{port}",
        "LUMBUNG_DATA_DIR": str(database.settings.data_dir),
        "LUMBUNG_SCHEMA_POOL_SIZE": "2",
    }
    return (
        common | {"LUMBUNG_APP_DATABASE_URL": libpq_url(database.app_url)},
        common | {"LUMBUNG_DATABASE_URL": libpq_url(database.owner_url)},
    )


def family(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


async def eventually(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not await true():  # type: ignore[misc]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_web_and_worker_serve_foundings_and_jobs_without_ever_holding_the_owners_password(
    database: Database, melati: TenantRef, tmp_path: Path
) -> None:
    port = free_port()
    serving, owners = environments(database, port)
    await drain(database)
    secret = database.owner_url.password
    assert secret
    with (
        command_process(["web", "--port", str(port)], serving, tmp_path / "web.log", port=port) as web,
        command_process(["worker"], serving, tmp_path / "worker.log") as worker,
        command_process(["provision"], owners, tmp_path / "provision.log"),
    ):
        for pid in family(web.pid) + family(worker.pid):
            held = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"LUMBUNG_APP_DATABASE_URL=" in held
            assert secret.encode() not in held

        async def provision_lives() -> bool:
            async with shared_session(database) as db:
                seen = await db.execute(
                    text("SELECT process FROM shared.heartbeats WHERE process LIKE 'provision@%'")
                )
                return seen.first() is not None

        await eventually(provision_lives)
        async with httpx.AsyncClient(
            base_url=f"http://localhost:{port}", headers={"origin": f"http://localhost:{port}"}, timeout=60
        ) as client:
            founded = await client.post("/daftar", data=FOUNDING)
            assert founded.status_code == 303, founded.text
            assert founded.headers["location"].startswith(
                f"http://kenanga.localhost:{port}/masuk/serah?kunci="
            )

        async with coop_session(database, melati) as db:
            await enqueue(db, "tenants.delete_finished_job_keys", {}, key="a job of this test")

        async def job_done() -> bool:
            async with coop_session(database, melati) as db:
                done = await db.execute(text("SELECT 1 FROM finished_jobs WHERE key = 'a job of this test'"))
                return done.first() is not None

        async def pool_full() -> bool:
            async with shared_session(database) as db:
                return (await db.execute(text("SELECT count(*) FROM shared.schema_pool"))).scalar_one() >= 2

        await eventually(job_done)
        await eventually(pool_full)


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_production_process_that_serves_refuses_the_owners_address(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "commands.main", command],
        env=clean_environment() | production_environment() | {
            "PYTHONPATH": str(PLATFORM),
            "LUMBUNG_BASE_DOMAIN": "lumbung.example",
            "LUMBUNG_DATABASE_URL": "postgresql://lumbung:p@127.0.0.1:1/lumbung",
            "LUMBUNG_APP_DATABASE_URL": "postgresql://lumbung_app:Zk3vQ8sYt0Wm5RbX1nLc@127.0.0.1:1/lumbung",
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "LUMBUNG_DATABASE_URL is the owner's" in done.stderr


def lumbung(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "commands.main", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands_need_the_applications_login_alone_and_those_that_need_the_owners_say_so(
    database: Database,
) -> None:
    serving, owners = environments(database, 8000)
    listed = lumbung(serving, "coop", "list")
    assert "melati" in listed.stdout, listed.stderr
    for arguments in (["operator", "add", "Wening", "--phone", "0899-0000-7001"], ["migrate"], ["provision"]):
        done = lumbung(serving | {"LUMBUNG_PASSWORD": "tiga-kata-berbeda"}, *arguments)
        assert done.returncode == 1, arguments
        assert ("This needs the owner's login of the database: set LUMBUNG_DATABASE_URL.") in done.stderr, (
            arguments
        )
    added = lumbung(
        owners | {"LUMBUNG_PASSWORD": "tiga-kata-berbeda"},
        "operator",
        "add",
        "W",
        "--phone",
        "0899-0000-7001",
    )
    assert added.returncode == 0, added.stderr


def find_finding(environment: dict[str, str], subject: str) -> dict[str, str]:
    findings: list[dict[str, str]] = json.loads(lumbung(environment, "doctor", "--json").stdout)
    return next(finding for finding in findings if finding["subject"] == subject)


def test_doctor_says_when_the_process_that_serves_would_have_the_owners_powers(database: Database) -> None:
    serving, owners = environments(database, 8000)
    assert find_finding(serving, "provision")["status"] == "notice"
    both = find_finding(serving | owners, "logins")
    assert both["status"] == "notice"
    assert "owner's LUMBUNG_DATABASE_URL is in this environment" in both["found"]
    as_owner = find_finding(serving | {"LUMBUNG_APP_DATABASE_URL": libpq_url(database.owner_url)}, "logins")
    assert "LUMBUNG_APP_DATABASE_URL logs in as lumbung, which has too many rights" in as_owner["found"]
    in_production = find_finding(
        serving | owners | production_environment() | {"LUMBUNG_BASE_DOMAIN": "lumbung.example"}, "settings"
    )
    assert in_production["status"] == "wrong"
    assert ("LUMBUNG_DATABASE_URL is the owner's login, which web and worker must not hold") in in_production[
        "found"
    ]


def test_doctor_looks_at_rights_and_books_with_an_owners_login_of_its_own(
    database: Database, tmp_path: Path
) -> None:
    serving, owners = environments(database, 8000)
    by_file = tmp_path / "database_url"
    by_file.write_text(owners["LUMBUNG_DATABASE_URL"], encoding="utf-8")
    for subject in ("rights", "books", "payments"):
        assert find_finding(serving, subject)["found"].startswith("not checked")
        assert not find_finding(serving | {"LUMBUNG_DATABASE_URL_FILE": str(by_file)}, subject)[
            "found"
        ].startswith("not looked")
    logins = find_finding(serving | {"LUMBUNG_DATABASE_URL_FILE": str(by_file)}, "logins")
    assert "is in this environment" not in logins["found"]
