"""`lumbung shu draft`, with text and JSON output."""

import asyncio
import json
import os
import sys
from datetime import date
from pathlib import Path

from sqlalchemy import text

from kernel.database import Database, libpq_url
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from tenants.registry import TenantRef
from tenants.session import coop_session

PLATFORM = Path(__file__).parents[2] / "platform"


async def lumbung(database: Database, *arguments: str) -> tuple[int, str, str]:
    """Run a command on the test's own database; return exit status, stdout and stderr."""
    environment = {
        **os.environ,
        "LUMBUNG_DATABASE_URL": libpq_url(database.owner_url),
        "PYTHONPATH": str(PLATFORM),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "commands.main",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await process.communicate()
    return process.returncode or 0, out.decode(), complaints.decode()


async def test_a_draft_is_printed_for_machines_and_for_people(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        buyer = (await db.execute(text("SELECT id FROM members WHERE number = '0002'"))).scalar_one()
        money = Rupiah(1_000)
        lines = [JournalLine.to_debit("1101", money), JournalLine.to_credit("4101", money, buyer)]
        await post_journal(db, Journal(date(2025, 6, 1), "Penjualan", "test:1", lines), by="test")
    status, out, complaints = await lumbung(database, "shu", "draft", "melati", "--year", "2025", "--json")
    assert (status, complaints) == (0, "")
    draft = json.loads(out)
    assert list(draft) == ["year", "surplus", "bylaws_version", "pools", "members", "unallocated"]
    assert draft["surplus"] == sum(draft["pools"].values()) == 1_000
    assert draft["members"][1] == {
        "number": "0002",
        "basis": {"savings": 0, "purchases": 1_000},
        "shares": {"jasa_modal": 0, "jasa_usaha": 350},
        "total": 350,
    }
    assert draft["unallocated"] == {"jasa_modal": 200}
    status, out, _ = await lumbung(database, "shu", "draft", "melati", "--year", "2025")
    assert status == 0
    assert "already stored" in out
    assert "Rp1,000" in out


async def test_a_mistake_is_one_sentence_and_a_failure(database: Database) -> None:
    for arguments, expected in (
        (("nowhere", "--year", "2025"), "There is no cooperative with the address “nowhere”."),
        (("melati", "--year", "2999"), "The year 2999 has not begun."),
    ):
        status, out, complaints = await lumbung(database, "shu", "draft", *arguments, "--json")
        assert (status, out) == (1, "")
        assert expected in complaints
        assert len(complaints.splitlines()) == 1
