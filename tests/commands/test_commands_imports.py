"""`products import`, `members import`, `sales import` and `books trial-balance`, with their exit status."""

import asyncio
import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from commands.csv_import import rejected_path
from commands.main import main
from kernel.actor import SYSTEM
from kernel.database import Database, libpq_url
from ledger import year_queries
from ledger.close_year import close_year
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

PLATFORM = Path(__file__).parents[2] / "platform"
PRODUCTS = "sku,barcode,name,category,unit,cost,price,stock\n"
GOOD = PRODUCTS + "T1,,Teh melati,Minuman,Pak,9000,12500,20\nK1,,Kopi,Minuman,Pak,7000,9000,0\n"
BAD = GOOD + "X1,,Salah,,Pcs,satu,2,3\nX2,,Salah,,Pcs,1,2,-3\n"


@dataclass
class CommandResult:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Awaitable[CommandResult]]


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LUMBUNG_DATABASE_URL", libpq_url(database.owner_url))

    def call(*arguments: str) -> CommandResult:
        out, err, status = io.StringIO(), io.StringIO(), 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main(arguments)
            except SystemExit as end:
                status = int(end.code or 0)
        return CommandResult(status, out.getvalue(), err.getvalue())

    async def in_thread(*arguments: str | Path) -> CommandResult:
        return await asyncio.to_thread(call, *map(str, arguments))

    return in_thread


def file(folder: Path, content: str, name: str = "goods.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


async def test_a_good_file_is_taken_once(run: Run, tmp_path: Path) -> None:
    path = file(tmp_path, GOOD)
    first = await run("products", "import", "melati", path, "--json")
    assert (first.status, first.json) == (0, {"imported": 2, "unchanged": 0, "rejected": []})
    again = await run("products", "import", "melati", path, "--json")
    assert (again.status, again.json) == (0, {"imported": 0, "unchanged": 2, "rejected": []})
    done = await run("products", "import", "melati", path)
    assert (done.status, done.out.strip()) == (0, "Goods: 0 imported, 2 unchanged, 0 rejected.")


async def test_a_bad_line_keeps_everything_out_and_every_one_is_named(run: Run, tmp_path: Path) -> None:
    path = file(tmp_path, BAD)
    done = await run("products", "import", "melati", path, "--json")
    assert done.status == 1
    assert done.json["imported"] == 0
    assert [bad["line"] for bad in done.json["rejected"]] == [4, 5]
    assert "satu" in done.json["rejected"][0]["reason"]
    assert done.err.startswith("lumbung: Nothing was imported, because of bad lines: 2.")
    assert done.err.count("\n") == 1
    assert not rejected_path(path).exists()
    printed = await run("products", "import", "melati", path)
    assert printed.status == 1
    assert "satu" in printed.out


async def test_good_lines_are_taken_and_the_others_kept_to_be_mended(run: Run, tmp_path: Path) -> None:
    path = file(tmp_path, "\ufeff" + BAD.replace(",", ";").replace("\n", "\r\n"))
    done = await run("products", "import", "melati", path, "--skip-bad", "--json")
    assert (done.status, done.json["imported"], len(done.json["rejected"]), done.err) == (0, 2, 2, "")
    rejected = tmp_path / "goods.rejected.csv"
    lines = rejected.read_bytes().decode().split("\r\n")
    assert lines[0] == "\ufeffsku;barcode;name;category;unit;cost;price;stock;reason"
    assert lines[1].startswith("X1;;Salah;;Pcs;satu;2;3;")
    assert done.json["rejected"][0]["reason"] in lines[1]
    rejected.write_bytes(rejected.read_bytes().replace(b";satu;", b";1;").replace(b";-3;", b";3;"))
    mended = await run("products", "import", "melati", rejected, "--json")
    assert (mended.status, mended.json) == (0, {"imported": 2, "unchanged": 0, "rejected": []})


async def test_nothing_is_taken_when_the_rejected_lines_cannot_be_kept(run: Run, tmp_path: Path) -> None:
    path = file(tmp_path, BAD)
    rejected_path(path).mkdir()
    done = await run("products", "import", "melati", path, "--skip-bad")
    assert done.status == 1
    assert "goods.rejected.csv" in done.err
    rejected_path(path).rmdir()
    assert (await run("products", "import", "melati", path, "--skip-bad", "--json")).json["imported"] == 2


async def test_reasons_are_in_indonesian_when_asked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUMBUNG_LANG", "id")
    done = await run("products", "import", "melati", file(tmp_path, BAD), "--json")
    assert done.json["rejected"][1]["reason"] == "Stok harus dari 0 sampai 10000000, bukan -3."


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (("products", "import", "nobody", "{good}"), 1, "no cooperative"),
        (("products", "import", "melati", "{missing}"), 2, "does not exist"),
        (("products", "import", "melati", "{good}", "--as-of", "kemarin"), 2, "is not a date"),
        (("products", "import", "melati", "{good}", "--as-of", "2999-01-01"), 1, "still to come"),
        (("members", "import", "melati", "{good}"), 1, "lacks these columns: member_number"),
        (("sales", "import", "melati", "{cp1252}"), 1, "Windows-1252"),
        (("books", "trial-balance", "nobody"), 1, "no cooperative"),
    ],
)
async def test_an_error_is_one_sentence(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], status: int, expected: str
) -> None:
    paths = {
        "good": file(tmp_path, GOOD),
        "missing": tmp_path / "nowhere.csv",
        "cp1252": tmp_path / "old.csv",
    }
    paths["cp1252"].write_bytes(
        "date,member_number,sku,quantity\n2024-01-01,Cr\u00e8me,A,1\n".encode("cp1252")
    )
    done = await run(*(argument.format(**paths) for argument in arguments))
    assert (done.status, done.out, done.err.count("\n")) == (status, "", 1)
    assert expected in done.err


