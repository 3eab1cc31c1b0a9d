"""Containers and units have only what they need: capabilities, files, memory, networks, secrets, exact
images.
"""

import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from factories.processes import ROOT

INFRA = ROOT / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
UNITS = {
    path.stem.removeprefix("lumbung-"): path.read_text("utf-8")
    for path in (INFRA / "systemd").glob("*.service")
}
OWNERS = {"migrate", "provision"}
SERVING = {"web", "worker"}


def test_every_container_is_without_capabilities_and_writes_only_into_memory_and_volumes() -> None:
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
    assert {name: service["cap_add"] for name, service in SERVICES.items() if "cap_add" in service} == {
        "caddy": ["NET_BIND_SERVICE"]
    }
    assert SERVICES["postgres"]["user"] == "postgres"  # its entrypoint then needs no right to change owners


def test_every_container_and_unit_has_a_bound_on_memory_and_on_processes() -> None:
    for name, service in SERVICES.items():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert 0 < service["pids_limit"] <= 500, name
        assert all("size=" in mount for mount in service["tmpfs"]), name
    for name, unit in UNITS.items():
        assert re.search(r"(?m)^MemoryMax=\d+[MG]$", unit), name
        assert re.search(r"(?m)^TasksMax=\d+$", unit), name


def test_images_of_others_have_exact_versions() -> None:
    references = [service["image"] for service in SERVICES.values() if service["image"] != "lumbung"]
    references += re.findall(r"(?m)^FROM (\S+)", (INFRA / "Dockerfile").read_text("utf-8"))
    assert len(references) == 4
    for reference in references:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?(@sha256:[0-9a-f]{64})?", reference), (
            reference
        )


def test_the_database_is_reached_from_inside_alone_and_only_what_serves_reaches_outside() -> None:
    networks = COMPOSE["networks"]
    assert networks["database"]["internal"] is True
    assert networks["inside"]["internal"] is True
    assert not networks["egress"].get("internal")
    on = {
        network: {name for name, one in SERVICES.items() if network in one["networks"]}
        for network in networks
    }
    assert on["database"] == {"postgres", "doctor"} | OWNERS | SERVING
    assert on["egress"] == SERVING | {"doctor"}  # which resolves the base domain
    assert SERVICES["doctor"]["profiles"] == ["tools"]  # runs when somebody asks, and ends
    assert on["inside"] == {"web", "caddy"}
    assert on["outside"] == {"caddy"}


def test_each_container_gets_the_secrets_it_needs_as_files() -> None:
    given = {name: set(service.get("secrets", ())) for name, service in SERVICES.items()}
    serving = {"app_database_url", "secret_key", "master_keys"}
    assert given == {
        "web": serving,
        "worker": serving,
        "migrate": {"database_url", "app_database_url"},
        "provision": {"database_url", "app_database_url"},
        "doctor": serving | {"database_url"},
        "postgres": {"postgres_password", "owner_password"},
        "caddy": set(),
    }
    for name in OWNERS | SERVING | {"doctor"}:
        assert SERVICES[name]["environment"] == {
            f"LUMBUNG_{secret.upper()}_FILE": f"/run/secrets/{secret}" for secret in given[name]
        }
    assert set(COMPOSE["secrets"]) == set().union(*given.values())
    for name in COMPOSE["secrets"]:
        assert COMPOSE["secrets"][name]["file"].startswith("secrets/"), name
    assert "infra/secrets/\n" in (ROOT / ".gitignore").read_text("utf-8")


def test_each_unit_gets_the_secrets_it_needs_as_credentials() -> None:
    given = {name: re.findall(r"(?m)^LoadCredential=(.+)$", unit) for name, unit in UNITS.items()}
    all_of_serving = ["lumbung:/etc/lumbung/secrets/application"]
    of_owner = [
        "lumbung_database_url:/etc/lumbung/secrets/owner/database_url",
        "lumbung_app_database_url:/etc/lumbung/secrets/application/app_database_url",
    ]
    assert given == {
        "web": all_of_serving,
        "worker": all_of_serving,
        "migrate": of_owner,
        "provision": of_owner,
    }


def test_no_example_of_an_environment_has_room_for_a_secret() -> None:
    for example in (INFRA / "env").glob("*.example"):
        assert not re.search(r"(?m)^\w*(SECRET|PASSWORD|KEY|DATABASE_URL)\w*=", example.read_text("utf-8")), (
            example
        )


def make_secrets(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(INFRA / "make_secrets.py"), str(folder), "--host", "postgres"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read_secret_files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8").strip() for path in folder.rglob("*") if path.is_file()}


def test_secrets_are_made_once_and_start_in_production(tmp_path: Path) -> None:
    from kernel.settings import check_startable, load

    folder = tmp_path / "secrets"
    done = make_secrets(folder)
    assert done.returncode == 0, done.stderr
    made = read_secret_files(folder)
    files = {name: entry["file"].removeprefix("secrets/") for name, entry in COMPOSE["secrets"].items()}
    assert all((folder / path).exists() for path in files.values()), files
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not any(value in done.stdout for value in made.values())
    application = folder / "application"
    check_startable(
        load(
            {"LUMBUNG_ENVIRONMENT": "production", "LUMBUNG_BASE_DOMAIN": "lumbung.example"}
            | {f"LUMBUNG_{path.name.upper()}_FILE": str(path) for path in application.iterdir()}
        )
    )
    assert f":{made['owner_password']}@postgres/" in made["database_url"]
    assert make_secrets(folder).returncode == 0
    assert read_secret_files(folder) == made


def test_digests_are_written_where_a_registry_answers_and_none_is_invented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pin_images

    file, program = tmp_path / "compose.yaml", tmp_path / "docker"
    before = "a:\n  image: padi:1.2\nb:\n  image: lumbung\nc:\n  image: beras:3.4.5@sha256:" + "0" * 64 + "\n"
    file.write_text(before)
    program.write_text(
        '#!/bin/sh\n[ "$4" = padi:1.2 ] || [ -n "$ALL" ] || { echo "no such host" >&2; exit 1; }\n'
        'echo "{\\"digest\\": \\"sha256:$(printf %s "$4" | sha256sum | cut -d" " -f1)\\"}"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert pin_images.pin([file]) == {"beras:3.4.5": "no such host"}
    assert file.read_text() == before  # all or nothing
    monkeypatch.setenv("ALL", "1")
    assert pin_images.pin([file]) == {}
    pinned = re.findall(r"image: (\S+)", file.read_text())
    assert [one.partition("@")[0] for one in pinned] == ["padi:1.2", "lumbung", "beras:3.4.5"]
    assert re.fullmatch(r"padi:1\.2@sha256:[0-9a-f]{64}", pinned[0])
    assert pinned[2] != "beras:3.4.5@sha256:" + "0" * 64
    program.write_text('#!/bin/sh\necho \'{"digest": "latest"}\'\n')
    assert set(pin_images.pin([file])) == {"padi:1.2", "beras:3.4.5"}
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert set(pin_images.pin([file]).values()) == {"docker is not installed"}
