"""`lumbung payments` for treasurers and operators."""

import asyncio
import base64
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from factories import payments as pay
from factories.gateway import KEY, set_up_xendit
from kernel import clock
from kernel.database import Database, libpq_url
from payments.exceptions_queue import record_exception
from payments.reencrypt_secrets import reencrypt_secrets
from tenants.registry import TenantRef
from tenants.session import coop_session

PLATFORM = Path(__file__).parents[2] / "platform"
OLD, NEW = ("lama", b"o" * 32), ("baru", b"n" * 32)


async def lumbung(database: Database, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run a command on the test's own database; return exit status, stdout and stderr."""
    environment = {
        **os.environ,
        "LUMBUNG_DATABASE_URL": libpq_url(database.owner_url),
        "PYTHONPATH": str(PLATFORM),
    }
    environment |= {f"LUMBUNG_{name.upper()}": value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "commands.main", *arguments,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), complained.decode()


async def test_reconcile_is_0_when_all_is_explained_and_1_when_it_is_not(
    database: Database, melati: TenantRef
) -> None:
    async with set_up_xendit(database, melati) as gateway:
        await gateway.pay(100_000)
        gateway.server.withdraw(50_000)
        address = dict(database.settings.fake_gateways)["xendit"]
        status, output, complained = await lumbung(
            database, "payments", "reconcile", "melati", "--json", fake_gateways=f"xendit={address}"
        )
        assert (status, complained) == (0, "")
        printed = json.loads(output)
        xendit = next(method for method in printed["methods"] if method["method"] == "xendit")
        assert (xendit["balance"], xendit["clearing"], xendit["difference"]) == (49_300, 49_300, 0)
        assert (await gateway.balance("1102"), printed["explained"]) == (50_000, True)

        gateway.server.account.credit(7_000, "QRIS", "TOKO-LAIN", clock.now())
        status, output, _ = await lumbung(
            database,
            "payments",
            "reconcile",
            "melati",
            "--method",
            "xendit",
            fake_gateways=f"xendit={address}",
        )
        assert status == 1
        assert "No payment fits" in output
        gateway.server.secret_key = "another"
        status, _, complained = await lumbung(
            database,
            "payments",
            "reconcile",
            "melati",
            "--method",
            "xendit",
            fake_gateways=f"xendit={address}",
        )
        assert status == 1
        assert "xendit" in complained
        assert KEY not in complained


async def test_offline_asks_nobody(database: Database, melati: TenantRef) -> None:
    async with set_up_xendit(database, melati) as gateway:
        gateway.server.withdraw(50_000)
        status, output, complained = await lumbung(
            database, "payments", "reconcile", "melati", "--offline", "--json"
        )
        assert (status, complained) == (0, "")
        xendit = next(method for method in json.loads(output)["methods"] if method["method"] == "xendit")
        assert (xendit["checked"], xendit["balance"]) == (False, None)
        _, output, _ = await lumbung(
            database, "payments", "reconcile", "melati", "--offline", "--method", "xendit"
        )
        assert "some methods have no data" in output
    status, _, complained = await lumbung(database, "payments", "reconcile", "tiada")
    assert status == 1
    assert "tiada" in complained


async def list_sealed_secrets(database: Database, tenant: TenantRef) -> dict[str, str]:
    async with coop_session(database, tenant) as db:
        row = (await db.execute(text("SELECT secrets FROM payment_methods WHERE method = 'xendit'"))).one()
        return dict(row.secrets)


@pytest.mark.parametrize("as_json", [True, False])
async def test_keys_are_rotated_once_and_no_secret_is_printed(
    database: Database, melati: TenantRef, *, as_json: bool
) -> None:
    database.settings = replace(database.settings, master_keys=(OLD,))
    async with set_up_xendit(database, melati):
        before = await list_sealed_secrets(database, melati)
    keys = ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in (NEW, OLD))
    more = ("--json",) if as_json else ()
    status, output, complained = await lumbung(database, "payments", "rotate-keys", *more, master_keys=keys)
    after = await list_sealed_secrets(database, melati)
    assert (status, complained) == (0, "")
    assert all(text.startswith("v1:baru:") for text in after.values())
    assert not any(secret in output for secret in (KEY, *before.values(), *after.values()))
    status, output, _ = await lumbung(database, "payments", "rotate-keys", "--json", master_keys=keys)
    assert (status, json.loads(output)["moved"]) == (0, 0)
    assert await list_sealed_secrets(database, melati) == after


async def test_a_cooperative_whose_key_is_gone_is_reported_and_keeps_what_it_has(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    database.settings = replace(database.settings, master_keys=(OLD,))
    async with set_up_xendit(database, melati):
        before = await list_sealed_secrets(database, melati)
    database.settings = replace(database.settings, master_keys=(NEW,))
    async with set_up_xendit(database, mawar):
        report = await reencrypt_secrets(database)
    assert list(report.failed) == ["melati"]
    assert [(each.cooperative, each.unchanged) for each in report.cooperatives if each.unchanged] == [
        ("mawar", 2)
    ]
    assert await list_sealed_secrets(database, melati) == before


async def test_what_must_be_looked_at_is_listed_and_counted_by_the_doctor(
    database: Database, melati: TenantRef
) -> None:
    status, output, _ = await lumbung(database, "payments", "exceptions", "melati")
    assert (status, "no open exceptions" in output) == (0, True)
    async with coop_session(database, melati) as db:
        await pay.enable_methods(db)
        _, payment = await pay.create_order_payment(db, "xendit")
        for params in ({"theirs": 1}, {"theirs": 2}):
            await record_exception(db, payment, "amount", params)
    status, output, complained = await lumbung(database, "payments", "exceptions", "melati", "--json")
    assert (status, complained) == (1, "")
    assert [(each["payment"], each["reason"], each["params"]) for each in json.loads(output)] == [
        (payment.reference, "amount", {"theirs": 1}),
        (payment.reference, "amount", {"theirs": 2}),
    ]
    assert payment.reference in (await lumbung(database, "payments", "exceptions", "melati"))[1]
    found = {each["subject"]: each for each in json.loads((await lumbung(database, "doctor", "--json"))[1])}
    assert (found["payments"]["status"], found["payments"]["found"]) == (
        "notice",
        "2 exceptions are open: melati 2",
    )
