"""Whoever takes over the web process or the worker holds a login without rights, and nothing that opens more."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from factories.processes import ROOT, bare_environment
from kernel.database import Database, plain_url
from tenants.session import shared_session

pytestmark = [pytest.mark.slow, pytest.mark.xfail(strict=True, reason="issue 8, point 12")]

# What web and worker may do with each table of the platform: what their code does, and no more.
RIGHTS = {
    "billing_credits": "SELECT INSERT",
    "billing_entries": "SELECT INSERT",
    "billing_events": "SELECT INSERT UPDATE",
    "cooperatives": "SELECT INSERT UPDATE",
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
    "spare_schemas": "SELECT DELETE",
    "subscriptions": "SELECT INSERT UPDATE",
    "throttles": "SELECT INSERT UPDATE DELETE",
    "usage_figures": "SELECT INSERT UPDATE",
}


async def test_the_applications_login_may_do_with_each_table_what_its_code_does(database: Database) -> None:
    found = {}
    verbs = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    async with database.owner.connect() as connection:
        for (table,) in await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'shared'")):
            asked = text("SELECT " + ", ".join(f"has_table_privilege(:role, :table, '{verb}')" for verb in verbs))
            answer = await connection.execute(asked, {"role": database.settings.app_role, "table": f"shared.{table}"})
            found[table] = " ".join(verb for verb, granted in zip(verbs, answer.one(), strict=True) if granted)
    assert {table: found.get(table) for table in RIGHTS} == RIGHTS


async def test_the_applications_login_makes_no_operator_and_no_place_for_a_cooperative(database: Database) -> None:
    for statement in (
        "INSERT INTO shared.operators (id, name, phone, password_hash, added_at)"
        " VALUES (gen_random_uuid(), 'Penyusup', '+628110000000', 'x', now())",
        "UPDATE shared.operators SET phone = '+628110000000'",
        "INSERT INTO shared.spare_schemas (schema_name, revision) VALUES ('coop_aaaaaaaaaaaaaaaa', '0001')",
        "UPDATE shared.hostnames SET host = 'penyusup'",
        "CREATE TABLE shared.penyusup (a int)",
        "CREATE ROLE penyusup",
        "CREATE SCHEMA penyusup",
    ):
        with pytest.raises(Exception, match="permission denied"):
            async with shared_session(database) as db:
                await db.execute(text(statement))


def test_a_command_needs_the_applications_login_alone(database: Database, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "commands.main", "coop", "list"],
        env=bare_environment() | {
            "PYTHONPATH": str(ROOT / "platform"),
            "LUMBUNG_POSTGRES_BIN": str(tmp_path),
            "LUMBUNG_DATA_DIR": str(tmp_path),
            "LUMBUNG_APP_DATABASE_URL": plain_url(database.app_url),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "melati" in done.stdout, done.stderr