async def test_a_year_goes_in_and_the_trial_balance_comes_out(
    run: Run, tmp_path: Path, database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    await run("products", "import", "melati", file(tmp_path, GOOD), "--as-of", "2024-01-01")
    members = (
        "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\n"
        "1000,Tono Saputra,L,0812-0000-9999,2023-05-23,100000,240000,0\n"
    )
    done = await run(
        "members",
        "import",
        "melati",
        file(tmp_path, members, "members.csv"),
        "--as-of",
        "2024-01-01",
        "--json",
    )
    assert done.json == {"imported": 1, "unchanged": 0, "rejected": []}
    sales = (
        "date,member_number,sku,quantity\n2024-03-01,1000,T1,3\n2024-03-01,1000,K1,1\n2024-04-01,1000,T1,1\n"
    )
    done = await run("sales", "import", "melati", file(tmp_path, sales, "sales.csv"), "--json")
    assert done.json == {"imported": 3, "unchanged": 0, "rejected": []}

    balance = await run("books", "trial-balance", "melati", "--year", "2024", "--json")
    assert balance.status == 0
    assert list(balance.json) == ["year", "accounts", "total_debit", "total_credit", "balanced"]
    assert balance.json["balanced"] is True
    assert balance.json["total_debit"] == balance.json["total_credit"]
    accounts = {account["code"]: account for account in balance.json["accounts"]}
    assert list(accounts["1101"]) == ["code", "name", "opening", "debit", "credit", "closing"]
    assert accounts["1130"]["closing"] == 180_000
    assert accounts["4101"] == {
        "code": "4101",
        "name": "Shop sales to members",
        "opening": 0,
        "debit": 0,
        "credit": 59_000,
        "closing": -59_000,
    }
    assert accounts["5101"]["closing"] == 43_000
    assert accounts["1101"]["closing"] == 340_000 + 59_000 - 43_000
    printed = await run("books", "trial-balance", "melati", "--year", "2024")
    assert "The books balance." in printed.out
    assert (await run("books", "trial-balance", "melati", "--year", "2020", "--json")).json["accounts"] == []
    async with coop_reader(database, mawar) as ro:
        assert await year_queries.get_trial_balance(ro, 2024) == []


async def test_a_closed_year_takes_no_sales(
    run: Run, tmp_path: Path, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await close_year(db, SYSTEM, 2024)
    done = await run(
        "sales",
        "import",
        "melati",
        file(tmp_path, "date,member_number,sku,quantity\n2024-03-01,0001,BRS5,1\n"),
        "--json",
    )
    assert done.status == 1
    assert done.json["rejected"] == [
        {"line": 2, "reason": "The book year 2024 is closed and takes no more entries."}
    ]


async def test_the_cooperative_must_be_migrated(
    run: Run, monkeypatch: pytest.MonkeyPatch, server_url: str, tmp_path: Path
) -> None:
    monkeypatch.setenv("LUMBUNG_DATABASE_URL", f"{server_url}/postgres")
    done = await run("products", "import", "melati", file(tmp_path, GOOD))
    assert (done.status, "lumbung migrate" in done.err) == (1, True)


async def test_ctrl_c_says_that_nothing_was_written(
    database: Database, melati: TenantRef, tmp_path: Path
) -> None:
    path = file(tmp_path, GOOD)
    async with (
        database.owner_engine.begin() as connection
    ):  # the import waits for this table, so Ctrl-C comes in the middle of it
        await connection.execute(text(f"LOCK TABLE {melati.schema_name}.products IN ACCESS EXCLUSIVE MODE"))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "commands.main", "products", "import", "melati", str(path)),
            env=os.environ
            | {
                "PYTHONPATH": str(PLATFORM),
                "LUMBUNG_DATABASE_URL": libpq_url(database.owner_url),
                "LUMBUNG_LANG": "en",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # a shell ignores Ctrl-C for background jobs, and children inherit that
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        waiting = (
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM "
            "pg_database WHERE datname = current_database())"
        )
        async with asyncio.timeout(30):
            while not (await connection.execute(text(waiting))).scalar_one():
                await connection.execute(text("SELECT pg_sleep(0.02)"))
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert process.returncode == 130
    assert (out, err.decode().strip()) == (b"", "lumbung: Interrupted. Nothing was written.")
    async with coop_reader(database, melati) as ro:
        assert await ro.value("SELECT count(*) FROM products WHERE sku IN ('T1', 'K1')") == 0
