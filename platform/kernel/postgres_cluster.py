"""Create the cluster of the embedded PostgreSQL and its database."""

import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Final

from kernel.postgres_errors import MIN_MAJOR_VERSION, OTHER_VERSION, SERVER_TOO_OLD, explain_failure
from kernel.postgres_layout import ServerLayout, read_version

DATABASE_NAME: Final = "lumbung"  # the owner's role and the database
FIRST_WITH_BUILTIN_LOCALES: Final = 17


def ensure_cluster(layout: ServerLayout, binaries: Path, *, fast: bool) -> None:
    """Create the cluster if it does not exist; `fast` does not wait until the files are on disk.

    Raises a DomainError when the programs are too old, when the existing cluster was created by another major
    version, or when creating it fails.
    """
    found = read_version(binaries)
    if _major_version(found) < MIN_MAJOR_VERSION:
        raise SERVER_TOO_OLD(found=found, oldest=MIN_MAJOR_VERSION)
    if not (layout.data_dir / "PG_VERSION").exists():
        _make_cluster(layout, binaries, fast=fast)
    made_by = (layout.data_dir / "PG_VERSION").read_text(encoding="ascii").strip()
    if _major_version(found) != int(made_by.partition(".")[0]):
        raise OTHER_VERSION(data=str(layout.data_dir), made_by=made_by, found=found)


def _make_cluster(layout: ServerLayout, binaries: Path, *, fast: bool) -> None:
    """Create the cluster in a temporary folder and rename it, so that a kill leaves no partial cluster."""
    new, password_file = layout.root / "data.new", layout.root / "password.new"
    shutil.rmtree(new, ignore_errors=True)
    password_file.unlink(missing_ok=True)
    layout.make_folder(new)
    password = secrets.token_urlsafe(24)
    password_file.touch(mode=0o600)
    password_file.write_text(password, encoding="ascii")
    layout.chown(password_file)
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    locale = (
        builtin
        if _major_version(read_version(binaries)) >= FIRST_WITH_BUILTIN_LOCALES
        else ["--locale=C.UTF-8"]
    )
    _run_program(
        layout,
        [
            str(binaries / "initdb"),
            f"--pgdata={new}",
            f"--username={DATABASE_NAME}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *locale,
            *(["--no-sync"] if fast else []),
        ],
    )
    single = [str(binaries / "postgres"), "--single", "-D", str(new), "-c", "log_min_messages=error"]
    _run_program(
        layout, [*single, *(["-F"] if fast else []), "postgres"], f"CREATE DATABASE {DATABASE_NAME};\n"
    )
    password_file.unlink()
    password_target = layout.root / "password"
    password_target.unlink(missing_ok=True)
    password_target.touch(mode=0o600)
    password_target.write_text(password, encoding="ascii")
    new.replace(layout.data_dir)


def _run_program(layout: ServerLayout, command: list[str], text: str = "") -> None:
    done = subprocess.run(
        command,
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **layout.subprocess_options(),
    )
    output = done.stdout.decode(errors="replace")
    if done.returncode != 0 or "FATAL:" in output or "ERROR:" in output:
        layout.log_file.write_text(output, encoding="utf-8")
        raise explain_failure(output, layout.log_file)


def _major_version(version: str) -> int:
    return int(version.partition(".")[0])
