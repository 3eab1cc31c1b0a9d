"""`lumbung up`: its database, web and worker, and how they end."""

import http.client
import json
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

import pytest

from demo.cooperatives import PIN

pytestmark = pytest.mark.slow
PLATFORM = Path(__file__).parents[2] / "platform"


class Up:
    """A running `lumbung up` with a data folder and a port of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self.log = folder / "up.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [*up_command(self.port), *options],
                env=environment(folder),
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def wait_until_running(self) -> None:
        deadline = time.monotonic() + 60
        while "is running at" not in self.log.read_text(encoding="utf-8"):
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            time.sleep(0.05)

    def children(self) -> dict[str, int]:
        """Process numbers of web, worker, provision and fake gateways."""
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        found = {}
        for line in listed.splitlines():
            pid, parent, arguments = line.split(None, 2)
            for name, program in (
                ("web", "commands.main web "),
                ("worker", "commands.main worker "),
                ("provision", "commands.main provision "),
                ("fakes", "fakes "),
            ):
                if int(parent) == self.process.pid and program in arguments:
                    found[name] = int(pid)
        return found

    def answer(self, host: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/", headers={"Host": host})
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="lumbung-up-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def up(folder: Path) -> Iterator[Up]:
    started = Up(folder)
    yield started
    if started.process.poll() is None:
        started.process.terminate()
        started.process.wait(60)


def up_again(port: int, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        up_command(port), env=environment(folder), capture_output=True, text=True, check=False
    )


def up_command(port: int) -> list[str]:
    return [sys.executable, "-m", "commands.main", "up", "--port", str(port)]


def run_in_other_terminal(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as in another terminal: only the working folder is the same."""
    return subprocess.run(
        [sys.executable, "-m", "commands.main", *arguments],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def environment(folder: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LUMBUNG_")}
    return clean | {"PYTHONPATH": str(PLATFORM), "LUMBUNG_DATA_DIR": str(folder / "var")}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def server_runs(folder: Path) -> bool:
    return (folder / "var" / "postgres" / "data" / "postmaster.pid").exists()


def test_it_serves_and_ctrl_c_ends_all_of_it(up: Up, folder: Path) -> None:
    up.wait_until_running()
    assert up.answer(f"localhost:{up.port}") == 200
    assert up.answer("nobody.example") == 404
    children = up.children()
    assert set(children) == {"web", "worker", "provision"}
    assert server_runs(folder)
    second = up_again(up.port, folder)
    assert second.returncode == 1
    assert f"Try: lumbung up --port {up.port + 1}" in second.stderr

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert not any(alive(pid) for pid in children.values())
    assert not server_runs(folder)
    output = up.log.read_text(encoding="utf-8")
    assert "The data is kept" in output
    assert output.startswith("Lumbung is running at ")  # no line about jobs comes before the address
    assert "[info" not in output


def test_the_demo_is_paid_through_fakes_and_when_one_process_dies_all_end_and_a_restart_finds_all(
    folder: Path,
) -> None:
    for again in (False, True):
        up = Up(folder, "--demo")
        try:
            up.wait_until_running()
            children = up.children()
            assert set(children) == {"web", "worker", "provision", "fakes"}
            assert up.answer(f"melati.localhost:{up.port}") == 200
            if again:
                asked = run_in_other_terminal(folder, "payments", "reconcile", "melati", "--json")
                assert {method["fault"] for method in json.loads(asked.stdout)["methods"]} == {None}, (
                    asked.stderr
                )
            time.sleep(0.3)  # the lines after the address
            output = up.log.read_text(encoding="utf-8")
            if not again:
                os.kill(children["worker"], signal.SIGKILL)
                assert up.process.wait(60) == 1
                assert "The worker process ended (by SIGKILL)" in up.log.read_text(encoding="utf-8")
        finally:
            up.process.send_signal(signal.SIGINT)
        assert up.process.wait(60) == (0 if again else 1)
        assert not any(alive(pid) for pid in children.values())
        assert not server_runs(folder)
        assert "Payment services are fakes, no money moves: stripe http://127.0.0.1:" in output
        assert "payments were left as they are" not in output
        assert f", PIN {PIN}" in output, again
        assert (folder / "var" / "contoh" / "mutasi-melati.csv").exists()


def test_fake_gateways_that_do_not_come_up_are_done_without(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commands import fake_gateways
    from commands.processes import ProcessGroup
    from kernel.settings import Settings

    (folder / "fakes").mkdir()
    (folder / "fakes" / "__init__.py").touch()
    (folder / "fakes" / "__main__.py").write_text("print('nothing that we understand')", "utf-8")
    monkeypatch.setattr(fake_gateways, "FOLDER", folder)
    with_fakes = (("stripe", "http://127.0.0.1:9001"),)
    assert fake_gateways.should_start(Settings())
    assert not fake_gateways.should_start(Settings(environment="production"))
    assert not fake_gateways.should_start(Settings(fake_gateways=with_fakes))
    processes = ProcessGroup()
    try:
        assert (
            fake_gateways.with_fake_gateways(Settings(), processes, fake_gateways.start(processes))
            == Settings()
        )
        assert processes.find_exited() is None
    finally:
        processes.stop()
    assert fake_gateways.child_environment(Settings(fake_gateways=with_fakes)) == {
        "LUMBUNG_FAKE_GATEWAYS": "stripe=http://127.0.0.1:9001"
    }
    assert fake_gateways.child_environment(Settings()) == {}


def test_fake_gateways_end_when_whoever_started_them_is_gone() -> None:
    from commands import fake_gateways
    from commands.processes import ProcessGroup

    processes = ProcessGroup()
    process = fake_gateways.start(processes)
    try:
        assert process.stdout is not None
        assert b"LUMBUNG_FAKE_GATEWAYS" in process.stdout.readline()
        assert process.stdin is not None
        process.stdin.close()  # as the operating system does when the parent ends
        assert process.wait(10) == 0
    finally:
        processes.stop()


def test_the_worker_knows_the_jobs_of_every_room_that_has_some() -> None:
    from kernel.rooms import import_from_rooms

    found = {module.__name__.partition(".")[0] for module in import_from_rooms("tasks")}
    assert found == {file.parent.name for file in PLATFORM.glob("*/tasks.py")}
