"""The operator's `lumbung` command: with the units' settings and secrets, and the owner's login only where it
is needed.
"""

import os
import subprocess
from pathlib import Path

import pytest

from factories.processes import ROOT, clean_environment

BIN = ROOT / "infra" / "bin"
ENVIRONMENT = """# a comment
LUMBUNG_ENVIRONMENT=production
LUMBUNG_BILLING_NAME=Lumbung Desa $HOME `id`
LUMBUNG_BASE_DOMAIN="lumbung.example"
; LUMBUNG_PORT=1
PATH=/nowhere
LUMBUNG_LANG=id"""


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    for folder, names in (
        ("application", ("app_database_url", "secret_key")),
        ("owner", ("database_url", "owner_password")),
    ):
        (tmp_path / "secrets" / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / "secrets" / folder / name).write_text(name)
    (tmp_path / "lumbung.env").write_text(ENVIRONMENT)
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$@"\nenv | grep ^LUMBUNG_ | sort\n')
    program.chmod(0o755)
    return tmp_path


def run_command(etc: Path, *arguments: str, **more: str) -> tuple[str, dict[str, str]]:
    environment = (
        clean_environment() | {"LUMBUNG_ETC": str(etc), "LUMBUNG_PROGRAM": str(etc / "program")} | more
    )
    done = subprocess.run(
        [str(BIN / "lumbung"), *arguments], env=environment, capture_output=True, text=True, check=True
    )
    first, *lines = done.stdout.splitlines()
    found = dict(line.split("=", 1) for line in lines)
    return first, {
        name: value for name, value in found.items() if name not in {"LUMBUNG_ETC", "LUMBUNG_PROGRAM"}
    }


def test_a_command_has_the_settings_and_secrets_of_web_and_worker(etc: Path) -> None:
    arguments, environment = run_command(etc, "coop", "list", "--json", LUMBUNG_LANG="en")
    assert arguments == "coop list --json"
    assert environment == {
        "LUMBUNG_ENVIRONMENT": "production",
        "LUMBUNG_BILLING_NAME": "Lumbung Desa $HOME `id`",
        "LUMBUNG_BASE_DOMAIN": "lumbung.example",
        "LUMBUNG_LANG": "en",
        "LUMBUNG_APP_DATABASE_URL_FILE": f"{etc}/secrets/application/app_database_url",
        "LUMBUNG_SECRET_KEY_FILE": f"{etc}/secrets/application/secret_key",
    }


@pytest.mark.parametrize("command", ["migrate", "operator", "provision", "doctor"])
def test_only_commands_that_need_the_owners_login_get_it(etc: Path, command: str) -> None:
    _, environment = run_command(etc, command)
    assert environment["LUMBUNG_DATABASE_URL_FILE"] == f"{etc}/secrets/owner/database_url"
    assert not any("PASSWORD" in name for name in environment)


def test_who_may_not_read_the_settings_is_told_what_to_do(etc: Path) -> None:
    (etc / "lumbung.env").unlink()
    environment = clean_environment() | {"LUMBUNG_ETC": str(etc), "LUMBUNG_PROGRAM": str(etc / "program")}
    done = subprocess.run(
        [str(BIN / "lumbung"), "doctor"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "sudo lumbung" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "container"),
    [
        (("coop", "list"), "worker"),
        (("operator", "add", "W"), "provision"),
        (("migrate",), "provision"),
    ],
)
def test_under_docker_a_command_runs_where_the_login_it_needs_is(
    tmp_path: Path, arguments: tuple[str, ...], container: str
) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "$@"\n')
    docker.chmod(0o755)
    environment = clean_environment() | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "LUMBUNG_COMPOSE": "compose.yaml",
    }
    done = subprocess.run(
        [str(BIN / "lumbung-docker"), *arguments],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == f"compose -f compose.yaml exec -T {container} lumbung {' '.join(arguments)}"


def test_under_docker_doctor_gets_a_container_of_its_own_with_every_login(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "$@"\n')
    docker.chmod(0o755)
    environment = clean_environment() | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "LUMBUNG_COMPOSE": "compose.yaml",
    }
    done = subprocess.run(
        [str(BIN / "lumbung-docker"), "doctor", "--json"],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "compose -f compose.yaml run --rm doctor doctor --json"
