"""The `lumbung` command in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from sqlalchemy.exc import DBAPIError

from commands import main, output
from commands.processes import ProcessGroup, StopRequestedError, stop_signals
from kernel.errors import ErrorType
from kernel.money import Rupiah

PLATFORM = Path(__file__).parents[2] / "platform"
EMPTY = ErrorType("tests.empty_shelf", 409, "Tanggal {day} belum tiba.")


def lumbung(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LUMBUNG_")}
    return subprocess.run(
        [sys.executable, "-m", "commands.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=clean | {"PYTHONPATH": str(PLATFORM)} | environment,
    )


def test_help_lists_every_command() -> None:
    done = lumbung("--help")
    assert done.returncode == 0
    for name in main.COMMANDS:
        assert f"  {name} " in done.stdout


def test_help_loads_no_command_so_that_it_answers_at_once() -> None:
    program = (
        "import sys, contextlib\nfrom commands.main import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "heavy = {'sqlalchemy', 'rich', 'litestar', 'kernel', 'msgspec'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))"
    )
    environment = os.environ | {"PYTHONPATH": str(PLATFORM)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert "heavy: []" in done.stdout


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_listed_command_is_there_and_explains_itself(name: str) -> None:
    command = main.LazyCommands().get_command(click.Context(main.lumbung), name)
    assert command is not None
    assert command.help


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["harvest"], "lumbung: No such command 'harvest'. See: lumbung --help\n"),
        (
            ["up", "--port", "0"],
            (
                "lumbung: Invalid value for '--port': 0 is not in the range 1<=x<=65535. See: lumbung up "
                "--help\n"
            ),
        ),
    ],
)
def test_wrong_usage_is_one_sentence_on_standard_error(arguments: list[str], sentence: str) -> None:
    done = lumbung(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


def test_an_error_is_one_sentence_on_standard_error_in_the_chosen_language() -> None:
    english = lumbung("migrate", LUMBUNG_DATABASE_URL="mysql://db")
    assert english.returncode == 1
    assert english.stdout == ""
    assert english.stderr == (
        "lumbung: LUMBUNG_DATABASE_URL is “mysql://db”: it must begin with postgresql://.\n"
    )
    indonesian = lumbung("migrate", LUMBUNG_DATABASE_URL="mysql://db", LUMBUNG_LANG="id")
    assert indonesian.stderr.startswith("lumbung: LUMBUNG_DATABASE_URL berisi “mysql://db”")


def test_a_database_that_does_not_answer_is_one_sentence_and_the_traceback_only_on_request() -> None:
    nowhere = "postgresql://lumbung:x@127.0.0.1:9/lumbung"
    done = lumbung("migrate", LUMBUNG_DATABASE_URL=nowhere)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "lumbung doctor" in done.stderr
    assert "Traceback" in lumbung("migrate", LUMBUNG_DATABASE_URL=nowhere, LUMBUNG_DEBUG="1").stderr


def test_production_does_not_start_unsafely() -> None:
    done = lumbung("up", LUMBUNG_ENVIRONMENT="production")
    assert done.returncode == 1
    assert "development secret" in done.stderr


def test_json_is_one_value_with_money_as_whole_rupiah(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"total": Rupiah(12_500), "names": ["Sari", "Budi"]})
    assert json.loads(capsys.readouterr().out) == {"total": 12_500, "names": ["Sari", "Budi"]}


def test_every_fault_has_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output.error_message(EMPTY(day="besok")) == "besok is still to come."
    assert output.error_message(FileNotFoundError(2, "No such file or directory", "barang.csv")) == (
        "barang.csv: no such file or directory."
    )
    refused = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 5432)")
    assert output.error_message(refused) == (
        "nothing answers at 127.0.0.1, port 5432. Run lumbung doctor to find the cause."
    )
    unknown = DBAPIError("SELECT 1", None, ValueError('database "padi" does not exist'))
    assert output.error_message(unknown).startswith(
        'the database refused: database "padi" does not exist. Run lumbung doctor'
    )
    assert output.error_message(RuntimeError("")).startswith("unexpected error: RuntimeError.")
    monkeypatch.setenv("LUMBUNG_LANG", "id")
    assert output.error_message(EMPTY(day="besok")) == "Tanggal besok belum tiba."


def test_a_table_shows_every_cell_where_it_is_not_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.console.cache_clear()
    output.print_table(["Nama", "Jumlah"], [["Sari", 3], ["Budi", None]], numeric_columns=["Jumlah"])
    output.console.cache_clear()
    assert "Sari" in capsys.readouterr().out


def test_a_stop_signal_is_raised_once_and_later_ones_wait() -> None:
    before = signal.getsignal(signal.SIGTERM)
    cleaned_up = []

    def work() -> None:
        with stop_signals():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(5)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                cleaned_up.append(True)

    with pytest.raises(StopRequestedError):
        work()
    assert cleaned_up
    assert signal.getsignal(signal.SIGTERM) == before


def test_processes_end_together_and_by_their_own_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "commands.processes.command_line", lambda arguments: [sys.executable, "-c", *arguments]
    )
    with ProcessGroup() as processes:
        processes.start("long", ["import time; time.sleep(60)"], os.environ)
        processes.start("short", ["raise SystemExit(3)"], os.environ)
        deadline = time.monotonic() + 10
        while processes.find_exited() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert processes.find_exited() == ("short", 3)
        pid = processes.get_pid("long")
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
